import { afterAll, beforeAll, expect, test } from 'vitest';
import { login, mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const next = 'a password for later';
async function linkTo(email: string): Promise<string> {
  expect((await world.call('POST', '/v1/auth/forgot-password', { json: { email } })).status).toBe(202);
  return mailedToken(world, email, 'reset-password');
}
const reset = (token: string, newPassword = next, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/reset-password', {
    json: { token, newPassword },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const tryLogin = (email: string, given: string) =>
  world.call('POST', '/v1/auth/login', { json: { email, password: given } });

test('changes the password, ends every session, opens none, and tells by mail', async () => {
  const person = await registerUser(world, 'Reset Person');
  const phone = await login(world, person.email);
  const answer = await reset(await linkTo(person.email));
  expect([answer.status, answer.text]).toEqual([200, '{"status":"password_changed"}']);
  for (const token of [person.token, phone.accessToken])
    expect((await world.call('GET', '/v1/me', { token })).code).toBe('unauthenticated');
  for (const refreshToken of [person.refreshToken, phone.refreshToken])
    expect((await world.call('POST', '/v1/auth/refresh', { json: { refreshToken } })).code).toBe(
      'invalid_refresh_token',
    );
  expect((await tryLogin(person.email, password)).code).toBe('invalid_credentials');
  expect((await tryLogin(person.email, next)).status).toBe(200);
  await world.tick('sweep');
  expect(world.mails(person.email)[0]?.subject).toBe('Your password was changed');
});

test('the mail was read, so the address is verified', async () => {
  const email = 'never.verified@example.com';
  await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'Never' } });
  const old = mailedToken(world, email);
  expect((await reset(await linkTo(email))).status).toBe(200);
  expect((await tryLogin(email, next)).status).toBe(200);
  expect((await world.call('POST', '/v1/auth/verify-email', { json: { token: old } })).code).toBe('invalid_token');
});

test('whoever registered the address before its owner is out with it', async () => {
  const email = 'taken.before@example.com';
  await world.call('POST', '/v1/auth/register', {
    json: { email, password: 'the squatter knows it', displayName: 'Squatter' },
  });
  expect((await reset(await linkTo(email))).status).toBe(200);
  expect((await tryLogin(email, 'the squatter knows it')).code).toBe('invalid_credentials');
});

test('refuses a password that others would guess, by the person’s own name too, and leaves the link good', async () => {
  const person = await registerUser(world, 'Wilhelmina Person');
  const token = await linkTo(person.email);
  for (const guessed of ['password1', 'Wilhelmina1!']) {
    const answer = await reset(token, guessed);
    expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'password_too_common', ['/body/newPassword']]);
  }
  expect((await reset(token, 'short')).pointers).toEqual(['/body/newPassword']);
  expect((await reset(token)).status).toBe(200);
});

test('of two with the same link one gets in', async () => {
  const person = await registerUser(world, 'Doubled Person');
  const token = await linkTo(person.email);
  const answers = await Promise.all([reset(token, 'the first of the two'), reset(token, 'the second of them')]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
});

test('a repeat with the same Idempotency-Key gets the first answer; unknown links are refused', async () => {
  const person = await registerUser(world, 'Repeating Person');
  const token = await linkTo(person.email);
  for (let n = 0; n < 2; n += 1) expect((await reset(token, next, 'reset-1')).status).toBe(200);
  expect((await reset(token, 'something else now', 'reset-1')).code).toBe('idempotency_mismatch');
  for (const unknown of ['x'.repeat(43), '']) {
    const answer = await reset(unknown);
    expect([answer.status, answer.code]).toEqual([400, 'invalid_token']);
  }
});
