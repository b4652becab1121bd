import type { PostsSeed } from './posts.ts';
import type { Samples } from './sample.ts';

export function publicationsSamples({ publicationId }: PostsSeed): Samples {
  const [params, stranger] = [{ publicationId }, 'missing'] as const;
  const owner = [409, 'wrong_state'] as const;
  return {
    reads: {
      getPublication: { params, stranger },
    },
    writes: {
      retryPublication: { params, stranger, owner },
      resolvePublication: {
        params,
        bodies: [{ outcome: 'live', url: 'https://example.com/1', platformPostId: '1' }, { outcome: 'not_live' }],
        stranger,
        owner,
      },
    },
  };
}
