/** What an administrator takes back is taken back wholly: an unlocked account is open, a kept one is kept. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Deletion } from '../../../shared/me/shapes.ts';
import { postFrom } from '../../support/from-address.ts';
import { addMember, createProject, login, type Person, password, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';
import { personOf } from './staff.ts';

let world: World;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  admin = await personOf(world, 'Alma Admin', 'admin');
});
afterAll(async () => {
  await world.moveClock(0);
  await world.close();
});

const DAY_MS = 86_400_000;
const asAdmin = (method: string, path: string, json?: object) =>
  world.call(method, path, { token: admin.token, ...(json !== undefined && { json }) });

async function runSchedules(days: number): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await world.moveClock(days * DAY_MS + round * 11 * 60_000);
    await world.tick('keepAccounts');
  }
  await world.moveClock(0);
}

const membersOf = async (projectId: string) =>
  (await world.sql('select user_id from project_collaborators where project_id = $1', [projectId])).length;

test('who is let in again is not erased, and nobody leaves their projects', async () => {
  const [owner, friend] = [await registerUser(world, 'Kept Owner'), await registerUser(world, 'Kept Friend')];
  const project = await createProject(world, owner);
  await addMember(world, project.id, friend, 'editor');
  const json = { deleteProjects: [project.id] };
  expect((await world.call('POST', '/v1/me/deletion', { token: owner.token, json })).status).toBe(202);
  expect((await asAdmin('POST', `/v1/admin/users/${owner.id}/reactivate`)).status).toBe(200);
  await runSchedules(15);
  expect(await membersOf(project.id)).toBe(2);
  await login(world, owner.email);
});

test('who was to be deleted, was let in again, and asks later has the whole grace time', async () => {
  const person = await registerUser(world, 'Second Thoughts');
  expect((await asAdmin('DELETE', `/v1/admin/users/${person.id}`)).status).toBe(200);
  await runSchedules(1);
  expect((await asAdmin('POST', `/v1/admin/users/${person.id}/reactivate`)).status).toBe(200);
  await runSchedules(15);
  const { accessToken: token } = await login(world, person.email);
  const asked = await world.call('POST', '/v1/me/deletion', { token, json: {} });
  expect(Date.parse(asked.json(Deletion).dueAt) - Date.now()).toBeGreaterThan(13.9 * DAY_MS);
});

test('who is unlocked can log in at once, from where the failures came too', async () => {
  const person = await registerUser(world, 'Locked Out');
  const from = { address: '127.0.71.1' };
  const tryLogin = (given: string) => postFrom(world, from, '/v1/auth/login', { email: person.email, password: given });
  for (let n = 0; n < 5; n += 1) await tryLogin('not the password');
  expect((await tryLogin(password)).code).toBe('too_many_requests');
  expect((await asAdmin('POST', `/v1/admin/users/${person.id}/unlock`)).status).toBe(200);
  expect((await tryLogin(password)).status).toBe(200);
});

test('the invitations of an administrator end with the office', async () => {
  const former = await personOf(world, 'Former Admin', 'admin');
  const email = 'second.mailbox@example.com';
  const json = { email, role: 'admin' };
  expect((await world.call('POST', '/v1/admin/invitations', { token: former.token, json })).status).toBe(201);
  expect((await asAdmin('PATCH', `/v1/admin/users/${former.id}`, { role: 'user' })).status).toBe(200);
  await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'Me Again' } });
  await world.sql('update users set email_verified_at = now() where email = $1', [email]);
  expect(await world.sql('select role from users where email = $1', [email])).toEqual([{ role: 'user' }]);
});

test('the invitations of an owner who is deactivated make nobody a member', async () => {
  const [owner, ally] = [await registerUser(world, 'Deactivated Owner'), await registerUser(world, 'Waiting Ally')];
  const project = await createProject(world, owner);
  const invited = await world.call('POST', `/v1/projects/${project.id}/invitations`, {
    token: owner.token,
    json: { email: ally.email, role: 'owner' },
  });
  expect([invited.status, invited.text]).toEqual([201, invited.text]);
  const token = /\/invitations\/([\w-]{43})\s/.exec(world.mails(ally.email)[0]?.text ?? '')?.[1];
  const reason = { reason: 'Sold the account' };
  expect((await asAdmin('POST', `/v1/admin/users/${owner.id}/deactivate`, reason)).status).toBe(200);
  const accepted = await world.call('POST', '/v1/invitations/accept', { token: ally.token, json: { token } });
  expect([accepted.status, accepted.code]).toEqual([400, 'invalid_token']);
});
