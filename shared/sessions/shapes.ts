/** A login, as its person sees it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';

const device = z
  .object({
    name: z.string().nullable().describe('Name of the browser or program.'),
    system: z.string().nullable(),
    kind: z.string().nullable().describe('`desktop`, `mobile`, `tablet`, `tv` or `bot`, if known.'),
  })
  .nullable();

export const Session = z
  .object({
    id,
    current: z.boolean().describe('Whether this is the session of your access token.'),
    device: device.describe('As reported by the user agent at login.'),
    userAgent: z.string().nullable().describe('At login.'),
    ip: z.string().nullable().describe('At login.'),
    lastDevice: device.describe(
      'At the last login or refresh: another one than `device` may mean that somebody took the session over.',
    ),
    lastUserAgent: z.string().nullable().describe('At the last login or refresh.'),
    lastIp: z.string().nullable().describe('At the last login or refresh. It changes with the network.'),
    createdAt: instant,
    lastUsedAt: instant.describe('The last login or refresh.'),
    expiresAt: instant.describe('30 days after the login, or 14 after the last use.'),
  })
  .meta({ id: 'Session' });
