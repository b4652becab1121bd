import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawRequest } from '../../support/raw.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('serves the two files of the viewer, to be kept for a day', async () => {
  for (const [file, type] of [
    ['swagger-ui.css', 'text/css; charset=utf-8'],
    ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ]) {
    const answer = await world.call('GET', `/docs/${file}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=86400');
    expect(answer.text.length).toBeGreaterThan(100_000);
  }
});

test.each(['/docs/index.html', '/docs/..%2f..%2fpackage.json', '/docs/%2e%2e'])(
  'serves no other file: %s',
  async (path) => {
    expect([404, 405]).toContain((await rawRequest(world.origin, 'GET', path)).status);
  },
);
