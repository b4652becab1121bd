/** Tokens that somebody forged, kept, stole or mixed up, sent to the doors as a client sends them. */
import { createHmac, createPrivateKey, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { importJWK, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Tokens } from '../../shared/auth/shapes.ts';
import { randomToken } from '../../shared/auth/tokens.ts';
import { login, mailedToken, type Person, password, registerUser } from '../support/people.ts';
import { tablesOf } from '../support/samples.ts';
import { openWorld, type World } from '../support/world.ts';
import { signingKey } from './signing-key.ts';

let world: World;
let ada: Person;
let eve: Person;
let key: JWK & { kid: string; x: string };
let header: Readonly<Record<string, unknown>>;
let claims: Readonly<Record<string, unknown>>;
beforeAll(async () => {
  world = await openWorld();
  [ada, eve] = await Promise.all([registerUser(world), registerUser(world, 'Eve')]);
  key = signingKey(world);
  [header, claims] = [read(ada.token, 0), read(ada.token, 1)];
});
afterAll(() => world.close());

function read(token: string, part: number): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString());
}
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (head: Readonly<Record<string, unknown>>, body: Readonly<Record<string, unknown>> = claims) =>
  `${encode({ ...header, ...head })}.${encode(body)}`;
const nowS = () => Math.floor(Date.now() / 1000);

/** Ada's token with the true signature over what is changed. */
async function resigned(change: Readonly<Record<string, unknown>>, head: Readonly<Record<string, unknown>> = {}) {
  return new SignJWT(JSON.parse(JSON.stringify({ ...claims, ...change })))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...head })
    .sign(await importJWK(key, 'EdDSA'));
}

const open = (token: string) => world.call('GET', '/v1/me', { token });
async function expectRefused(token: string): Promise<void> {
  const before = await tablesOf(world);
  for (const [method, path, json] of [
    ['GET', '/v1/me', undefined],
    ['GET', '/v1/projects', undefined],
    ['POST', '/v1/projects', { name: `Forged ${randomUUID()}` }],
    ['GET', '/v1/community/popular', undefined],
  ] as const) {
    const answer = await world.call(method, path, { token, json });
    expect([path, answer.status, answer.code]).toEqual([path, 401, 'unauthenticated']);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  }
  expect(await tablesOf(world)).toEqual(before);
}

test('a token signed anew as it was is good: what is refused below is refused for its one fault', async () => {
  expect((await open(await resigned({}))).status).toBe(200);
});

describe('a forged access token is refused', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = generateKeyPairSync('ed25519');
  const signature = (text: string, secret: string | Buffer) =>
    createHmac('sha256', secret).update(text).digest('base64url');
  const der = () => Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key.x, 'base64url')]);
  const pem = () => `-----BEGIN PUBLIC KEY-----\n${der().toString('base64')}\n-----END PUBLIC KEY-----\n`;

  test.each([
    ['without a signature', () => `${unsigned({ alg: 'none' })}.`],
    ['without a signature, in other letters', () => `${unsigned({ alg: 'nOnE' })}.`],
    ['without a signature, with one of another token', () => `${unsigned({ alg: 'none' })}.${ada.token.split('.')[2]}`],
    ['without an algorithm', () => `${unsigned({ alg: undefined })}.${ada.token.split('.')[2]}`],
    ['HS256 over the public key', () => withMac({ alg: 'HS256' }, Buffer.from(key.x, 'base64url'))],
    ['HS256 over the text of the public key', () => withMac({ alg: 'HS256' }, key.x)],
    ['HS256 over the key as PEM', () => withMac({ alg: 'HS256' }, pem())],
    ['HS256 over the key as DER', () => withMac({ alg: 'HS256' }, der())],
    ['HS256 over an empty secret', () => withMac({ alg: 'HS256' }, '')],
    ['EdDSA by a key of one’s own', () => withKey({}, stranger.privateKey)],
    [
      'EdDSA by a key of one’s own that the token brings',
      () => withKey({ jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey),
    ],
    ['a key to be fetched', () => withKey({ jku: 'https://eve.example/jwks.json', kid: 'eve' }, stranger.privateKey)],
    ['a certificate to be fetched', () => withKey({ x5u: 'https://eve.example/cert.pem' }, stranger.privateKey)],
    ['a kid that is a path', () => withKey({ kid: '../../../../dev/null' }, stranger.privateKey)],
    ['a kid that is SQL', () => withKey({ kid: `' or '1'='1` }, stranger.privateKey)],
    ['a kid that no key has', () => withKey({ kid: 'unknown' }, stranger.privateKey)],
    ['RS256 by a key of one’s own', () => withRsa()],
    [
      'claims of another with the old signature',
      () => `${ada.token.split('.')[0]}.${encode({ ...claims, sub: eve.id })}.${ada.token.split('.')[2]}`,
    ],
    ['cut off', () => ada.token.slice(0, -2)],
    ['with a fourth part', () => `${ada.token}.x`],
    ['with a space', () => `${ada.token} x`],
  ])('%s', async (_, forge) => expectRefused(await forge()));

  function withMac(head: Readonly<Record<string, unknown>>, secret: string | Buffer): string {
    const text = unsigned(head);
    return `${text}.${signature(text, secret)}`;
  }
  function withKey(head: Readonly<Record<string, unknown>>, secret: typeof stranger.privateKey): string {
    const text = unsigned(head);
    return `${text}.${signBytes(null, Buffer.from(text), secret).toString('base64url')}`;
  }
  function withRsa(): string {
    const text = unsigned({ alg: 'RS256' });
    return `${text}.${signBytes('sha256', Buffer.from(text), createPrivateKey(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }))).toString('base64url')}`;
  }
});

