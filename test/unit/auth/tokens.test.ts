import { createHmac, createPrivateKey, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  hashToken,
  isIssued,
  issueAccessToken,
  parseRefreshToken,
  randomToken,
  refreshToken,
  successorSecret,
  verifyAccessToken,
} from '../../../shared/auth/tokens.ts';
import { openWorld, type World } from '../../support/world.ts';

const claims = { userId: randomUUID(), sessionId: randomUUID() };
let payload: Record<string, unknown>;
let world: World;
let key: JWK & { kid: string; x: string };

beforeAll(async () => {
  world = await openWorld();
  payload = { sub: claims.userId, sid: claims.sessionId, iss: world.origin, aud: `${world.origin}/v1` };
  const kept = z
    .object({ secrets: z.array(z.object({ name: z.string(), versions: z.array(z.object({ value: z.string() })) })) })
    .parse(JSON.parse(world.database.server.secrets));
  const value = kept.secrets.find(({ name }) => name === 'posthaste/signingKeys')?.versions[0]?.value ?? '';
  const keys = z.object({ keys: z.array(z.looseObject({ kid: z.string(), x: z.string() })).min(1) });
  const [first] = keys.parse(JSON.parse(value)).keys;
  if (first === undefined) throw new Error('there is no key');
  key = first;
});
afterAll(() => world.close());

interface Forgery {
  readonly header?: Record<string, unknown>;
  readonly payload?: Record<string, unknown>;
  readonly issuedAtS?: number;
  readonly lifeS?: number;
}

/** A token signed with the true key, and wrong in what is given alone. */
async function sign(forgery: Forgery = {}): Promise<string> {
  const iat = Math.floor(Date.now() / 1000) + (forgery.issuedAtS ?? 0);
  const body = { ...payload, iat, exp: iat + (forgery.lifeS ?? 900), ...forgery.payload };
  return new SignJWT(JSON.parse(JSON.stringify(body)))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...forgery.header })
    .sign(await importJWK(key, 'EdDSA'));
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const part = (token: string, index: number) => token.split('.')[index] ?? '';

