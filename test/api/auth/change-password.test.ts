import { afterAll, beforeAll, expect, test } from 'vitest';
import { login, mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const next = 'a password for later';
const change = (token: string, currentPassword: string, newPassword = next, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/change-password', {
    token,
    json: { currentPassword, newPassword },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const isAlive = async (token: string) => (await world.call('GET', '/v1/me', { token })).status === 200;
const tryLogin = (email: string, given: string) =>
  world.call('POST', '/v1/auth/login', { json: { email, password: given } });

test('needs the current password; this session goes on, the others end, a mail tells', async () => {
  const person = await registerUser(world, 'Changing Person');
  const phone = await login(world, person.email);
  const answer = await change(person.token, password);
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect([await isAlive(person.token), await isAlive(phone.accessToken)]).toEqual([true, false]);
  expect((await tryLogin(person.email, password)).code).toBe('invalid_credentials');
  expect((await tryLogin(person.email, next)).status).toBe(200);
  await world.tick('sweep');
  expect(world.mails(person.email)[0]?.subject).toBe('Your password was changed');
});

test('a wrong one changes nothing; after five the session waits, and the owner elsewhere does not', async () => {
  const person = await registerUser(world, 'Robbed Person');
  const thief = await login(world, person.email);
  for (let n = 0; n < 5; n += 1) {
    const answer = await change(thief.accessToken, `guess number ${n}`);
    expect([answer.status, answer.code]).toEqual([403, 'wrong_password']);
  }
  const held = await change(thief.accessToken, password);
  expect([held.status, held.code]).toEqual([429, 'too_many_requests']);
  expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(20);
  expect((await tryLogin(person.email, password)).status).toBe(200);
  expect((await change(person.token, password)).status).toBe(204);
  expect(await isAlive(thief.accessToken)).toBe(false);
});

test('a link that was waiting in a mail is spent', async () => {
  const person = await registerUser(world, 'Waiting Person');
  await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
  const token = mailedToken(world, person.email, 'reset-password');
  expect((await change(person.token, password)).status).toBe(204);
  const json = { token, newPassword: 'yet another password' };
  expect((await world.call('POST', '/v1/auth/reset-password', { json })).code).toBe('invalid_token');
});

test('the new one is none that others would guess', async () => {
  const person = await registerUser(world, 'Guessable Person');
  for (const guessed of ['iloveyou1', 'Guessable99']) {
    const answer = await change(person.token, password, guessed);
    expect([answer.status, answer.code, answer.pointers]).toEqual([422, 'password_too_common', ['/body/newPassword']]);
  }
  expect((await change(person.token, password, 'short')).pointers).toEqual(['/body/newPassword']);
});

test('whoever has no password yet has none to show, and gets one by mail', async () => {
  const person = await registerUser(world, 'Identity Only');
  await world.sql('update users set password_hash = null where id = $1', [person.id]);
  expect((await change(person.token, '')).code).toBe('wrong_password');
});

test('twice with one Idempotency-Key is once; neither password is kept, nor a quick hash of them', async () => {
  const person = await registerUser(world, 'Twice Person');
  for (let n = 0; n < 2; n += 1) expect((await change(person.token, password, next, 'change-1')).status).toBe(204);
  expect((await change(person.token, password, 'something else now', 'change-1')).code).toBe('idempotency_mismatch');
  const { createHash } = await import('node:crypto');
  const quick = createHash('sha256').update(JSON.stringify({ currentPassword: password, newPassword: next }));
  const kept = JSON.stringify(await world.sql('select * from idempotency_keys')) + world.logs.join('\n');
  for (const secret of [next, quick.digest('base64url')]) expect(kept).not.toContain(secret);
});
