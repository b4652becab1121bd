import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { listUsage, setQuotas } from './queries.ts';

export interface Subject {
  readonly scope: 'user' | 'project';
  readonly subjectId: string;
}

/** Throws `not_found` for whoever may not see it. */
export async function usageOf(db: Db, { scope, subjectId }: Subject) {
  const data = await db.many(listUsage, { scope, subjectId });
  return data.length === 0 ? fail('not_found') : { data };
}

/** Throws `not_found` for whoever is no administrator. Less than is used takes nothing away. */
export async function limit(db: Db, { scope, subjectId }: Subject, limits: object) {
  await db.change(setQuotas, { scope, subjectId, limits: json(limits) });
  return usageOf(db, { scope, subjectId });
}
