/** Projects that nobody manages any more, as administrators see them: never what is in them. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { projectRole } from '../projects/shapes.ts';

export const OwnerlessProject = z
  .object({
    id,
    name: z.string(),
    memberCount: z.int().describe('Including the owners.'),
    ownerIds: z.array(id).describe('Who owned it last: all of them are deactivated, or may only read here.'),
    createdAt: instant,
  })
  .meta({ id: 'OwnerlessProject' });

export const formerRole = projectRole.exclude(['owner']);

export const HandOver = z
  .object({
    projectId: id,
    ownerId: id,
    formerOwnerIds: z.array(id),
    role: formerRole.describe('Role of the former owners from now on.'),
  })
  .meta({ id: 'HandOver' });
