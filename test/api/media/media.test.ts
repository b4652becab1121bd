import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Media } from '../../../shared/media/shapes.ts';
import { expiryOf, Granted, sendForm } from '../../support/media.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, page } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let eve: Person;
let projectId: string;

beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
  eve = await registerUser(world, 'Eve');
  projectId = (await createProject(world, ada)).id;
});
afterAll(() => world.close());

const photo = await readFile(new URL('../../media/photo.png', import.meta.url));
const ask = (json: Record<string, unknown> = {}, who = ada, idempotencyKey?: string) =>
  world.call('POST', '/v1/media', {
    token: who.token,
    json: { projectId, fileName: 'photo.png', mimeType: 'image/png', bytes: photo.length, ...json },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });

test('the form takes the file that was announced, and no larger one', async () => {
  const { media, upload } = (await ask()).json(Granted);
  expect(media).toMatchObject({ status: 'pending_upload', kind: null, renditions: [] });
  expect(upload.fields.key).toBe(`uploads/${projectId}/${media.id}`);
  const tooLarge = await sendForm(upload, Buffer.concat([photo, Buffer.alloc(1)]), 'image/png');
  expect(tooLarge.status).toBe(400);
  expect((await sendForm(upload, photo, 'image/png')).status).toBe(204);
});

test('the same Idempotency-Key gets the same medium again, another body a conflict', async () => {
  const key = randomUUID();
  const [first, second] = [(await ask({}, ada, key)).json(Granted), (await ask({}, ada, key)).json(Granted)];
  expect(second.media).toEqual(first.media);
  expect(second.upload.expiresAt).toBe(first.upload.expiresAt);
  expect(second.upload.fields.key).toBe(first.upload.fields.key);
  expect((await ask({ fileName: 'other.png' }, ada, key)).code).toBe('idempotency_mismatch');
});

const toSeconds = (instant: string) => instant.replace(/\.\d+Z$/, 'Z');

test('a form never outlives what was first said of it, however late one asks again', async () => {
  const key = randomUUID();
  const first = (await ask({}, ada, key)).json(Granted);
  expect(expiryOf(first.upload)).toBe(toSeconds(first.upload.expiresAt));
  await sleep(1_100);
  const second = (await ask({}, ada, key)).json(Granted);
  expect([second.upload.expiresAt, expiryOf(second.upload)]).toEqual([first.upload.expiresAt, expiryOf(first.upload)]);
  expect((await sendForm(second.upload, photo, 'image/png')).status).toBe(204);
});

test('asked again when the form has expired, the answer is the first one, whose form nobody takes', async () => {
  const key = randomUUID();
  await world.moveClock(-3_600_000 + 2_000);
  const first = (await ask({}, ada, key)).json(Granted);
  await sleep(Math.max(0, Date.parse(first.upload.expiresAt) - Date.now()) + 50);
  const late = (await ask({}, ada, key)).json(Granted);
  await world.moveClock(0);
  expect([late.media, late.upload.expiresAt]).toEqual([first.media, first.upload.expiresAt]);
  expect((await sendForm(late.upload, photo, 'image/png')).status).toBe(403);
});

test('asked again when the file is gone, there is no form', async () => {
  const key = randomUUID();
  const { media } = (await ask({}, ada, key)).json(Granted);
  await world.call('DELETE', `/v1/media/${media.id}`, { token: ada.token });
  const again = await ask({}, ada, key);
  expect([again.status, again.code]).toEqual([404, 'not_found']);
});

test.each([
  [{ mimeType: 'application/pdf' }, '/body/mimeType'],
  [{ bytes: 0 }, '/body/bytes'],
  [{ bytes: 51 * 1024 * 1024 }, '/body/bytes'],
  [{ mimeType: 'video/mp4', bytes: 1025 * 1024 * 1024 }, '/body/bytes'],
  [{ fileName: '' }, '/body/fileName'],
])('what is not taken is refused before the upload: %j', async (change, pointer) => {
  const answer = await ask(change);
  expect([answer.code, answer.pointers]).toEqual(['invalid_request', [pointer]]);
});

test('a medium that a waiting post needs stays, with the posts named; afterwards it goes', async () => {
  const { media } = (await ask()).json(Granted);
  const account = await connectCommunity(world, ada, projectId);
  const schedule = { type: 'at', at: ahead(3600) };
  const publications = [{ accountId: account.id }];
  await world.sql(`update media set status = 'processing' where id = $1`, [media.id]);
  await world.sql(
    `update media set status = 'ready', kind = 'image', mime_type = 'image/png', width = 1, height = 1, bytes = 1 where id = $1`,
    [media.id],
  );
  await world.sql(
    `insert into media_renditions (media_id, project_id, name, object_key, mime_type, bytes, width, height, sha256)
     values ($1, $2, 'original', 'media/x', 'image/png', 1, 1, 1, 'x')`,
    [media.id, projectId],
  );
  const post = await createPost(world, ada, { projectId, schedule, publications, media: [{ mediaId: media.id }] });
  const remove = () => world.call('DELETE', `/v1/media/${media.id}`, { token: ada.token });
  const refused = await remove();
  expect([refused.status, refused.code, refused.pointers]).toEqual([409, 'in_use', [`/posts/${post.id}`]]);
  await world.call('POST', `/v1/posts/${post.id}/cancel`, { token: ada.token });
  expect((await remove()).status).toBe(204);
  expect((await remove()).code).toBe('not_found');
  expect((await world.call('GET', `/v1/media/${media.id}`, { token: ada.token })).code).toBe('not_found');
});

test('lists page without gaps or repeats, and filter', async () => {
  const project = (await createProject(world, ada, 'Pages')).id;
  const made: string[] = [];
  for (let n = 0; n < 5; n += 1) made.push((await ask({ projectId: project })).json(Granted).media.id);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const answer = await world.call('GET', `/v1/media?projectId=${project}&limit=2${query}`, { token: ada.token });
    const list: { data: { id: string }[]; nextCursor: string | null } = answer.json(page(Media));
    seen.push(...list.data.map(({ id }) => id));
    cursor = list.nextCursor;
  }
  expect(seen).toEqual(made.toReversed());
  const filtered = async (query: string) =>
    (await world.call('GET', `/v1/media?projectId=${project}&${query}`, { token: ada.token })).json(page(Media)).data
      .length;
  expect(await filtered('status=pending_upload')).toBe(5);
  expect(await filtered('status=ready')).toBe(0);
  expect(await filtered('kind=image')).toBe(0);
  expect((await world.call('GET', '/v1/media?cursor=bm8', { token: ada.token })).code).toBe('invalid_cursor');
});

test('strangers find nothing, viewers may look and change nothing', async () => {
  const { media } = (await ask()).json(Granted);
  const path = `/v1/media/${media.id}`;
  expect((await world.call('GET', path, { token: eve.token })).code).toBe('not_found');
  expect((await world.call('DELETE', path, { token: eve.token })).code).toBe('not_found');
  expect((await ask({}, eve)).code).toBe('not_found');
  expect((await world.call('GET', '/v1/media', { token: eve.token })).json(page(Media)).data).toEqual([]);
  await addMember(world, projectId, eve, 'viewer');
  expect((await world.call('GET', path, { token: eve.token })).status).toBe(200);
  expect((await world.call('DELETE', path, { token: eve.token })).code).toBe('forbidden');
  expect((await ask({}, eve)).code).toBe('forbidden');
});
