/** A picture of oneself: asked for, sent, cut, shown, replaced and removed. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { sizeOf } from '../../../shared/aws/objects.ts';
import { Comment } from '../../../shared/community/shapes.ts';
import { MyProfile } from '../../../shared/me/shapes.ts';
import { Upload } from '../../../shared/media/shapes.ts';
import { Member } from '../../../shared/members/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { expiryOf, sendForm } from '../../support/media.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity, createPost, eventually, getPublication } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

const Granted = z.object({ id: z.string(), upload: Upload });
const photo = await readFile(new URL('../../media/camera.jpg', import.meta.url));
const text = await readFile(new URL('../../media/not-an-image.jpg', import.meta.url));

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  ada = await registerUser(world);
});
afterAll(() => world.close());

const ask = (json: unknown, who = ada) => world.call('POST', '/v1/me/avatar', { token: who.token, json });
const me = async (who = ada) => (await world.call('GET', '/v1/me', { token: who.token })).json(MyProfile);
const keysOf = (id: string) => [64, 256, 512].map((px) => `media/avatars/${id}/${px}.webp`);
const sizesOf = (id: string) => Promise.all([...keysOf(id), `uploads/avatars/${id}`].map(sizeOf));

async function send(file: Uint8Array<ArrayBuffer>, mimeType = 'image/jpeg'): Promise<string> {
  const answer = await ask({ mimeType, bytes: file.length });
  expect(answer.status, answer.text).toBe(201);
  const { id, upload } = answer.json(Granted);
  expect((await me()).avatarUpload).toMatchObject({ id, status: 'pending_upload' });
  expect((await sendForm(upload, file, mimeType)).status).toBe(204);
  return id;
}

const ready = (id: string) => eventually(me, ({ avatar }) => avatar?.id === id, 30_000);

test('squares without metadata take the place of the picture before, whose files go', async () => {
  const first = await send(photo);
  const { avatar, avatarUpload } = await ready(first);
  expect(avatarUpload).toBeNull();
  for (const { px, url } of avatar?.sizes ?? []) {
    const facts = await sharp(Buffer.from(await (await fetch(url)).arrayBuffer())).metadata();
    expect(facts).toMatchObject({ format: 'webp', width: px, height: px });
    expect([facts.exif, facts.xmp, facts.iptc]).toEqual([undefined, undefined, undefined]);
  }
  expect(avatar?.sizes.map(({ px }) => px)).toEqual([64, 256, 512]);
  const second = await send(photo);
  await ready(second);
  await world.tick('sweep');
  expect((await sizesOf(first)).filter((size) => size !== null)).toEqual([]);
  expect((await sizesOf(second)).map((size) => size !== null)).toEqual([true, true, true, false]);
  const removed = await world.call('DELETE', '/v1/me/avatar', { token: ada.token });
  expect(removed.status).toBe(204);
  expect((await me()).avatar).toBeNull();
  await world.tick('sweep');
  expect((await sizesOf(second)).filter((size) => size !== null)).toEqual([]);
  expect((await world.call('DELETE', '/v1/me/avatar', { token: ada.token })).status).toBe(204);
});

test('stands beside one’s comments and among the members, by one call, until it is removed or one is deactivated', async () => {
  const bea = await registerUser(world, 'Bea Beside');
  const { id: projectId } = await createProject(world, ada);
  await addMember(world, projectId, bea, 'viewer');
  const { id: accountId } = await connectCommunity(world, ada, projectId);
  const schedule = { type: 'now' };
  const post = await createPost(world, ada, { projectId, text: 'Faces', schedule, publications: [{ accountId }] });
  const { platformPostId } = await eventually(
    () => getPublication(world, ada, post.publications[0]?.id ?? ''),
    ({ state }) => state === 'published',
  );
  const comments = `/v1/community/posts/${platformPostId}/comments`;
  const say = async (who: Person) =>
    (await world.call('POST', comments, { token: who.token, json: { text: 'Here' } })).json(
      z.object({ comment: Comment, commentCount: z.int() }),
    ).comment.author;
  const members = () => world.call('GET', `/v1/projects/${projectId}/members`, { token: ada.token });
  const faces = async () => [
    ...(await members()).json(pageOf(Member)).data.map(({ displayName, avatarUrl }) => [displayName, avatarUrl]),
    ...(await world.call('GET', comments))
      .json(pageOf(Comment))
      .data.map(({ author }) => [author.displayName, author.avatarUrl]),
  ];
  await ready(await send(photo));
  expect((await say(ada)).avatarUrl).toMatch(/^http/);
  expect((await say(bea)).avatarUrl).toBeNull();
  const shown = await faces();
  const withPicture = [ada.displayName, expect.stringContaining('/256.webp')];
  expect(shown).toEqual([withPicture, [bea.displayName, null], [bea.displayName, null], withPicture]);
  expect((await fetch(String(shown[0]?.[1]))).status).toBe(200);
  const calls = world.logs
    .map((line) => JSON.parse(line))
    .filter(({ operation, status }) => ['listComments', 'listMembers'].includes(operation) && status === 200);
  expect(calls.map(({ dataApiCalls }) => dataApiCalls)).toEqual([1, 1]);
  const seen = (id: string) => world.call('GET', `/v1/projects/${projectId}/members/${id}`, { token: bea.token });
  expect((await seen(ada.id)).json(Member).avatarUrl).toContain('/256.webp');
  await world.sql("update users set status = 'deactivated' where id = $1", [ada.id]);
  expect((await seen(ada.id)).json(Member).avatarUrl).toBeNull();
  await world.sql("update users set status = 'active' where id = $1", [ada.id]);
  await world.call('DELETE', '/v1/me/avatar', { token: ada.token });
  expect((await faces()).map(([, url]) => url)).toEqual([null, null, null, null]);
});

test('what is no image fails with its reason, and the picture before stays', async () => {
  const good = await send(photo);
  await ready(good);
  const bad = await send(text);
  const { avatar, avatarUpload } = await eventually(me, (now) => now.avatarUpload?.status === 'failed', 30_000);
  expect(avatarUpload).toMatchObject({ id: bad, failure: { code: 'unsupported_type' } });
  expect(avatar?.id).toBe(good);
  const next = await send(photo);
  expect((await ready(next)).avatarUpload).toBeNull();
});

test('one that is never sent is given up', async () => {
  const eve = await registerUser(world, 'Eve');
  expect((await ask({ mimeType: 'image/png', bytes: 10 }, eve)).status).toBe(201);
  await world.moveClock(2 * 3_600_000);
  await world.tick('sweep');
  await world.moveClock(0);
  expect((await me(eve)).avatarUpload).toMatchObject({ status: 'failed', failure: { code: 'upload_missing' } });
});

test.each([
  [{ mimeType: 'image/svg+xml', bytes: 10 }, '/body/mimeType'],
  [{ mimeType: 'video/mp4', bytes: 10 }, '/body/mimeType'],
  [{ mimeType: 'image/png', bytes: 10 * 1024 * 1024 + 1 }, '/body/bytes'],
])('%j is refused before the upload', async (json, pointer) => {
  const answer = await ask(json);
  expect([answer.code, answer.pointers]).toEqual(['invalid_request', [pointer]]);
});

test('the form takes no larger file than was announced', async () => {
  const { upload } = (await ask({ mimeType: 'image/jpeg', bytes: photo.length })).json(Granted);
  expect((await sendForm(upload, Buffer.concat([photo, Buffer.alloc(1)]), 'image/jpeg')).status).toBe(400);
});

test('asked again, the form expires when the first one does; there is none once another was asked for or it was removed', async () => {
  const eve = await registerUser(world, 'Eve Again');
  const json = { mimeType: 'image/jpeg', bytes: photo.length };
  const again = (idempotencyKey: string) =>
    world.call('POST', '/v1/me/avatar', { token: eve.token, json, idempotencyKey });
  const [key, next] = [randomUUID(), randomUUID()];
  const first = (await again(key)).json(Granted);
  await sleep(1_100);
  const second = (await again(key)).json(Granted);
  expect([second.id, second.upload.expiresAt]).toEqual([first.id, first.upload.expiresAt]);
  expect(expiryOf(second.upload)).toBe(expiryOf(first.upload));
  expect(Date.parse(expiryOf(second.upload))).toBeLessThanOrEqual(Date.parse(second.upload.expiresAt));
  const { upload } = (await again(next)).json(Granted);
  expect((await again(key)).code).toBe('not_found');
  expect((await sendForm(upload, photo, 'image/jpeg')).status).toBe(204);
  await eventually(
    () => me(eve),
    ({ avatar }) => avatar !== null,
    30_000,
  );
  expect((await again(next)).status).toBe(201);
  await world.call('DELETE', '/v1/me/avatar', { token: eve.token });
  expect((await again(next)).code).toBe('not_found');
});
