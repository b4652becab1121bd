import type { Rows } from './row.ts';

export const community: Rows = {
  getCommunityPost: { is: 'communityShown' },
  listComments: { is: 'communityShown' },
  listPopularPosts: { is: 'open' },
  searchCommunityPosts: { is: 'open' },
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
