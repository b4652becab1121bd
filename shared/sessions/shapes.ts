/** A login, as its person sees it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';

export const Session = z
  .object({
    id,
    current: z.boolean().describe('Whether this is the session of your access token.'),
    device: z
      .object({
        name: z.string().nullable().describe('Name of the browser or program.'),
        system: z.string().nullable(),
        kind: z.string().nullable().describe('`desktop`, `mobile`, `tablet`, `tv` or `bot`, if known.'),
      })
      .nullable()
      .describe('As reported by the user agent at login.'),
    userAgent: z.string().nullable(),
    ip: z.string().nullable(),
    createdAt: instant,
    lastUsedAt: instant.describe('The last login or refresh.'),
    expiresAt: instant.describe('30 days after the login, or 14 after the last use.'),
  })
  .meta({ id: 'Session' });
