import { byWorker, perProject, type RightsTable } from './format.ts';

export const rights: RightsTable = {
  outbox_events: {
    key: 'project_id',
    verbs: { select: byWorker, insert: { worker: 'own other' }, update: byWorker, delete: byWorker },
    set: 'attempts = attempts',
    add: perProject(() => ({ kind: 'mail', payload: {} })),
  },
};
