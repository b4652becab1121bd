/** Addresses mean one thing: how a number, a truth, a name may be written in a query or a path, at every door that takes one. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { openApi } from '../../infra/tools/openapi/document.ts';
import {
  needsToken,
  pathOf,
  type Sample,
  type Seed,
  sampleOf,
  samplesOf,
  seedOwner,
  tablesOf,
} from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

/** Platforms and providers send browsers here, and add to the query what they like. */
const ADDED_TO = ['callback', 'returnFromProvider'];

const doors = await listDoors();
const routes = endpointsOf(doors).filter(({ contract }) => contract.method !== '$default');
const strict = routes.filter(({ operation }) => !ADDED_TO.includes(operation));

const shapes = z.looseObject({
  properties: z.record(
    z.string(),
    z.looseObject({
      type: z.string().optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
    }),
  ),
});
function fieldsOf(schema: z.ZodObject | undefined) {
  if (schema === undefined) return [];
  const { properties } = shapes.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return Object.entries(properties).map(([name, field]) => ({ name, ...field }));
}
const ofType = (type: string) =>
  strict.flatMap(({ operation, contract }) =>
    fieldsOf(contract.query)
      .filter((field) => field.type === type)
      .map((field) => ({ operation, contract, ...field })),
  );

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  // So that no right is missing before the query is looked at.
  await world.sql(`update users set role = 'admin' where id = $1`, [seed.owner.id]);
  await world.stopWorkers();
  samples = samplesOf(seed);
}, 120_000);
afterAll(() => world.close());

/** The door's sample with this behind it, exactly as it is written. */
function ask(operation: string, contract: EndpointContract, written: string) {
  const sample = sampleOf(samples, operation);
  const path = pathOf(contract, sample);
  const [json] = sample.bodies ?? [];
  return world.call(contract.method, `${path}${path.includes('?') ? '&' : '?'}${written}`, {
    ...(needsToken(contract) && { token: seed.owner.token }),
    ...(json !== undefined && { json }),
  });
}

const enc = encodeURIComponent;

describe('a whole number is plain decimal digits', () => {
  const wrong = ['', ' 5', '5 ', '+5', '0x10', '0b1', '0o7', '1e1', '5.0', '5.', '007', '-0', '1_0', '１', '٣', 'NaN'];
  const far = ['Infinity', '9007199254740993', '99999999999999999999', '1'.repeat(400), '5,6', '5;6', 'null', 'true'];
  test.each(ofType('integer'))('$operation: $name', async ({ operation, contract, name, minimum, maximum }) => {
    for (const value of [...wrong, ...far, String((minimum ?? 0) - 1), String((maximum ?? 0) + 1)]) {
      const answer = await ask(operation, contract, `${name}=${enc(value)}`);
      expect([value, answer.status, answer.code]).toEqual([value, 422, 'invalid_request']);
      expect([...new Set(answer.pointers)]).toEqual([`/query/${name}`]);
    }
    for (const value of [minimum ?? 0, maximum ?? 0]) {
      const answer = await ask(operation, contract, `${name}=${value}`);
      expect([value, answer.pointers.includes(`/query/${name}`)]).toEqual([value, false]);
    }
  });

  test('in a path it is otherwise like an id that nothing has', async () => {
    const withNumber = routes.flatMap(({ operation, contract }) =>
      fieldsOf(contract.params)
        .filter(({ type }) => type === 'integer')
        .map(({ name }) => ({ operation, contract, name })),
    );
    expect(withNumber.length).toBeGreaterThan(0);
    for (const { operation, contract, name } of withNumber) {
      for (const value of [...wrong.slice(1), ...far]) {
        const path = pathOf(contract, { stranger: 'own', params: { ...samples[operation]?.params, [name]: value } });
        const answer = await world.call(contract.method, path, { token: seed.owner.token });
        expect([value, answer.status, answer.code]).toEqual([value, 404, 'not_found']);
      }
    }
  });
});

