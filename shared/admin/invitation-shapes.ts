import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { Role } from './shapes.ts';

export const invitationStates = ['open', 'accepted', 'revoked', 'expired'] as const;

export const UserInvitation = z
  .object({
    id,
    email: z.string(),
    role: Role,
    state: z.enum(invitationStates),
    invitedBy: id.nullable(),
    acceptedBy: id.nullable(),
    createdAt: instant,
    sentAt: instant.describe('When the last mail was sent; only its link works.'),
    expiresAt: instant,
  })
  .meta({ id: 'UserInvitation' });
