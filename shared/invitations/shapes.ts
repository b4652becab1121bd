/** An invitation into a project: as owners see it, and as it reads to whoever holds its link. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { projectPermission } from '../members/shapes.ts';
import { projectRole } from '../projects/shapes.ts';

export const invitationState = z.enum(['open', 'expired', 'accepted', 'declined', 'revoked']);

export const Invitation = z
  .object({
    id,
    projectId: id,
    email: z.string(),
    role: projectRole,
    permissions: z.array(projectPermission).describe('Granted in addition to what the role allows.'),
    state: invitationState,
    invitedBy: id.nullable().describe('Null if the user no longer exists.'),
    acceptedBy: id.nullable(),
    createdAt: instant,
    expiresAt: instant,
    lastSentAt: instant,
    sentCount: z.int().describe('Mails sent so far.'),
  })
  .meta({ id: 'Invitation' });

export const InvitationToken = z.string().max(200).describe('The last part of the link in the mail.');

/** What the mail said. */
export const OpenInvitation = z
  .object({
    projectName: z.string(),
    inviter: z.string().nullable(),
    role: projectRole,
    permissions: z.array(projectPermission),
    expiresAt: instant,
  })
  .meta({ id: 'OpenInvitation' });

export const Membership = z.object({ projectId: id, role: projectRole }).meta({ id: 'Membership' });
