import { afterAll, beforeAll, expect, test } from 'vitest';
import { mailedToken, password } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

async function registered(email: string): Promise<string> {
  await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'Somebody' } });
  return mailedToken(world, email);
}
const verify = (token: string) => world.call('POST', '/v1/auth/verify-email', { json: { token } });

test('a token is good for one use', async () => {
  const token = await registered('twice@example.com');
  expect((await verify(token)).status).toBe(200);
  const again = await verify(token);
  expect([again.status, again.code]).toEqual([400, 'invalid_token']);
});

test('a token is good for 24 hours', async () => {
  const token = await registered('slow@example.com');
  await world.moveClock(24 * 3600_000 + 1_000);
  expect((await verify(token)).code).toBe('invalid_token');
  await world.moveClock(0);
  expect((await verify(token)).status).toBe(200);
});

test('an unknown token is refused', async () => {
  expect((await verify('x'.repeat(43))).code).toBe('invalid_token');
  expect((await verify('')).code).toBe('invalid_token');
});

test('a repeat with the same Idempotency-Key gets the first answer', async () => {
  const json = { token: await registered('repeat@example.com') };
  const call = () => world.call('POST', '/v1/auth/verify-email', { json, idempotencyKey: 'verify-1' });
  expect((await call()).status).toBe(200);
  expect((await call()).status).toBe(200);
  expect((await verify(json.token)).code).toBe('invalid_token');
});