describe('an access token', () => {
  test('that we issued says who and which session', async () => {
    expect(await verifyAccessToken(await issueAccessToken(claims))).toEqual(claims);
    expect(await verifyAccessToken(await sign())).toEqual(claims);
  });

  test('without a signature is refused', async () => {
    const token = await sign();
    for (const alg of ['none', 'None', 'NONE'])
      expect(await verifyAccessToken(`${encode({ alg, typ: 'at+jwt', kid: key.kid })}.${part(token, 1)}.`)).toBe(null);
    expect(await verifyAccessToken(`${part(token, 0)}.${part(token, 1)}.`)).toBe(null);
  });

  test('that takes the public key for a shared secret is refused', async () => {
    const head = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })}.${part(await sign(), 1)}`;
    for (const secret of [Buffer.from(key.x, 'base64url'), Buffer.from(key.x)]) {
      const mac = createHmac('sha256', secret).update(head).digest('base64url');
      expect(await verifyAccessToken(`${head}.${mac}`)).toBe(null);
    }
  });

  test('of an unknown key is refused, also under the known name', async () => {
    expect(await verifyAccessToken(await sign({ header: { kid: 'another' } }))).toBe(null);
    const { privateKey } = generateKeyPairSync('ed25519');
    const iat = Math.floor(Date.now() / 1000);
    const forged = await new SignJWT({ ...payload, iat, exp: iat + 900 })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid })
      .sign(privateKey);
    expect(await verifyAccessToken(forged)).toBe(null);
  });

  test('that is signed by another kind of key is refused, also under the known name', async () => {
    const iat = Math.floor(Date.now() / 1000);
    for (const alg of ['RS256', 'PS256', 'ES256', 'ES384']) {
      const { privateKey } = await generateKeyPair(alg);
      const forged = await new SignJWT({ ...payload, iat, exp: iat + 900 })
        .setProtectedHeader({ alg, typ: 'at+jwt', kid: key.kid })
        .sign(privateKey);
      expect([alg, await verifyAccessToken(forged)]).toEqual([alg, null]);
    }
  });

  test('that brings its own key, or says where to fetch it, is refused and nothing is fetched', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const own = await exportJWK(publicKey);
    let asked = 0;
    const server = createServer((_, answer) => {
      asked += 1;
      answer.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [{ ...own, kid: 'own' }] }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks.json`;
    const iat = Math.floor(Date.now() / 1000);
    for (const brought of [{ jwk: own }, { jku: url, kid: 'own' }, { x5u: url, kid: 'own' }, { x5c: ['MIIB'] }]) {
      const forged = await new SignJWT({ ...payload, iat, exp: iat + 900 })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...brought })
        .sign(privateKey);
      expect([brought, await verifyAccessToken(forged)]).toEqual([brought, null]);
    }
    expect(asked).toBe(0);
    server.close();
    // Beside a true signature they mean nothing.
    expect(await verifyAccessToken(await sign({ header: { jku: url } }))).toEqual(claims);
  });

  test('that asks for an extension which we do not know is refused', async () => {
    const iat = Math.floor(Date.now() / 1000);
    const body = encode({ ...payload, iat, exp: iat + 900 });
    for (const header of [{ crit: ['exp'], exp: iat + 900 }, { crit: ['urn:x'], 'urn:x': 1 }, { crit: [] }]) {
      const head = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid, ...header })}.${body}`;
      const signature = signBytes(null, Buffer.from(head), createPrivateKey({ key, format: 'jwk' }));
      expect([header, await verifyAccessToken(`${head}.${signature.toString('base64url')}`)]).toEqual([header, null]);
    }
  });

  test.each<[string, Forgery]>([
    ['another issuer', { payload: { iss: 'somebody' } }],
    ['no issuer', { payload: { iss: undefined } }],
    ['another audience', { payload: { aud: 'another-api' } }],
    ['no audience', { payload: { aud: undefined } }],
    ['no beginning', { payload: { iat: undefined } }],
    ['a beginning that is yet to come', { issuedAtS: 60 }],
    ['a life that is longer than ours', { issuedAtS: -1_000, lifeS: 3_600 }],
    ['the type of another token', { header: { typ: 'logout+jwt' } }],
    ['another type', { header: { typ: 'JWT' } }],
    ['no type', { header: { typ: undefined } }],
    ['an end that has passed', { issuedAtS: -906 }],
    ['no end', { payload: { exp: undefined } }],
    ['a beginning in the future', { payload: { nbf: Math.floor(Date.now() / 1000) + 60 } }],
    ['no person', { payload: { sub: undefined } }],
    ['a person who is no id', { payload: { sub: 'admin' } }],
    ['no session', { payload: { sid: undefined } }],
  ])('with %s is refused', async (_, forgery) => {
    expect(await verifyAccessToken(await sign(forgery))).toBe(null);
  });

  test('of a function whose clock is seconds off is good, and of one that is further off is not', async () => {
    // Five seconds are allowed; the test itself may take two.
    for (const issuedAtS of [3, -902])
      expect([issuedAtS, await verifyAccessToken(await sign({ issuedAtS }))]).toEqual([issuedAtS, claims]);
    for (const issuedAtS of [9, -906])
      expect([issuedAtS, await verifyAccessToken(await sign({ issuedAtS }))]).toEqual([issuedAtS, null]);
  });

  test('that was touched is refused', async () => {
    const token = await sign();
    const other = encode({ ...JSON.parse(Buffer.from(part(token, 1), 'base64url').toString()), sub: randomUUID() });
    expect(await verifyAccessToken(`${part(token, 0)}.${other}.${part(token, 2)}`)).toBe(null);
    const signature = part(token, 2);
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    expect(await verifyAccessToken(`${part(token, 0)}.${part(token, 1)}.${flipped}`)).toBe(null);
    for (const text of ['', 'a', 'a.b.c', '..', token.slice(0, -1)]) expect(await verifyAccessToken(text)).toBe(null);
  });
});

describe('a refresh token', () => {
  test('names its session and reads back, with its mark and, from before there were marks, without', async () => {
    const secret = randomToken();
    const { sessionId } = claims;
    const token = await refreshToken(sessionId, secret);
    const mark = token.slice(-43);
    expect(parseRefreshToken(token)).toEqual({ sessionId, secret, mark });
    expect(parseRefreshToken(token.slice(0, -44))).toEqual({ sessionId, secret, mark: null });
    for (const text of ['', `phr_${sessionId}`, `phr_${sessionId}.${secret}x`, `phr_${'0'.repeat(36)}.${secret}`])
      expect(parseRefreshToken(text)).toBe(null);
    for (const text of [`${token}x`, `${token}.${mark}`, `${token} `, token.slice(0, -1), `${token}\n`])
      expect(parseRefreshToken(text)).toBe(null);
  });

  test('is known as ours by its mark alone, which fits one secret of one session', async () => {
    const { sessionId } = claims;
    const secret = randomToken();
    const mark = (await refreshToken(sessionId, secret)).slice(-43);
    expect(await isIssued({ sessionId, secret, mark })).toBe(true);
    expect(await isIssued({ sessionId, secret, mark: null })).toBe(false);
    expect(await isIssued({ sessionId, secret, mark: randomToken() })).toBe(false);
    expect(await isIssued({ sessionId, secret: randomToken(), mark })).toBe(false);
    expect(await isIssued({ sessionId: randomUUID(), secret, mark })).toBe(false);
    // Nobody makes one of what is given out: the successor is no mark.
    expect(await isIssued({ sessionId, secret, mark: await successorSecret(secret, sessionId) })).toBe(false);
  });

  test('has one successor that nobody else can derive', async () => {
    const secret = randomToken();
    const successor = await successorSecret(secret, claims.sessionId);
    expect(await successorSecret(secret, claims.sessionId)).toBe(successor);
    expect(parseRefreshToken(await refreshToken(claims.sessionId, successor))?.secret).toBe(successor);
    expect(successor).not.toBe(hashToken(secret));
    expect(await successorSecret(randomToken(), claims.sessionId)).not.toBe(successor);
  });
});
