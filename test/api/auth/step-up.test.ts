/** A session that was left open does nothing dangerous until it is proven to be its person's. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { addApp, codeOf } from '../../support/factors.ts';
import { login, type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
});
beforeEach(async () => {
  await world.moveClock(0);
  ada = await registerUser(world);
});
afterAll(() => world.close());

const stepUp = (json: unknown, token = ada.token) => world.call('POST', '/v1/auth/step-up', { token, json });
/** One of the doors that want it. */
const dangerous = async (token = ada.token) =>
  (await world.call('POST', '/v1/auth/factors', { token, json: {} })).code ?? 'done';
const anHourLater = () => world.moveClock(3_600_000);

test('the password lets this session do it for ten minutes, and no other one', async () => {
  const other = await login(world, ada.email);
  await anHourLater();
  expect(await dangerous()).toBe('step_up_needed');
  const answer = await stepUp({ password });
  const { elevatedUntil } = answer.json(z.object({ elevatedUntil: z.string() }));
  const [row] = await world.sql("select $1::timestamptz - app.now() between '9 minutes' and '10 minutes' as ten", [
    elevatedUntil,
  ]);
  expect(row?.ten).toBe(true);
  expect(await dangerous()).toBe('done');
  expect(await dangerous(other.accessToken)).toBe('step_up_needed');
  await world.moveClock(3_600_000 + 601_000);
  expect(await dangerous()).toBe('step_up_needed');
});

test('a wrong password does not, and guesses wait', async () => {
  await anHourLater();
  for (let guess = 0; guess < 5; guess += 1) {
    const answer = await stepUp({ password: `guess ${guess}` });
    expect([answer.status, answer.code]).toEqual([403, 'wrong_password']);
  }
  const right = await stepUp({ password });
  expect([right.status, right.code]).toEqual([429, 'too_many_requests']);
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await dangerous()).toBe('step_up_needed');
});

test('the right password forgets the wrong ones', async () => {
  for (let round = 0; round < 2; round += 1) {
    for (let guess = 0; guess < 4; guess += 1)
      expect((await stepUp({ password: 'a guess' })).code).toBe('wrong_password');
    expect((await stepUp({ password })).status).toBe(200);
  }
});

test('guesses of one session hold up no other one, nor a login', async () => {
  const other = await login(world, ada.email);
  for (let guess = 0; guess < 6; guess += 1) await stepUp({ password: 'a guess' });
  expect((await stepUp({ password })).code).toBe('too_many_requests');
  expect((await stepUp({ password }, other.accessToken)).status).toBe(200);
  await login(world, ada.email);
});

test('whoever has a second factor shows that one: the password is not enough', async () => {
  const app = await addApp(world, ada);
  await anHourLater();
  const byPassword = await stepUp({ password });
  expect([byPassword.status, byPassword.code]).toEqual([403, 'second_factor_needed']);
  expect(await dangerous()).toBe('step_up_needed');
  const code = await codeOf(world, app);
  expect((await stepUp({ code })).status).toBe(200);
  expect(await dangerous()).toBe('done');
  expect((await stepUp({ code })).code).toBe('wrong_code');
});

test('a recovery code does too, once', async () => {
  const { recoveryCodes } = await addApp(world, ada);
  await anHourLater();
  expect((await stepUp({ recoveryCode: recoveryCodes[0] })).status).toBe(200);
  expect(await dangerous()).toBe('done');
  expect((await stepUp({ recoveryCode: recoveryCodes[0] })).code).toBe('wrong_code');
});

test('guesses at a code wait like those of a login, and with them', async () => {
  const app = await addApp(world, ada);
  for (let guess = 0; guess < 5; guess += 1) await stepUp({ code: await codeOf(world, app, 20 + guess) });
  expect((await stepUp({ code: await codeOf(world, app) })).code).toBe('too_many_requests');
});

test('who has no second factor has no codes either', async () => {
  for (const proof of [{ code: '123456' }, { recoveryCode: 'abcd-abcd-abcd-abcd' }])
    expect((await stepUp(proof)).code).toBe('wrong_code');
});

test('one proof is shown at a time', async () => {
  for (const given of [{}, { password, code: '123456' }]) {
    const answer = await stepUp(given);
    expect([answer.status, answer.pointers]).toEqual([422, ['/body']]);
  }
});

test('a repeat gets the first answer, and another password is another request', async () => {
  const send = (given: string) =>
    world.call('POST', '/v1/auth/step-up', {
      token: ada.token,
      json: { password: given },
      idempotencyKey: 'step-up-1',
    });
  const first = await send(password);
  expect(first.status).toBe(200);
  expect((await send(password)).text).toBe(first.text);
  expect((await send(`${password}!`)).code).toBe('idempotency_mismatch');
  const [kept] = await world.sql(`select body_hash from idempotency_keys where key = 'step-up-1'`);
  const fast = createHash('sha256').update(JSON.stringify({ password })).digest('base64url');
  expect(String(kept?.body_hash)).not.toBe(fast);
});

test('a code proves once, and its repeat is answered also when the code is no longer good', async () => {
  const app = await addApp(world, ada);
  const code = await codeOf(world, app);
  const send = () =>
    world.call('POST', '/v1/auth/step-up', { token: ada.token, json: { code }, idempotencyKey: 'step-up-2' });
  const first = await send();
  expect(first.status).toBe(200);
  await anHourLater();
  expect((await send()).text).toBe(first.text);
  expect(await dangerous()).toBe('step_up_needed');
  expect((await stepUp({ code })).code).toBe('wrong_code');
});