describe('a cursor is one that this list made', () => {
  const lists = strict.filter(({ contract }) => fieldsOf(contract.query).some(({ name }) => name === 'cursor'));
  const wrong = ['', '.', 'a', 'a.b', `a.${'A'.repeat(22)}`, `${'a'.repeat(4_000)}.${'A'.repeat(22)}`];
  const far = ['é', '€', '\u200b', '\ufffd'].map((one) => `a.${one.repeat(22)}`);
  test.each(lists)('$operation', async ({ operation, contract }) => {
    for (const value of [...wrong, ...far, `a.${'🥨'.repeat(11)}`, `é.${'A'.repeat(22)}`]) {
      const answer = await ask(operation, contract, `cursor=${enc(value)}`);
      expect([value, answer.status, answer.pointers]).toEqual([value, 422, ['/query/cursor']]);
      expect(['invalid_cursor', 'invalid_request']).toContain(answer.code);
    }
  });
});

describe('a truth is true or false', () => {
  test.each(ofType('boolean'))('$operation: $name', async ({ operation, contract, name }) => {
    const before = await tablesOf(world);
    for (const value of ['', 'True', 'TRUE', ' true', '1', '0', 'yes', 'no', 'on', 'null', 't']) {
      const answer = await ask(operation, contract, `${name}=${enc(value)}`);
      expect([value, answer.status, answer.code, answer.pointers]).toEqual([
        value,
        422,
        'invalid_request',
        [`/query/${name}`],
      ]);
    }
    expect(await tablesOf(world)).toEqual(before);
  });
});

describe('a field stands once, under its own name', () => {
  test.each(strict)('$operation', async ({ operation, contract }) => {
    const before = await tablesOf(world);
    const unknown = `x${randomUUID().slice(0, 8)}`;
    const names = fieldsOf(contract.query).map(({ name }) => name);
    const nearly = names.flatMap((name) => [name.toUpperCase(), `${name}[]`, `${name}[0]`, `${name}.x`, ` ${name}`]);
    for (const name of [unknown, '', '__proto__', 'constructor', ...nearly]) {
      const answer = await ask(operation, contract, `${enc(name)}=1`);
      const pointer = `/query/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      expect([name, answer.status, answer.code]).toEqual([name, 422, 'invalid_request']);
      expect(answer.pointers).toContain(pointer);
    }
    for (const name of [unknown, ...names]) {
      const answer = await ask(operation, contract, `${name}=1&${name}=1`);
      expect([name, answer.status, answer.code]).toEqual([name, 422, 'invalid_request']);
      expect(answer.pointers).toContain(`/query/${name}`);
    }
    expect(await tablesOf(world)).toEqual(before);
  });
});

test('the document says numbers and truths of them, with what stands for one that is left out', () => {
  const document = z
    .object({
      paths: z.record(
        z.string(),
        z.record(
          z.string(),
          z.object({
            operationId: z.string(),
            parameters: z
              .array(z.looseObject({ name: z.string().optional(), schema: z.unknown().optional() }))
              .optional(),
          }),
        ),
      ),
    })
    .parse(openApi(doors, '0'));
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const schemaOf = (operation: string, name: string) =>
    operations
      .find(({ operationId }) => operationId === operation)
      ?.parameters?.find((parameter) => parameter.name === name)?.schema;
  expect(schemaOf('listPosts', 'limit')).toEqual({ type: 'integer', minimum: 1, maximum: 100, default: 20 });
  expect(schemaOf('revokeSessions', 'keepCurrent')).toEqual({ type: 'boolean', default: true });
  for (const { operation, name } of [...ofType('integer'), ...ofType('boolean')])
    expect([operation, name, schemaOf(operation, name)]).toEqual([
      operation,
      name,
      expect.objectContaining({ type: expect.stringMatching(/^(integer|boolean)$/) }),
    ]);
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
