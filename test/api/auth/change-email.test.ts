import { afterAll, beforeAll, expect, test } from 'vitest';
import { Me } from '../../../shared/users/shapes.ts';
import { mailedToken, type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const minute = 60_000;
const change = ({ token }: Person, email: string, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/change-email', {
    token,
    json: { email },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const verify = (token: string) => world.call('POST', '/v1/auth/verify-email', { json: { token } });
const addressOf = async ({ token }: Person) => (await world.call('GET', '/v1/me', { token })).json(Me).email;
const tryLogin = (email: string) => world.call('POST', '/v1/auth/login', { json: { email, password } });

test('the new address is verified first, and the old one hears of the wish and of the change', async () => {
  const person = await registerUser(world, 'Moving Person');
  const answer = await change(person, ' Moved@Bücher.example ');
  expect([answer.status, answer.text]).toEqual([202, '{"status":"verification_sent"}']);
  const moved = 'moved@xn--bcher-kva.example';
  expect(world.mails(moved)[0]?.subject).toBe('Verify your new e-mail address');
  await world.tick('sweep');
  expect(world.mails(person.email)[0]?.subject).toBe('A change of your e-mail address was requested');
  expect(await addressOf(person)).toBe(person.email);
  const token = mailedToken(world, moved);
  await world.call('GET', `/verify-email/${token}`);
  expect(await addressOf(person)).toBe(person.email);
  expect((await verify(token)).status).toBe(200);
  expect(await addressOf(person)).toBe(moved);
  expect((await verify(token)).code).toBe('invalid_token');
  await world.tick('sweep');
  expect(world.mails(person.email)[0]?.subject).toBe('Your e-mail address was changed');
  expect([(await tryLogin(person.email)).code, (await tryLogin(moved)).status]).toEqual(['invalid_credentials', 200]);
});

test('that somebody has the address is told to that address alone', async () => {
  const [person, other] = [await registerUser(world, 'Curious Person'), await registerUser(world, 'Other Person')];
  const answer = await change(person, other.email);
  expect([answer.status, answer.text]).toEqual([202, '{"status":"verification_sent"}']);
  expect(world.mails(other.email)[0]?.subject).toBe('You are already registered');
});

test('an address that somebody took meanwhile stays theirs', async () => {
  const person = await registerUser(world, 'Slow Person');
  await change(person, 'wanted@example.com');
  const token = mailedToken(world, 'wanted@example.com');
  await world.call('POST', '/v1/auth/register', {
    json: { email: 'wanted@example.com', password, displayName: 'Quick' },
  });
  expect((await verify(mailedToken(world, 'wanted@example.com'))).status).toBe(200);
  expect((await verify(token)).code).toBe('invalid_token');
  expect(await addressOf(person)).toBe(person.email);
});

test('a later wish takes the earlier one’s place; a link is good for a day; links to the old address are spent', async () => {
  const person = await registerUser(world, 'Wavering Person');
  await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
  const forgotten = mailedToken(world, person.email, 'reset-password');
  await change(person, 'first.wish@example.com');
  await world.moveClock(2 * minute);
  await change(person, 'second.wish@example.com');
  expect((await verify(mailedToken(world, 'first.wish@example.com'))).code).toBe('invalid_token');
  const second = mailedToken(world, 'second.wish@example.com');
  await world.moveClock(24 * 60 * minute + 3 * minute);
  expect((await verify(second)).code).toBe('invalid_token');
  await world.moveClock(3 * minute);
  expect((await verify(second)).status).toBe(200);
  const json = { token: forgotten, newPassword: 'a password for later' };
  expect((await world.call('POST', '/v1/auth/reset-password', { json })).code).toBe('invalid_token');
  await world.moveClock(0);
});

test('the own address is no new one, and one mail a minute is enough', async () => {
  const person = await registerUser(world, 'Same Person');
  expect((await change(person, person.email.toUpperCase())).code).toBe('wrong_state');
  expect((await change(person, 'same.one@example.com')).status).toBe(202);
  const again = await change(person, 'same.two@example.com');
  expect([again.status, again.code]).toEqual([429, 'too_many_requests']);
  const waitS = Number(again.headers.get('retry-after'));
  expect(waitS).toBeGreaterThan(50);
  expect(waitS).toBeLessThanOrEqual(60);
  await world.moveClock((waitS + 1) * 1_000);
  expect((await change(person, 'same.two@example.com')).status).toBe(202);
  await world.moveClock(0);
});

test('a session that has not proven itself for ten minutes must do so first', async () => {
  const person = await registerUser(world, 'Idle Person');
  await world.moveClock(10 * minute + 1_000);
  const answer = await change(person, 'stolen@example.com');
  expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
  expect(world.mails('stolen@example.com')).toEqual([]);
  await world.moveClock(0);
});

test('twice with one Idempotency-Key is one mail', async () => {
  const person = await registerUser(world, 'Twice Person');
  for (let n = 0; n < 2; n += 1) expect((await change(person, 'twice.new@example.com', 'email-1')).status).toBe(202);
  expect(world.mails('twice.new@example.com')).toHaveLength(1);
});
