/** A project as callers see it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { oneLine } from '../text/shapes.ts';

export const projectName = oneLine.min(1).max(255);
export const projectDescription = z.string().max(1000);
/** Of a request to a door that takes API keys; see named-project.ts. */
export const givenProject = id.optional().describe('Optional with an API key, which has its own project.');

export const projectRole = z.enum(['owner', 'editor', 'approver', 'reviewer', 'viewer']);

export const Project = z
  .object({
    id,
    name: z.string(),
    description: z.string().nullable(),
    timeZone: z.string(),
    role: projectRole.describe('Your role in it.'),
    createdAt: instant,
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Project' });
