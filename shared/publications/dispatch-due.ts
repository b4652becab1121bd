/** The tick: claims in rounds until nothing is left or time runs out; whatever a round claimed is sent before the next. */
import type { Db } from '../db/client.ts';
import type { Connector } from '../platforms/connector.ts';
import { claimDue, claimPreparations } from './dispatch-queries.ts';
import { sendClaimed, sendWakes } from './send.ts';

const ROUND = 1_000;
const SPARE_MS = 10_000;

export async function dispatchDue(
  db: Db,
  connectors: Readonly<Record<string, Connector>>,
  remainingMs: () => number,
): Promise<{ claimed: number; preparing: number }> {
  const claimed = await inRounds(remainingMs, async () => {
    const rows = await db.many(claimDue, { limit: ROUND });
    await sendClaimed(rows);
    return rows.length;
  });
  const platforms = Object.values(connectors)
    .filter((connector) => connector.capabilities.publishing.prepareAheadS > 0)
    .map((connector) => connector.name);
  const preparing = await inRounds(remainingMs, async () => {
    const rows = await db.many(claimPreparations, { platforms, limit: ROUND });
    await sendWakes(
      rows.map(({ id, projectId }) => ({ message: { kind: 'prepare', publicationId: id }, projectId, delayS: 0 })),
    );
    return rows.length;
  });
  return { claimed, preparing };
}

export async function inRounds(remainingMs: () => number, round: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let count = ROUND; count === ROUND && remainingMs() > SPARE_MS; ) {
    count = await round();
    total += count;
  }
  return total;
}
