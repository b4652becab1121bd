import { afterAll, beforeAll, expect, test } from 'vitest';
import about from '../../../package.json' with { type: 'json' };
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('says that the database answers too', async () => {
  const answer = await world.call('GET', '/health');
  expect(JSON.parse(answer.text)).toEqual({ status: 'ok', database: 'ok', version: about.version });
});

test.each([
  { action: 'error', error: 'DatabaseUnavailableException', times: 99 },
  { action: 'delay', delayMs: 8_000, times: 99 },
] as const)('says within three seconds that the database is away ($action)', async (fault) => {
  world.faults.arm({ point: 'data-api:pingDatabase:before', ...fault });
  const began = performance.now();
  const answer = await world.call('GET', '/health');
  expect(performance.now() - began).toBeLessThan(6_000);
  expect([answer.status, answer.code]).toEqual([503, 'database_unavailable']);
  expect(answer.headers.get('retry-after')).toBe('5');
  world.faults.clear();
});
