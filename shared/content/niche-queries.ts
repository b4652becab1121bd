import { z } from 'zod';
import { query } from '../db/statement.ts';

/** Scores of niches from the hashtags of the last 90 days; safe to run at any time and to miss. */
export const refreshNiches = query({
  name: 'refreshNiches',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ refreshed: z.number(), derived: z.number(), dropped: z.number() }),
})<Record<never, never>>`select r.refreshed, r.derived, r.dropped from app.refresh_niches() r`;
