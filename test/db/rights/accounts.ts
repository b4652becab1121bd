import { byWorker, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

export const rights: RightsTable = {
  platforms: {
    key: "'some'",
    verbs: { select: { nobody: 'some', signedIn: 'some', worker: 'some' } },
    set: 'enabled = false',
  },
  platform_apps: { key: "'some'", verbs: { select: { signedIn: 'some', worker: 'some' } }, set: 'client_id = null' },
  social_accounts: {
    key: 'project_id',
    verbs: { select: readByMembers, update: { ...writtenByWriters, ...byWorker } },
    set: 'status = status',
  },
  account_tokens: {
    key: 'project_id',
    verbs: { select: readByMembers, update: byWorker, delete: byWorker },
    set: 'refresh_lease_until = refresh_lease_until',
  },
  oauth_states: {
    key: 'project_id',
    verbs: {
      select: { outsiders: '', readers: '', editor: '', owner: 'own gone' },
      insert: { outsiders: '', readers: '', writers: 'own' },
    },
    add: (world, me) => {
      const state = { state_hash: fresh(), platform: 'mastodon', base_url: 'x', code_verifier_sealed: 'x' };
      const rows = perProject(() => ({ ...state, user_id: me }))(world, me);
      return { ...rows, forged: { ...rows.own, user_id: world.rival.userId } };
    },
  },
  'oauth_states (id)': {
    key: "'some'",
    verbs: {
      select: { outsiders: '', readers: '', editor: '', owner: 'some', worker: 'some' },
      delete: { worker: 'some' },
    },
  },
};
