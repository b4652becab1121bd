import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
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
