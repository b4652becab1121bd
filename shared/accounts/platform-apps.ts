import { z } from 'zod';
import { platformNames } from '../platforms/connector.ts';

/** The secret `platformApps`: by the platform's name, for those whose apps an operator registers by hand. */
export const platformApps = z.partialRecord(
  z.enum(platformNames),
  z.object({ clientId: z.string(), clientSecret: z.string() }),
);
