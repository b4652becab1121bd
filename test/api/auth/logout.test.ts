import { afterAll, beforeAll, expect, test } from 'vitest';
import { login, type Person, registerUser } from '../../support/people.ts';
import { eventually } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

const me = (token: string) => world.call('GET', '/v1/me', { token });

test('logging out ends the session with its next request, and no other one', async () => {
  const phone = await login(world, ada.email);
  const laptop = await login(world, ada.email);
  const answer = await world.call('POST', '/v1/auth/logout', { token: phone.accessToken });
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await me(phone.accessToken)).code).toBe('unauthenticated');
  const refreshed = await world.call('POST', '/v1/auth/refresh', { json: { refreshToken: phone.refreshToken } });
  expect(refreshed.code).toBe('invalid_refresh_token');
  expect((await me(laptop.accessToken)).status).toBe(200);
});

test('a logout that waited for another one finds nothing to end', async () => {
  const { accessToken } = await login(world, ada.email);
  const claims: { sid: string } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
  const other = await world.database.connect();
  await other.query('begin');
  await other.query('update user_sessions set revoked_at = app.now() where id = $1', [claims.sid]);
  const answer = world.call('POST', '/v1/auth/logout', { token: accessToken });
  // It has seen its session alive, and waits for the row.
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(
    () => world.sql(waiting),
    (rows) => rows.length > 0,
  );
  await other.query('commit');
  await other.end();
  expect([(await answer).status, (await answer).code]).toEqual([404, 'not_found']);
});
