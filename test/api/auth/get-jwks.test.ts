import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const shape = z.object({
  keys: z.array(
    z.strictObject({
      kty: z.literal('OKP'),
      crv: z.literal('Ed25519'),
      alg: z.literal('EdDSA'),
      use: z.literal('sig'),
      kid: z.string(),
      x: z.string(),
    }),
  ),
});

test('anybody can check our tokens by the published keys, which caches may keep', async () => {
  const answer = await world.call('GET', '/.well-known/jwks.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/jwk-set+json');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  const person = await registerUser(world);
  const { payload, protectedHeader } = await jwtVerify(person.token, createLocalJWKSet(answer.json(shape)), {
    algorithms: ['EdDSA'],
    issuer: world.origin,
    audience: `${world.origin}/v1`,
    typ: 'at+jwt',
  });
  expect(payload.sub).toBe(person.id);
  expect(protectedHeader.kid).toBe(answer.json(shape).keys[0]?.kid);
});

test('no database is asked', async () => {
  const seen = world.logs.length;
  await world.call('GET', '/.well-known/jwks.json');
  expect(world.logs.slice(seen).map((line) => JSON.parse(line))).toMatchObject([
    { operation: 'getJwks', dataApiCalls: 0 },
  ]);
});
