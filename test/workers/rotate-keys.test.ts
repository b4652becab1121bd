/** Keys are rotated while people work: nobody is logged out, and what is over is refused. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { rotateKeys } from '../../shared/auth/rotate-keys.ts';
import { Tokens } from '../../shared/auth/shapes.ts';
import { LEAD_S, signingKeys, verificationKeys } from '../../shared/auth/signing-keys.ts';
import { verifyAccessToken } from '../../shared/auth/tokens.ts';
import { putSecret, readSecretNow } from '../../shared/aws/secrets.ts';
import { config } from '../../shared/config/config.ts';
import { login, type Person, registerUser } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterAll(async () => {
  vi.useRealTimers();
  await world.close();
});

const command = fileURLToPath(new URL('../../infra/tools/keys.ts', import.meta.url));
const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const isHeard = async (token: string) => (await verifyAccessToken(token)) !== null;

/** Time passes for what is kept in memory and, unless they are not to be touched, for the keys; sessions stay as young as they are. */
async function later(seconds: number, also = true): Promise<void> {
  vi.advanceTimersByTime(seconds * 1000);
  if (!also) return;
  const arn = config('signingKeys').SIGNING_KEYS_SECRET_ARN;
  const known = await readSecretNow(arn, signingKeys);
  const keys = known?.keys.map((key) => ({ ...key, activeFrom: key.activeFrom - seconds }));
  await putElsewhere(arn, { ...known, keys });
}

test('a new key signs after two hours, and tokens of the old one are good to their end', async () => {
  const before = await login(world, ada.email);
  const { added } = await rotateKeys('now');
  expect(kidOf((await login(world, ada.email)).accessToken)).toBe(kidOf(before.accessToken));
  expect(added).not.toBe(kidOf(before.accessToken));
  await later(LEAD_S - 60);
  const last = (await login(world, ada.email)).accessToken;
  expect(kidOf(last)).toBe(kidOf(before.accessToken));
  await later(301);
  const next = (await login(world, ada.email)).accessToken;
  expect(kidOf(next)).toBe(added);
  await world.tick('rotateKeys');
  expect([await isHeard(last), await isHeard(next)]).toEqual([true, true]);
  await later(3 * 3600);
  await world.tick('rotateKeys');
  const answer = await world.call('GET', '/.well-known/jwks.json');
  expect(answer.text).toContain(String(added));
  expect(answer.text).not.toContain(String(kidOf(last)));
});

test('a client that keeps the published keys as long as they say can check every token across a rotation', async () => {
  const jwks = async () => {
    const answer = await world.call('GET', '/.well-known/jwks.json');
    const maxAgeS = Number(/max-age=(\d+)/.exec(answer.headers.get('cache-control') ?? '')?.[1]);
    return { maxAgeS, check: createLocalJWKSet(JSON.parse(answer.text)) };
  };
  const kept = await jwks();
  const before = await rotateKeys('now');
  await later(kept.maxAgeS + 300); // ours and theirs have just ended, or nearly
  const { accessToken: meanwhile } = await login(world, ada.email);
  await expect(jwtVerify(meanwhile, kept.check)).resolves.toBeDefined();
  const fresh = await jwks();
  await later(LEAD_S);
  const { accessToken: next } = await login(world, ada.email);
  expect(kidOf(next)).toBe(before.added);
  for (const token of [meanwhile, next]) await expect(jwtVerify(token, fresh.check)).resolves.toBeDefined();
});

