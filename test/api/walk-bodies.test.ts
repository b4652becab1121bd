/** Every field of every body, wrong in every way that its schema forbids; every query field too. Refused at its place. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorsOf } from '../../functions/_kit/endpoint.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { pathOf, type Sample, type Seed, sampleOf, samplesOf, seedOwner, tablesOf } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';
import { wrongBodies } from '../support/wrong-values.ts';

const routes = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const withBody = routes.filter(({ contract }) => contract.body !== undefined);
const withQuery = routes.filter(({ contract }) => contract.query !== undefined);
const querySchema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ type: z.string().optional(), maxLength: z.number().optional() })),
});

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
});
afterAll(() => world.close());

/** The field itself, or something inside it. */
const isAt = (found: string, pointer: string) => found === pointer || found.startsWith(`${pointer}/`);

describe('a body with a wrong field is refused, the field is named and no other', () => {
  test.each(withBody)('$operation', async ({ operation, contract }) => {
    const sample = sampleOf(samples, operation);
    const before = await tablesOf(world);
    const wrong = wrongBodies(contract.body ?? z.never(), sample.bodies ?? []);
    expect(wrong.length).toBeGreaterThan(3);
    const failures: string[] = [];
    for (const { pointer, what, text } of wrong) {
      const answer = await world.call(contract.method, pathOf(contract, sample), { token: seed.owner.token, text });
      const fine =
        answer.status === 422 &&
        answer.code === 'invalid_request' &&
        answer.pointers.length > 0 &&
        answer.pointers.every((found) => isAt(found, pointer));
      if (!fine) failures.push(`${what} at ${pointer}: ${answer.status} ${answer.code} ${answer.pointers.join(' ')}`);
    }
    expect(failures).toEqual([]);
    expect(await tablesOf(world)).toEqual(before);
  });

  test.each(withBody)('$operation takes an object', async ({ operation, contract }) => {
    const { token } = seed.owner;
    for (const text of ['null', '7', '"text"', 'true', '[]']) {
      const answer = await world.call(contract.method, pathOf(contract, sampleOf(samples, operation)), { token, text });
      expect([text, answer.status, answer.code]).toEqual([text, 422, 'invalid_request']);
    }
    for (const text of ['{', '{"a":1}}', '\ufeff', '{"a":NaN}', "{'a':1}"]) {
      const answer = await world.call(contract.method, pathOf(contract, sampleOf(samples, operation)), { token, text });
      expect([text, answer.status, answer.code]).toEqual([text, 400, 'malformed_json']);
    }
  });
});

describe('a query with a wrong field is refused', () => {
  test.each(withQuery)('$operation', async ({ operation, contract }) => {
    const sample = sampleOf(samples, operation);
    const shape = querySchema.parse(
      z.toJSONSchema(contract.query ?? z.never(), { io: 'input', unrepresentable: 'any' }),
    );
    for (const [name, { maxLength, ...rest }] of Object.entries(shape.properties)) {
      const isFree = rest.type === 'string' && rest.format === undefined && rest.enum === undefined;
      const values = [
        'a\0b',
        ...(isFree ? [] : ['nonsense', '']),
        ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
      ];
      for (const value of values) {
        const path = pathOf(contract, { ...sample, query: { ...sample.query, [name]: value } });
        const answer = await world.call(contract.method, path, { token: seed.owner.token });
        expect([path, answer.status, answer.code]).toEqual([path, 422, 'invalid_request']);
        expect(answer.pointers).toEqual(answer.pointers.map(() => `/query/${name}`));
      }
      const path = pathOf(contract, { ...sample, query: { ...sample.query, [name]: 'x' } });
      const twice = await world.call(contract.method, `${path}&${name}=y`, { token: seed.owner.token });
      expect([name, twice.status, twice.code]).toEqual([name, 422, 'invalid_request']);
      expect(twice.pointers).toContain(`/query/${name}`);
    }
  });

  test.each(withQuery.filter(({ contract }) => errorsOf(contract).includes('invalid_cursor')))(
    '$operation: a cursor that no list made',
    async ({ operation, contract }) => {
      for (const cursor of ['', 'nonsense', '%25ff', '=', Buffer.from("' or 1=1 --").toString('base64url')]) {
        const { token } = seed.owner;
        const sample = sampleOf(samples, operation);
        const path = pathOf(contract, { ...sample, query: sample.query ?? {} });
        const answer = await world.call(contract.method, `${path}&cursor=${cursor}`, { token });
        expect([cursor, answer.status, answer.code, answer.pointers]).toEqual([
          cursor,
          422,
          'invalid_cursor',
          ['/query/cursor'],
        ]);
      }
    },
  );
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
