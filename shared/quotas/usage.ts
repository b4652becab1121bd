import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { listLimits, listOwnUsage, listUsage, setQuotas } from './queries.ts';

export interface Subject {
  readonly scope: 'user' | 'project';
  readonly subjectId: string;
}

/** Throws `not_found` for whoever may not see it. */
export async function usageOf(db: Db, subject: Subject) {
  return together(await db.many(listUsage, { ...subject }));
}

export async function ownUsage(db: Db) {
  return together(await db.many(listOwnUsage, {}));
}

/** Throws `not_found` for whoever is no administrator. */
export async function limitsOf(db: Db, subject: Subject) {
  return together(await db.many(listLimits, { ...subject }));
}

/** Throws `not_found` for whoever is no administrator, and `stale`. Less than is used takes nothing away, but pauses accounts. */
export async function limit(db: Db, subject: Subject, limits: object, expectedVersion: number | null) {
  await db.change(setQuotas, { ...subject, limits: json(limits), expectedVersion });
  return limitsOf(db, subject);
}

function together<Row extends { readonly version: number }>(rows: readonly Row[]) {
  const [first] = rows;
  if (first === undefined) fail('not_found');
  return { data: rows.map(({ version: _, ...usage }) => usage), version: first.version };
}
