import { randomUUID } from 'node:crypto';
import { projectLabels } from '../policy-world.ts';
import { addRow } from '../seed.ts';
import { ALL, byWorker, EVERYONE, type Fill, perProject, type RightsTable } from './format.ts';

const onlyOwner = { outsiders: '', members: '', owner: 'own' };

export const rights: RightsTable = {
  outbox_events: {
    key: 'project_id',
    verbs: { select: byWorker, insert: { worker: 'own other' }, update: byWorker, delete: byWorker },
    set: 'attempts = attempts',
    add: perProject(() => ({ kind: 'mail', payload: {} })),
  },
  notifications: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: EVERYONE },
      insert: { worker: 'another' },
      update: { signedIn: 'me' },
      delete: { worker: EVERYONE },
    },
    set: 'read_at = read_at',
    add: ({ rival }) => ({ another: { user_id: rival.userId, kind: 'post.published', payload: {} } }),
  },
  realtime_connections: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: EVERYONE },
      insert: { signedIn: 'own' },
      delete: { signedIn: 'me', worker: EVERYONE },
    },
    set: 'expires_at = expires_at',
    add: ({ rival }, me) => ({
      own: { connection_id: randomUUID(), user_id: me },
      forged: { connection_id: randomUUID(), user_id: rival.userId },
    }),
  },
  webhooks: {
    key: 'project_id',
    verbs: {
      select: { ...onlyOwner, worker: ALL },
      insert: onlyOwner,
      update: { ...onlyOwner, worker: ALL },
    },
    set: 'is_active = is_active',
    add: perProject(() => ({ url: `https://example.com/${randomUUID()}`, events: ['*'], secret_sealed: 'x' })),
  },
  webhook_deliveries: {
    key: 'project_id',
    verbs: {
      select: { ...onlyOwner, worker: ALL },
      insert: { worker: 'own other' },
      update: byWorker,
      delete: byWorker,
    },
    set: 'last_error = last_error',
    add: perProject(({ more }) => ({
      webhook_id: more.get('webhook'),
      event_id: randomUUID(),
      event_kind: 'post.published',
      payload: {},
    })),
  },
};

export const fill: Fill = async (sql, { people, rival, projects }) => {
  for (const { userId, sessionId } of [...Object.values(people), rival]) {
    const project = { project_id: projects.own.projectId, actor_id: rival.userId };
    const event = { kind: 'post.published', event_id: randomUUID() };
    await addRow(sql, 'notifications', { user_id: userId, ...project, ...event });
    const connection = { connection_id: randomUUID(), user_id: userId, session_id: sessionId };
    await addRow(sql, 'realtime_connections', connection, 'connection_id');
  }
  await addRow(sql, 'outbox_events', {
    kind: 'follow.created',
    payload: {},
    user_id: rival.userId,
    project_id: projects.own.projectId,
  });
  for (const label of projectLabels) {
    const project = { project_id: projects[label].projectId };
    const webhook = { url: 'https://example.com/', events: ['*'], secret_sealed: 'x', created_by: people.owner.userId };
    const webhookId = await addRow(sql, 'webhooks', { ...project, ...webhook });
    projects[label].more.set('webhook', webhookId);
    const event = { event_id: randomUUID(), event_kind: 'post.published', payload: {} };
    await addRow(sql, 'webhook_deliveries', { ...project, webhook_id: webhookId, ...event });
  }
};