test('keys that cannot be read are our failure and nobody’s forgery: told without a word of them, and mended by putting them back', async () => {
  const { accessToken, refreshToken } = await login(world, ada.email);
  const refresh = () => world.call('POST', '/v1/auth/refresh', { json: { refreshToken } });
  const logIn = () => world.call('POST', '/v1/auth/login', { json: { email: ada.email, password: ada.password } });
  const me = () => world.call('GET', '/v1/me', { token: accessToken });
  const published = () => world.call('GET', '/.well-known/jwks.json');
  for (const garbage of [{ keys: [] }, { keys: [{ kty: 'oct', k: 'swordfish' }] }, 'swordfish', null]) {
    for (const [arn, shape, doors] of [
      [config('signingKeys').SIGNING_KEYS_SECRET_ARN, signingKeys, [refresh, logIn]],
      [config('verificationKeys').VERIFICATION_KEYS_SECRET_ARN, verificationKeys, [me, published]],
    ] as const) {
      const known = await readSecretNow(arn, shape);
      await putElsewhere(arn, garbage);
      await later(301, false);
      for (const door of doors) {
        const answer = await door();
        expect([answer.status, answer.code]).toEqual([500, 'internal']);
        expect(answer.text).not.toMatch(/swordfish|secret|arn:/);
      }
      // Nobody writes over what may still be mended by hand.
      if (arn === config('signingKeys').SIGNING_KEYS_SECRET_ARN) {
        await expect(rotateKeys('due')).rejects.toThrow('does not have the expected shape');
      }
      await putElsewhere(arn, known);
      await later(301, false);
    }
  }
  expect([(await me()).status, (await published()).status, (await logIn()).status]).toEqual([200, 200, 200]);
  expect((await refresh()).status).toBe(200);
  expect(world.logs.join('\n')).not.toContain('swordfish');
});

test('a function that knows the old keys hears of a new one within seconds, and is not made to read all day', async () => {
  const { accessToken } = await login(world, ada.email);
  expect(await isHeard(accessToken)).toBe(true);
  const arn = config('verificationKeys').VERIFICATION_KEYS_SECRET_ARN;
  // Put there by another process: this one is not told.
  const known = await readSecretNow(arn, verificationKeys);
  await putElsewhere(arn, { keys: [strangeKey] });
  await later(301);
  expect(await isHeard(accessToken)).toBe(false);
  await putElsewhere(arn, known);
  expect(await isHeard(accessToken)).toBe(false);
  await later(11);
  const [one, ...others] = await Promise.all(Array.from({ length: 20 }, () => isHeard(accessToken)));
  expect([one, new Set(others)]).toEqual([true, new Set([true])]);
});

test('a refresh that is repeated across a rotation gets the same successor', async () => {
  const { refreshToken } = await login(world, ada.email);
  const refresh = async () =>
    (await world.call('POST', '/v1/auth/refresh', { json: { refreshToken } })).json(Tokens).refreshToken;
  const first = await refresh();
  await rotateKeys('now');
  await later(LEAD_S + 301); // by our clock; the database's stands still, so the repeat is within its grace time
  expect(await refresh()).toBe(first);
});

test('an interrupted rotation is mended within the hour', async () => {
  await putSecret(config('verificationKeys').VERIFICATION_KEYS_SECRET_ARN, { keys: [strangeKey] });
  await world.tick('rotateKeys');
  expect(await isHeard((await login(world, ada.email)).accessToken)).toBe(true);
  expect((await world.call('GET', '/.well-known/jwks.json')).text).not.toContain('strange');
});

test('the command does the same, once at a time', async () => {
  expect(await keys('rotate')).toMatch(/^new key [0-9a-f]{16}; \d kept for signing, \d published\n$/);
  await expect(keys('rotate')).rejects.toThrow('is on its way already');
  expect(await keys('ensure')).toMatch(/^no new key; /);
  await expect(keys('rotate', '--compromise')).rejects.toThrow('--compromise');
});

test('keys that somebody knows are refused at once', async () => {
  const { accessToken, refreshToken } = await login(world, ada.email);
  await rotateKeys('compromised');
  expect(await isHeard(accessToken)).toBe(false);
  const renewed = (await world.call('POST', '/v1/auth/refresh', { json: { refreshToken } })).json(Tokens);
  expect(await isHeard(renewed.accessToken)).toBe(true);
});

const keys = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, [command, ...args], { env: process.env })).stdout;

/** Not through our own reader, which would know it at once. */
async function putElsewhere(arn: string, value: unknown): Promise<void> {
  const command = new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify(value) });
  await new SecretsManagerClient({}).send(command);
}

const strangeKey = { kty: 'OKP', crv: 'Ed25519', kid: 'strange', x: 'A'.repeat(43) };
