import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawRequest } from '../../support/raw.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const raw = (method: string, path: string) => rawRequest(world.origin, method, path);

test('an unknown path is a problem', async () => {
  for (const path of ['/v2/posts', '/v1/projects/a/b/c/d', '/docs/', '//']) {
    const answer = await raw('GET', path);
    expect([path, answer.status, answer.problem().code]).toEqual([path, 404, 'no_such_route']);
  }
});

test('an unknown method of a known path says which ones there are', async () => {
  const answer = await raw('PUT', '/v1/projects');
  expect([answer.status, answer.problem().code]).toEqual([405, 'method_not_allowed']);
  expect(answer.allow).toBe('HEAD, GET, POST');
  const one = await raw('POST', '/v1/projects/0198b9d0-0000-7000-8000-000000000000');
  expect([one.status, one.allow]).toEqual([405, 'DELETE, GET, PATCH']);
});

test('HEAD is answered where the status of GET is known without asking', async () => {
  expect(await raw('HEAD', '/docs')).toMatchObject({ status: 200, text: '' });
  expect(await raw('HEAD', '/nowhere')).toMatchObject({ status: 404, text: '' });
  expect(await raw('HEAD', '/v1/auth/login')).toMatchObject({ status: 405, allow: 'POST' });
  expect((await raw('HEAD', '/v1/projects/x')).status).toBe(405);
});
