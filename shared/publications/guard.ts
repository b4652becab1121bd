/** The guard of a batch: those that reach their commit within the same moment share one statement. */
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import type { Prepared } from '../platforms/connector.ts';
import { guardCommits } from './work-queries.ts';

export interface Guarded {
  readonly id: string;
  readonly leaseToken: string;
  readonly generation: number;
  /** Seconds that must be left of the lease. */
  readonly needsS: number;
  /** What is committed and the row does not hold yet: where the answer is lost, reconcile asks for this very container. */
  readonly prepared: Prepared | null;
  readonly preparedExpiresInS: number | null;
}

const GATHER_MS = 5;

/** Returns a function that answers true when the commit may start now; each `true` is good for one commit call. */
export function createGuard(db: Db): (lease: Guarded) => Promise<boolean> {
  let gathering: { leases: Guarded[]; answer: Promise<Set<string>> } | null = null;

  async function ask(leases: Guarded[]): Promise<Set<string>> {
    await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    gathering = null;
    const rows = await db.many(guardCommits, { leases: json(leases) });
    return new Set(rows.map((row) => row.id));
  }

  return async (lease) => {
    if (gathering === null) {
      const leases: Guarded[] = [];
      gathering = { leases, answer: ask(leases) };
    }
    gathering.leases.push(lease);
    return (await gathering.answer).has(lease.id);
  };
}
