import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeOauth } from '../../../infra/local/platforms/control-client.ts';
import { call, eventually, pkce, type Reply, startWorld, stringOf, testMedia, type World } from './world.ts';

const redirectUri = 'http://127.0.0.1:3000/v1/accounts/callback/mastodon';
const scopes = 'read:accounts read:statuses write:statuses write:media';

let world: World;
let origin: string;

beforeAll(async () => {
  world = await startWorld({ bluesky: false });
  origin = world.platforms.origins.mastodon;
});

afterAll(() => world.end());

interface App {
  readonly id: string;
  readonly secret: string;
}

async function registerApp(): Promise<App> {
  const json = { client_name: 'Posthaste', redirect_uris: redirectUri, scopes };
  const { status, body } = await call(`${origin}/api/v1/apps`, { json });
  expect(status).toBe(200);
  return { id: stringOf(body.client_id), secret: stringOf(body.client_secret) };
}

function authorizeUrl(app: App, change: Record<string, string | null> = {}): string {
  const url = new URL(`${origin}/oauth/authorize`);
  const values = {
    client_id: app.id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: scopes,
    state: 'st&te',
    ...change,
  };
  for (const [name, value] of Object.entries(values)) if (value !== null) url.searchParams.set(name, value);
  return url.href;
}

function exchange(app: App, code: string, change: Record<string, string> = {}): Promise<Reply> {
  const form = {
    grant_type: 'authorization_code',
    client_id: app.id,
    client_secret: app.secret,
    redirect_uri: redirectUri,
    code,
  };
  return call(`${origin}/oauth/token`, { form: { ...form, ...change } });
}

async function newUser(granted?: readonly string[]): Promise<{ id: string; username: string; token: string }> {
  const user = await world.client.createUser('mastodon');
  const request = granted === undefined ? { username: user.username } : { username: user.username, scopes: granted };
  return { id: user.id, username: user.username, token: await world.client.issueToken('mastodon', request) };
}

function upload(token: string, bytes: Uint8Array<ArrayBuffer>, description?: string): Promise<Reply> {
  const multipart = new FormData();
  multipart.set('file', new Blob([bytes]), 'file');
  if (description !== undefined) multipart.set('description', description);
  return call(`${origin}/api/v2/media`, { token, multipart });
}

function post(token: string, json: unknown, key?: string): Promise<Reply> {
  return call(`${origin}/api/v1/statuses`, {
    token,
    json,
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
}

describe('signing in', () => {
  test('gives a token for the one use of a code, bound to redirect URI, app and PKCE verifier', async () => {
    const user = await world.client.createUser('mastodon', { displayName: 'Ada' });
    const app = await registerApp();
    const { verifier, challenge } = pkce();
    const url = authorizeUrl(app, { code_challenge: challenge, code_challenge_method: 'S256' });
    const back = new URL(await completeOauth(url, user));
    expect(back.origin + back.pathname).toBe(redirectUri);
    expect(back.searchParams.get('state')).toBe('st&te');
    const code = stringOf(back.searchParams.get('code'));

    for (const wrong of [{ code_verifier: pkce().verifier }, { redirect_uri: `${redirectUri}/` }]) {
      const refused = await exchange(app, code, { code_verifier: verifier, ...wrong });
      expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant']);
    }
    const other = await registerApp();
    expect((await exchange(other, code, { code_verifier: verifier })).body.error).toBe('invalid_grant');
    const unknown = await exchange({ ...app, secret: 'wrong' }, code, { code_verifier: verifier });
    expect([unknown.status, unknown.body.error]).toEqual([401, 'invalid_client']);

    const granted = await exchange(app, code, { code_verifier: verifier });
    expect(granted.status).toBe(200);
    expect(granted.body).toMatchObject({ token_type: 'Bearer', scope: scopes });
    const again = await exchange(app, code, { code_verifier: verifier });
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);

    const token = stringOf(granted.body.access_token);
    const me = await call(`${origin}/api/v1/accounts/verify_credentials`, { token });
    expect(me.body).toMatchObject({ id: user.id, username: user.username, display_name: 'Ada' });

    const form = { client_id: app.id, client_secret: app.secret, token };
    expect((await call(`${origin}/oauth/revoke`, { form: { ...form, client_secret: 'wrong' } })).status).toBe(403);
    expect((await call(`${origin}/oauth/revoke`, { form })).status).toBe(200);
    const dead = await call(`${origin}/api/v1/accounts/verify_credentials`, { token });
    expect([dead.status, dead.body.error]).toEqual([401, 'The access token was revoked']);
  });

  test('sends a denial back to the app, and takes no wrong password', async () => {
    const user = await world.client.createUser('mastodon');
    const app = await registerApp();
    const denied = new URL(await completeOauth(authorizeUrl(app), { ...user, decision: 'deny' }));
    expect(denied.searchParams.get('error')).toBe('access_denied');
    expect(denied.searchParams.get('state')).toBe('st&te');
    await expect(completeOauth(authorizeUrl(app), { ...user, password: 'wrong' })).rejects.toThrow('Invalid username');
  });

  test('never redirects to an address that was not registered', async () => {
    const app = await registerApp();
    const foreign = await call(authorizeUrl(app, { redirect_uri: 'http://127.0.0.1:3000/evil' }));
    expect([foreign.status, foreign.headers.get('location')]).toEqual([400, null]);
    expect((await call(authorizeUrl({ ...app, id: 'nobody' }))).status).toBe(401);
  });

  test.each([
    [{ scope: 'write' }, 'invalid_scope'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: 'abc', code_challenge_method: 'plain' }, 'invalid_code_challenge_method'],
    [{ code_challenge: 'abc' }, 'invalid_code_challenge_method'],
  ])('answers %j with %s', async (change, error) => {
    const { headers } = await call(authorizeUrl(await registerApp(), change));
    expect(new URL(stringOf(headers.get('location'))).searchParams.get('error')).toBe(error);
  });

  test('registers no app without a name, with unknown scopes or a relative redirect URI', async () => {
    const app = { client_name: 'x', redirect_uris: redirectUri, scopes };
    for (const wrong of [{ client_name: '' }, { scopes: 'everything' }, { redirect_uris: '/callback' }]) {
      expect((await call(`${origin}/api/v1/apps`, { json: { ...app, ...wrong } })).status).toBe(422);
    }
  });
});

