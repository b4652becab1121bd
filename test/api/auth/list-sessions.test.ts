import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Tokens } from '../../../shared/auth/shapes.ts';
import { Session } from '../../../shared/sessions/shapes.ts';
import { postFrom } from '../../support/from-address.ts';
import { login, password, registerUser } from '../../support/people.ts';
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

test('shows from where and by what a session was used last, beside its login', async () => {
  const person = await registerUser(world, 'Has Been Robbed');
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const refresh = async (refreshToken: string, from: string, userAgent: string) =>
    Tokens.parse((await postFrom(world, { address: from, userAgent }, '/v1/auth/refresh', { refreshToken })).body);
  const opened = await postFrom(world, { address: '127.0.4.1', userAgent: firefox }, '/v1/auth/login', {
    email: person.email,
    password,
  });
  const first = Tokens.parse(opened.body);
  const ownOf = async (token: string) => (await sessionsOf(token)).find(({ current }) => current);
  const home = { device: { name: 'Firefox', system: 'Linux', kind: 'desktop' }, userAgent: firefox, ip: '127.0.4.1' };
  const usedBy = ({ device, userAgent, ip }: Pick<z.output<typeof Session>, 'device' | 'userAgent' | 'ip'>) => ({
    lastDevice: device,
    lastUserAgent: userAgent,
    lastIp: ip,
  });
  expect(await ownOf(first.accessToken)).toMatchObject({ ...home, ...usedBy(home) });

  // In a train: the network is another one, the device is not.
  const second = await refresh(first.refreshToken, '127.0.4.2', firefox);
  expect(await ownOf(second.accessToken)).toMatchObject({ ...home, ...usedBy({ ...home, ip: '127.0.4.2' }) });
  const changes = () =>
    world.sql(
      `select id from audit_log where table_name = 'user_sessions' and user_id is null and subject_id = $1
         and new_values ? 'last_device'`,
      [person.id],
    );
  expect(await changes()).toEqual([]);

  const third = await refresh(second.refreshToken, '127.0.77.5', 'curl/8.1 thief');
  const thief = { device: { name: 'curl', system: null, kind: null }, userAgent: 'curl/8.1 thief', ip: '127.0.77.5' };
  expect(await ownOf(third.accessToken)).toMatchObject({ ...home, ...usedBy(thief) });
  expect(await changes()).toHaveLength(1);

  const fourth = await refresh(third.refreshToken, '127.0.4.1', firefox);
  expect(await ownOf(fourth.accessToken)).toMatchObject({ ...home, ...usedBy(home) });
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
