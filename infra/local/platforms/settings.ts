/** What a test may turn on a platform: times, limits, clock. Kept in the platform's own store. */
import { z } from 'zod';
import type { Store } from './store.ts';

export const mastodonSettings = z.strictObject({
  imageProcessingMs: z.int().nonnegative().default(0),
  videoProcessingMs: z.int().nonnegative().default(1500),
  /** Added to the simulator's clock. */
  clockOffsetMs: z.int().default(0),
  /** Calls per token in five minutes. */
  callsPer5Min: z.int().positive().default(300),
  /** Uploads per account in thirty minutes. */
  uploadsPer30Min: z.int().positive().default(30),
  deletesPer30Min: z.int().positive().default(30),
});

export const threadsSettings = z.strictObject({
  textProcessingMs: z.int().nonnegative().default(0),
  imageProcessingMs: z.int().nonnegative().default(500),
  videoProcessingMs: z.int().nonnegative().default(2500),
  clockOffsetMs: z.int().default(0),
  /** 4800 for each of the ten impressions that are assumed at least. */
  callsPerDay: z.int().positive().default(48_000),
  postsPerDay: z.int().nonnegative().default(250),
  repliesPerDay: z.int().nonnegative().default(1000),
  deletesPerDay: z.int().nonnegative().default(100),
  shortTokenS: z.int().positive().default(3600),
  longTokenS: z.int().positive().default(5_183_944),
  refreshAfterS: z.int().nonnegative().default(86_400),
  /** The error that video processing ends in, such as `FAILED_PROCESSING_VIDEO`; null = it succeeds. */
  failVideoWith: z.string().nullable().default(null),
});

export type MastodonSettings = z.output<typeof mastodonSettings>;
export type ThreadsSettings = z.output<typeof threadsSettings>;

export const settingsSchema = 'CREATE TABLE IF NOT EXISTS settings (id INTEGER PRIMARY KEY, value TEXT NOT NULL);';

export interface Settings<T> {
  get(): T;
  /** Merges. Throws a ZodError on unknown or malformed keys. */
  set(change: unknown): T;
  reset(): void;
}

export function keepSettings<Schema extends z.ZodObject>(store: Store, schema: Schema): Settings<z.output<Schema>> {
  const row = z.object({ value: z.string() });
  const read = (): z.output<Schema> =>
    schema.parse(JSON.parse(store.one(row, 'SELECT value FROM settings WHERE id = 1')?.value ?? '{}'));
  let current = read();
  return {
    get: () => current,
    set: (change) => {
      const next = schema.parse({ ...current, ...z.record(z.string(), z.unknown()).parse(change) });
      store.run('INSERT OR REPLACE INTO settings (id, value) VALUES (1, ?)', JSON.stringify(next));
      current = next;
      return next;
    },
    reset: () => {
      store.run('DELETE FROM settings');
      current = read();
    },
  };
}
