/** A picture of oneself: asked for, sent, cut, shown, replaced and removed. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { sizeOf } from '../../../shared/aws/objects.ts';
import { MyProfile } from '../../../shared/me/shapes.ts';
import { Upload } from '../../../shared/media/shapes.ts';
import { sendForm } from '../../support/media.ts';
import { type Person, registerUser } from '../../support/people.ts';
import { eventually } from '../../support/posts.ts';
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
