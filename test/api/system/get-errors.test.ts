import { afterAll, beforeAll, expect, test } from 'vitest';
import { errors } from '../../../shared/error-table.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('every code has its row, and a problem leads to it', async () => {
  const page = await (await fetch(`${world.origin}/errors`)).text();
  for (const code of Object.keys(errors)) expect(page).toContain(`<tr id="${code}">`);
  const answer = await world.call('GET', '/v1/me');
  expect(answer.headers.get('link')).toBe('</errors#unauthenticated>; rel="help"');
  const help = new URL('/errors#unauthenticated', world.origin);
  expect(page).toContain(`id="${help.hash.slice(1)}"`);
});
