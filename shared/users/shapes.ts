/** A person, as the person sees it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { oneLine } from '../text/shapes.ts';

export const displayName = oneLine.min(1).max(100);

export const Me = z
  .object({
    id,
    email: z.string(),
    displayName: z.string(),
    role: z.enum(['admin', 'moderator', 'creator', 'user', 'viewer']),
    createdAt: instant,
    sessionId: id.describe('The session that the access token belongs to.'),
  })
  .meta({ id: 'Me' });
