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

test('what the table says differently is what everybody reads; what is not valid there changes nothing', async () => {
  const read = async () => {
    const { data } = (await world.call('GET', '/v1/platforms')).json(z.object({ data: z.array(Platform.strict()) }));
    return data.find(({ name }) => name === 'mastodon');
  };
  const before = await read();
  const set = (limits: unknown) =>
    world.sql(`update platforms set limits = $1 where name = 'mastodon'`, [JSON.stringify(limits)]);
  await set({ text: { max: 5000 }, media: { image: { maxBytes: 1 } }, maxHashtags: 3 });
  expect(await read()).toEqual({
    ...before,
    text: { ...before?.text, max: 5000 },
    media: { ...before?.media, image: { ...before?.media.image, maxBytes: 1 } },
    maxHashtags: 3,
  });
  await set({ text: { max: 'much' } });
  expect(await read()).toEqual(before);
  await set({ abilities: ['fly'] });
  expect(await read()).toEqual(before);
});
