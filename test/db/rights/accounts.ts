import { addRow } from '../seed.ts';
import { byWorker, type Fill, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

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
  account_health_checks: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: { worker: 'own other' }, delete: byWorker },
    add: perProject(({ accountId }) => ({ account_id: accountId, result: 'healthy' })),
  },
  rate_budgets: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: { worker: 'own other' }, update: byWorker, delete: byWorker },
    set: 'used = used',
    add: perProject(({ accountId }) => ({ account_id: accountId, ...budget, kind: 'calls' })),
  },
};

const budget = { window_s: 86_400, allowed: 250, used: 1, resets_at: '2030-01-01T00:00:00Z' };

export const fill: Fill = async (sql, { projects }) => {
  for (const { projectId, accountId } of Object.values(projects)) {
    const account = { project_id: projectId, account_id: accountId };
    await addRow(sql, 'account_health_checks', { ...account, result: 'healthy', latency_ms: 80 });
    await addRow(sql, 'rate_budgets', { ...account, ...budget, kind: 'posts' }, 'account_id');
  }
};
