/** The project of a request that may leave it out: an API key brings its own. */
import type { Db } from '../db/client.ts';
import { fragment } from '../db/statement.ts';
import { fail } from '../errors.ts';

/** The id that was given, or null for the key's own: `namedProject` stands for either. Throws `invalid_request` where neither is there. */
export function projectOr(
  db: Db,
  given: string | undefined,
  pointer: '/body/projectId' | '/query/projectId',
): string | null {
  if (given !== undefined || db.byKey) return given ?? null;
  return fail('invalid_request', {
    fields: [{ pointer, message: 'is required, except with an API key', code: 'missing' }],
  });
}

/** In a statement: the project that `projectId` names, else the key's. */
export const namedProject = fragment<{
  projectId: string | null;
}>()`coalesce(${'projectId'}::uuid, app.key_project())`;
