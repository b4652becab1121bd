/** A login, as its person sees it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';

export const Session = z
  .object({
    id,
    current: z.boolean().describe('The session of the access token that asks.'),
    device: z
      .object({
        name: z.string().nullable().describe('Browser or program.'),
        system: z.string().nullable(),
        kind: z.string().nullable().describe('`desktop`, `mobile`, `tablet`, `tv`, `bot`, where it is known.'),
      })
      .nullable()
      .describe('What the user agent told at the login.'),
    userAgent: z.string().nullable(),
    ip: z.string().nullable(),
    createdAt: instant,
    lastUsedAt: instant.describe('The last login or refresh.'),
    expiresAt: instant.describe('30 days after the login, or 14 after the last use.'),
  })
  .meta({ id: 'Session' });
