import type { Cell, Rows } from './row.ts';

export const community: Rows = {
  getCommunityPost: { is: 'communityShown' },
  listComments: { is: 'communityShown' },
  listPopularPosts: { is: 'open', ask: madePublic },
  searchCommunityPosts: { is: 'open', ask: madePublic },
  likeCommunityPost: { is: 'communityPost' },
  unlikeCommunityPost: { is: 'communityPost' },
  createComment: { is: 'communityPost' },
  deleteComment: {
    is: 'communityPost',
    // They see the comment; it is the owner's.
    but: {
      viewer: [403, 'forbidden'],
      reviewer: [403, 'forbidden'],
      approver: [403, 'forbidden'],
      editor: [403, 'forbidden'],
      onlooker: [403, 'forbidden'],
      moderator: [403, 'forbidden'],
      admin: [403, 'forbidden'],
    },
  },
};

async function madePublic({ sample, world, seed, snapshot }: Cell) {
  const text = `update community_posts set visibility = 'public' where id = $1`;
  await snapshot.force('community_posts', text, [seed.communityPostId]);
  await world.sql('select app.refresh_popular_posts()');
  return sample;
}
