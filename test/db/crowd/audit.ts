import type { CrowdStep } from './format.ts';

/** The log is full of what the other areas did; most of it is sealed. */
export const crowd: readonly CrowdStep[] = [
  'select count(*) from generate_series(1, 20) n cross join lateral app.seal_audit(500 + 0 * n)',
];