describe('tokens', () => {
  test('unknown, missing and narrow ones are refused', async () => {
    expect((await post('nonsense', { status: 'x' })).status).toBe(401);
    expect((await call(`${origin}/api/v1/statuses`, { json: { status: 'x' } })).status).toBe(401);
    const reader = await newUser(['read']);
    const refused = await post(reader.token, { status: 'x' });
    expect([refused.status, refused.body.error]).toEqual([403, 'This action is outside the authorized scopes']);
    expect((await upload(reader.token, await testMedia('photo.png'))).status).toBe(403);
  });

  test('of a disabled user are refused with its own words', async () => {
    const user = await newUser();
    await world.client.disableMastodonUser(user.username, true);
    const refused = await post(user.token, { status: 'x' });
    expect([refused.status, refused.body.error]).toEqual([403, 'Your login is currently disabled']);
  });
});

describe('media', () => {
  test('an image is ready at once and can be described and fetched', async () => {
    const { token } = await newUser();
    const image = await testMedia('camera.jpg');
    const uploaded = await upload(token, image, 'a house');
    expect(uploaded.status).toBe(200);
    expect(uploaded.body).toMatchObject({ type: 'image', description: 'a house' });
    const file = await fetch(stringOf(uploaded.body.url));
    expect(file.headers.get('content-type')).toBe('image/jpeg');
    expect((await file.arrayBuffer()).byteLength).toBe(image.length);
    const url = `${origin}/api/v1/media/${uploaded.body.id}`;
    expect((await call(url, { method: 'PUT', token, json: { description: 'a barn' } })).body.description).toBe(
      'a barn',
    );
  });

  test('a video is processed first: 202, then 206, then 200; unfinished it cannot be attached', async () => {
    await world.client.configureMastodon({ videoProcessingMs: 400 });
    const { token } = await newUser();
    const uploaded = await upload(token, await testMedia('video.mp4'));
    expect([uploaded.status, uploaded.body.url]).toEqual([202, null]);
    const url = `${origin}/api/v1/media/${uploaded.body.id}`;
    expect((await call(url, { token })).status).toBe(206);
    const early = await post(token, { status: 'x', media_ids: [uploaded.body.id] });
    expect([early.status, early.body.error]).toEqual([
      422,
      'Cannot attach files that have not finished processing. Try again in a moment!',
    ]);
    const ready = await eventually(async () => {
      const reply = await call(url, { token });
      return reply.status === 200 ? reply : null;
    });
    expect(ready.body.type).toBe('video');
    expect((await post(token, { media_ids: [uploaded.body.id] })).status).toBe(200);
  });

  test('what is not what it claims is refused, at once or while processing', async () => {
    await world.client.configureMastodon({ videoProcessingMs: 100 });
    const { token } = await newUser();
    const text = await upload(token, await testMedia('not-an-image.jpg'));
    expect([text.status, text.body.error]).toEqual([
      422,
      'Validation failed: File content type is invalid, File is invalid',
    ]);
    expect((await upload(token, await testMedia('truncated.jpg'))).status).toBe(422);
    const cut = await upload(token, await testMedia('truncated.mp4'));
    expect(cut.status).toBe(202);
    await eventually(async () =>
      (await call(`${origin}/api/v1/media/${cut.body.id}`, { token })).status === 422 ? 1 : null,
    );
    expect((await call(`${origin}/api/v2/media`, { token, multipart: new FormData() })).status).toBe(422);
    expect((await upload(token, await testMedia('photo.png'), 'x'.repeat(1501))).status).toBe(422);
  });
});

