/** People as administrators see them. Never hashes, never what is sealed. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { Usage } from '../quotas/shapes.ts';
import { oneLine } from '../text/shapes.ts';

export const roles = ['admin', 'moderator', 'creator', 'user', 'viewer'] as const;
export const Role = z
  .enum(roles)
  .describe('Role in the installation: admin, moderator, creator, user, or viewer, who can only read.');

/** Why something was done, for other administrators. */
export const reason = oneLine.min(1).max(500);

export const AdminUser = z
  .object({
    id,
    email: z.string(),
    username: z.string().nullable(),
    displayName: z.string(),
    role: Role,
    status: z.enum(['active', 'deactivated']),
    statusReason: z.string().nullable().describe('Why an administrator deactivated the user.'),
    emailVerifiedAt: instant.nullable(),
    lockedUntil: instant.nullable().describe('Set after too many failed logins; null when logging in is possible.'),
    lastLoginAt: instant.nullable(),
    deletionRequestedAt: instant.nullable().describe('Start of the grace period after which the user is erased.'),
    createdAt: instant,
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'AdminUser' });

export const AdminUserDetails = AdminUser.extend({
  secondFactor: z.boolean().describe('A login asks for a second factor.'),
  hasPassword: z.boolean().describe('False if the user signs in through a provider or has to choose a new password.'),
  sessions: z
    .array(
      z.object({
        id,
        userAgent: z.string().nullable(),
        ip: z.string().nullable(),
        createdAt: instant,
        lastUsedAt: instant,
        expiresAt: instant,
      }),
    )
    .describe('The open ones, at most 50, newest first.'),
  projects: z.array(z.object({ id, name: z.string(), role: z.string() })).describe('At most 100, newest first.'),
  quotas: z.array(Usage),
  identities: z.array(
    z.object({
      id,
      provider: z.string(),
      email: z.string().nullable(),
      createdAt: instant,
      lastUsedAt: instant.nullable(),
    }),
  ),
}).meta({ id: 'AdminUserDetails' });

/** The three orders of the list of people. */
export const userSorts = ['newest', 'email', 'lastLoginAt'] as const;
export type UserSort = (typeof userSorts)[number];
