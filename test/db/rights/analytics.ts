import { ALL, type Fill, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

export const rights: RightsTable = {
  analytics: {
    key: 'project_id',
    verbs: { select: { ...readByMembers, reporting: ALL }, insert: { worker: 'own other' } },
    add: perProject(({ publicationId, accountId }) => {
      return { publication_id: publicationId, account_id: accountId, platform: 'community' };
    }),
  },
  partitioned_tables: { key: 'name', set: 'name = name', verbs: { select: { worker: 'registered' } } },
  report_links: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: 'own' }, insert: writtenByWriters, update: writtenByWriters },
    set: 'revoked_at = revoked_at',
    add: perProject(({ postId }) => ({ post_id: postId, token_hash: fresh() })),
  },
};

export const fill: Fill = async (sql, world) => {
  for (const { name } of await sql('select name from partitioned_tables')) world.labels.set(String(name), 'registered');
};
