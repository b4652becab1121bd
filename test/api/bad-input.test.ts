/** Requests that are too large, too late, from nobody or impossible: each is refused plainly, and nothing of it is kept. */
import { request } from 'node:http';
import { importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readSecret } from '../../shared/aws/secrets.ts';
import { config } from '../../shared/config/config.ts';
import { Post, Validation } from '../../shared/posts/shapes.ts';
import { type Cast, castOf, createProject, login, registerUser } from '../support/people.ts';
import { ahead, connectCommunity } from '../support/posts.ts';
import { tablesOf } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let cast: Cast;
let projectId: string;
let accountId: string;
let before: unknown;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
  projectId = (await createProject(world, cast.owner)).id;
  accountId = (await connectCommunity(world, cast.owner, projectId)).id;
});
beforeEach(async () => {
  before = await tablesOf(world);
});
afterAll(() => world.close());

const body = (change: Record<string, unknown> = {}) => ({
  projectId,
  text: 'Hello',
  schedule: { type: 'at', at: ahead(3_600) },
  publications: [{ accountId }],
  ...change,
});
const send = (json: unknown, token = cast.owner.token) => world.call('POST', '/v1/posts', { token, json });
const unchanged = async () => expect(await tablesOf(world)).toEqual(before);

describe('too large', () => {
  test('a body of 7 MB is the gateway’s 413, and no function sees it', async () => {
    const logged = world.logs.length;
    const response = await fetch(`${world.origin}/v1/posts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${cast.owner.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body({ text: 'x'.repeat(7_000_000) })),
    });
    expect([response.status, await response.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
    expect(world.logs).toHaveLength(logged);
    await unchanged();
  });

  test('a body of 1.5 MiB is our own 413', async () => {
    const answer = await send(body({ text: 'x'.repeat(1.5 * 1024 * 1024) }));
    expect([answer.status, answer.code]).toEqual([413, 'body_too_large']);
    await unchanged();
  });

  test('a body just below a mebibyte is read: its text is what is too long', async () => {
    const answer = await send(body({ text: 'x'.repeat(1024 * 1024 - 1_000) }));
    expect([answer.status, answer.pointers]).toEqual([422, ['/body/text']]);
  });

  test('the largest post that all fields allow together is kept whole', async () => {
    const metadata = { note: '🥨'.repeat(4_000) };
    const answer = await send(body({ text: 'é'.repeat(5_000), metadata, schedule: { type: 'draft' } }));
    expect(answer.json(Post).metadata).toEqual(metadata);
    const read = await world.call('GET', `/v1/posts/${answer.json(Post).id}`, { token: cast.owner.token });
    expect(read.json(Post)).toEqual(answer.json(Post));
  });

  test('headers over 10 KB are the gateway’s 431, and 9 KB of them pass', async () => {
    const token = cast.owner.token;
    const get = (bytes: number) =>
      fetch(`${world.origin}/v1/me`, { headers: { authorization: `Bearer ${token}`, 'x-long': 'a'.repeat(bytes) } });
    expect((await get(9_000)).status).toBe(200);
    expect((await get(10_240)).status).toBe(431);
    const long = await world.call('GET', '/v1/me', { token: `${'a'.repeat(3_000)}.${'b'.repeat(3_000)}.c` });
    expect([long.status, long.code]).toEqual([401, 'unauthenticated']);
  });

  test('a body that is cut off is never taken for a whole one', async () => {
    const text = JSON.stringify(body());
    await new Promise<void>((resolve) => {
      const call = request(`${world.origin}/v1/posts`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${cast.owner.token}`,
          'content-type': 'application/json',
          'content-length': text.length + 10,
        },
      });
      call.on('error', () => resolve());
      call.write(text, () => setTimeout(() => call.destroy(), 50));
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await unchanged();
  });
});

