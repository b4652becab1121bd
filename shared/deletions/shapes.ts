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
        'Projects with other members, of which you are the only owner, that are to be deleted with you. The others must be given another owner first.',
      ),
    cancelPending: z
      .boolean()
      .optional()
      .describe(
        'Posts that still wait in projects that end with you: true calls them off now, false lets them go out until the end. Left out, they are listed and nothing happens.',
      ),
  })
  .meta({ id: 'DeletionRequest' });
export type DeletionRequest = z.output<typeof DeletionRequest>;
