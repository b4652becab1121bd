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
