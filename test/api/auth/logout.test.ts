import { afterAll, beforeAll, expect, test } from 'vitest';
import { login, type Person, registerUser } from '../../support/people.ts';
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
