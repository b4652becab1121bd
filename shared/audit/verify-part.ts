/** A bounded stretch of the chain, checked against its rows. The whole, and rows that nobody sealed: `npm run db -- verify-audit`. */
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { BEGINNING, checkChain } from './chain.ts';
import { isAdministrator, listAltered, listSeals } from './queries.ts';

const SEALS_PER_CALL = 20; // 10,000 rows: what app.audit_altered takes at once

/** Throws `not_found` for whoever is no administrator. */
export async function verifyPart(db: Db, afterSeal: number) {
  const { yes } = await db.one(isAdministrator, {});
  if (!yes) fail('not_found');
  const found = await db.many(listSeals, { after: afterSeal, limit: SEALS_PER_CALL + 1 });
  const before = found.find(({ sequence }) => sequence === afterSeal);
  const later = found.filter(({ sequence }) => sequence > afterSeal);
  const seals = later.slice(0, SEALS_PER_CALL);
  const [first, last] = [seals[0], seals.at(-1)];
  // From the middle on, a seal that is gone cannot be followed: it is reported, and the chain begins anew.
  const start = afterSeal === 0 ? BEGINNING : before;
  const chain =
    start === undefined && first !== undefined
      ? [{ what: 'seal-removed' as const, seal: afterSeal }, ...checkChain(seals.slice(1), first)]
      : checkChain(seals, start);
  const altered =
    first === undefined || last === undefined
      ? []
      : await db.many(listAltered, { first: first.sequence, last: last.sequence });
  const rows = altered.map(({ sequence, rowId, gone }) => ({
    what: gone ? ('row-removed' as const) : ('row-changed' as const),
    row: rowId,
    seal: sequence,
  }));
  return {
    seals: seals.length,
    rows: seals.reduce((sum, { rows: count }) => sum + count, 0),
    findings: [...chain.map((finding) => ({ ...finding, row: null })), ...rows],
    head: last === undefined ? null : { seal: last.sequence, hash: last.hash },
    nextAfterSeal: later.length > SEALS_PER_CALL && last !== undefined ? last.sequence : null,
  };
}
