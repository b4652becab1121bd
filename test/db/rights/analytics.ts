import { addRow } from '../seed.ts';
import {
  ALL,
  byWorker,
  EVERYONE,
  type Fill,
  fresh,
  perProject,
  type RightsTable,
  readByMembers,
  writtenByWriters,
} from './format.ts';

const seenByReporting = { ...readByMembers, reporting: ALL };

export const rights: RightsTable = {
  analytics: {
    key: 'project_id',
    verbs: { select: seenByReporting, insert: { worker: 'own other' } },
    add: perProject(({ publicationId, accountId }) => {
      return { publication_id: publicationId, account_id: accountId, platform: 'community', fetched_at: '2026-11-01' };
    }),
  },
  analytics_rollups: { key: 'project_id', verbs: { select: seenByReporting } },
  analytics_touched: { key: 'project_id', set: 'from_at = from_at', verbs: { select: byWorker } },
  account_metrics: {
    key: 'project_id',
    verbs: { select: seenByReporting, insert: { worker: 'own other' }, update: byWorker },
    set: 'posts = posts',
    add: perProject(({ accountId }) => ({ account_id: accountId, day: '2020-01-01' })),
  },
  user_analytics: {
    key: 'id',
    verbs: {
      select: { outsiders: 'me', members: 'me', nobody: 'refused', worker: EVERYONE, reporting: EVERYONE },
      insert: { worker: 'new' },
      update: { worker: EVERYONE },
    },
    set: 'post_impressions = post_impressions',
    add: (_, me) => ({ new: { user_id: me, day: '2020-01-01' } }),
  },
  system_metrics: {
    key: 'name',
    verbs: {
      select: { signedIn: '', admin: 'metric', worker: 'metric', reporting: 'metric' },
      insert: { worker: 'metric' },
      delete: { worker: 'metric' },
    },
    add: () => ({ metric: { name: 'metric', value: 1 } }),
  },
  partitioned_tables: { key: 'name', set: 'name = name', verbs: { select: { worker: 'registered' } } },
  derivation_marks: {
    key: 'name',
    set: 'name = name',
    verbs: { select: { worker: 'user_analytics' }, update: { worker: 'user_analytics' } },
  },
  partition_archives: {
    key: 'partition_name',
    set: 'written_at = written_at',
    verbs: { select: { worker: 'audit_log_y2020m01' }, update: { worker: 'audit_log_y2020m01' } },
  },
  archive_parts: {
    key: 'object_key',
    set: 'number = number',
    verbs: { select: { worker: 'part-1' }, insert: { worker: 'part' } },
    add: ({ labels }) => ({
      part: {
        archive_id: labels.get('archive'),
        number: 2,
        object_key: fresh(),
        row_count: 1,
        bytes: 1,
        sha256: '0'.repeat(64),
        last_id: '1',
      },
    }),
  },
  report_links: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: 'own' }, insert: writtenByWriters, update: writtenByWriters },
    set: 'revoked_at = revoked_at',
    add: perProject(({ postId }) => ({ post_id: postId, token_hash: fresh() })),
  },
};

export const fill: Fill = async (sql, world) => {
  const { projects, people, rival, labels } = world;
  for (const { name } of await sql('select name from partitioned_tables')) labels.set(String(name), 'registered');
  for (const { projectId, accountId, publicationId } of Object.values(projects)) {
    const account = { project_id: projectId, account_id: accountId };
    const bucket = { ...account, period: 'daily', starts_at: '2026-11-01T00:00:00Z' };
    await addRow(sql, 'analytics_rollups', { ...bucket, publication_id: publicationId });
    await addRow(sql, 'account_metrics', { ...account, day: '2026-11-01', followers: 1 });
  }
  for (const [name, { userId }] of [...Object.entries(people), ['rival', rival] as const]) {
    labels.set(await addRow(sql, 'user_analytics', { user_id: userId, day: '2026-11-01' }), name);
  }
  await addRow(sql, 'system_metrics', { name: 'metric', value: 1 });
  const archived = { table_name: 'audit_log', partition_name: 'audit_log_y2020m01', to_at: '2020-02-01' };
  const archiveId = await addRow(sql, 'partition_archives', archived);
  labels.set('archive', archiveId);
  const part = {
    archive_id: archiveId,
    number: 1,
    object_key: 'part-1',
    row_count: 1,
    bytes: 1,
    sha256: 'a'.repeat(64),
    last_id: '1',
  };
  await addRow(sql, 'archive_parts', part, 'number');
};
