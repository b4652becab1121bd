/** Never twice, never lost: a dozen kills, drawn anew each time. `npm run test:chaos` goes through all points. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { killAt } from './kill.ts';
import type { Wanted } from './load.ts';
import { draw } from './points.ts';
import { openStage, type Stage } from './stage.ts';
import { recount } from './verdict.ts';

const kills = 12;
const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 1_000_000));
const drawn = draw(kills, randomOf(seed));

let stage: Stage;
const all: Wanted[] = [];

beforeAll(async () => {
  process.stdout.write(`kill test: CHAOS_SEED=${seed} draws the same ${kills} kills again\n`);
  stage = await openStage();
}, 180_000);
afterEach((context) => (context.task.result?.state === 'fail' ? stage.revive() : undefined), 120_000);
afterAll(() => stage?.close(), 60_000);

test.each(drawn)(
  '$kill killed at $name: nothing is lost, nothing is double',
  async (point) => {
    const outcome = await killAt(stage, point);
    all.push(...outcome.wanted);
    const { lost, double, unknown, violations } = outcome;
    expect({ lost, double, unknown, violations }).toEqual({ lost: [], double: [], unknown: [], violations: [] });
    expect(outcome.wanted.length).toBeGreaterThanOrEqual(24);
  },
  240_000,
);

test('in the end everything stands on its platform once', async () => {
  expect(all).not.toEqual([]);
  expect(await recount(stage, all)).toEqual([]);
}, 60_000);

test('the kills cover the commit of every platform and both ways to die', () => {
  expect(drawn).toHaveLength(kills);
  expect(new Set(drawn.map(({ name }) => name)).size).toBe(kills);
  expect(new Set(drawn.map(({ commitOf }) => commitOf))).toEqual(
    new Set(['community', 'mastodon', 'threads', 'bluesky', undefined]),
  );
  expect(new Set(drawn.map(({ kill }) => kill))).toEqual(new Set(['host', 'host+postgres']));
});

/** Mulberry32: the same numbers for the same seed. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
