import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  call,
  eventually,
  type FileServer,
  listOf,
  objectOf,
  type Reply,
  serveFiles,
  startWorld,
  stringOf,
  testMedia,
  type World,
} from './world.ts';

let world: World;
let origin: string;
let files: FileServer;

beforeAll(async () => {
  world = await startWorld({ bluesky: false });
  origin = world.platforms.origins.threads;
  await world.client.configureThreads({ imageProcessingMs: 100, videoProcessingMs: 300 });
  files = await serveFiles({
    '/photo.png': { type: 'image/png', bytes: await testMedia('photo.png') },
    '/lying.png': { type: 'image/png', bytes: await testMedia('animated.gif') },
    '/cut.jpg': { type: 'image/jpeg', bytes: await testMedia('truncated.jpg') },
    '/untyped.png': { type: 'application/octet-stream', bytes: await testMedia('photo.png') },
    '/video.mp4': { type: 'video/mp4', bytes: await testMedia('video.mp4') },
    '/cut.mp4': { type: 'video/mp4', bytes: await testMedia('truncated.mp4') },
    '/sound.mp4': { type: 'video/mp4', bytes: await testMedia('sound-only.mp4') },
  });
});

afterAll(async () => {
  await files.close();
  await world.end();
});

interface Person {
  readonly id: string;
  readonly username: string;
  readonly token: string;
}

async function newPerson(scopes?: readonly string[]): Promise<Person> {
  const { id, username } = await world.client.createUser('threads');
  const token = await world.client.issueToken('threads', scopes === undefined ? { username } : { username, scopes });
  return { id, username, token };
}

function errorOf(reply: Reply): unknown[] {
  const error = objectOf(reply.body.error);
  expect(error).toMatchObject({ type: 'OAuthException', fbtrace_id: expect.any(String) });
  return [reply.status, error.code, error.error_subcode ?? null];
}

function messageOf(reply: Reply): string {
  return stringOf(objectOf(reply.body.error).message);
}

function draft(person: Person, form: Record<string, string>): Promise<Reply> {
  return call(`${origin}/v1.0/${person.id}/threads`, { token: person.token, form });
}

function publish(person: Person, container: unknown): Promise<Reply> {
  const form = { creation_id: String(container) };
  return call(`${origin}/v1.0/${person.id}/threads_publish`, { token: person.token, form });
}

async function statusOf(person: Person, container: unknown): Promise<unknown[]> {
  const { body } = await call(`${origin}/v1.0/${container}?fields=status,error_message`, { token: person.token });
  return [body.status, body.error_message ?? null];
}

async function settled(person: Person, container: unknown): Promise<unknown[]> {
  return eventually(async () => {
    const status = await statusOf(person, container);
    return status[0] === 'IN_PROGRESS' ? null : status;
  });
}

async function post(person: Person, form: Record<string, string>): Promise<string> {
  const { body } = await draft(person, form);
  await settled(person, body.id);
  return stringOf((await publish(person, body.id)).body.id);
}

describe('tokens', () => {
  test('that are missing, garbled, expired, revoked or too narrow are refused with Graph’s codes', async () => {
    const person = await newPerson();
    const me = (token?: string): Promise<Reply> => call(`${origin}/v1.0/me`, { token });
    expect(errorOf(await me())).toEqual([401, 104, null]);
    expect(errorOf(await me('nonsense'))).toEqual([401, 190, null]);
    await world.client.expireThreadsTokens(person.username);
    expect(errorOf(await me(person.token))).toEqual([401, 190, 463]);
    await world.client.revokeTokens('threads', person.username);
    expect(errorOf(await me(person.token))).toEqual([401, 190, 458]);
    const reader = await newPerson(['threads_basic']);
    expect(errorOf(await draft(reader, { media_type: 'TEXT', text: 'x' }))).toEqual([403, 10, null]);
    const stranger = await newPerson();
    expect(errorOf(await draft({ ...stranger, id: reader.id }, { media_type: 'TEXT', text: 'x' }))).toEqual([
      400, 100, 33,
    ]);
  });
});

