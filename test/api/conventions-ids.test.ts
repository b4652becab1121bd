/** An id in capitals is the same id (RFC 9562, section 4), wherever it is given. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import {
  type Fields,
  type Sample,
  type Seed,
  samplesOf,
  seedOwner,
  sendSample,
  takesToken,
} from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const CAPITALS = '01A1FE84-1043-7B17-8BC6-A4649EBD4FE3';
const routes = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const reads = routes.filter(({ contract }) => contract.method === 'GET' && contract.response !== undefined);

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  await world.stopWorkers();
  samples = samplesOf(seed);
});
afterAll(() => world.close());

/** Every schema of an id within a schema. */
function idsIn(schema: unknown): z.ZodUUID[] {
  if (schema instanceof z.ZodUUID) return [schema];
  if (schema instanceof z.ZodObject) return Object.values(schema.shape).flatMap(idsIn);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(idsIn);
  if (schema instanceof z.ZodArray) return idsIn(schema.element);
  if (schema instanceof z.ZodRecord) return [schema.keyType, schema.valueType].flatMap(idsIn);
  if (schema instanceof z.ZodPipe) return [schema.in, schema.out].flatMap(idsIn);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return idsIn(schema.unwrap());
  return [];
}

test('ids are found in all places of doors', () => {
  const count = routes.flatMap(({ contract: { params, query, body } }) => [params, query, body].flatMap(idsIn)).length;
  expect(count).toBeGreaterThan(90);
});

test.each(routes)('$operation takes every id in one spelling', ({ contract: { params, query, body } }) => {
  const asGiven = [params, query, body]
    .flatMap((schema) => idsIn(schema))
    .filter((schema) => z.safeParse(schema, CAPITALS).data !== CAPITALS.toLowerCase());
  expect(asGiven).toEqual([]);
});

/** Signed or counted anew for every answer. */
const plain = (text: string) => text.replaceAll(/\?X-Amz[^"]*/g, '');
const inCapitals = (fields: Fields | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields ?? {}).map(([name, value]) => [
      name,
      z.uuid().safeParse(value).success ? String(value).toUpperCase() : String(value),
    ]),
  );

describe('answers are the same', () => {
  test.each(reads)('$operation', async ({ operation, contract }) => {
    const sample = samples[operation];
    if (sample === undefined) throw new Error(`${operation} has no row in test/support/samples`);
    const options = takesToken(contract) ? { token: seed.owner.token } : {};
    const { params, query } = sample;
    const spelt = {
      ...sample,
      ...(params !== undefined && { params: inCapitals(params) }),
      ...(query !== undefined && { query: inCapitals(query) }),
    };
    const [first, second] = [
      await sendSample(world, contract, sample, options),
      await sendSample(world, contract, spelt, options),
    ];
    expect(second.status).toBe(first.status);
    if (first.status === contract.status) expect(plain(second.text)).toBe(plain(first.text));
  });
});

test('the next page of a list is found however its filter is written', async () => {
  const { token } = seed.owner;
  const page = z.object({ data: z.array(z.looseObject({ id: z.string() })), nextCursor: z.string().nullable() });
  const list = (projectId: string, more = '') =>
    world.call('GET', `/v1/posts?projectId=${projectId}&limit=1${more}`, { token });
  const { nextCursor } = (await list(seed.projectId)).json(page);
  if (nextCursor === null) throw new Error('there is one page alone');
  const next = await list(seed.projectId.toUpperCase(), `&cursor=${nextCursor}`);
  expect(next.json(page)).toEqual((await list(seed.projectId, `&cursor=${nextCursor}`)).json(page));
});
