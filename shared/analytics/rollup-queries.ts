/** Numbers derived from what happened, by schedule. */
import { z } from 'zod';
import { query } from '../db/statement.ts';

/** Rolls up so many publications whose snapshots are news. 0: all are; null: another one is at it. */
export const rollUp = query({
  name: 'rollUp',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ publications: z.number().nullable() }),
})<{ batch: number }>`select app.roll_up(${'batch'}::integer) as publications`;
