/** Whoever ends sessions gets rid of who was in them, and of what they began there. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Tokens } from '../../shared/auth/shapes.ts';
import { addApp, codeOf, ticketFor } from '../support/factors.ts';
import { login, mailedToken, type Person, registerUser } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await registerUser(world, 'Alma Admin');
  await world.sql(`update users set role = 'admin' where id = $1`, [admin.id]);
});
afterAll(() => world.close());

type Session = { readonly token: string; readonly refreshToken: string };
const post = (path: string, { token }: Session, json?: object) =>
  world.call('POST', path, { token, ...(json !== undefined && { json }) });
const end = (path: string, { token }: Session) => world.call('DELETE', path, { token });

/** Somebody who is in with the victim's password asks for an address of their own. */
async function askForNewAddress(session: Session): Promise<string> {
  const email = `thief.${randomUUID().slice(0, 8)}@example.com`;
  expect((await post('/v1/auth/change-email', session, { email })).status).toBe(202);
  return mailedToken(world, email);
}
async function intrude(victim: Person): Promise<{ thief: Session; link: string }> {
  const { accessToken: token, refreshToken } = await login(world, victim.email);
  const thief = { token, refreshToken };
  return { thief, link: await askForNewAddress(thief) };
}
const verify = async (token: string) => (await world.call('POST', '/v1/auth/verify-email', { json: { token } })).code;
const addressOf = async ({ id }: Person) => (await world.sql('select email from users where id = $1', [id]))[0]?.email;
const Sessions = z.looseObject({ data: z.array(z.looseObject({ id: z.uuid(), current: z.boolean() })) });
async function strangeSession({ token }: Person): Promise<string> {
  const { data } = (await world.call('GET', '/v1/auth/sessions', { token })).json(Sessions);
  return data.find(({ current }) => !current)?.id ?? '';
}

test.each<[string, (victim: Person, thief: Session) => Promise<{ status: number }>]>([
  ['who ends all other sessions', (victim) => end('/v1/auth/sessions', victim)],
  ['who ends all, the own one too', (victim) => end('/v1/auth/sessions?keepCurrent=false', victim)],
  ['who ends the strange one', async (victim) => end(`/v1/auth/sessions/${await strangeSession(victim)}`, victim)],
  [
    'who ends all others once the stranger has logged out',
    async (victim, thief) => {
      expect((await post('/v1/auth/logout', thief)).status).toBe(204);
      return end('/v1/auth/sessions', victim);
    },
  ],
  ['whom an administrator signs out', ({ id }) => post(`/v1/admin/users/${id}/sign-out`, admin)],
  [
    'who was deactivated meanwhile and is back',
    async ({ id }) => {
      const reason = { reason: 'Somebody is in there' };
      expect((await post(`/v1/admin/users/${id}/deactivate`, admin, reason)).status).toBe(200);
      return post(`/v1/admin/users/${id}/reactivate`, admin);
    },
  ],
])('somebody %s keeps the address that a thief wanted to change', async (_, signOut) => {
  const victim = await registerUser(world, 'Vera Victim');
  const { thief, link } = await intrude(victim);
  expect((await signOut(victim, thief)).status).toBeLessThan(300);
  expect(await verify(link)).toBe('invalid_token');
  expect(await addressOf(victim)).toBe(victim.email);
});

test('so does somebody whose stolen token came to light', async () => {
  const victim = await registerUser(world, 'Rita Replayed');
  const refresh = (refreshToken: string) => world.call('POST', '/v1/auth/refresh', { json: { refreshToken } });
  const first = (await refresh(victim.refreshToken)).json(Tokens);
  const link = await askForNewAddress({ token: first.accessToken, refreshToken: first.refreshToken });
  expect((await refresh(first.refreshToken)).status).toBe(200);
  expect((await refresh(victim.refreshToken)).code).toBe('invalid_refresh_token');
  expect(await verify(link)).toBe('invalid_token');
});

test('who logs out while the link is on its way moves all the same', async () => {
  const person = await registerUser(world, 'Mona Moving');
  const link = await askForNewAddress(person);
  expect((await post('/v1/auth/logout', person)).status).toBe(204);
  expect(await verify(link)).toBeNull();
});

test('the end of somebody’s sessions calls off nothing of anybody else', async () => {
  const [person, other] = [await registerUser(world, 'Mona Moving'), await registerUser(world, 'Otto Other')];
  const link = await askForNewAddress(person);
  await login(world, other.email);
  expect((await end('/v1/auth/sessions', other)).status).toBe(204);
  expect(await verify(link)).toBeNull();
});

test('a login that still owes the second factor ends with all others', async () => {
  const person = await registerUser(world, 'Tilda Ticket');
  const app = await addApp(world, person);
  const ticket = await ticketFor(world, person);
  expect((await end('/v1/auth/sessions', person)).status).toBe(204);
  const json = { ticket, code: await codeOf(world, app) };
  expect((await world.call('POST', '/v1/auth/login/second-factor', { json })).code).toBe('invalid_token');
});
