/** The sweep over leases and deadlines: nothing accepted is ever without an owner. */
import type { Db } from '../db/client.ts';
import { inRounds } from './dispatch-due.ts';
import { claimAgain, claimLooks, recoverPublications } from './dispatch-queries.ts';
import { sendClaimed, sendWakes, type Wake } from './send.ts';

const ROUND = 1_000;

export async function recover(db: Db, remainingMs: () => number): Promise<{ recovered: number; looks: number }> {
  const recovered = await inRounds(remainingMs, async () => {
    const rows = await db.many(recoverPublications, { limit: ROUND });
    const again = rows.filter((row) => row.state === 'scheduled').map((row) => row.id);
    if (again.length > 0) await sendClaimed(await db.many(claimAgain, { ids: again }));
    await sendWakes(rows.filter((row) => row.state === 'unknown').map(look));
    return rows.length;
  });
  const looks = await inRounds(remainingMs, async () => {
    const rows = await db.many(claimLooks, { limit: ROUND });
    await sendWakes(rows.map(look));
    return rows.length;
  });
  return { recovered, looks };
}

function look({ id, projectId }: { readonly id: string; readonly projectId: string }): Wake {
  return { message: { kind: 'look', publicationId: id }, projectId, delayS: 0 };
}
