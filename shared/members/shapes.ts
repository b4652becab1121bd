/** A member of a project, as the members see them. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { projectRole } from '../projects/shapes.ts';

export const projectPermission = z.enum(['review', 'approve', 'write']);

export const permissions = z
  .array(projectPermission)
  .max(3)
  .transform((given) => [...new Set(given)])
  .meta({ description: 'Granted in addition to what the role allows.' });

export const Member = z
  .object({
    userId: id,
    displayName: z.string(),
    username: z.string().nullable(),
    avatarUrl: z.string().nullable().describe('Valid for an hour.'),
    email: z.string().nullable().describe('Visible to owners of the project only.'),
    active: z.boolean().describe('False if the account is deactivated.'),
    role: projectRole,
    permissions: z.array(projectPermission).describe('Granted in addition to what the role allows.'),
    joinedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Member' });

export const Transfer = z
  .object({ projectId: id, ownerId: id, role: projectRole.describe('Your role from now on.') })
  .meta({ id: 'Transfer' });

/** Where a page of members ended: when the last of them joined, and who it was. */
export const memberPlace = z
  .string()
  .transform((text) => text.split(' '))
  .pipe(z.tuple([z.iso.datetime(), z.uuid()]));

export function placeOf({ joinedAt, userId }: { joinedAt: string; userId: string }): string {
  return `${joinedAt} ${userId}`;
}
