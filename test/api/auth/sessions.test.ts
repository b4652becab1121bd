import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Session } from '../../../shared/sessions/shapes.ts';
import { login, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let ada: Person;
beforeAll(async () => {
  world = await openWorld();
  ada = await registerUser(world);
});
afterAll(() => world.close());

const page = z.object({ data: z.array(Session), nextCursor: z.string().nullable() });
const me = (token: string) => world.call('GET', '/v1/me', { token });
async function sessionsOf(token: string) {
  return (await world.call('GET', '/v1/auth/sessions', { token })).json(page).data;
}

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

test('lists what is logged in, and marks the session that asks', async () => {
  const person = await registerUser(world, 'Many Devices');
  await login(world, person.email);
  const sessions = await sessionsOf(person.token);
  expect(sessions).toHaveLength(2);
  expect(sessions.filter(({ current }) => current)).toHaveLength(1);
  expect(sessions.every(({ ip }) => ip === '127.0.0.1')).toBe(true);
});

test('pages through the list', async () => {
  const person = await registerUser(world, 'Paging Person');
  for (let count = 0; count < 2; count += 1) await login(world, person.email);
  const first = (await world.call('GET', '/v1/auth/sessions?limit=2', { token: person.token })).json(page);
  expect(first.data).toHaveLength(2);
  const path = `/v1/auth/sessions?limit=2&cursor=${first.nextCursor}`;
  const second = (await world.call('GET', path, { token: person.token })).json(page);
  expect(second.data).toHaveLength(1);
  expect(second.nextCursor).toBe(null);
  expect(new Set([...first.data, ...second.data].map(({ id }) => id)).size).toBe(3);
  const bad = await world.call('GET', '/v1/auth/sessions?cursor=nonsense', { token: person.token });
  expect([bad.status, bad.code]).toEqual([422, 'invalid_cursor']);
});

test('a revoked session ends with its next request', async () => {
  const stolen = await login(world, ada.email);
  const stolenId = (await sessionsOf(stolen.accessToken)).find(({ current }) => current)?.id;
  const revoke = () => world.call('DELETE', `/v1/auth/sessions/${stolenId}`, { token: ada.token });
  expect((await revoke()).status).toBe(204);
  expect((await me(stolen.accessToken)).code).toBe('unauthenticated');
  expect((await revoke()).code).toBe('not_found');
});

test("a stranger's session is answered like a missing one, and goes on", async () => {
  const eve = await registerUser(world, 'Eve Stranger');
  const [session] = await sessionsOf(ada.token);
  const answer = await world.call('DELETE', `/v1/auth/sessions/${session?.id}`, { token: eve.token });
  expect([answer.status, answer.code]).toEqual([404, 'not_found']);
  expect((await me(ada.token)).status).toBe(200);
});
