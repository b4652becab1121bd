import type { Samples } from './sample.ts';

export function hashtagsSamples(): Samples {
  return { reads: { listHashtags: { query: { prefix: 'plan' }, stranger: 'empty' } } };
}