describe('publishing', () => {
  test('a text is a container that publishes once and shows at its permalink', async () => {
    const person = await newPerson();
    const { body } = await draft(person, { media_type: 'TEXT', text: 'Tea & <cake>' });
    expect(await statusOf(person, body.id)).toEqual(['FINISHED', null]);
    const published = await publish(person, body.id);
    expect(published.status).toBe(200);
    expect(await statusOf(person, body.id)).toEqual(['PUBLISHED', null]);
    expect(errorOf(await publish(person, body.id))).toEqual([400, 100, null]);

    const fields = 'id,permalink,shortcode,timestamp,text,media_type,username';
    const media = await call(`${origin}/v1.0/${published.body.id}?fields=${fields}`, { token: person.token });
    expect(media.body).toMatchObject({ id: published.body.id, text: 'Tea & <cake>', media_type: 'TEXT_POST' });
    expect(media.body.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/);
    expect(media.body.permalink).toBe(`${origin}/@${person.username}/post/${media.body.shortcode}`);
    const page = await call(stringOf(media.body.permalink));
    expect([page.status, page.text.includes('Tea &amp; &lt;cake&gt;')]).toEqual([200, true]);
    const mine = (await world.client.posts('threads')).filter((entry) => entry.account === person.username);
    expect(mine).toMatchObject([{ id: published.body.id, text: 'Tea & <cake>', url: media.body.permalink }]);
  });

  test('many calls at once for one container make one post', async () => {
    const person = await newPerson();
    const { body } = await draft(person, { media_type: 'TEXT', text: 'once' });
    const replies = await Promise.all(Array.from({ length: 8 }, () => publish(person, body.id)));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    const mine = (await world.client.posts('threads')).filter((entry) => entry.account === person.username);
    expect(mine).toHaveLength(1);
  });

  test('an image is fetched from its URL, processed, and refused to be published before', async () => {
    const person = await newPerson();
    const { body } = await draft(person, {
      media_type: 'IMAGE',
      image_url: `${files.origin}/photo.png`,
      alt_text: 'a house',
    });
    expect(files.fetched).toContain('/photo.png');
    expect(await statusOf(person, body.id)).toEqual(['IN_PROGRESS', null]);
    expect(errorOf(await publish(person, body.id))).toEqual([400, 9007, 2207027]);
    expect(await settled(person, body.id)).toEqual(['FINISHED', null]);
    const { body: published } = await publish(person, body.id);
    const media = await call(`${origin}/v1.0/${published.id}?fields=media_url,alt_text`, { token: person.token });
    expect(media.body.alt_text).toBe('a house');
    expect((await fetch(stringOf(media.body.media_url))).headers.get('content-type')).toBe('image/png');
  });

  test('a video is fetched after the answer; a broken one ends in ERROR with its reason', async () => {
    const person = await newPerson();
    const reason = async (path: string): Promise<unknown> => {
      const { body } = await draft(person, { media_type: 'VIDEO', video_url: `${files.origin}${path}` });
      const status = await settled(person, body.id);
      if (status[0] === 'ERROR') expect((await publish(person, body.id)).status).toBe(400);
      return status;
    };
    expect(await reason('/video.mp4')).toEqual(['FINISHED', null]);
    expect(await reason('/missing.mp4')).toEqual(['ERROR', 'FAILED_DOWNLOADING_VIDEO']);
    expect(await reason('/cut.mp4')).toEqual(['ERROR', 'FAILED_PROCESSING_VIDEO']);
    expect(await reason('/sound.mp4')).toEqual(['ERROR', 'FAILED_PROCESSING_VIDEO']);
    expect(await reason('/photo.png')).toEqual(['ERROR', 'FAILED_DOWNLOADING_VIDEO']);
    await world.client.configureThreads({ failVideoWith: 'INVALID_FRAME_RATE' });
    const failed = await reason('/video.mp4');
    await world.client.configureThreads({ failVideoWith: null });
    expect(failed).toEqual(['ERROR', 'INVALID_FRAME_RATE']);
  });

  test.each([
    ['/missing.png', [400, 9004, 2207052]],
    ['/untyped.png', [400, 9004, 2207052]],
    ['/lying.png', [400, 36001, 2207005]],
    ['/cut.jpg', [400, 36001, 2207005]],
  ])('an image at %s is refused', async (path, error) => {
    const person = await newPerson();
    expect(errorOf(await draft(person, { media_type: 'IMAGE', image_url: files.origin + path }))).toEqual(error);
  });

  test('a carousel takes 2 to 20 finished items of its own', async () => {
    const person = await newPerson();
    const item = async (): Promise<string> => {
      const form = { media_type: 'IMAGE', image_url: `${files.origin}/photo.png`, is_carousel_item: 'true' };
      return stringOf((await draft(person, form)).body.id);
    };
    const [one, two] = [await item(), await item()];
    const early = await draft(person, { media_type: 'CAROUSEL', children: `${one},${two}` });
    expect(errorOf(early)).toEqual([400, 9007, 2207027]);
    for (const id of [one, two]) await settled(person, id);
    expect(errorOf(await draft(person, { media_type: 'CAROUSEL', children: one }))).toEqual([400, 100, 2207028]);
    const other = await newPerson();
    expect(errorOf(await draft(other, { media_type: 'CAROUSEL', children: `${one},${two}` }))).toEqual([
      400,
      100,
      null,
    ]);
    expect((await publish(person, one)).status).toBe(400);
    const id = await post(person, { media_type: 'CAROUSEL', children: `${one},${two}`, text: 'both' });
    const media = await call(`${origin}/v1.0/${id}?fields=media_type,children`, { token: person.token });
    expect(media.body).toMatchObject({ media_type: 'CAROUSEL_ALBUM', children: { data: [{ id: one }, { id: two }] } });
  });

  test('texts are counted as Threads does: emoji by their bytes, five links at most', async () => {
    const person = await newPerson();
    const text = async (value: string): Promise<Reply> => draft(person, { media_type: 'TEXT', text: value });
    expect((await text('🎉'.repeat(125))).status).toBe(200);
    expect((await text('é'.repeat(500))).status).toBe(200);
    const long = await text('🎉'.repeat(126));
    expect([...errorOf(long), messageOf(long)]).toEqual([
      400,
      100,
      null,
      'Param text must be at most 500 characters long.',
    ]);
    const links = (count: number): string =>
      Array.from({ length: count }, (_, index) => `https://e.com/${index}`).join(' ');
    expect((await text(`${links(5)} https://e.com/0`)).status).toBe(200);
    expect(messageOf(await text(links(6)))).toBe('THREADS_API__LINK_LIMIT_EXCEEDED');
  });

  test.each([
    [{ text: 'x' }],
    [{ media_type: 'TEXT' }],
    [{ media_type: 'IMAGE', text: 'x' }],
    [{ media_type: 'IMAGE', image_url: 'ftp://127.0.0.1/x.png' }],
    [{ media_type: 'TEXT', text: 'x', image_url: 'http://127.0.0.1/x.png' }],
    [{ media_type: 'TEXT', text: 'x', reply_to_id: '17841400000000000' }],
    [{ media_type: 'TEXT', text: 'x', reply_control: 'friends' }],
    [{ media_type: 'TEXT', text: 'x', topic_tag: 'a.b' }],
    [{ media_type: 'TEXT', text: 'x', is_carousel_item: 'true' }],
  ])('%j is an invalid parameter', async (form) => {
    const reply = await draft(await newPerson(), Object.fromEntries(Object.entries(form)));
    expect(errorOf(reply)).toEqual([400, 100, null]);
  });

  test('stops at the daily quota, tells it, and frees it after 24 hours', async () => {
    const person = await newPerson();
    await world.client.configureThreads({ postsPerDay: 1 });
    await post(person, { media_type: 'TEXT', text: 'first' });
    const { body } = await draft(person, { media_type: 'TEXT', text: 'second' });
    const refused = await publish(person, body.id);
    const url = `${origin}/v1.0/${person.id}/threads_publishing_limit?fields=quota_usage,config`;
    const limit = await call(url, { token: person.token });
    await world.client.configureThreads({ clockOffsetMs: 86_390_000 });
    expect((await publish(person, body.id)).status).toBe(400);
    const { body: fresh } = await draft(person, { media_type: 'TEXT', text: 'third' });
    await world.client.configureThreads({ clockOffsetMs: 86_401_000 });
    const expired = await statusOf(person, body.id);
    const allowed = await publish(person, fresh.id);
    await world.client.configureThreads({ postsPerDay: 250, clockOffsetMs: 0 });
    expect(errorOf(refused)).toEqual([400, 9, 2207042]);
    expect(limit.body).toEqual({ data: [{ quota_usage: 1, config: { quota_total: 1, quota_duration: 86_400 } }] });
    expect(expired).toEqual(['EXPIRED', null]);
    expect(allowed.status).toBe(200);
  });

  test('a restricted user, a foreign container and an unknown one are refused', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const { body } = await draft(person, { media_type: 'TEXT', text: 'x' });
    expect(errorOf(await publish(other, body.id))).toEqual([400, 24, 4279009]);
    expect(errorOf(await publish(person, '17841400000000000'))).toEqual([400, 24, 4279009]);
    expect(errorOf(await call(`${origin}/v1.0/${body.id}`, { token: other.token }))).toEqual([400, 100, 33]);
    await world.client.restrictThreadsUser(person.username, true);
    expect(errorOf(await publish(person, body.id))).toEqual([403, 4279013, null]);
  });
});

