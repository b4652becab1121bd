import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rawRequest } from '../../support/raw.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const document = z.looseObject({ openapi: z.string(), paths: z.record(z.string(), z.unknown()) });

test('is an OpenAPI document of every route', async () => {
  const answer = await world.call('GET', '/openapi.json');
  expect(answer.headers.get('content-type')).toBe('application/json');
  const { openapi, paths } = answer.json(document);
  expect(openapi).toBe('3.1.0');
  const routes = world.doors.flatMap(({ contract }) =>
    contract.kind === 'endpoint' && contract.path !== '$default' ? [contract.path] : [],
  );
  expect(Object.keys(paths).toSorted()).toEqual([...new Set(routes)].toSorted());
});

test('whoever has it is not sent it again, nor told its size', async () => {
  const etag = (await world.call('GET', '/openapi.json')).headers.get('etag') ?? '';
  for (const method of ['GET', 'HEAD']) {
    const again = await world.call(method, '/openapi.json', { headers: { 'if-none-match': etag } });
    expect([method, again.status, again.headers.get('etag')]).toEqual([method, 304, etag]);
  }
});

describe('it goes over the wire as gzip to who takes that, and as it is to everybody else', () => {
  const plain = (headers: Record<string, string> = {}) => rawRequest(world.origin, 'GET', '/openapi.json', headers);

  test.each(['gzip', 'br, gzip', 'GZIP;q=0.1', 'x-gzip', '*', 'identity;q=0.5, gzip;q=1'])('%s', async (accepted) => {
    const [coded, whole] = [await plain({ 'accept-encoding': accepted }), await plain()];
    expect([coded.status, coded.headers['content-encoding']]).toEqual([200, 'gzip']);
    expect(Number(coded.headers['content-length'])).toBeLessThan(Number(whole.headers['content-length']) / 5);
    const decoded = await fetch(`${world.origin}/openapi.json`, { headers: { 'accept-encoding': accepted } });
    expect(await decoded.text()).toBe(whole.text);
  });

  test.each(['', 'identity', 'br', 'gzip;q=0', 'gzip;q=0.0, *', 'gzipped'])('not: %j', async (accepted) => {
    const answer = await plain({ 'accept-encoding': accepted });
    expect([answer.status, answer.headers['content-encoding']]).toEqual([200, undefined]);
    expect(JSON.parse(answer.text)).toHaveProperty('openapi');
  });

  test('the two are told apart by caches and by their tags', async () => {
    const gzip = { 'accept-encoding': 'gzip' };
    const [coded, whole] = [await plain(gzip), await plain()];
    expect(coded.headers.etag).not.toBe(whole.headers.etag);
    for (const [answer, asked] of [
      [coded, gzip],
      [whole, {}],
    ] as const) {
      expect(answer.headers.vary?.split(', ')).toEqual(expect.arrayContaining(['origin', 'accept-encoding']));
      const again = await plain({ ...asked, 'if-none-match': answer.headers.etag ?? '' });
      expect([again.status, again.text, again.headers.etag]).toEqual([304, '', answer.headers.etag]);
      expect(again.headers.vary).toBe(answer.headers.vary);
    }
    const other = await plain({ 'if-none-match': coded.headers.etag ?? '' });
    expect(other.status).toBe(200);
  });
});
