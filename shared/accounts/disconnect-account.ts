import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { disconnectAccount } from './queries.ts';

interface Disconnection {
  readonly accountId: string;
  readonly cancelWaiting: boolean;
  readonly expectedVersion: number | null;
}

/** Nothing that waits is dropped silently: it stands in the way, or it was asked to be cancelled. */
export async function disconnect(db: Db, request: Disconnection): Promise<void> {
  const { outcome, waiting } = await db.one(disconnectAccount, { ...request });
  if (outcome === 'ok') return;
  const fields = waiting.map(({ id, state }) => ({
    pointer: `/publications/${id}`,
    message: `is ${state}`,
    code: state,
  }));
  fail(outcome, outcome === 'in_use' ? { fields } : {});
}
