import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { login, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

const refresh = (refreshToken: string, idempotencyKey?: string) =>
  world.call('POST', '/v1/auth/refresh', {
    json: { refreshToken },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
const isAlive = async (token: string) => (await world.call('GET', '/v1/me', { token })).status === 200;

test('answers a new pair; the session goes on', async () => {
  const first = await login(world, ada.email);
  const second = (await refresh(first.refreshToken)).json(Tokens);
  expect(second.refreshToken).not.toBe(first.refreshToken);
  expect(await isAlive(second.accessToken)).toBe(true);
  const third = (await refresh(second.refreshToken)).json(Tokens);
  expect(await isAlive(third.accessToken)).toBe(true);
});

test('two tabs that refresh at once get the same successor', async () => {
  const { refreshToken } = await login(world, ada.email);
  const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refreshToken)));
  const successors = new Set(answers.map((answer) => answer.json(Tokens).refreshToken));
  expect(successors.size).toBe(1);
});

test('a token that comes again after 20 seconds is stolen: the session ends for both', async () => {
  const first = await login(world, ada.email);
  const second = (await refresh(first.refreshToken)).json(Tokens);
  await world.moveClock(21_000);
  const replay = await refresh(first.refreshToken);
  expect([replay.status, replay.code]).toEqual([401, 'invalid_refresh_token']);
  expect((await refresh(second.refreshToken)).code).toBe('invalid_refresh_token');
  expect(await isAlive(second.accessToken)).toBe(false);
  const told = await world.sql(
    `select n.payload ->> 'sessionId' = s.id::text as fits from notifications n join user_sessions s on s.user_id = n.user_id
     where n.kind = 'session.replayed' and s.revoked_because = 'refresh token replayed' and n.user_id = $1`,
    [ada.id],
  );
  expect(told).toEqual([{ fits: true }]);
  await world.tick('sweep');
  expect(world.mails(ada.email)[0]?.subject).toBe('A session was ended: its key was used twice');
  expect(world.mails(ada.email)[0]?.text).not.toContain('http');
  await world.moveClock(0);
});

test('a token from before the last one ends the session at once, also within the grace time', async () => {
  const first = await login(world, ada.email);
  const second = (await refresh(first.refreshToken)).json(Tokens);
  const third = (await refresh(second.refreshToken)).json(Tokens);
  expect((await refresh(first.refreshToken)).code).toBe('invalid_refresh_token');
  expect(await isAlive(third.accessToken)).toBe(false);
});

test('another session stays untouched when one ends', async () => {
  const stolen = await login(world, ada.email);
  const other = await login(world, ada.email);
  await refresh((await refresh(stolen.refreshToken)).json(Tokens).refreshToken);
  await refresh(stolen.refreshToken);
  expect(await isAlive(stolen.accessToken)).toBe(false);
  expect(await isAlive(other.accessToken)).toBe(true);
});

test('a session that is used ends after 30 days; one that is not, after 14', async () => {
  const day = 24 * 3600_000;
  const [used, idle] = [await login(world, ada.email), await login(world, ada.email)];
  await world.moveClock(13 * day);
  const second = (await refresh(used.refreshToken)).json(Tokens);
  await world.moveClock(14 * day + 1_000);
  expect((await refresh(idle.refreshToken)).code).toBe('invalid_refresh_token');
  const third = (await refresh(second.refreshToken)).json(Tokens);
  await world.moveClock(27 * day);
  const last = (await refresh(third.refreshToken)).json(Tokens);
  await world.moveClock(30 * day + 1_000);
  expect((await refresh(last.refreshToken)).code).toBe('invalid_refresh_token');
  await world.moveClock(0);
});

test('a session ends after 30 days', async () => {
  const { refreshToken } = await login(world, ada.email);
  await world.moveClock(30 * 24 * 3600_000 + 1_000);
  expect((await refresh(refreshToken)).code).toBe('invalid_refresh_token');
  await world.moveClock(0);
});

test('what is no refresh token is refused', async () => {
  const { accessToken, refreshToken } = await login(world, ada.email);
  const [session] = refreshToken.split('.');
  for (const token of ['', 'phr_', accessToken, `${session}.${'A'.repeat(42)}`, refreshToken.replace('phr_', '')]) {
    expect((await refresh(token)).code).toBe('invalid_refresh_token');
  }
});

test('a guessed secret of a known session ends it: nobody guesses twice', async () => {
  const { accessToken, refreshToken } = await login(world, ada.email);
  const [session] = refreshToken.split('.');
  expect((await refresh(`${session}.${'A'.repeat(43)}`)).code).toBe('invalid_refresh_token');
  expect(await isAlive(accessToken)).toBe(false);
});

test('a repeated Idempotency-Key is told that it is done', async () => {
  const { refreshToken } = await login(world, ada.email);
  expect((await refresh(refreshToken, 'refresh-1')).status).toBe(200);
  const again = await refresh(refreshToken, 'refresh-1');
  expect([again.status, again.code]).toEqual([409, 'already_done']);
});
