import type { Rows } from './row.ts';

export const analytics: Rows = {
  getPostAnalytics: { is: 'projectRead' },
  refreshPostAnalytics: {
    is: 'projectWrite',
    ask: async ({ sample, snapshot, seed }) => {
      const text = `update post_publications set state = 'published', platform_post_id = 'x' where id = $1`;
      await snapshot.force('post_publications', text, [seed.publicationId]);
      return sample;
    },
  },
};
