import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
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
  expect(answer.allow).toBe('GET, OPTIONS, POST');
  const one = await raw('POST', '/v1/projects/0198b9d0-0000-7000-8000-000000000000');
  expect([one.status, one.allow]).toEqual([405, 'DELETE, GET, OPTIONS, PATCH']);
});

test('HEAD is GET without its body where GET needs no sign-in', async () => {
  for (const path of ['/docs', '/openapi.json', '/docs/swagger-ui.css', '/v1/health', '/verify-email/x']) {
    const [get, head] = [await raw('GET', path), await raw('HEAD', path)];
    // What is another one for every request.
    const own = ['date', 'x-request-id', 'apigw-requestid', 'ratelimit', 'etag', 'content-length'];
    const same = (headers: object) => Object.entries(headers).filter(([name]) => !own.includes(name));
    expect([head.status, head.text, same(head.headers)]).toEqual([get.status, '', same(get.headers)]);
  }
  expect(await raw('HEAD', '/nowhere')).toMatchObject({ status: 404, text: '' });
  expect(await raw('HEAD', '/v1/auth/login')).toMatchObject({ status: 405, allow: 'OPTIONS, POST' });
  expect(await raw('HEAD', '/v1/projects/x')).toMatchObject({ status: 405, allow: 'DELETE, GET, OPTIONS, PATCH' });
});

test('OPTIONS says which methods a path takes', async () => {
  expect(await raw('OPTIONS', '/v1/projects')).toMatchObject({ status: 200, text: '', allow: 'GET, OPTIONS, POST' });
  expect(await raw('OPTIONS', '/docs')).toMatchObject({ status: 200, text: '', allow: 'GET, HEAD, OPTIONS' });
  expect(await raw('OPTIONS', '/nowhere')).toMatchObject({ status: 404 });
});

test('a slash too many at the end is pointed out', async () => {
  const answer = await raw('GET', '/v1/projects/');
  expect(answer.problem()).toMatchObject({
    code: 'no_such_route',
    detail: 'There is one without the trailing slash.',
  });
});

test('paths are told apart by case, and nothing is tidied up', async () => {
  for (const path of [
    '/V1/projects',
    '/v1/Projects',
    '/v1//projects',
    '/v1/./projects',
    '/v1/x/../projects',
    '/v1/projects%20',
  ]) {
    expect([path, (await raw('GET', path)).problem().code]).toEqual([path, 'no_such_route']);
  }
});

test('a problem names the path as it stands in an address', async () => {
  for (const path of ['/nowhere/a%20b', '/nowhere/x%23y', '/nowhere/%E2%80%AE%22x', '/nowhere/100%25']) {
    const answer = await world.call('GET', path);
    expect(answer.json(z.looseObject({ instance: z.string() })).instance).toBe(path);
  }
});
