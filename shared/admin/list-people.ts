/** The list of people in one of its orders. */
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { id, instant } from '../db/columns.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { readPlace, toPageBy } from '../paging/rules.ts';
import type { UserSort } from './shapes.ts';
import { listUsers } from './user-queries.ts';

export interface PeopleWanted {
  readonly search?: string | undefined;
  readonly role?: string | undefined;
  readonly status?: string | undefined;
  readonly sort: UserSort;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Where a page ends: what the next one is compared with. */
const place = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.union([z.object({ id, lastLoginAt: instant.nullish() }), z.object({ email: z.string() })]));

/** Throws `not_found` for whoever is no administrator. */
export async function listPeople(db: Db, wanted: PeopleWanted) {
  const { search = null, role = null, status = null, sort, limit } = wanted;
  const after = readPlace('people', wanted.cursor, place);
  const { allowed, people } = await db.one(listUsers, {
    search,
    role,
    status,
    sort,
    after: after === null ? null : json(after),
    limit,
  });
  if (!allowed) fail('not_found');
  return toPageBy('people', people, {
    limit,
    place: ({ id, email, lastLoginAt }) =>
      JSON.stringify({ newest: { id }, email: { email }, lastLoginAt: { id, lastLoginAt } }[sort]),
  });
}
