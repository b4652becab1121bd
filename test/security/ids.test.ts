/** Ids that are guessed or swapped: wherever a request names a thing of one's own, it names another's, another kind's, or none. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import type { Answer } from '../support/call.ts';
import { type Sample, type Seed, samplesOf, seedOwner, sendSample } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';
import { type Snapshot, takeSnapshot } from './matrix/snapshot.ts';

const doors = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const guesses = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];

interface Thing {
  readonly table: string;
  readonly ours: string;
  readonly theirs: string;
}

let world: World;
let seed: Seed;
let snapshot: Snapshot;
let samples: Readonly<Record<string, Sample>>;
let things: readonly Thing[];
let swaps = 0;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  const other = await seedOwner(world);
  await world.stopWorkers();
  samples = samplesOf(seed);
  things = await thingsOf(seed, other);
  snapshot = await takeSnapshot(world);
});
afterAll(async () => {
  await snapshot.close();
  await world.close();
});

/** What both seeds made, by the table that it is a row of. */
async function thingsOf(ours: Seed, theirs: Seed): Promise<Thing[]> {
  const text = `select quote_ident(c.relname) as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'id'
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and a.atttypid = 'uuid'::regtype`;
  const tables = (await world.sql(text)).map(({ name }) => String(name));
  const where = tables
    .map((name) => `select '${name}' as name, id from ${name} where id = any ($1)`)
    .join(' union all ');
  const pairs = [...idsIn(ours)].flatMap(([place, id]) => {
    const twin = idsIn(theirs).get(place);
    return twin === undefined ? [] : [{ ours: id, theirs: twin }];
  });
  const found = await world.sql(where, [pairs.map((pair) => pair.ours)]);
  const tableOf = new Map(found.map(({ name, id }) => [String(id), String(name)]));
  return pairs.flatMap((pair) => {
    const table = tableOf.get(pair.ours);
    return table === undefined ? [] : [{ ...pair, table }];
  });
}

/** Place → id, of an object at any depth. */
function idsIn(value: unknown, place = ''): Map<string, string> {
  if (typeof value === 'string') return new Map(uuid.test(value) ? [[place, value]] : []);
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).flatMap(([name, inner]) => [...idsIn(inner, `${place}/${name}`)]));
}

function replaced(sample: Sample, place: string, id: string): Sample {
  const copy = structuredClone(sample);
  const steps = place.split('/').slice(1);
  const last = steps.pop() ?? '';
  let at: unknown = copy;
  for (const step of steps) at = Reflect.get(Object(at), step);
  Reflect.set(Object(at), last, id);
  return copy;
}

/** The answer without what any two differ in, and without the ids that were sent. */
function plain(answer: Answer): unknown {
  const text = answer.text.replace(uuids, 'id');
  if (answer.code === null)
    return [answer.status, text.replace(/"(createdAt|updatedAt|requestedAt|dueAt)":"[^"]*"/g, '')];
  const { requestId, instance, ...rest } = z.looseObject({}).parse(JSON.parse(text));
  return [answer.status, rest];
}

describe.each(doors)('$operation', ({ operation, contract }) => {
  test('answers an id that is not the caller’s like one that nothing has, and does nothing', async () => {
    const sample = samples[operation];
    if (sample === undefined) throw new Error(`${operation} has no row in test/support/samples`);
    const failures: string[] = [];
    for (const body of sample.bodies ?? [undefined]) {
      const { params, query } = sample;
      const asked = {
        ...(params && { params }),
        ...(query && { query }),
        ...(body && { bodies: [body] }),
        stranger: sample.stranger,
      };
      for (const [place, id] of idsIn(asked)) failures.push(...(await tryPlace(contract, asked, place, id)));
    }
    expect(failures).toEqual([]);
  });
});

async function tryPlace(contract: EndpointContract, sample: Sample, place: string, id: string): Promise<string[]> {
  const token = contract.auth === 'public' || contract.auth === 'page' ? undefined : seed.owner.token;
  const ask = async (other: string) => sendSample(world, contract, replaced(sample, place, other), { token });
  await snapshot.written();
  const nothing = await ask(randomUUID());
  const expected = JSON.stringify(plain(nothing));
  const wrote = await snapshot.written();
  await snapshot.restore();
  const failures = wrote.length > 0 ? [`${place}: an id that nothing has wrote ${wrote}`] : [];
  if (place.startsWith('/params') && nothing.status !== 404) failures.push(`${place}: nothing there, and ${expected}`);
  // A check that found something says so in its report.
  const refused = nothing.status >= 400 || nothing.text.includes('"valid":false');
  if (contract.method !== 'GET' && !refused) failures.push(`${place}: nothing there, and ${expected}`);
  const own = things.find(({ ours }) => ours === id);
  const others = [
    ...guesses.map((guess) => ['a guess', guess] as const),
    ...(own === undefined ? [] : [['another’s', own.theirs] as const]),
    ...things.filter(({ table }) => table !== own?.table).map(({ table, ours }) => [`one of ${table}`, ours] as const),
  ];
  for (const [what, other] of others) {
    const answer = await ask(other);
    const written = await snapshot.written();
    await snapshot.restore();
    swaps += 1;
    if (written.length > 0) failures.push(`${place}, ${what}: wrote ${written}`);
    const seen = JSON.stringify(plain(answer));
    if (seen !== expected)
      failures.push(`${place}, ${what}: ${seen.slice(0, 200)} instead of ${expected.slice(0, 200)}`);
  }
  const everywhere = JSON.parse(JSON.stringify(sample).replaceAll(id, randomUUID()));
  const send = (request: Sample) => sendSample(world, contract, request, { token });
  return [
    ...failures,
    ...(await tryDeleted(own, place, { gone: () => send(everywhere), deleted: () => send(sample) })),
  ];
}

const hasDeleted = new Map<string, boolean>();

interface Asked {
  /** Everywhere in the request an id that nothing has. */
  readonly gone: () => Promise<Answer>;
  readonly deleted: () => Promise<Answer>;
}

/** The caller's own thing, which was deleted a moment ago. */
async function tryDeleted(own: Thing | undefined, place: string, asked: Asked): Promise<string[]> {
  // People go by the erasure of their account, which leaves no row.
  if (own === undefined || own.table === 'users') return [];
  const text = `select from pg_attribute where attrelid = $1::regclass and attname = 'deleted_at' and not attisdropped`;
  const known = hasDeleted.get(own.table) ?? (await world.sql(text, [own.table])).length > 0;
  hasDeleted.set(own.table, known);
  if (!known) return [];
  const expected = JSON.stringify(plain(await asked.gone()));
  await snapshot.restore();
  await snapshot.force(own.table, `update ${own.table} set deleted_at = app.now() where id = $1`, [own.ours]);
  const answer = await asked.deleted();
  const written = await snapshot.written();
  await snapshot.restore();
  swaps += 1;
  const seen = JSON.stringify(plain(answer));
  return [
    ...(written.length > 0 ? [`${place}, deleted: wrote ${written}`] : []),
    ...(seen === expected ? [] : [`${place}, deleted: ${seen.slice(0, 300)} instead of ${expected.slice(0, 200)}`]),
  ];
}

test('no door fell over on the way, and the rows are as they were', async () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(await snapshot.differing()).toEqual([]);
  process.stdout.write(
    `ids: ${things.length} things of ${new Set(things.map(({ table }) => table)).size} kinds, ${swaps} swaps\n`,
  );
});