describe('reading', () => {
  test('lists own posts newest first, within since and limit, without replies', async () => {
    const person = await newPerson();
    const first = await post(person, { media_type: 'TEXT', text: 'first' });
    const second = await post(person, { media_type: 'TEXT', text: 'second' });
    await post(person, { media_type: 'TEXT', text: 'an answer', reply_to_id: first });
    const list = (query: string): Promise<Reply> =>
      call(`${origin}/v1.0/${person.id}/threads?${query}`, { token: person.token });
    expect((await list('fields=id,text')).body.data).toMatchObject([{ id: second }, { id: first, text: 'first' }]);
    expect((await list('limit=1')).body.data).toEqual([{ id: second }]);
    expect((await list(`since=${Math.floor(Date.now() / 1000) + 60}`)).body.data).toEqual([]);
    expect(errorOf(await list('fields=secrets'))).toEqual([400, 100, null]);
  });

  test('insights follow replies of others and seeded likes; deleting takes everything away', async () => {
    const [person, other] = [await newPerson(), await newPerson()];
    const id = await post(person, { media_type: 'TEXT', text: 'like me' });
    const answer = await post(other, { media_type: 'TEXT', text: 'nice', reply_to_id: id });
    await world.client.setThreadsLikes(id, 7);
    const insights = async (): Promise<unknown> => {
      const { body } = await call(`${origin}/v1.0/${id}/insights?metric=likes,replies,views`, { token: person.token });
      return listOf(body.data).map((entry) => [entry.name, entry.values]);
    };
    const values = (likes: number, count: number): unknown => [
      ['likes', [{ value: likes }]],
      ['replies', [{ value: count }]],
      ['views', [{ value: 0 }]],
    ];
    expect(await insights()).toEqual(values(7, 1));
    const answers = await call(`${origin}/v1.0/${id}/replies?fields=text,username`, { token: person.token });
    expect(answers.body.data).toEqual([{ id: answer, text: 'nice', username: other.username }]);
    expect(errorOf(await call(`${origin}/v1.0/${id}/insights?metric=fame`, { token: person.token }))).toEqual([
      400,
      100,
      null,
    ]);
    const remove = (by: Person, media: string): Promise<Reply> =>
      call(`${origin}/v1.0/${media}`, { method: 'DELETE', token: by.token });
    expect(errorOf(await remove(person, answer))).toEqual([400, 100, 33]);
    expect((await remove(other, answer)).body.success).toBe(true);
    expect(await insights()).toEqual(values(7, 0));
    expect((await remove(person, id)).status).toBe(200);
    expect(errorOf(await call(`${origin}/v1.0/${id}`, { token: person.token }))).toEqual([400, 100, 33]);
  });

  test('each answer tells the use of the app’s calls; over the limit it is error 4', async () => {
    const person = await newPerson();
    await world.client.configureThreads({ callsPerDay: 2 });
    const me = (): Promise<Reply> => call(`${origin}/v1.0/me`, { token: person.token });
    expect((await me()).headers.get('x-app-usage')).toContain('"call_count":50');
    await me();
    const refused = await me();
    await world.client.configureThreads({ callsPerDay: 48_000 });
    expect(errorOf(refused)).toEqual([403, 4, null]);
  });
});
