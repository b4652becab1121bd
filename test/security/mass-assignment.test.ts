/** Fields that nobody asked for: every column there is, and what JavaScript reads into, added to bodies that are good. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { takesBody } from '../../functions/_kit/body.ts';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import type { Answer } from '../support/call.ts';
import { pathOf, type Sample, type Seed, sampleOf, samplesOf, seedOwner, tablesOf } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';
import { declaredFields, objectsIn } from './body-fields.ts';

const doors = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const routes = doors.filter(({ contract }) => takesBody(contract));
/** Platforms add fields of their own when they send a browser back. */
const open = ['callback', 'returnFromProvider'];
const someId = '01890000-0000-7000-8000-000000000000';
/** Besides columns: what frameworks, languages and other products know. */
const notorious = [
  'isAdmin',
  'admin',
  'permissions',
  'userId',
  'ownerId',
  'sub',
  'scopes',
  'prototype',
  'toString',
  'hasOwnProperty',
  '$where',
  '',
  ' ',
];
/** One by one as well, since they say the most. */
const singly = [
  '__proto__',
  'constructor',
  'id',
  'role',
  'projectId',
  'createdBy',
  'version',
  'deletedAt',
  'status',
  'state',
  'isAdmin',
  'emailVerifiedAt',
];
const problem = z.looseObject({
  errors: z.array(z.object({ pointer: z.string(), code: z.string().optional() })).optional(),
});
/** No more faults than that are named at once. */
const CHUNK = 100;

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
let columns: readonly string[];
let tried = 0;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
  await world.stopWorkers();
  const found = await world.sql(
    `select distinct column_name as name from information_schema.columns where table_schema = 'public'`,
  );
  const snake = found.map(({ name }) => String(name));
  const camel = snake.map((name) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  columns = [...new Set([...snake, ...camel, ...notorious])];
});
afterAll(() => world.close());

/** The body with fields added to the object at the place. */
function withFields(body: unknown, place: readonly (string | number)[], fields: readonly string[]): string {
  const [step, ...rest] = place;
  const entries = Object.entries(z.record(z.string(), z.unknown()).or(z.array(z.unknown())).parse(body));
  const inner = entries.map(([name, value]) => {
    const text = name === String(step) ? withFields(value, rest, fields) : JSON.stringify(value);
    return Array.isArray(body) ? text : `${JSON.stringify(name)}:${text}`;
  });
  // As text: an object literal would take __proto__ for its prototype.
  const added = step === undefined ? fields.map((name) => `${JSON.stringify(name)}:${JSON.stringify(someId)}`) : [];
  const all = [...inner, ...added].join(',');
  return Array.isArray(body) ? `[${all}]` : `{${all}}`;
}

const step = (name: string | number) => String(name).replaceAll('~', '~0').replaceAll('/', '~1');

function send(contract: EndpointContract, sample: Sample, text: string): Promise<Answer> {
  const open = contract.auth === 'public' || contract.auth === 'page';
  return world.call(contract.method, pathOf(contract, sample), { text, ...(!open && { token: seed.owner.token }) });
}

/** Names that the answer does not refuse as unknown at the place, and what else is wrong with it. */
function letThrough(answer: Answer, place: readonly (string | number)[], names: readonly string[]): string[] {
  const errors = answer.status === 422 ? (problem.parse(JSON.parse(answer.text)).errors ?? []) : [];
  const refused = new Set(errors.filter(({ code }) => code === 'unknown_field').map(({ pointer }) => pointer));
  const at = ['/body', ...place.map(step)].join('/');
  const kept = names.filter((name) => !refused.has(`${at}/${step(name)}`));
  const status =
    answer.status === 422 && answer.code === 'invalid_request' ? [] : [`answered ${answer.status} ${answer.code}`];
  return [...status, ...kept.map((name) => `${at}/${name}`)];
}

describe('a field that the body has not is refused, wherever it stands, and does nothing', () => {
  test.each(routes)('$operation', async ({ operation, contract }) => {
    const sample = sampleOf(samples, operation);
    const before = await tablesOf(world);
    const failures: string[] = [];
    for (const body of sample.bodies ?? [{}]) {
      for (const { place, declared } of objectsIn(body, declaredFields(contract.body))) {
        const names = columns.filter((name) => !declared.has(name));
        const chunks = Array.from({ length: Math.ceil(names.length / CHUNK) }, (_, index) =>
          names.slice(index * CHUNK, (index + 1) * CHUNK),
        );
        const alone = singly.filter((name) => !declared.has(name)).map((name) => [name]);
        for (const fields of [...chunks, ...alone]) {
          const answer = await send(contract, sample, withFields(body, place, fields));
          failures.push(...letThrough(answer, place, fields));
          tried += fields.length;
        }
      }
    }
    expect(failures).toEqual([]);
    expect(await tablesOf(world)).toEqual(before);
  });
});

describe('a query field that the door has not is refused', () => {
  test.each(doors.filter(({ operation }) => !open.includes(operation)))(
    '$operation',
    async ({ operation, contract }) => {
      const sample = sampleOf(samples, operation);
      for (const name of [
        'userId',
        'role',
        'isAdmin',
        '__proto__',
        'constructor',
        'deletedAt',
        'includeDeleted',
        'sort',
        'order',
        'fields',
        'select',
        'where',
      ]) {
        if (Object.hasOwn(contract.query?.shape ?? {}, name)) continue;
        const asked = pathOf(contract, sample);
        const path = `${asked}${asked.includes('?') ? '&' : '?'}${name}=x`;
        const [json] = sample.bodies ?? [];
        const answer = await world.call(contract.method, path, {
          token: seed.owner.token,
          ...(json !== undefined && { json }),
        });
        expect([path, answer.status, answer.pointers]).toEqual([path, 422, [`/query/${name}`]]);
        tried += 1;
      }
    },
  );
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  process.stdout.write(`mass assignment: ${tried} fields tried at ${routes.length} doors that take a body\n`);
});
