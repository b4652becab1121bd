/** What is refused: a statement that reads more because others have more. */
import type { Figures } from './plans.ts';

/** A deeper index or a fuller page is no growth; ten times the rows of others read is. */
const ALLOWED_RATIO = 2.5;
const ALLOWED_BUFFERS = 150;

/** Statement → why it may read all that there is: jobs that nobody waits for. */
export const maintenance: Readonly<Record<string, string>> = {
  refreshPopularPosts: 'ranks all public posts of a week',
  repairCounters: 'compares every counter with what it counts',
};

export function grows(small: Figures, large: Figures): boolean {
  return large.buffers > small.buffers * ALLOWED_RATIO && large.buffers - small.buffers > ALLOWED_BUFFERS;
}
