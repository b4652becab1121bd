import type { Samples } from './sample.ts';

export function meSamples(): Samples {
  return { reads: { getMe: { stranger: 'own' } } };
}
