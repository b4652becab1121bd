import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('is a page that loads only our own files, and these exist', async () => {
  const page = await world.call('GET', '/docs');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const files = [...page.text.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, file]) => file ?? '');
  expect(files).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']);
  for (const file of files) {
    const answer = await world.call('GET', file);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
  }
});
