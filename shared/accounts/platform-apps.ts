import { z } from 'zod';

/** The secret `platformApps`: by the platform's name, for those whose apps an operator registers by hand. */
export const platformApps = z.partialRecord(
  z.enum(['community', 'bluesky', 'mastodon', 'threads']),
  z.object({ clientId: z.string(), clientSecret: z.string() }),
);
