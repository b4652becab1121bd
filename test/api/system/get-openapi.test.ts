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
