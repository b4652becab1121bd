import type { PostsSeed } from './posts.ts';
import type { Samples } from './sample.ts';

export function analyticsSamples({ postId }: PostsSeed): Samples {
  const [params, stranger] = [{ postId }, 'missing'] as const;
  return {
    reads: { getPostAnalytics: { params, stranger } },
    writes: { refreshPostAnalytics: { params, stranger, owner: [409, 'wrong_state'] } },
  };
}
