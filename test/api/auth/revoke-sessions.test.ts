import { afterAll, beforeAll, expect, test } from 'vitest';
import { login, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const isAlive = async (token: string) => (await world.call('GET', '/v1/me', { token })).status === 200;

test('ends all others with their next request, or this one too, and nobody else’s', async () => {
  const [person, other] = [await registerUser(world, 'Many Devices'), await registerUser(world, 'Other Person')];
  const phone = await login(world, person.email);
  const end = (query = '') => world.call('DELETE', `/v1/auth/sessions${query}`, { token: person.token });
  expect((await end()).status).toBe(204);
  expect([await isAlive(person.token), await isAlive(phone.accessToken)]).toEqual([true, false]);
  const refreshed = await world.call('POST', '/v1/auth/refresh', { json: { refreshToken: phone.refreshToken } });
  expect(refreshed.code).toBe('invalid_refresh_token');
  expect((await end()).status).toBe(204);
  expect((await end('?keepCurrent=perhaps')).pointers).toEqual(['/query/keepCurrent']);
  expect((await end('?keepCurrent=false')).status).toBe(204);
  expect(await isAlive(person.token)).toBe(false);
  expect(await isAlive(other.token)).toBe(true);
});
