import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rotateKeys } from '../../../shared/auth/rotate-keys.ts';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { login, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeEach(() => world.moveClock(0));
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

test('a lost answer is given again for a minute, also once the gateway has given up after half of one', async () => {
  const first = await registerUser(world, 'Has A Tunnel');
  const lost = (await refresh(first.refreshToken, 'refresh-lost')).json(Tokens);
  await world.moveClock(58_000);
  const again = (await refresh(first.refreshToken)).json(Tokens);
  expect(again.refreshToken).toBe(lost.refreshToken);
  // Asking again begins no new minute.
  await world.moveClock(62_000);
  expect((await refresh(first.refreshToken)).code).toBe('invalid_refresh_token');
  expect(await isAlive(again.accessToken)).toBe(false);
});

test('a token that comes again after a minute is stolen: the session ends for both', async () => {
  const first = await login(world, ada.email);
  const second = (await refresh(first.refreshToken)).json(Tokens);
  await world.moveClock(61_000);
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
  expect(world.mails(ada.email)[0]?.subject).toBe('A session was ended: its token was used twice');
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

describe('what we never issued ends nothing', () => {
  const garbage = 'A'.repeat(43);
  test.each<[string, (mine: string[], others: string[]) => string[]]>([
    ['a made-up secret', ([session = '']) => [session, garbage]],
    ['a made-up secret with a made-up mark', ([session = '']) => [session, garbage, garbage]],
    ['a made-up secret with the mark of the true one', ([session = '', , mark = '']) => [session, garbage, mark]],
    ['a token of another session under this one’s id', ([session = ''], [, ...theirs]) => [session, ...theirs]],
  ])('%s', async (_, forge) => {
    const robber = await registerUser(world, 'Eve Robber');
    const mine = await login(world, ada.email);
    const theirs = robber.refreshToken.split('.');
    for (const current of [mine, (await refresh(mine.refreshToken)).json(Tokens)]) {
      const forged = forge(current.refreshToken.split('.'), theirs).join('.');
      expect((await refresh(forged)).code).toBe('invalid_refresh_token');
      expect(await isAlive(current.accessToken)).toBe(true);
    }
    expect(
      await world.sql(`select 1 from user_sessions where revoked_because like '%replayed' and user_id = $1`, [
        robber.id,
      ]),
    ).toEqual([]);
    expect(await isAlive(robber.token)).toBe(true);
  });

  test('nor is its person told of it', async () => {
    const person = await registerUser(world, 'Undisturbed Person');
    const [session] = person.refreshToken.split('.');
    for (let n = 0; n < 5; n += 1) await refresh(`${session}.${String(n).repeat(43)}`);
    await world.tick('sweep');
    expect(world.mails(person.email).map(({ subject }) => subject)).toEqual(['Verify your e-mail address']);
    expect((await refresh(person.refreshToken)).status).toBe(200);
  });
});

describe('a token from before there were marks', () => {
  const unmarked = (token: string) => token.split('.').slice(0, 2).join('.');

  test('is good for its successor, again within a minute, and is followed by marked ones', async () => {
    const first = await login(world, ada.email);
    const second = (await refresh(unmarked(first.refreshToken))).json(Tokens);
    expect((await refresh(unmarked(first.refreshToken))).json(Tokens).refreshToken).toBe(second.refreshToken);
    expect(second.refreshToken.split('.')).toHaveLength(3);
    expect((await refresh(second.refreshToken)).status).toBe(200);
  });

  test('that comes again later ends its session', async () => {
    const first = await login(world, ada.email);
    const second = (await refresh(unmarked(first.refreshToken))).json(Tokens);
    await world.moveClock(61_000);
    expect((await refresh(unmarked(first.refreshToken))).code).toBe('invalid_refresh_token');
    expect(await isAlive(second.accessToken)).toBe(false);
    await world.moveClock(0);
  });

  test('is so far back known to nobody: it is refused, and ends nothing', async () => {
    const first = await login(world, ada.email);
    const second = (await refresh(first.refreshToken)).json(Tokens);
    const third = (await refresh(second.refreshToken)).json(Tokens);
    expect((await refresh(unmarked(first.refreshToken))).code).toBe('invalid_refresh_token');
    expect(await isAlive(third.accessToken)).toBe(true);
    expect((await refresh(first.refreshToken)).code).toBe('invalid_refresh_token');
    expect(await isAlive(third.accessToken)).toBe(false);
  });
});

test('a mark goes on being ours when the keys are rotated; keys that somebody knows mark nothing, and nobody is sent away', async () => {
  const rotated = await login(world, ada.email);
  const next = (await refresh(rotated.refreshToken)).json(Tokens);
  await rotateKeys('now', Date.now());
  await rotateKeys('now', Date.now() + 3 * 3600_000);
  const third = (await refresh(next.refreshToken)).json(Tokens);
  expect((await refresh(rotated.refreshToken)).code).toBe('invalid_refresh_token');
  expect(await isAlive(third.accessToken)).toBe(false);

  const known = await login(world, ada.email);
  const after = (await refresh(known.refreshToken)).json(Tokens);
  await rotateKeys('compromised');
  const fresh = (await refresh(after.refreshToken)).json(Tokens);
  expect((await refresh(known.refreshToken)).code).toBe('invalid_refresh_token');
  expect(await isAlive(fresh.accessToken)).toBe(true);
});

test('a repeated Idempotency-Key is told that it is done', async () => {
  const { refreshToken } = await login(world, ada.email);
  expect((await refresh(refreshToken, 'refresh-1')).status).toBe(200);
  const again = await refresh(refreshToken, 'refresh-1');
  expect([again.status, again.code]).toEqual([409, 'already_done']);
});
