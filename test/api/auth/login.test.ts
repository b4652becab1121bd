import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { Me } from '../../../shared/users/shapes.ts';
import { type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

const login = (json: unknown, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/login', { json, ...(idempotencyKey !== undefined && { idempotencyKey }) });

test('gives an access token that says who one is, and for how long', async () => {
  const answer = await login({ email: ` ${ada.email.toUpperCase()}`, password });
  const tokens = answer.json(Tokens);
  expect(tokens).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const me = await world.call('GET', '/v1/me', { token: tokens.accessToken });
  expect(me.json(Me)).toMatchObject({ id: ada.id, email: ada.email, displayName: 'Ada Lovelace', role: 'user' });
});

test('a wrong password and an unknown address get the same answer', async () => {
  const wrong = await login({ email: ada.email, password: 'not the password' });
  const unknown = await login({ email: 'nobody@example.com', password });
  expect([wrong.status, wrong.code]).toEqual([401, 'invalid_credentials']);
  const withoutId = (text: string) => text.replace(/"requestId":"[^"]*"/, '');
  expect(withoutId(unknown.text)).toBe(withoutId(wrong.text));
});

test('only who knows the password hears that the address is not verified', async () => {
  const email = 'unverified@example.com';
  await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'Not yet' } });
  const right = await login({ email, password });
  expect([right.status, right.code]).toEqual([403, 'email_not_verified']);
  expect((await login({ email, password: 'not the password' })).code).toBe('invalid_credentials');
});

test('a deactivated person cannot log in, and is out with the next request', async () => {
  const person = await registerUser(world, 'Former Colleague');
  await world.sql(`update users set status = 'deactivated' where id = $1`, [person.id]);
  expect((await world.call('GET', '/v1/me', { token: person.token })).code).toBe('unauthenticated');
  expect((await login({ email: person.email, password })).code).toBe('invalid_credentials');
});

test('tokens are not kept: a repeated Idempotency-Key is told that it is done', async () => {
  const first = await login({ email: ada.email, password }, 'login-1');
  expect(first.status).toBe(200);
  const again = await login({ email: ada.email, password }, 'login-1');
  expect([again.status, again.code]).toEqual([409, 'already_done']);
  const other = await login({ email: ada.email, password: `${password}!` }, 'login-1');
  expect([other.status, other.code]).toEqual([409, 'idempotency_mismatch']);
  const kept = JSON.stringify(await world.sql('select * from idempotency_keys'));
  const { accessToken, refreshToken } = first.json(Tokens);
  for (const secret of [accessToken, refreshToken, refreshToken.split('.')[1] ?? ''])
    expect(kept).not.toContain(secret);
});

test('neither token nor password reaches the database or the log in the clear', async () => {
  const { accessToken, refreshToken } = (await login({ email: ada.email, password })).json(Tokens);
  const stored = JSON.stringify([
    await world.sql('select * from users'),
    await world.sql('select * from user_sessions'),
  ]);
  const seen = stored + world.logs.join('\n');
  for (const secret of [accessToken, refreshToken.split('.')[1] ?? '', password]) expect(seen).not.toContain(secret);
});
