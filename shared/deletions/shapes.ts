/** The end of an account. */
import { z } from 'zod';
import { id } from '../db/columns.ts';

export const DeletionRequest = z
  .strictObject({
    deleteProjects: z
      .array(id)
      .max(1000)
      .default([])
      .describe(
        'Projects with other members of which you are the only owner, to be deleted with you. Any you do not list must get another owner first.',
      ),
    cancelPending: z
      .boolean()
      .optional()
      .describe(
        'What happens to waiting posts in projects that are deleted with you: true cancels them now, false lets them be published until then. If left out and there are any, they are listed and nothing is deleted.',
      ),
  })
  .meta({ id: 'DeletionRequest' });
export type DeletionRequest = z.output<typeof DeletionRequest>;
