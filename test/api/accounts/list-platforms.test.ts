import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Platform } from '../../../shared/platforms/shapes.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('everybody may read what each platform takes', async () => {
  const answer = await world.call('GET', '/v1/platforms');
  const { data } = answer.json(z.object({ data: z.array(Platform.strict()) }));
  expect(data.map(({ name }) => name).sort()).toEqual(['bluesky', 'community', 'mastodon', 'threads']);
  expect(data.find(({ name }) => name === 'bluesky')).toMatchObject({
    text: { max: 300, unit: 'graphemes' },
    connect: 'app-password',
  });
  expect(data.every(({ enabled }) => enabled)).toBe(true);
});
