/** People change what others see of them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MyProfile } from '../../../shared/me/shapes.ts';
import type { CallOptions } from '../../support/call.ts';
import { type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
let eve: Person;
beforeAll(async () => {
  world = await openWorld();
  [ada, eve] = [await registerUser(world), await registerUser(world, 'Eve')];
});
afterAll(() => world.close());

const me = async (who = ada) => (await world.call('GET', '/v1/me', { token: who.token })).json(MyProfile);
const change = (json: unknown, options: CallOptions = {}, who = ada) =>
  world.call('PATCH', '/v1/me', { token: who.token, json, ...options });

test('what is given changes, null takes away, and the rest stays', async () => {
  expect(await me()).toMatchObject({
    emailVerified: true,
    mfaEnabled: false,
    deletion: null,
    avatar: null,
    username: null,
  });
  const full = { username: 'Ada.L', givenName: 'Ada', familyName: 'Lovelace', bio: 'First line\nsecond' };
  const answer = await change(full);
  expect([answer.status, answer.code]).toEqual([200, null]);
  expect(answer.json(MyProfile)).toMatchObject({ ...full, username: 'ada.l', displayName: 'Ada Lovelace' });
  expect((await change({ displayName: ' Countess ', bio: null })).json(MyProfile)).toMatchObject({
    ...{ displayName: 'Countess', bio: null, givenName: 'Ada', username: 'ada.l' },
  });
  expect(await me()).toMatchObject({ displayName: 'Countess', bio: null });
  expect(await me(eve)).toMatchObject({ displayName: 'Eve', username: null });
});

test('a user name is one person’s, however it is written, and free again when it is given up', async () => {
  await change({ username: 'countess' });
  const taken = await change({ username: 'CountEss' }, {}, eve);
  expect([taken.status, taken.code]).toEqual([409, 'username_taken']);
  expect((await me(eve)).username).toBeNull();
  // A dot more on a letter that has one is not seen.
  await change({ username: 'dmitri' });
  expect((await change({ username: 'dmi\u0307tri' }, {}, eve)).code).toBe('username_taken');
  await change({ username: 'countess' });
  expect((await change({ username: null })).status).toBe(200);
  expect((await change({ username: 'countess' }, {}, eve)).status).toBe(200);
});

test.each([
  [{ displayName: '' }, '/body/displayName'],
  [{ displayName: null }, '/body/displayName'],
  [{ displayName: 'two\nlines' }, '/body/displayName'],
  [{ username: 'a' }, '/body/username'],
  [{ username: 'admin' }, '/body/username'],
  [{ username: 'dave\ufe0frfox' }, '/body/username'],
  [{ username: 'dave\u034frfox' }, '/body/username'],
  [{ username: 'dave\u180brfox' }, '/body/username'],
  [{ displayName: '\u200b' }, '/body/displayName'],
  [{ displayName: '\u3164' }, '/body/displayName'],
  [{ givenName: '\u2800' }, '/body/givenName'],
  [{ bio: 'x'.repeat(2001) }, '/body/bio'],
  [{ bio: 'bell \u0007' }, '/body/bio'],
  [{ role: 'admin' }, '/body/role'],
  [{ email: 'new@example.com' }, '/body/email'],
  [{ status: 'active', version: 9 }, '/body/status'],
])('%j is refused at its place', async (json, pointer) => {
  const before = await me();
  const answer = await change(json);
  expect([answer.status, answer.code, answer.pointers?.[0]]).toEqual([422, 'invalid_request', pointer]);
  expect(await me()).toEqual(before);
});

test('who changes what somebody changed meanwhile is told', async () => {
  const read = await world.call('GET', '/v1/me', { token: ada.token });
  const headers = { 'if-match': read.headers.get('etag') ?? '' };
  expect((await change({ givenName: 'One' }, { headers })).status).toBe(200);
  const late = await change({ givenName: 'Two' }, { headers });
  expect([late.status, late.code]).toEqual([412, 'stale']);
  expect((await me()).givenName).toBe('One');
});

test('a login is no change of the profile', async () => {
  const { version } = await me();
  await world.call('POST', '/v1/auth/login', { json: { email: ada.email, password: ada.password } });
  expect((await me()).version).toBe(version);
});
