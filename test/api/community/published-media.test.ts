import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommunityPost } from '../../../shared/community/shapes.ts';
import { connect } from '../../../shared/db/client.ts';
import { purgeDeletedMedia } from '../../../shared/media/sweep-media.ts';
import { upload } from '../../support/media.ts';
import { createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity, createPost, eventually, getPublication } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let projectId: string;

beforeAll(async () => {
  world = await openWorld({ workers: true });
  ada = await registerUser(world);
  projectId = (await createProject(world, ada)).id;
});
afterAll(() => world.close());

const sweep = () =>
  purgeDeletedMedia(connect({ caller: { kind: 'worker', name: 'test' }, requestId: 'test', patienceMs: () => 1_000 }));

test('everybody sees the photo of a published post, also after its medium was deleted, until the post is gone', async () => {
  const account = await connectCommunity(world, ada, projectId);
  const photo = await upload(world, ada, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
  const post = await createPost(world, ada, {
    projectId,
    text: 'A photo',
    schedule: { type: 'now' },
    media: [{ mediaId: photo.id, altText: 'A lighthouse' }],
    publications: [{ accountId: account.id }],
  });
  const { platformPostId, url } = await eventually(
    () => getPublication(world, ada, post.publications[0]?.id ?? ''),
    ({ state }) => state === 'published',
    20_000,
  );
  expect(url).toBe(`${world.origin}/v1/community/posts/${platformPostId}`);
  const see = async () => {
    const answer = await world.call('GET', `/v1/community/posts/${platformPostId}`);
    const [medium] = answer.json(CommunityPost).media;
    const original = medium?.renditions.find(({ name }) => name === 'original');
    return { medium, status: (await fetch(original?.url ?? '')).status };
  };
  expect(await see()).toMatchObject({ status: 200, medium: { id: photo.id, altText: 'A lighthouse', kind: 'image' } });

  expect((await world.call('DELETE', `/v1/media/${photo.id}`, { token: ada.token })).status).toBe(204);
  await sweep();
  expect((await see()).status).toBe(200);

  const [row] = await world.sql('select object_key from media_renditions where media_id = $1', [photo.id]);
  await world.sql('update community_posts set deleted_at = now()');
  await world.moveClock(25 * 3_600_000);
  expect(await sweep()).toBe(1);
  expect(row).toBeDefined();
  expect(await world.sql('select 1 from media_renditions where media_id = $1', [photo.id])).toEqual([]);
});
