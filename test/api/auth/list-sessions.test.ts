import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Session } from '../../../shared/sessions/shapes.ts';
import { login, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const page = z.object({ data: z.array(Session), nextCursor: z.string().nullable() });
async function sessionsOf(token: string) {
  return (await world.call('GET', '/v1/auth/sessions', { token })).json(page).data;
}

/** What the client of these tests calls itself. */
const agent = { name: 'node', system: null, kind: null };

test('lists what is logged in, and marks the session that asks', async () => {
  const person = await registerUser(world, 'Many Devices');
  await login(world, person.email);
  const sessions = await sessionsOf(person.token);
  expect(sessions).toHaveLength(2);
  expect(sessions.filter(({ current }) => current)).toHaveLength(1);
  expect(sessions.every(({ ip }) => ip === '127.0.0.1')).toBe(true);
  expect(sessions.map(({ device }) => device)).toEqual([agent, agent]);
  const left = (at: string) => Math.round((Date.parse(at) - Date.now()) / 86_400_000);
  expect(sessions.map(({ expiresAt }) => left(expiresAt))).toEqual([14, 14]);
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
