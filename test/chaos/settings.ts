/** What the process under test is told, and what it tells. */
import { z } from 'zod';

export const hostSettings = z.strictObject({
  dataDir: z.string(),
  port: z.int(),
  platforms: z.strictObject({
    origins: z.strictObject({
      control: z.string(),
      mastodon: z.string(),
      threads: z.string(),
      bluesky: z.string(),
      appview: z.string(),
    }),
    threadsApp: z.strictObject({ clientId: z.string(), clientSecret: z.string() }),
  }),
});
export type HostSettings = z.output<typeof hostSettings>;

/** The line behind `ready`. */
export const hostReady = z.strictObject({ origin: z.string(), control: z.string(), database: z.string() });
export type HostReady = z.output<typeof hostReady>;
