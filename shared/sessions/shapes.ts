/** A login, as its person sees it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';

export const Session = z
  .object({
    id,
    current: z.boolean().describe('The session of the access token that asks.'),
    userAgent: z.string().nullable(),
    ip: z.string().nullable(),
    createdAt: instant,
    lastUsedAt: instant.describe('The last login or refresh.'),
    expiresAt: instant,
  })
  .meta({ id: 'Session' });