describe('a token with the true signature is refused', () => {
  test.each([
    ['that is not good yet', () => resigned({ nbf: nowS() + 60 })],
    ['issued in the future', () => resigned({ iat: nowS() + 60, exp: nowS() + 960 })],
    ['past its time', () => resigned({ iat: nowS() - 960, exp: nowS() - 60 })],
    ['without an end', () => resigned({ exp: undefined })],
    ['with an end that is no number', () => resigned({ exp: 'never' })],
    ['without a beginning', () => resigned({ iat: undefined })],
    ['of another issuer', () => resigned({ iss: 'https://eve.example' })],
    ['for another audience', () => resigned({ aud: 'https://eve.example/v1' })],
    ['without issuer', () => resigned({ iss: undefined })],
    ['without audience', () => resigned({ aud: undefined })],
    ['of another type', () => resigned({}, { typ: 'JWT' })],
    ['of no type', () => resigned({}, { typ: undefined })],
    ['with a header that must be understood', () => resigned({}, { crit: ['eve'], eve: true })],
    ['of another person in this session', () => resigned({ sub: eve.id })],
    ['of nobody', () => resigned({ sub: randomUUID() })],
    ['of a session that nobody opened', () => resigned({ sid: randomUUID() })],
    ['without a session', () => resigned({ sid: undefined })],
    ['of a person that is no id', () => resigned({ sub: 'admin' })],
    ['of several people', () => resigned({ sub: [ada.id, eve.id] })],
  ])('%s', async (_, make) => {
    const token = await make().catch(() => null);
    if (token !== null) await expectRefused(token);
  });
});

describe('a token of one kind is none of another', () => {
  test('a refresh token, a mail’s token and a random one are no access tokens', async () => {
    await world.call('POST', '/v1/auth/register', {
      json: { email: 'mail@example.com', password, displayName: 'Mail' },
    });
    for (const token of [
      ada.refreshToken,
      mailedToken(world, 'mail@example.com'),
      randomToken(),
      `${randomToken()}.${randomToken()}.${randomToken()}`,
    ]) {
      await expectRefused(token);
    }
  });

  test('an access token refreshes nothing, and verifies nothing', async () => {
    const refresh = await world.call('POST', '/v1/auth/refresh', { json: { refreshToken: ada.token } });
    expect(refresh.code).toBe('invalid_refresh_token');
    for (const token of [ada.token.slice(0, 200), ada.refreshToken]) {
      const verify = await world.call('POST', '/v1/auth/verify-email', { json: { token } });
      expect(verify.code).toBe('invalid_token');
    }
  });

  test('in the query, in a cookie, or under another scheme it is no token', async () => {
    expect((await world.call('GET', `/v1/projects?access_token=${ada.token}`)).code).toBe('unauthenticated');
    for (const headers of [
      { cookie: `token=${ada.token}` },
      { authorization: `Basic ${ada.token}` },
      { authorization: ada.token },
      { 'x-authorization': `Bearer ${ada.token}` },
    ]) {
      expect((await world.call('GET', '/v1/me', { headers })).code).toBe('unauthenticated');
    }
  });
});

describe('a token ends with what it rests on, at the next request', () => {
  async function somebody(name: string) {
    const person = await registerUser(world, name);
    expect((await open(person.token)).status).toBe(200);
    return person;
  }

  test('its session', async () => {
    const { token } = await somebody('Logs Out');
    expect((await world.call('POST', '/v1/auth/logout', { token })).status).toBe(204);
    await expectRefused(token);
  });

  test('its person, deactivated: the refresh token too', async () => {
    const { id, token, refreshToken } = await somebody('Is Deactivated');
    await world.sql(`update users set status = 'deactivated' where id = $1`, [id]);
    await expectRefused(token);
    expect((await world.call('POST', '/v1/auth/refresh', { json: { refreshToken } })).code).toBe(
      'invalid_refresh_token',
    );
  });

  test('its person, deleted: the refresh token too', async () => {
    const { id, token, refreshToken } = await somebody('Is Deleted');
    await world.sql('update users set deleted_at = app.now() where id = $1', [id]);
    await expectRefused(token);
    expect((await world.call('POST', '/v1/auth/refresh', { json: { refreshToken } })).code).toBe(
      'invalid_refresh_token',
    );
  });

  test('a session that a replayed refresh token ended', async () => {
    const { email } = await somebody('Is Robbed');
    const stolen = await login(world, email);
    const refresh = (refreshToken: string) => world.call('POST', '/v1/auth/refresh', { json: { refreshToken } });
    const second = (await refresh(stolen.refreshToken)).json(Tokens);
    const third = (await refresh(second.refreshToken)).json(Tokens);
    expect((await refresh(stolen.refreshToken)).code).toBe('invalid_refresh_token');
    await expectRefused(third.accessToken);
    expect((await refresh(third.refreshToken)).code).toBe('invalid_refresh_token');
  });

  test('two refreshes at once leave one session and one successor', async () => {
    const { email, id } = await somebody('Has Two Tabs');
    const { refreshToken } = await login(world, email);
    const before = await world.sql('select count(*) from user_sessions where user_id = $1', [id]);
    const both = await Promise.all(
      [1, 2].map(() => world.call('POST', '/v1/auth/refresh', { json: { refreshToken } })),
    );
    const pairs = both.map((answer) => answer.json(Tokens));
    expect(new Set(pairs.map((pair) => pair.refreshToken)).size).toBe(1);
    expect(await world.sql('select count(*) from user_sessions where user_id = $1', [id])).toEqual(before);
    for (const { accessToken } of pairs) expect((await open(accessToken)).status).toBe(200);
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
