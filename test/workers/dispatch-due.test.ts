/** What a claim puts into the queue: a message for the due second, and one ahead of it only where there is something to prepare. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { ahead, connectCommunity, createPost } from '../support/posts.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let owner: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld();
  owner = await registerUser(world);
});
beforeEach(async () => {
  await world.moveClock(0);
  projectId = (await createProject(world, owner)).id;
  accountId = (await connectCommunity(world, owner, projectId)).id;
});
afterAll(() => world.close());

const sentBy = async (work: () => Promise<unknown>) => {
  const before = world.sqs.counts('publish');
  await work();
  const { visible, delayed } = world.sqs.counts('publish');
  return { now: visible - before.visible, atItsSecond: delayed - before.delayed };
};
const schedule = (seconds: number, media: readonly { mediaId: string }[]) =>
  createPost(world, owner, {
    ...{ projectId, media, text: 'Hello' },
    schedule: { type: 'at', at: ahead(seconds) },
    publications: [{ accountId }],
  });
const askForPhoto = async () => {
  const json = { projectId, fileName: 'photo.jpg', mimeType: 'image/jpeg', bytes: 1_000 };
  const answer = await world.call('POST', '/v1/media', { token: owner.token, json });
  const { media } = answer.json(z.object({ media: z.object({ id: z.string() }) }));
  return [{ mediaId: media.id }];
};

describe('a post that is due within three minutes', () => {
  test('of text alone has nothing to prepare: one message, for its second', async () => {
    expect(await sentBy(() => schedule(60, []))).toEqual({ now: 0, atItsSecond: 1 });
  });

  test('with a photo is also prepared, at once', async () => {
    const media = await askForPhoto();
    expect(await sentBy(() => schedule(60, media))).toEqual({ now: 1, atItsSecond: 1 });
  });
});

describe('the tick', () => {
  test('sends the same for what it finds due, and nothing twice', async () => {
    const media = await askForPhoto();
    await schedule(600, []);
    await schedule(600, media);
    expect(await sentBy(() => world.tick('dispatchDue'))).toEqual({ now: 0, atItsSecond: 0 });
    await world.moveClock(500_000);
    expect(await sentBy(() => world.tick('dispatchDue'))).toEqual({ now: 1, atItsSecond: 2 });
    expect(await sentBy(() => world.tick('dispatchDue'))).toEqual({ now: 0, atItsSecond: 0 });
  });
});
