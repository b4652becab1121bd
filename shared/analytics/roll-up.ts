/** What is derived by the hour: rollups, people's figures, what is popular, niches. Each goes on where the last tick stopped. */
import { refreshPopularPosts } from '../community/upkeep-queries.ts';
import { refreshNiches } from '../content/niche-queries.ts';
import type { Db } from '../db/client.ts';
import type { Fields } from '../log.ts';
import { deriveUserAnalytics, rollUp } from './rollup-queries.ts';

const PUBLICATIONS = 200;
const EVENTS = 20_000;
/** Longer than any transaction lives: what came before is there, or never will be. */
const SETTLE_S = 120;
const SPARE_MS = 30_000;

export async function deriveNumbers(db: Db, remainingMs: () => number): Promise<Fields> {
  const parts = await Promise.allSettled([
    rollUpNews(db, remainingMs),
    countPeople(db, remainingMs),
    db.one(refreshPopularPosts, {}).then(({ posts }) => posts),
    db.one(refreshNiches, {}).then(({ refreshed }) => refreshed),
  ]);
  const broken = parts.find((part) => part.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  const [publications, events, popular, niches] = parts.map((part) =>
    part.status === 'fulfilled' ? part.value : null,
  );
  return { publications, events, popular, niches };
}

/** Publications rolled up. */
async function rollUpNews(db: Db, remainingMs: () => number): Promise<number> {
  let publications = 0;
  while (remainingMs() > SPARE_MS) {
    // Null: another tick is at it.
    const rolled = (await db.one(rollUp, { batch: PUBLICATIONS })).publications ?? 0;
    publications += rolled;
    if (rolled < PUBLICATIONS) break;
  }
  return publications;
}

/** Events that people's figures know now. */
async function countPeople(db: Db, remainingMs: () => number): Promise<number> {
  let counted = 0;
  while (remainingMs() > SPARE_MS) {
    const { events } = await db.one(deriveUserAnalytics, { limit: EVENTS, settleS: SETTLE_S });
    counted += events;
    if (events < EVENTS) break;
  }
  return counted;
}
