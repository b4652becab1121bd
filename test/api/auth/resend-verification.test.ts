import { afterAll, beforeAll, expect, test } from 'vitest';
import { mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const register = (json: object) =>
  world.call('POST', '/v1/auth/register', { json: { password, displayName: 'Somebody', ...json } });
const resend = (email: string, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/resend-verification', {
    json: { email },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const verify = (token: string) => world.call('POST', '/v1/auth/verify-email', { json: { token } });

test('another link does as well as the first', async () => {
  const email = 'lost.mail@example.com';
  await register({ email, username: 'lost.mail' });
  const answer = await resend(email);
  expect([answer.status, answer.text]).toEqual([202, '{"status":"mail_sent"}']);
  expect(world.mails(email)).toHaveLength(2);
  expect((await verify(mailedToken(world, email))).status).toBe(200);
  expect(await world.sql('select username from users where email = $1', [email])).toEqual([{ username: 'lost.mail' }]);
});

test('unknown and verified addresses are answered alike', async () => {
  const person = await registerUser(world, 'Verified Person');
  for (const [email, subject] of [
    [person.email, 'You are already registered'],
    ['unknown.one@example.com', 'There is no account with this address'],
  ] as const) {
    const answer = await resend(email);
    expect([answer.status, answer.text]).toEqual([202, '{"status":"mail_sent"}']);
    expect(world.mails(email)[0]?.subject).toBe(subject);
  }
});

test('one mail a minute, five a day, and the answer never tells', async () => {
  const email = 'impatient@example.com';
  await register({ email });
  for (let n = 0; n < 8; n += 1) {
    for (let click = 0; click < 2; click += 1) expect((await resend(email)).text).toBe('{"status":"mail_sent"}');
    await world.moveClock((n + 1) * 61_000);
  }
  expect(world.mails(email)).toHaveLength(1 + 5);
  await world.moveClock(0);
});

test('twice with one Idempotency-Key is one mail', async () => {
  await register({ email: 'twice@example.com' });
  for (let n = 0; n < 2; n += 1) expect((await resend('twice@example.com', 'resend-1')).status).toBe(202);
  expect(world.mails('twice@example.com')).toHaveLength(2);
});
