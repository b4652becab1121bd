import { randomUUID } from 'node:crypto';
import { projectLabels } from '../policy-world.ts';
import { addRow } from '../seed.ts';
import { EVERYONE, type Fill, fresh, perProject, type RightsTable } from './format.ts';
import { people } from './people.ts';

export const rights: RightsTable = {
  idempotency_keys: {
    key: "'own'",
    verbs: { select: { worker: 'own' }, delete: { worker: 'own' } },
    set: 'answer = null',
  },
  users: {
    key: 'id',
    verbs: { select: { signedIn: 'me', admin: EVERYONE, worker: EVERYONE }, update: { signedIn: 'me' } },
    set: 'display_name = display_name',
  },
  user_sessions: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me' }, update: { signedIn: 'me' } },
    set: 'revoked_at = revoked_at',
  },
  'user_sessions (id)': {
    key: "'some'",
    verbs: { select: { signedIn: 'some', worker: 'some' }, delete: { worker: 'some' } },
  },
  // An update that reads nothing is held by its own policy alone, not by the one of select.
  'users (unread)': { key: "'some'", verbs: { update: { signedIn: 'some' } }, set: "display_name = 'x'" },
  'user_sessions (unread)': { key: "'some'", verbs: { update: { signedIn: 'some' } }, set: 'revoked_at = null' },
  email_verification_tokens: { key: "'some'", verbs: { select: { worker: 'some' }, delete: { worker: 'some' } } },
  password_reset_tokens: { key: "'some'", verbs: { select: { worker: 'some' }, delete: { worker: 'some' } } },
  auth_attempts: {
    key: "'some'",
    verbs: { select: { worker: 'some' }, delete: { worker: 'some' } },
    set: 'attempts = attempts',
  },
  user_identities: { key: 'user_id', verbs: { select: { signedIn: 'me', worker: EVERYONE } } },
  api_keys: {
    key: 'project_id',
    verbs: {
      select: { outsiders: '', members: '', owner: 'own' },
      insert: { outsiders: '', members: '', owner: 'own' },
      update: { outsiders: '', members: '', owner: 'own' },
    },
    set: 'revoked_at = revoked_at',
    add: perProject(() => ({ name: 'Build', prefix: fresh(), key_hash: fresh(), scopes: ['posts.read'] })),
  },
  // Everybody but the rival has a row already.
  user_preferences: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: people.join(' ') },
      insert: { signedIn: '23505' },
      update: { signedIn: 'me' },
    },
    set: 'time_zone = time_zone',
    add: ({ rival }, me) => ({ own: { user_id: me, ...defaults }, forged: { user_id: rival.userId, ...defaults } }),
  },
  installation_settings: {
    key: "'some'",
    verbs: { select: { signedIn: '', admin: 'some', worker: 'some' }, update: { signedIn: '', admin: 'some' } },
    set: 'registration = registration',
  },
  quotas: {
    key: "'some'",
    verbs: { select: { signedIn: '', admin: 'some' }, update: { signedIn: '', admin: 'some' } },
    set: 'most = most',
  },
  pause_checks: { key: "'some'", verbs: {}, set: 'later = later' },
  quota_overrides: { key: "'some'", verbs: { select: { signedIn: '', admin: 'some' } }, set: 'most = most' },
  user_invitations: {
    key: "'some'",
    verbs: {
      select: { signedIn: '', admin: 'some', worker: 'some' },
      update: { signedIn: '', admin: 'some' },
      delete: { worker: 'some' },
    },
    set: 'revoked_at = revoked_at',
  },
  rate_limits: {
    key: "'some'",
    verbs: { select: { signedIn: '', admin: 'some' }, update: { signedIn: '', admin: 'some' } },
    set: 'window_s = window_s',
  },
  user_avatars: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: people.join(' ') },
      insert: { signedIn: 'own' },
      update: { worker: people.join(' ') },
      delete: { signedIn: 'me', worker: people.join(' ') },
    },
    set: 'status = status',
    add: ({ rival }, me) => ({ own: { user_id: me, ...picture }, forged: { user_id: rival.userId, ...picture } }),
  },
  account_exports: {
    key: 'user_id',
    verbs: {
      select: { signedIn: 'me', worker: people.join(' ') },
      update: { worker: people.join(' ') },
      delete: { signedIn: 'me', worker: people.join(' ') },
    },
    set: 'state = state',
  },
  export_tables: { key: "'some'", verbs: { select: { worker: 'some' } }, set: 'columns = columns' },
  account_deletions: {
    key: 'user_id',
    verbs: { select: { signedIn: 'me', worker: people.join(' ') }, update: { worker: people.join(' ') } },
    set: 'lease_until = lease_until',
  },
  rate_counters: {
    key: "'some'",
    verbs: { select: { worker: 'some' }, delete: { worker: 'some' } },
    set: 'count = count',
  },
};

const picture = { declared_mime_type: 'image/png', declared_bytes: 1 };

const defaults = {
  time_zone: 'UTC',
  enable_ai_optimization: true,
  email_notifications: true,
  post_failure_alerts: true,
  extra: {},
};

export const fill: Fill = async (sql, world) => {
  const { projectId } = world.projects.own;
  await addRow(sql, 'quota_overrides', { scope: 'project', name: 'accounts', project_id: projectId, most: 100 });
  await addRow(sql, 'pause_checks', { project: projectId, later: true });
  for (const { userId } of [...Object.values(world.people), world.rival]) {
    const own = { user_id: userId };
    await addRow(sql, 'user_identities', { ...own, provider: 'google', subject: randomUUID() });
    await addRow(sql, 'user_invitations', {
      email: `${userId}@example.com`,
      role: 'user',
      token_hash: fresh(),
      created_by: userId,
    });
    await addRow(sql, 'quota_overrides', { scope: 'user', name: 'projects', user_id: userId, most: 100 });
    await addRow(sql, 'auth_attempts', { subject: userId, source: '*' }, 'subject');
    await addRow(sql, 'password_reset_tokens', { ...own, token_hash: randomUUID() });
  }
  for (const { userId } of Object.values(world.people)) {
    const own = { user_id: userId };
    await addRow(sql, 'user_preferences', own);
    await addRow(sql, 'user_avatars', { ...own, ...picture });
    await addRow(sql, 'account_exports', own);
    await addRow(sql, 'account_deletions', own, 'user_id');
  }
  for (const label of projectLabels) {
    const project = { project_id: world.projects[label].projectId, created_by: world.people.owner.userId };
    const key = { name: 'Build', prefix: randomUUID(), key_hash: randomUUID(), scopes: ['posts.read'] };
    await addRow(sql, 'api_keys', { ...project, ...key });
  }
  const window = { window_start: '2026-01-01T00:00:00Z', expires_at: '2026-01-01T00:01:00Z' };
  await addRow(sql, 'rate_counters', { caller: 'person', class: 'write', ...window }, 'caller');
};
