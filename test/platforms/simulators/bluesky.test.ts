import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlueskyLogin } from '../../../infra/local/platforms/control-client.ts';
import { react } from '../../../infra/local/platforms/reactions.ts';
import {
  call,
  eventually,
  type Json,
  listOf,
  objectOf,
  type Reply,
  startWorld,
  stringOf,
  testMedia,
  type World,
} from './world.ts';

let world: World;
let xrpc: string;
let appview: string;

beforeAll(async () => {
  world = await startWorld();
  expect(world.platforms.bluesky).toEqual({ available: true });
  xrpc = `${world.platforms.origins.bluesky}/xrpc`;
  appview = `${world.platforms.origins.appview}/xrpc`;
});

afterAll(() => world.end());

interface Session {
  readonly did: string;
  readonly token: string;
  readonly login: BlueskyLogin;
}

async function signIn(): Promise<Session> {
  const login = await world.client.createBlueskyAccount();
  const json = { identifier: login.handle, password: login.appPassword };
  const { status, body } = await call(`${xrpc}/com.atproto.server.createSession`, { json });
  expect(status).toBe(200);
  return { did: stringOf(body.did), token: stringOf(body.accessJwt), login };
}

const tidAlphabet = '234567abcdefghijklmnopqrstuvwxyz';

function newTid(): string {
  let value = (BigInt(Date.now()) * 1000n) << 10n;
  value |= BigInt(randomBytes(1)[0] ?? 0);
  let text = '';
  for (let place = 0; place < 13; place += 1) {
    text = `${tidAlphabet[Number(value & 31n)]}${text}`;
    value >>= 5n;
  }
  return text;
}

function create(session: Session, collection: string, record: Json, rkey?: string): Promise<Reply> {
  const full = { $type: collection, createdAt: new Date().toISOString(), ...record };
  const json = { repo: session.did, collection, record: full, ...(rkey === undefined ? {} : { rkey }) };
  return call(`${xrpc}/com.atproto.repo.createRecord`, { token: session.token, json });
}

function remove(session: Session, uri: string): Promise<Reply> {
  const [, , repo, collection, rkey] = uri.split('/');
  return call(`${xrpc}/com.atproto.repo.deleteRecord`, { token: session.token, json: { repo, collection, rkey } });
}

async function newPost(session: Session, record: Json): Promise<{ uri: string; cid: string }> {
  const { status, body } = await create(session, 'app.bsky.feed.post', record);
  expect(status).toBe(200);
  return { uri: stringOf(body.uri), cid: stringOf(body.cid) };
}

async function countsOf(uri: string): Promise<Json | undefined> {
  const { body } = await call(`${appview}/app.bsky.feed.getPosts?uris=${encodeURIComponent(uri)}`);
  return listOf(body.posts)[0];
}

function counted(uri: string, counts: Json): Promise<Json> {
  return eventually(async () => {
    const post = await countsOf(uri);
    if (post === undefined) return null;
    return Object.entries(counts).every(([name, value]) => post[name] === value) ? post : null;
  });
}

describe('the PDS', () => {
  test('takes an image and a post under a key of our own; the same key again is an internal error', async () => {
    const session = await signIn();
    const uploaded = await call(`${xrpc}/com.atproto.repo.uploadBlob`, {
      token: session.token,
      bytes: await testMedia('camera.jpg'),
      headers: { 'content-type': 'image/jpeg' },
    });
    expect(objectOf(uploaded.body.blob).mimeType).toBe('image/jpeg');
    const embed = { $type: 'app.bsky.embed.images', images: [{ alt: 'a house', image: uploaded.body.blob }] };
    const rkey = newTid();
    const first = await create(session, 'app.bsky.feed.post', { text: 'hello', embed }, rkey);
    expect([first.status, first.body.uri]).toEqual([200, `at://${session.did}/app.bsky.feed.post/${rkey}`]);
    const again = await create(session, 'app.bsky.feed.post', { text: 'hello', embed }, rkey);
    expect([again.status, again.body.error]).toEqual([500, 'InternalServerError']);
    const query = `repo=${session.did}&collection=app.bsky.feed.post&rkey=${rkey}`;
    const found = await call(`${xrpc}/com.atproto.repo.getRecord?${query}`);
    expect(objectOf(found.body.value).text).toBe('hello');
    const blob = objectOf(objectOf(uploaded.body.blob).ref).$link;
    const fetched = await fetch(`${xrpc}/com.atproto.sync.getBlob?did=${session.did}&cid=${blob}`);
    expect((await fetched.arrayBuffer()).byteLength).toBe((await testMedia('camera.jpg')).length);
  });

  test('names the proxy as the account’s host, so that no client can pass it by', async () => {
    const login = await world.client.createBlueskyAccount();
    const json = { identifier: login.did, password: login.appPassword };
    const { body } = await call(`${xrpc}/com.atproto.server.createSession`, { json });
    const [service] = listOf(objectOf(body.didDoc).service);
    expect(service).toMatchObject({ id: '#atproto_pds', serviceEndpoint: world.platforms.origins.bluesky });
  });

  test('takes only app passwords that were not revoked', async () => {
    const { login } = await signIn();
    await world.client.revokeBlueskyAppPasswords(login.did);
    const json = { identifier: login.did, password: login.appPassword };
    const refused = await call(`${xrpc}/com.atproto.server.createSession`, { json });
    expect([refused.status, refused.body.error]).toEqual([401, 'AuthenticationRequired']);
  });

  test('refuses a text over 300 graphemes', async () => {
    const refused = await create(await signIn(), 'app.bsky.feed.post', { text: 'x'.repeat(301) });
    expect([refused.status, refused.body.error]).toEqual([400, 'InvalidRequest']);
  });
});