describe('statuses', () => {
  test('are returned as HTML, counted, listed, shown to the public and deleted', async () => {
    const user = await newUser();
    const text = 'Tea & <cake> at https://example.com/menu #tea\n\nSee you';
    const created = await post(user.token, { status: text, visibility: 'public' });
    expect(created.status).toBe(200);
    const { id, url, content } = created.body;
    expect(content).toContain('Tea &amp; &lt;cake&gt; at <a href="https://example.com/menu"');
    expect(content).toContain('</p><p>See you</p>');
    expect(content).toContain('class="mention hashtag"');
    expect(url).toBe(`${origin}/@${user.username}/${id}`);
    expect(Math.abs(Date.parse(stringOf(created.body.created_at)) - Date.now())).toBeLessThan(5000);

    const seen = await call(stringOf(url));
    expect([seen.status, seen.text.includes('Tea &amp; &lt;cake&gt;')]).toEqual([200, true]);
    const second = await post(user.token, { status: 'second' });
    const listed = await call(`${origin}/api/v1/accounts/${user.id}/statuses?exclude_reblogs=true&limit=1`, {
      token: user.token,
    });
    expect(listed.list.map((status) => status.id)).toEqual([second.body.id]);
    const older = await call(`${origin}/api/v1/accounts/${user.id}/statuses?max_id=${second.body.id}`, {
      token: user.token,
    });
    expect(older.list.map((status) => status.id)).toEqual([id]);
    const newer = await call(`${origin}/api/v1/accounts/${user.id}/statuses?since_id=${id}`, { token: user.token });
    expect(newer.list.map((status) => status.id)).toEqual([second.body.id]);

    const other = await newUser();
    const remove = (token: string): Promise<Reply> =>
      call(`${origin}/api/v1/statuses/${id}`, { method: 'DELETE', token });
    expect((await remove(other.token)).status).toBe(404);
    const removed = await remove(user.token);
    expect([removed.status, removed.body.text]).toEqual([200, text]);
    expect((await call(`${origin}/api/v1/statuses/${id}`)).status).toBe(404);
    expect((await call(stringOf(url))).status).toBe(404);
  });

  test('the same Idempotency-Key gives the same status for an hour, also many at once, and per account', async () => {
    const user = await newUser();
    const replies = await Promise.all(Array.from({ length: 12 }, () => post(user.token, { status: 'once' }, 'key-1')));
    expect(new Set(replies.map((reply) => reply.body.id)).size).toBe(1);
    const other = await newUser();
    expect((await post(other.token, { status: 'mine' }, 'key-1')).body.id).not.toBe(replies[0]?.body.id);
    await world.client.configureMastodon({ clockOffsetMs: 3_700_000 });
    const later = await post(user.token, { status: 'once' }, 'key-1');
    await world.client.configureMastodon({ clockOffsetMs: 0 });
    expect(later.body.id).not.toBe(replies[0]?.body.id);
    const mine = (await world.client.posts('mastodon')).filter((entry) => entry.account === user.username);
    expect(mine.map((entry) => entry.text)).toEqual(['once', 'once']);
  });

  test('count 500 graphemes, a URL as 23 and a remote mention without its host', async () => {
    const { token } = await newUser();
    const family = '👨‍👩‍👧‍👦';
    expect((await post(token, { status: family.repeat(500) })).status).toBe(200);
    const long = `https://example.com/${'x'.repeat(300)}`;
    expect((await post(token, { status: `${'a'.repeat(476)} ${long}` })).status).toBe(200);
    expect((await post(token, { status: `${'a'.repeat(477)} ${long}` })).status).toBe(422);
    expect((await post(token, { status: `${'a'.repeat(495)} @bob@a.very.long.example.com` })).status).toBe(200);
    expect((await post(token, { status: `${'a'.repeat(496)} @bob@a.very.long.example.com` })).status).toBe(422);
    const refused = await post(token, { status: 'a'.repeat(480), spoiler_text: 'b'.repeat(21) });
    expect([refused.status, refused.body.error]).toEqual([
      422,
      'Validation failed: Text character limit of 500 exceeded',
    ]);
  });

  test('must not be blank, mix, reuse or overfill media, or answer what is not there', async () => {
    await world.client.configureMastodon({ videoProcessingMs: 0, uploadsPer30Min: 1000 });
    const user = await newUser();
    const image = async (): Promise<string> =>
      stringOf((await upload(user.token, await testMedia('photo.png'))).body.id);
    const video = stringOf((await upload(user.token, await testMedia('video.mp4'))).body.id);
    const images = await Promise.all(Array.from({ length: 5 }, image));
    const error = async (json: unknown): Promise<unknown> => {
      const reply = await post(user.token, json);
      return [reply.status, reply.body.error];
    };
    expect(await error({ status: '  ' })).toEqual([422, "Validation failed: Text can't be blank"]);
    expect(await error({ media_ids: images })).toEqual([422, 'Cannot attach more than 4 files']);
    expect(await error({ media_ids: [images[0], video] })).toEqual([
      422,
      'Cannot attach a video to a post that already contains images',
    ]);
    expect(await error({ media_ids: ['123'] })).toEqual([
      422,
      'Media 123 not found or already attached to another post',
    ]);
    expect(await error({ status: 'x', in_reply_to_id: '1' })).toMatchObject([404, expect.stringContaining('reply')]);
    expect(await error({ status: 'x', visibility: 'everyone' })).toMatchObject([
      422,
      expect.stringContaining('Visibility'),
    ]);
    const four = await post(user.token, { media_ids: images.slice(0, 4) });
    expect(four.body.media_attachments).toHaveLength(4);
    expect(await error({ status: 'x', media_ids: [images[0]] })).toMatchObject([
      422,
      expect.stringContaining('already attached'),
    ]);
    const other = await newUser();
    expect((await post(other.token, { media_ids: [images[4]] })).status).toBe(422);
  });

  test('private ones are their author’s alone', async () => {
    const user = await newUser();
    const { body } = await post(user.token, { status: 'secret', visibility: 'private' });
    expect((await call(`${origin}/api/v1/statuses/${body.id}`)).status).toBe(404);
    expect((await call(`${origin}/api/v1/statuses/${body.id}`, { token: (await newUser()).token })).status).toBe(404);
    expect((await call(`${origin}/api/v1/statuses/${body.id}`, { token: user.token })).status).toBe(200);
  });

  test('are liked, shared and answered by others, and the numbers follow', async () => {
    const user = await newUser();
    const [one, two] = [await newUser(), await newUser()];
    const { id } = (await post(user.token, { status: 'like me' })).body;
    const url = `${origin}/api/v1/statuses/${id}`;
    for (const { token } of [one, two, two]) await call(`${url}/favourite`, { method: 'POST', token });
    await call(`${url}/reblog`, { method: 'POST', token: one.token });
    const reply = await post(one.token, { status: 'nice', in_reply_to_id: id });
    await post(two.token, { status: 'indeed', in_reply_to_id: reply.body.id });
    const counts = { favourites_count: 2, reblogs_count: 1, replies_count: 1 };
    expect((await call(url, { token: user.token })).body).toMatchObject(counts);
    const { body } = await call(`${url}/context`, { token: user.token });
    expect(body.descendants).toMatchObject([{ content: '<p>nice</p>' }, { content: '<p>indeed</p>' }]);
    await call(`${url}/unfavourite`, { method: 'POST', token: two.token });
    await call(`${origin}/api/v1/statuses/${reply.body.id}`, { method: 'DELETE', token: one.token });
    expect((await call(url)).body).toMatchObject({ favourites_count: 1, replies_count: 0 });
  });
});

describe('limits', () => {
  test('calls and uploads over the limit get 429 with the time of the reset', async () => {
    await world.client.configureMastodon({ callsPer5Min: 3, uploadsPer30Min: 1 });
    const user = await newUser();
    const photo = await testMedia('photo.png');
    const first = await upload(user.token, photo);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('2');
    expect((await upload(user.token, photo)).status).toBe(429);
    expect((await post(user.token, { status: 'third' })).status).toBe(200);
    const refused = await post(user.token, { status: 'fourth' });
    await world.client.configureMastodon({ callsPer5Min: 300, uploadsPer30Min: 30 });
    expect([refused.status, refused.body.error]).toEqual([429, 'Too many requests']);
    const reset = stringOf(refused.headers.get('x-ratelimit-reset'));
    expect(reset).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(Date.parse(reset)).toBeGreaterThan(Date.now());
    expect(Date.parse(reset)).toBeLessThanOrEqual(Date.now() + 300_000);
  });

  test('the instance tells them', async () => {
    const { body } = await call(`${origin}/api/v2/instance`);
    expect(body.configuration).toMatchObject({
      statuses: { max_characters: 500, max_media_attachments: 4, characters_reserved_per_url: 23 },
    });
  });
});
