/** Guessing gets slower, tells nothing, and keeps no owner out who has a session, another place, or their mail. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, postFrom } from '../../support/from-address.ts';
import { mailedToken, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(async () => {
  await world.moveClock(0);
  await world.close();
});

const home = { address: '127.0.0.1' };
const minute = 60_000;
const login = (from: Client, email: string, given = 'not the password') =>
  postFrom(world, from, '/v1/auth/login', { email, password: given });
const nobody = () => `nobody.${crypto.randomUUID()}@example.com`;

test('after five failures the caller waits, longer each time, up to a quarter of an hour', {
  timeout: 180_000,
}, async () => {
  const from = { address: '127.0.1.1' };
  const email = nobody();
  for (let n = 0; n < 5; n += 1) expect((await login(from, email)).code).toBe('invalid_credentials');
  const waits: number[] = [];
  let now = 0;
  for (let n = 0; n < 8; n += 1) {
    const held = await login(from, email);
    expect([held.status, held.code]).toEqual([429, 'too_many_requests']);
    waits.push(Math.round((held.retryAfterS ?? 0) / 30) * 30);
    now += (held.retryAfterS ?? 0) * 1_000 + 2_000;
    await world.moveClock(now);
    expect((await login(from, email)).code).toBe('invalid_credentials');
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
  await world.moveClock(now + 25 * 60 * minute);
  for (let n = 0; n < 4; n += 1) expect((await login(from, email)).code).toBe('invalid_credentials');
  expect((await login(from, email)).code).toBe('invalid_credentials');
  await world.moveClock(0);
});

test('held or not is told alike of an address that is known and one that is not, right password or wrong', async () => {
  const person = await registerUser(world, 'Held Person');
  const from = { address: '127.0.2.1' };
  const unknown = nobody();
  for (let n = 0; n < 5; n += 1) {
    const [one, other] = [await login(from, person.email), await login(from, unknown)];
    expect([one.status, one.code]).toEqual([other.status, other.code]);
  }
  const answers = [
    await login(from, person.email, password),
    await login(from, person.email),
    await login(from, unknown),
  ];
  const essence = answers.map(({ body, status }) => [status, { ...Object(body), requestId: '' }]);
  expect(essence[0]?.[0]).toBe(429);
  expect(essence[1]).toEqual(essence[0]);
  expect(essence[2]).toEqual(essence[0]);
  expect((await login(home, person.email, password)).status).toBe(200);
});

test('twenty guesses at once count one by one', async () => {
  const from = { address: '127.0.3.1' };
  const email = nobody();
  const answers = await Promise.all(Array.from({ length: 20 }, () => login(from, email)));
  expect(answers.filter(({ code }) => code === 'invalid_credentials')).toHaveLength(5);
  expect(answers.filter(({ code }) => code === 'too_many_requests')).toHaveLength(15);
});

test('the right password forgets the failures of its caller', async () => {
  const person = await registerUser(world, 'Clumsy Person');
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 4; n += 1) expect((await login(home, person.email)).code).toBe('invalid_credentials');
    expect((await login(home, person.email, password)).status).toBe(200);
  }
  const [row] = await world.sql('select failed_login_attempts, locked_until from users where id = $1', [person.id]);
  expect(row).toEqual({ failed_login_attempts: 0, locked_until: null });
});

test('guesses of two at the same moment wait for each other', async () => {
  const email = nobody();
  const guess = `select outcome from app.log_in($1, 'wrong', 'never', null, '127.0.3.9', '{}')`;
  for (let n = 0; n < 4; n += 1) await world.sql(guess, [email]);
  const [one, two] = await Promise.all([world.database.connect(), world.database.connect()]);
  await one.query('begin');
  expect((await one.query(guess, [email])).rows).toEqual([{ outcome: 'invalid_credentials' }]);
  const other = two.query(guess, [email]);
  // Whether it waits or not, it has begun before the first is over.
  await new Promise((done) => setTimeout(done, 300));
  await one.query('commit');
  expect((await other).rows).toEqual([{ outcome: 'too_many_requests' }]);
  await Promise.all([one.end(), two.end()]);
});

test('the right password forgets the failures of all others too', { timeout: 60_000 }, async () => {
  const person = await registerUser(world, 'Forgetting Person');
  for (let n = 0; n < 31; n += 1) await login({ address: `127.5.0.${n + 1}` }, person.email);
  // Their wait is seconds yet, and over before a busy machine has asked.
  await world.sql(
    `update auth_attempts set blocked_until = app.now() + interval '1 minute' where source = '*' and attempts > 29`,
  );
  const abroad = { address: '127.5.1.1' };
  expect((await login(abroad, person.email, password)).code).toBe('too_many_requests');
  expect((await login(home, person.email, password)).status).toBe(200);
  expect((await login(abroad, person.email, password)).status).toBe(200);
});

test('who hammers for days from everywhere keeps the owner out for no moment', async () => {
  const person = await registerUser(world, 'Hunted Person');
  let guesses = 0;
  for (let hour = 0; hour < 72; hour += 1) {
    await world.moveClock(hour * 60 * minute);
    const storm = await Promise.all(
      Array.from({ length: 4 }, (_, n) => login({ address: `127.9.${hour}.${n + 1}` }, person.email)),
    );
    guesses += storm.filter(({ code }) => code === 'invalid_credentials').length;
    if (hour % 12 === 11) {
      const [row] = await world.sql('select locked_until > app.now() as held from users where id = $1', [person.id]);
      if (hour > 12) expect(row).toEqual({ held: true });
      const owner = await login(home, person.email, password);
      expect([hour, owner.status]).toEqual([hour, 200]);
      // The account's count begins anew with the owner's login; let the attackers raise it again.
      for (let n = 0; n < 34; n += 1) await login({ address: `127.8.${hour}.${n + 1}` }, person.email);
    }
  }
  expect(guesses).toBeGreaterThan(72);
});

test('the owner in a strange place is held while others guess and a minute longer, and by a new password not at all', {
  timeout: 180_000,
}, async () => {
  await world.moveClock(0);
  const person = await registerUser(world, 'Travelling Person');
  for (let n = 0; n < 45; n += 1) await login({ address: `127.7.0.${n + 1}` }, person.email);
  const abroad = { address: '127.6.0.1' };
  const heldS = async () => {
    const held = await login(abroad, person.email, password);
    expect(held.code).toBe('too_many_requests');
    return held.retryAfterS ?? 0;
  };
  // After days of it.
  await world.sql(`update auth_attempts set attempts = 500, blocked_until = null where source = '*'`);
  // One guess a minute from a new place each time: the owner's wait begins anew with each.
  let waitedMs = 0;
  for (let guess = 1; guess <= 3; guess += 1) {
    expect((await login({ address: `127.7.1.${guess}` }, person.email)).code).toBe('invalid_credentials');
    const waitS = await heldS();
    expect(waitS).toBeGreaterThan(30);
    expect(waitS).toBeLessThanOrEqual(60);
    waitedMs += 61_000;
    if (guess < 3) await world.moveClock(waitedMs);
  }
  expect((await postFrom(world, abroad, '/v1/auth/forgot-password', { email: person.email })).status).toBe(202);
  const token = mailedToken(world, person.email, 'reset-password');
  const reset = await postFrom(world, abroad, '/v1/auth/reset-password', { token, newPassword: 'far away from home' });
  expect(reset.status).toBe(200);
  expect((await login(abroad, person.email, 'far away from home')).status).toBe(200);

  const other = await registerUser(world, 'Patient Person');
  for (let n = 0; n < 45; n += 1) await login({ address: `127.7.2.${n + 1}` }, other.email);
  await world.sql(`update auth_attempts set attempts = 500, blocked_until = null where source = '*'`);
  expect((await login({ address: '127.7.3.1' }, other.email)).code).toBe('invalid_credentials');
  expect((await login(abroad, other.email, password)).code).toBe('too_many_requests');
  // The guesses are over.
  await world.moveClock(waitedMs);
  expect((await login(abroad, other.email, password)).status).toBe(200);
  await world.moveClock(0);
});

test('an owner whom somebody guesses at from their own office gets in there by a new password through the mail', {
  timeout: 180_000,
}, async () => {
  const person = await registerUser(world, 'Office Person');
  const office = { address: '127.5.0.1' };
  for (let n = 0; n < 5; n += 1) await login(office, person.email);
  expect((await login(office, person.email, password)).code).toBe('too_many_requests');
  expect((await postFrom(world, office, '/v1/auth/forgot-password', { email: person.email })).status).toBe(202);
  const token = mailedToken(world, person.email, 'reset-password');
  const mine = 'chosen in the office';
  const reset = await postFrom(world, office, '/v1/auth/reset-password', { token, newPassword: mine });
  expect(reset.status).toBe(200);
  for (let n = 0; n < 7; n += 1) expect((await login(office, person.email)).code).toBe('invalid_credentials');
  expect((await login(office, person.email, mine)).status).toBe(200);
  // Guessing is no freer for it than by a hundred.
  let guessed = 7;
  for (let left = 130; left > 0; left -= 1) {
    if (left % 15 === 0) await world.moveClock((130 - left) * 5_000);
    if ((await login(office, person.email)).code === 'too_many_requests') break;
    guessed += 1;
  }
  expect(guessed).toBe(100);
  expect((await login(office, person.email, mine)).code).toBe('too_many_requests');
  await world.moveClock(0);
});

test('whoever asks for all the mails of a day leaves the owner the link of the last one', async () => {
  const person = await registerUser(world, 'Flooded Person');
  const ask = () => postFrom(world, { address: '127.4.0.1' }, '/v1/auth/forgot-password', { email: person.email });
  for (let n = 0; n < 5; n += 1) {
    await world.moveClock(n * 61_000);
    expect((await ask()).status).toBe(202);
  }
  const mails = world.mails(person.email).length;
  const token = mailedToken(world, person.email, 'reset-password');
  const reset = () => postFrom(world, home, '/v1/auth/reset-password', { token, newPassword: 'at long last' });
  await world.moveClock(20 * 60 * minute);
  expect((await reset()).code).toBe('invalid_token');
  expect((await ask()).status).toBe(202);
  expect(world.mails(person.email)).toHaveLength(mails);
  expect((await reset()).status).toBe(200);
  expect((await ask()).status).toBe(202);
  expect((await reset()).code).toBe('invalid_token');
  await world.moveClock(0);
});

test('every login is in the log of changes, refused ones too, without address or name in the clear', async () => {
  const person = await registerUser(world, 'Logged Person');
  const unknown = nobody();
  const began = await world.sql('select count(*)::integer as n from audit_log');
  await login(home, person.email);
  await login(home, unknown);
  await login(home, person.email, password);
  const rows = await world.sql(
    `select table_name, row_id, subject_id, actor, new_values, ip_sealed is not null as has_ip, a::text as whole from audit_log a
     where table_name in ('login.refused', 'user_sessions') order by id offset 0`,
  );
  const mine = rows.slice(-3);
  expect(Number(began[0]?.n)).toBeGreaterThan(0);
  expect(mine).toMatchObject([
    {
      table_name: 'login.refused',
      row_id: person.id,
      subject_id: person.id,
      actor: 'public',
      new_values: { reason: 'invalid_credentials' },
      has_ip: true,
    },
    {
      table_name: 'login.refused',
      row_id: null,
      subject_id: null,
      new_values: { reason: 'invalid_credentials' },
      has_ip: false,
    },
    { table_name: 'user_sessions', subject_id: person.id, has_ip: true },
  ]);
  for (const { whole } of mine) {
    expect(whole).not.toContain(person.email);
    expect(whole).not.toContain(unknown);
  }
});

test('what is counted of addresses is forgotten after a day, and tells no address', async () => {
  const email = nobody();
  await login({ address: '127.0.5.1' }, email);
  const kept = JSON.stringify(await world.sql('select * from auth_attempts'));
  expect(kept).not.toContain(email);
  expect(kept).not.toContain('127.0.5.1');
  await world.moveClock(50 * 60 * 60 * 1_000 + 72 * 60 * minute);
  await world.tick('sweep');
  expect(await world.sql('select 1 from auth_attempts')).toEqual([]);
  await world.moveClock(0);
});
