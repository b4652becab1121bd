import { byWorker, fresh, perProject, type RightsTable, readByMembers, writtenByWriters } from './format.ts';

export const rights: RightsTable = {
  posts: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'text = text',
    add: perProject(() => ({ schedule_type: 'draft' })),
  },
  post_publications: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: { ...writtenByWriters, ...byWorker } },
    set: 'text = text',
    add: perProject(({ postId, spareAccountId }) => ({
      post_id: postId,
      account_id: spareAccountId,
      platform: 'community',
    })),
  },
  post_media: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters },
    add: perProject(({ postId, mediaId }) => ({ post_id: postId, media_id: mediaId, position: 9 })),
  },
  publication_attempts: {
    key: 'project_id',
    verbs: {
      select: readByMembers,
      insert: { ...writtenByWriters, worker: 'own other forged' },
      update: byWorker,
    },
    set: 'message = message',
    add: (world, me) => {
      const rows = perProject(({ publicationId, accountId }) => {
        const attempt = { kind: 'resolve', generation: 1, lease_token: fresh() };
        return { publication_id: publicationId, account_id: accountId, ...attempt };
      })(world, me);
      return { ...rows, forged: { ...rows.own, kind: 'publish' } };
    },
  },
};