describe('the AppView', () => {
  test('counts likes, replies, reposts and quotes of others, and forgets what they delete', async () => {
    const [author, one, two] = [await signIn(), await signIn(), await signIn()];
    const subject = await newPost(author, { text: 'count me' });
    const like = await create(one, 'app.bsky.feed.like', { subject });
    await create(two, 'app.bsky.feed.like', { subject });
    await create(two, 'app.bsky.feed.like', { subject });
    await create(two, 'app.bsky.feed.repost', { subject });
    const reply = await newPost(one, { text: 'nice', reply: { root: subject, parent: subject } });
    await newPost(two, { text: 'indeed', reply: { root: subject, parent: reply } });
    await newPost(two, { text: 'look', embed: { $type: 'app.bsky.embed.record', record: subject } });
    const counts = { likeCount: 2, replyCount: 1, repostCount: 1, quoteCount: 1 };
    const post = await counted(subject.uri, counts);
    expect(post).toMatchObject({ cid: subject.cid, record: { text: 'count me' }, author: { did: author.did } });
    expect(objectOf(post.author).handle).toBe(author.login.handle);

    await remove(one, stringOf(like.body.uri));
    await remove(one, reply.uri);
    await counted(subject.uri, { likeCount: 1, replyCount: 0 });
    await remove(author, subject.uri);
    await eventually(async () => ((await countsOf(subject.uri)) === undefined ? true : null));
  });

  test('takes 1 to 25 at-uris, and answers only for those that are there', async () => {
    const get = (uris: readonly string[]): Promise<Reply> =>
      call(`${appview}/app.bsky.feed.getPosts?${uris.map((uri) => `uris=${encodeURIComponent(uri)}`).join('&')}`);
    const uri = 'at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kaaaaaaaaa2a';
    expect((await get(Array(25).fill(uri))).body.posts).toEqual([]);
    for (const wrong of [Array(26).fill(uri), [], ['https://bsky.app/x']]) {
      const refused = await get(wrong);
      expect([refused.status, refused.body.error]).toEqual([400, 'InvalidRequest']);
    }
  });

  test('knows profiles', async () => {
    const session = await signIn();
    await newPost(session, { text: 'one' });
    const profile = await eventually(async () => {
      const { body } = await call(`${appview}/app.bsky.actor.getProfile?actor=${session.login.handle}`);
      return body.postsCount === 1 ? body : null;
    });
    expect(profile).toMatchObject({ did: session.did, handle: session.login.handle, followersCount: 0 });
    expect((await call(`${appview}/app.bsky.actor.getProfile?actor=nobody.test`)).status).toBe(400);
  });
});

test('the judge reads posts from the repositories, at the instant of their commit and not of createdAt', async () => {
  const session = await signIn();
  const before = Date.now();
  const post = await newPost(session, { text: 'backdated', createdAt: '2020-01-01T00:00:00.000Z' });
  const after = Date.now();
  const mine = (await world.client.posts('bluesky')).filter((entry) => entry.account === session.did);
  expect(mine).toMatchObject([{ id: post.uri, text: 'backdated', replyTo: null }]);
  const at = Date.parse(mine[0]?.createdAt ?? '');
  expect(at).toBeGreaterThanOrEqual(before - 1);
  expect(at).toBeLessThanOrEqual(after + 1);
});

test('others like and comment on request, on all three platforms', async () => {
  const { origins } = world.platforms;
  const texts = ['Lovely', 'Where is this?'];
  const session = await signIn();
  const post = await newPost(session, { text: 'react to me' });
  await react(world.client, origins, { platform: 'bluesky', postId: post.uri, likes: 3, comments: 2, texts });
  expect(await countsOf(post.uri)).toMatchObject({ likeCount: 3, replyCount: 2 });

  const user = await world.client.createUser('mastodon');
  const token = await world.client.issueToken('mastodon', { username: user.username });
  const status = await call(`${origins.mastodon}/api/v1/statuses`, { token, json: { status: 'react to me' } });
  await react(world.client, origins, {
    platform: 'mastodon',
    postId: stringOf(status.body.id),
    likes: 4,
    comments: 1,
    texts,
  });
  const counts = await call(`${origins.mastodon}/api/v1/statuses/${status.body.id}`);
  expect(counts.body).toMatchObject({ favourites_count: 4, replies_count: 1 });

  const person = await world.client.createUser('threads');
  const threadsToken = await world.client.issueToken('threads', { username: person.username });
  const base = `${origins.threads}/v1.0/me`;
  const container = await call(`${base}/threads`, { token: threadsToken, form: { media_type: 'TEXT', text: 'x' } });
  const form = { creation_id: stringOf(container.body.id) };
  const media = await call(`${base}/threads_publish`, { token: threadsToken, form });
  await react(world.client, origins, {
    platform: 'threads',
    postId: stringOf(media.body.id),
    likes: 5,
    comments: 2,
    texts,
  });
  const insights = `${origins.threads}/v1.0/${media.body.id}/insights?metric=likes,replies`;
  const { body } = await call(insights, { token: threadsToken });
  expect(listOf(body.data).map((entry) => listOf(entry.values)[0]?.value)).toEqual([5, 2]);
});
