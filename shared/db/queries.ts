/** What is asked of the database itself. */
import { z } from 'zod';
import { query } from './statement.ts';

/** Seconds count here: who asks for health wants to hear that the database is away, not wait for it. */
export const pingDatabase = query({
  name: 'pingDatabase',
  kind: 'public',
  access: 'read',
  row: z.object({ up: z.boolean() }),
  limitMs: 2_500,
})<Record<never, never>>`select app.now() is not null as up`;

/** Nothing is asked but whether the caller may ask: app.run finds that out with every statement. */
export const admitCaller = query({
  name: 'admitCaller',
  kind: 'anyone',
  access: 'read',
  row: z.object({ admitted: z.boolean() }),
})<Record<never, never>>`select true as admitted`;
