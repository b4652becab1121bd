import { afterAll, beforeAll, expect, test } from 'vitest';
import { mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const forgot = (email: string, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/forgot-password', {
    json: { email },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const reset = (token: string, newPassword = 'another long password') =>
  world.call('POST', '/v1/auth/reset-password', { json: { token, newPassword } });
const minute = 60_000;

test('sends a link to the page that takes a new password', async () => {
  const person = await registerUser(world, 'Forgetful Person');
  const answer = await forgot(` ${person.email.toUpperCase()}`);
  expect([answer.status, answer.text]).toEqual([202, '{"status":"mail_sent"}']);
  const [mail] = world.mails(person.email);
  expect(mail?.subject).toBe('Choose a new password');
  expect(mail?.text).toContain(
    `${world.origin}/reset-password/${mailedToken(world, person.email, 'reset-password')}\n`,
  );
});

test('answers an unknown and a deactivated address alike, with one mail that says so', async () => {
  const person = await registerUser(world, 'Former Colleague');
  await world.sql(`update users set status = 'deactivated' where id = $1`, [person.id]);
  for (const email of ['nobody.at.all@example.com', person.email]) {
    const answer = await forgot(email);
    expect([answer.status, answer.text]).toEqual([202, '{"status":"mail_sent"}']);
    const [mail] = world.mails(email);
    expect(mail?.subject).toBe('There is no account with this address');
    expect(mail?.text).not.toContain('http');
  }
});

test('an address is written to once a minute and five times a day, whoever asks', async () => {
  const person = await registerUser(world, 'Bothered Person');
  for (const email of [person.email, 'bothered.nobody@example.com']) {
    const before = world.mails(email).length;
    for (let n = 0; n < 3; n += 1) expect((await forgot(email)).text).toBe('{"status":"mail_sent"}');
    expect(world.mails(email)).toHaveLength(before + 1);
    for (let n = 1; n < 9; n += 1) {
      await world.moveClock(n * 2 * minute);
      expect((await forgot(email)).status).toBe(202);
    }
    expect(world.mails(email)).toHaveLength(before + 5);
    await world.moveClock(24 * 60 * minute + minute);
    await forgot(email);
    expect(world.mails(email)).toHaveLength(before + 6);
    await world.moveClock(0);
  }
});

test('a link is good for an hour and for one use, and a used one spends the others', async () => {
  const person = await registerUser(world, 'Late Person');
  await forgot(person.email);
  const first = mailedToken(world, person.email, 'reset-password');
  await world.moveClock(60 * minute + 1_000);
  expect((await reset(first)).code).toBe('invalid_token');
  await forgot(person.email);
  const second = mailedToken(world, person.email, 'reset-password');
  await world.moveClock(62 * minute);
  await forgot(person.email);
  const third = mailedToken(world, person.email, 'reset-password');
  expect((await reset(third)).status).toBe(200);
  for (const token of [second, third]) expect((await reset(token)).code).toBe('invalid_token');
  await world.moveClock(0);
});

test('somebody who only has an identity gets a password by it', async () => {
  const person = await registerUser(world, 'Identity Only');
  await world.sql('update users set password_hash = null where id = $1', [person.id]);
  const login = (given: string) =>
    world.call('POST', '/v1/auth/login', { json: { email: person.email, password: given } });
  expect((await login(password)).code).toBe('invalid_credentials');
  await forgot(person.email);
  expect((await reset(mailedToken(world, person.email, 'reset-password'), 'my first password')).status).toBe(200);
  expect((await login('my first password')).status).toBe(200);
});

test('somebody whose hash came from another system gets a password by it', async () => {
  const person = await registerUser(world, 'Imported Person');
  await world.sql('update users set password_hash = $2 where id = $1', [
    person.id,
    '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
  ]);
  const login = (given: string) =>
    world.call('POST', '/v1/auth/login', { json: { email: person.email, password: given } });
  expect((await login(password)).code).toBe('invalid_credentials');
  await forgot(person.email);
  expect((await reset(mailedToken(world, person.email, 'reset-password'), 'my next password')).status).toBe(200);
  expect((await login('my next password')).status).toBe(200);
});

test('neither address nor token stays behind: not in the log, and not in what is kept for a repeat', async () => {
  const person = await registerUser(world, 'Private Person');
  for (let n = 0; n < 2; n += 1) expect((await forgot(person.email, 'forgot-1')).status).toBe(202);
  expect(world.mails(person.email).filter(({ subject }) => subject === 'Choose a new password')).toHaveLength(1);
  const token = mailedToken(world, person.email, 'reset-password');
  await world.call('GET', `/reset-password/${token}`);
  await reset(token);
  const kept = await world.sql('select answer::text, body_hash from idempotency_keys');
  const waiting = await world.sql(`select payload from outbox_events where payload ->> 'template' = 'reset-password'`);
  const tokens = await world.sql('select token_hash from password_reset_tokens');
  const seen = JSON.stringify([kept, waiting, tokens]) + world.logs.join('\n');
  for (const secret of [token, 'another long password']) expect(seen).not.toContain(secret);
  expect(world.logs.join('\n')).not.toContain(person.email);
});
