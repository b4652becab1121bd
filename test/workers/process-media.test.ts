import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presignRead, sizeOf } from '../../shared/aws/objects.ts';
import { config } from '../../shared/config/config.ts';
import { connect, type Db } from '../../shared/db/client.ts';
import { failStuckMedia, purgeDeletedMedia } from '../../shared/media/sweep-media.ts';
import { Granted, getMedia, upload } from '../support/media.ts';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { eventually } from '../support/posts.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let ada: Person;
let projectId: string;

beforeAll(async () => {
  world = await openWorld({ workers: true });
  ada = await registerUser(world);
  projectId = (await createProject(world, ada)).id;
});
afterAll(() => world.close());

const worker = (): Db =>
  connect({ caller: { kind: 'worker', name: 'test' }, requestId: 'test', patienceMs: () => 1_000 });
const keysOf = async (mediaId: string) =>
  (await world.sql('select object_key from media_renditions where media_id = $1', [mediaId])).map(({ object_key }) =>
    String(object_key),
  );
const uploadKey = (mediaId: string) => `uploads/${projectId}/${mediaId}`;

test('a photo as a camera writes it becomes upright, without place or camera, in three sizes that anybody with the URL can fetch', async () => {
  const media = await upload(world, ada, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
  expect(media).toMatchObject({ status: 'ready', kind: 'image', mimeType: 'image/jpeg', video: null, failure: null });
  expect(media.renditions.map(({ name }) => name)).toEqual(['original', 'preview', 'thumb']);
  const original = media.renditions.find(({ name }) => name === 'original');
  const bytes = Buffer.from(await (await fetch(original?.url ?? '')).arrayBuffer());
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(original?.sha256);
  const facts = await sharp(bytes).metadata();
  expect({ width: facts.width, height: facts.height }).toEqual({ width: media.width, height: media.height });
  expect(facts.exif).toBeUndefined();
  expect(await sizeOf(uploadKey(media.id))).toBeNull();
});

test('a video gets its length, codec and a poster', async () => {
  const media = await upload(world, ada, { projectId, file: 'video.mp4', mimeType: 'video/mp4' });
  expect(media).toMatchObject({ status: 'ready', kind: 'video', mimeType: 'video/mp4', video: { videoCodec: 'h264' } });
  expect(media.video?.durationMs).toBeGreaterThan(500);
  expect(media.renditions.map(({ name }) => name)).toEqual(['original', 'poster', 'thumb']);
});

test('the content decides: a PNG that was announced as JPEG is a PNG, text is nothing', async () => {
  const png = await upload(world, ada, { projectId, file: 'photo.png', mimeType: 'image/jpeg' });
  expect(png).toMatchObject({ status: 'ready', mimeType: 'image/png', declaredMimeType: 'image/jpeg' });
  const text = await upload(world, ada, { projectId, file: 'not-an-image.jpg', mimeType: 'image/jpeg' });
  expect(text).toMatchObject({ status: 'failed', failure: { code: 'unsupported_type' }, renditions: [] });
});

test.each([
  ['truncated.jpg', 'image/jpeg'],
  ['truncated.mp4', 'video/mp4'],
])('what was cut off fails with the reason: %s', async (file, mimeType) => {
  const media = await upload(world, ada, { projectId, file, mimeType });
  expect(media.status).toBe('failed');
  expect(media.failure?.reason).not.toBe('');
  expect(await sizeOf(uploadKey(media.id))).toBeNull();
});

test('the same event again changes nothing', async () => {
  const media = await upload(world, ada, { projectId, file: 'photo.png', mimeType: 'image/png' });
  await deliver([{ s3: { object: { key: uploadKey(media.id) } } }]);
  const after = await getMedia(world, ada, media.id);
  expect({ ...after, renditions: [] }).toEqual({ ...media, renditions: [] });
  expect((await keysOf(media.id)).every(Boolean)).toBe(true);
  for (const key of await keysOf(media.id)) expect(await sizeOf(key)).not.toBeNull();
});

test('events of nothing we know, and the test event of S3, are passed over', async () => {
  expect(await deliver([{ s3: { object: { key: 'uploads/x/y' } } }])).toEqual([]);
  expect(await deliver([{ s3: { object: { key: `uploads/${randomUUID()}/${randomUUID()}` } } }])).toEqual([]);
  const event = { Service: 'Amazon S3', Event: 's3:TestEvent', Time: '2026-11-21T00:00:00.000Z', Bucket: 'b' };
  expect(await deliver(undefined, event)).toEqual([]);
});

test('a second worker leaves it to the first; the same message again takes over from a dead one', async () => {
  const { media } = await ask('photo.png', 'image/png');
  await world.sql(
    `update media set status = 'processing', processing_until = now() + interval '5 minutes' where id = $1`,
    [media.id],
  );
  await putUpload(media.id);
  await deliver([{ s3: { object: { key: uploadKey(media.id) } } }]);
  expect((await getMedia(world, ada, media.id)).status).toBe('processing');
  await deliver([{ s3: { object: { key: uploadKey(media.id) } } }], undefined, 2);
  expect((await getMedia(world, ada, media.id)).status).toBe('ready');
});

test('what was deleted while it was uploaded leaves nothing behind', async () => {
  const { media } = await ask('photo.png', 'image/png');
  await putUpload(media.id);
  await world.sql('update media set deleted_at = now() where id = $1', [media.id]);
  await deliver([{ s3: { object: { key: uploadKey(media.id) } } }]);
  expect(await sizeOf(uploadKey(media.id))).toBeNull();
  expect(await keysOf(media.id)).toEqual([]);
});

test('uploads that never came are given up, and so is work that nobody finished', async () => {
  const [never, stuck, fresh] = [
    await ask('photo.png', 'image/png'),
    await ask('photo.png', 'image/png'),
    await ask('photo.png', 'image/png'),
  ];
  await world.sql(`update media set upload_expires_at = now() - interval '11 minutes' where id = $1`, [never.media.id]);
  await world.sql(
    `update media set status = 'processing', processing_until = now() - interval '61 minutes' where id = $1`,
    [stuck.media.id],
  );
  expect(await failStuckMedia(worker())).toBe(2);
  expect((await getMedia(world, ada, never.media.id)).failure?.code).toBe('upload_missing');
  expect((await getMedia(world, ada, stuck.media.id)).failure?.code).toBe('processing_failed');
  expect((await getMedia(world, ada, fresh.media.id)).status).toBe('pending_upload');
});

test('deleting removes the objects, once nothing shows them', async () => {
  const media = await upload(world, ada, { projectId, file: 'photo.png', mimeType: 'image/png' });
  const keys = await keysOf(media.id);
  expect(keys).toHaveLength(3);
  expect((await world.call('DELETE', `/v1/media/${media.id}`, { token: ada.token })).status).toBe(204);
  await purgeDeletedMedia(worker());
  for (const key of keys) expect((await fetch(await presignRead(key, 60))).status).toBe(404);
  expect(await keysOf(media.id)).toEqual([]);
  expect(await purgeDeletedMedia(worker())).toBe(0);
});

test('nothing is left on the disk', async () => {
  await eventually(
    () => readdir(tmpdir()),
    (names) => !names.some((name) => name.startsWith('posthaste-media-')),
  );
});

async function ask(fileName: string, mimeType: string) {
  const { length } = await readFile(new URL(`../media/${fileName}`, import.meta.url));
  const answer = await world.call('POST', '/v1/media', {
    token: ada.token,
    json: { projectId, fileName, mimeType, bytes: length },
  });
  return answer.json(Granted);
}

/** Stores the file where an upload would, past the event that starts the worker. */
async function putUpload(mediaId: string): Promise<void> {
  const key = uploadKey(mediaId);
  await new S3Client({}).send(
    new PutObjectCommand({
      Bucket: config('media').MEDIA_BUCKET,
      Key: key,
      Body: await readFile(new URL('../media/photo.png', import.meta.url)),
      ContentType: 'image/png',
    }),
  );
}

/** Hands the worker a message of its queue; returns the messages that shall come again. */
async function deliver(records: unknown, body: unknown = { Records: records }, receives = 1): Promise<unknown> {
  const attributes = { ApproximateReceiveCount: String(receives) };
  const result = await world.invoke('processMedia', {
    Records: [{ messageId: randomUUID(), body: JSON.stringify(body), attributes }],
  });
  if (result.kind !== 'ok') throw new Error(`the worker ended with ${result.kind}`);
  return JSON.parse(result.payload).batchItemFailures;
}
