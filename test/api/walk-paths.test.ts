/** Every path, called in ways that no route has: other methods, other ids, slashes, escapes. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listDoors } from '../../infra/doors.ts';
import { endpointsOf } from '../../infra/local/functions.ts';
import { rawRequest } from '../support/raw.ts';
import {
  needsToken,
  pathOf,
  type Sample,
  type Seed,
  sameProblem,
  sampleOf,
  samplesOf,
  seedOwner,
  sendSample,
  tablesOf,
} from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

const routes = endpointsOf(await listDoors()).filter(({ contract }) => contract.method !== '$default');
const withParams = routes.filter(({ contract }) => contract.params !== undefined);
const paths = [...new Set(routes.map(({ contract }) => contract.path))].map((path) => {
  const here = routes.filter(({ contract }) => contract.path === path);
  const covering = routes.filter(({ contract }) => contract.path !== path && fits(contract.path, path));
  return {
    path,
    first: here[0],
    methods: here.map(({ contract }) => contract.method).toSorted(),
    /** Of routes with a parameter in this place: `GET /v1/posts/validate` asks for a post of that id. */
    elsewhere: covering.map(({ contract }) => contract.method),
  };
});

function fits(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

let world: World;
let seed: Seed;
let samples: Readonly<Record<string, Sample>>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  seed = await seedOwner(world);
  samples = samplesOf(seed);
});
afterAll(() => world.close());

describe('a method that the path does not have', () => {
  test.each(paths)('$path', async ({ path, methods, elsewhere, first }) => {
    const filled =
      first === undefined
        ? path
        : pathOf(first.contract, { params: sampleOf(samples, first.operation).params ?? {}, stranger: 'own' });
    const here = routes.filter(({ contract }) => contract.path === path).map(({ contract }) => contract);
    const open = here.some(
      ({ method, auth, status, once }) =>
        method === 'GET' && /^(public|page)$/.test(auth) && status === 200 && once !== true,
    );
    const allow = [...methods, ...(open ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ');
    const before = await tablesOf(world);
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'TRACE'];
    for (const method of others.filter((other) => ![...methods, ...elsewhere].some((taken) => taken === other))) {
      const answer = await rawRequest(world.origin, method, filled);
      expect([method, answer.status, answer.problem().code, answer.allow]).toEqual([
        method,
        405,
        'method_not_allowed',
        allow,
      ]);
    }
    const [head, options] = [
      await rawRequest(world.origin, 'HEAD', filled),
      await rawRequest(world.origin, 'OPTIONS', filled),
    ];
    expect([head.status === 405, head.text]).toEqual([!open, '']);
    expect([options.status, options.allow, options.text]).toEqual([200, allow, '']);
    expect(await tablesOf(world)).toEqual(before);
  });
});

describe('a path that is nearly one', () => {
  test.each(paths)('$path', async ({ first }) => {
    if (first === undefined) throw new Error('a path has a route');
    const filled = pathOf(first.contract, { params: sampleOf(samples, first.operation).params ?? {}, stranger: 'own' });
    for (const near of [
      `${filled}/`,
      `/${filled}`,
      `${filled}//`,
      `/x${filled}`,
      `${filled}%2F`,
      `${filled}/%2e%2e/x/y/z/w`,
    ]) {
      const answer = await rawRequest(world.origin, first.contract.method, near);
      expect([near, answer.status, answer.problem().code]).toEqual([near, 404, 'no_such_route']);
    }
    const broken = await rawRequest(world.origin, first.contract.method, `${filled}%zz`);
    expect(broken.status).toBe(400);
  });

  test.each(routes)(
    '$operation: an escaped letter is that letter, a slash that slash',
    async ({ operation, contract }) => {
      const plain = pathOf(contract, sampleOf(samples, operation));
      const expected = await rawRequest(world.origin, contract.method, plain);
      expect(expected.headers.link ?? '').not.toContain('no_such_route');
      const [, first = '', ...others] = plain.split('/');
      const letter = plain.replace(/[a-z]/, (one) => `%${one.charCodeAt(0).toString(16)}`);
      for (const escaped of [letter, `/${[first, ...others].join('%2F')}`, `/${[first, ...others].join('%2f')}`]) {
        const answer = await rawRequest(world.origin, contract.method, escaped);
        expect([escaped, answer.status, answer.text.length]).toEqual([escaped, expected.status, expected.text.length]);
      }
    },
  );

  test.each(withParams)(
    '$operation: an id with an escaped slash in it is a path that no route has',
    async ({ operation, contract }) => {
      const params = sampleOf(samples, operation).params ?? {};
      const last = Object.keys(params).at(-1) ?? '';
      const asked = pathOf(contract, { params: { ...params, [last]: `${params[last]}/x` }, stranger: 'own' });
      expect(asked).toContain('%2Fx');
      const answer = await rawRequest(world.origin, contract.method, asked);
      expect([asked, answer.status, answer.problem().code]).toEqual([asked, 404, 'no_such_route']);
    },
  );
});

describe('an id that is none is answered like one that nothing has', () => {
  test.each(withParams)('$operation', async ({ operation, contract }) => {
    const sample = sampleOf(samples, operation);
    const options = needsToken(contract) ? { token: seed.owner.token } : {};
    const before = await tablesOf(world);
    const ask = (value: string) => {
      const params = Object.fromEntries(Object.keys(sample.params ?? {}).map((name) => [name, value]));
      return sendSample(world, contract, { ...sample, params }, options);
    };
    const nobodys = contract.path.endsWith('Id}') || /Id\}\//.test(contract.path) ? randomUUID() : 'y'.repeat(42);
    const missing = await ask(nobodys);
    expect([missing.status, missing.code]).toEqual([404, 'not_found']);
    const wrong = [
      'x',
      '1',
      '-1',
      'null',
      'undefined',
      '%',
      '\0',
      '\u00e9',
      '{',
      "' or 1=1 --",
      '*',
      `${randomUUID()}x`,
      'x'.repeat(2_000),
      '00000000-0000-0000-0000-000000000000',
      '__proto__',
    ];
    for (const value of wrong) {
      const answer = await ask(value);
      expect([value, sameProblem(answer)]).toEqual([value, sameProblem(missing)]);
    }
    expect(await tablesOf(world)).toEqual(before);
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