describe('a token', () => {
  const jwk = z.looseObject({ kty: z.string(), kid: z.string(), x: z.string(), d: z.string() });
  const keyRing = z.object({ keys: z.array(jwk).min(1) });

  /** Made with the key of the house, changed in one thing. */
  async function tokenWith(claims: Record<string, unknown>, header: Record<string, string> = {}): Promise<string> {
    const [key] = (await readSecret(config('signingKeys').SIGNING_KEYS_SECRET_ARN, keyRing)).keys;
    if (key === undefined) throw new Error('there is no key');
    const [, middle = ''] = cast.owner.token.split('.');
    const now = Math.floor(Date.now() / 1000);
    const given = { ...JSON.parse(Buffer.from(middle, 'base64url').toString()), iat: now, exp: now + 60, ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(given)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...header })
      .sign(await importJWK(key, 'EdDSA'));
  }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const parts = () => cast.owner.token.split('.');
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const past = Math.floor(Date.now() / 1000) - 60;

  async function hmacWithPublicKey(): Promise<string> {
    const [key] = (await readSecret(config('signingKeys').SIGNING_KEYS_SECRET_ARN, keyRing)).keys;
    return new SignJWT(claimsOf(cast.owner.token))
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key?.kid ?? '' })
      .sign(Buffer.from(key?.x ?? '', 'base64url'));
  }

  const wrong: readonly (readonly [string, () => Promise<string> | string])[] = [
    ['expired', () => tokenWith({ exp: past })],
    ['without an end', () => tokenWith({ exp: undefined })],
    ['not yet good', () => tokenWith({ nbf: past + 3_600 })],
    ['for another audience', () => tokenWith({ aud: 'another-api' })],
    ['of another issuer', () => tokenWith({ iss: 'somebody' })],
    ['of another type', () => tokenWith({}, { typ: 'JWT' })],
    ['of an unknown key', () => tokenWith({}, { kid: 'unknown' })],
    ['of nobody', () => tokenWith({ sub: undefined })],
    ['of somebody who does not exist', () => tokenWith({ sub: '018f0000-0000-7000-8000-000000000001' })],
    ['whose person is no id', () => tokenWith({ sub: "' or 1=1 --" })],
    ['without a session', () => tokenWith({ sid: undefined })],
    ['with the session of somebody else', () => tokenWith({ sid: claimsOf(cast.stranger.token).sid })],
    ['with alg none', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${parts()[1]}.`],
    ['with alg none and a signature', () => `${part({ alg: 'none', typ: 'at+jwt' })}.${parts()[1]}.${parts()[2]}`],
    ['with the public key as a secret', hmacWithPublicKey],
    [
      'with another person written in',
      () => `${parts()[0]}.${part({ ...claimsOf(cast.owner.token), sub: cast.stranger.id })}.${parts()[2]}`,
    ],
    [
      'with a later end written in',
      () => `${parts()[0]}.${part({ ...claimsOf(cast.owner.token), exp: 9e9 })}.${parts()[2]}`,
    ],
    ['with a changed signature', () => `${parts()[0]}.${parts()[1]}.${[...(parts()[2] ?? '')].reverse().join('')}`],
    ['cut short', () => cast.owner.token.slice(0, -10)],
    ['that is a refresh token', () => cast.owner.refreshToken],
  ];

  test('made in the same way, but right, is good', async () => {
    expect((await world.call('GET', '/v1/me', { token: await tokenWith({}) })).status).toBe(200);
  });

  test.each(wrong)('%s is refused by reads, writes and doors that would take none', async (_, make) => {
    const token = await make();
    for (const [method, path] of [
      ['GET', '/v1/me'],
      ['POST', '/v1/posts'],
      ['DELETE', `/v1/projects/${projectId}`],
      ['GET', `/v1/community/posts/${projectId}`],
    ] as const) {
      const answer = await world.call(method, path, { token, ...(method === 'POST' && { json: body() }) });
      expect([path, answer.status, answer.code]).toEqual([path, 401, 'unauthenticated']);
    }
    await unchanged();
  });

  test('of a revoked session ends with its very next request, reading or writing', async () => {
    const { owner } = cast;
    const other = await login(world, owner.email);
    expect((await world.call('GET', '/v1/me', { token: other.accessToken })).status).toBe(200);
    const { sid } = claimsOf(other.accessToken);
    expect((await world.call('DELETE', `/v1/auth/sessions/${sid}`, { token: owner.token })).status).toBe(204);
    before = await tablesOf(world);
    expect((await send(body(), other.accessToken)).code).toBe('unauthenticated');
    expect((await world.call('GET', '/v1/me', { token: other.accessToken })).code).toBe('unauthenticated');
    const refreshed = await world.call('POST', '/v1/auth/refresh', { json: { refreshToken: other.refreshToken } });
    expect(refreshed.code).toBe('invalid_refresh_token');
    await unchanged();
    expect((await world.call('GET', '/v1/me', { token: owner.token })).status, 'the other session goes on').toBe(200);
  });

  test('of a deactivated person ends with the very next request', async () => {
    const person = await registerUser(world, 'Leaving Soon');
    const mine = (await createProject(world, person)).id;
    await world.sql(`update users set status = 'deactivated' where id = $1`, [person.id]);
    before = await tablesOf(world);
    const created = await world.call('POST', '/v1/projects', { token: person.token, json: { name: 'Late' } });
    expect([created.status, created.code]).toEqual([401, 'unauthenticated']);
    const read = await world.call('GET', `/v1/projects/${mine}`, { token: person.token });
    expect([read.status, read.code]).toEqual([401, 'unauthenticated']);
    await unchanged();
  });
});

describe('a schedule', () => {
  const zone = 'Europe/Berlin';
  test.each([
    ['a minute ago', { type: 'at', at: new Date(Date.now() - 60_000).toISOString() }],
    ['in another century', { type: 'at', at: '1926-01-01T00:00:00Z' }],
    ['a wall time that is over', { type: 'at', at: '2020-01-01T00:00:00', timeZone: zone }],
    ['before the common era', { type: 'at', at: '0000-01-01T00:00:00Z' }],
    ['a wall time before the common era', { type: 'at', at: '0000-01-01T00:00:00', timeZone: zone }],
    ['a day that no month has', { type: 'at', at: '2999-02-30T10:00:00', timeZone: zone }],
    ['the same as an instant', { type: 'at', at: '2999-02-30T10:00:00Z' }],
    ['the leap day of a year without', { type: 'at', at: '2999-02-29T10:00:00', timeZone: zone }],
    ['hour 24', { type: 'at', at: '2999-01-01T24:00:00Z' }],
    ['before year 1 in UTC', { type: 'at', at: '0001-01-01T00:00:00+15:00' }],
    ['a wall time before year 1 in UTC', { type: 'at', at: '0001-01-01T00:00:00', timeZone: 'Asia/Tokyo' }],
    ['after year 9999 in UTC', { type: 'at', at: '9999-12-31T23:59:59-15:59' }],
    ['a wall time after year 9999 in UTC', { type: 'at', at: '9999-12-31T23:59:59', timeZone: 'America/New_York' }],
    ['an offset that no place has', { type: 'at', at: '2999-01-01T00:00:00+23:59' }],
  ])('%s is refused at its field', async (_, schedule) => {
    for (const path of ['/v1/posts', '/v1/posts/validate']) {
      const answer = await world.call('POST', path, { token: cast.owner.token, json: body({ schedule }) });
      if (answer.status === 200) {
        expect(answer.json(Validation)).toMatchObject({ valid: false, errors: [{ pointer: '/body/schedule/at' }] });
      } else {
        expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'invalid_request', ['/body/schedule/at']]);
      }
    }
    await unchanged();
  });

  test.each([
    ...['0000-01-01T00:00:00Z', '2026-01-01T00:00:00+23:59', '2026-02-30T00:00:00Z', '2026-01-01', 'yesterday'],
    ...['0001-01-01T00:00:00+15:00', '9999-12-31T23:59:59-15:59'],
  ])('of a filter that is no instant (%s) is refused too', async (updatedSince) => {
    const query = new URLSearchParams({ updatedSince });
    const answer = await world.call('GET', `/v1/posts?${query}`, { token: cast.owner.token });
    expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'invalid_request', ['/query/updatedSince']]);
  });

  test('in every time zone that we take is an instant to the database too', { timeout: 180_000 }, async () => {
    const failed: string[] = [];
    for (const timeZone of Intl.supportedValuesOf('timeZone')) {
      const schedule = { type: 'at', at: '2999-07-01T18:00:00', timeZone };
      const json = body({ schedule });
      const answer = await world.call('POST', '/v1/posts/validate', { token: cast.owner.token, json });
      if (answer.status !== 200 || !answer.json(Validation).valid) failed.push(`${timeZone}: ${answer.text}`);
    }
    expect(failed).toEqual([]);
  });
});

describe('a text over a limit', () => {
  test('is named for each account with its platform’s own limit, and fits where it fits', async () => {
    const all = [{ id: accountId, platform: 'community' }];
    for (const platform of ['bluesky', 'mastodon', 'threads']) all.push(await insertAccount(platform));
    const violationsOf = async (text: string) => {
      const json = body({ text, publications: all.map(({ id }) => ({ accountId: id })) });
      const answer = await world.call('POST', '/v1/posts/validate', { token: cast.owner.token, json });
      const { publications } = answer.json(Validation);
      return Object.fromEntries(
        publications.map(({ platform, violations }) => [
          platform,
          violations.map(({ limit, actual }) => [limit, actual]),
        ]),
      );
    };
    const fits = { community: [], bluesky: [], mastodon: [], threads: [] };
    expect(await violationsOf('x'.repeat(300))).toEqual(fits);
    expect(await violationsOf('x'.repeat(301))).toEqual({ ...fits, bluesky: [[300, 301]] });
    expect(await violationsOf('x'.repeat(501))).toEqual({
      ...fits,
      bluesky: [[300, 501]],
      mastodon: [[500, 501]],
      threads: [[500, 501]],
    });
    expect(await violationsOf('x'.repeat(5_001))).toEqual({
      community: [[5_000, 5_001]],
      bluesky: [
        [300, 5_001],
        [3_000, 5_001],
      ],
      mastodon: [[500, 5_001]],
      threads: [[500, 5_001]],
    });
    before = await tablesOf(world);
    const refused = await send(body({ text: 'x'.repeat(501), publications: all.map(({ id }) => ({ accountId: id })) }));
    expect([refused.status, refused.pointers]).toEqual([
      422,
      ['/body/publications/1/text', '/body/publications/2/text', '/body/publications/3/text'],
    ]);
    await unchanged();
  });

  async function insertAccount(platform: string) {
    const [row] = await world.sql(
      `insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
       values ($1, $2, $2, 'me', 'https://example.com') returning id`,
      [projectId, platform],
    );
    return { id: z.string().parse(row?.id), platform };
  }
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
