/** What a thief of a password or a session has begun ends when its person takes the account back. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addApp, codeOf, ticketFor } from '../support/factors.ts';
import { postFrom } from '../support/from-address.ts';
import { addMember, createProject, mailedToken, type Person, password, registerUser } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const newPassword = 'nine brown hens in a barn';
const changePassword = ({ token }: Person) =>
  world.call('POST', '/v1/auth/change-password', { token, json: { currentPassword: password, newPassword } });

/** By a stolen session, while it may. */
async function askForNewAddress({ token }: Person): Promise<string> {
  const email = `thief.${randomUUID().slice(0, 8)}@example.com`;
  expect((await world.call('POST', '/v1/auth/change-email', { token, json: { email } })).status).toBe(202);
  return mailedToken(world, email);
}

const verify = async (token: string) => {
  const answer = await world.call('POST', '/v1/auth/verify-email', { json: { token } });
  return [answer.status, answer.code];
};

test('a new password calls off a change of the address', async () => {
  const person = await registerUser(world, 'Vera Victim');
  const link = await askForNewAddress(person);
  expect((await changePassword(person)).status).toBe(204);
  expect(await verify(link)).toEqual([400, 'invalid_token']);
});

test('so does an administrator who demands one', async () => {
  const [person, admin] = [await registerUser(world, 'Viktor Victim'), await registerUser(world, 'Alma Admin')];
  await world.sql(`update users set role = 'admin' where id = $1`, [admin.id]);
  const link = await askForNewAddress(person);
  const demanded = await world.call('POST', `/v1/admin/users/${person.id}/reset-password`, { token: admin.token });
  expect(demanded.status).toBe(202);
  expect(await verify(link)).toEqual([400, 'invalid_token']);
});

test('a login that was begun with the old password is not finished', async () => {
  const person = await registerUser(world, 'Tilda Ticket');
  const app = await addApp(world, person);
  const ticket = await ticketFor(world, person);
  expect((await changePassword(person)).status).toBe(204);
  const json = { ticket, code: await codeOf(world, app) };
  const finished = await world.call('POST', '/v1/auth/login/second-factor', { json });
  expect([finished.status, finished.code]).toEqual([400, 'invalid_token']);
});

test.each<[string, string, object | undefined]>([
  ['signs them out everywhere', 'sign-out', undefined],
  ['demands a new password', 'reset-password', undefined],
  ['deactivates them, also once they are back', 'deactivate', { reason: 'On leave' }],
])('nor one that was under way when an administrator %s', async (_, action, json) => {
  const [person, admin] = [await registerUser(world, 'Tomma Ticket'), await registerUser(world, 'Alma Admin')];
  await world.sql(`update users set role = 'admin' where id = $1`, [admin.id]);
  const app = await addApp(world, person);
  const ticket = await ticketFor(world, person);
  const [bystander, other] = [await registerUser(world, 'Benno Bystander'), { ticket: '', app }];
  other.app = await addApp(world, bystander);
  other.ticket = await ticketFor(world, bystander);
  const asAdmin = (what: string, body?: object) =>
    world.call('POST', `/v1/admin/users/${person.id}/${what}`, { token: admin.token, json: body });
  expect((await asAdmin(action, json)).status).toBeLessThan(300);
  if (action === 'deactivate') expect((await asAdmin('reactivate')).status).toBe(200);
  const show = async (of: typeof other) =>
    world.call('POST', '/v1/auth/login/second-factor', {
      json: { ticket: of.ticket, code: await codeOf(world, of.app) },
    });
  const finished = await show({ ticket, app });
  expect([finished.status, finished.code]).toEqual([400, 'invalid_token']);
  expect((await show(other)).status).toBe(200);
});

test('a login with the old password, at the moment of the reset, opens nothing that outlives it', async () => {
  const person = await registerUser(world, 'Rita Race');
  const reset = await world.database.connect();
  await reset.query('begin');
  await reset.query(`update users set password_hash = 'another' where id = $1`, [person.id]);
  const login = world.call('POST', '/v1/auth/login', { json: { email: person.email, password } });
  await waiting();
  await reset.query('commit');
  await reset.end();
  expect((await login).code).toBe('invalid_credentials');
});

test('whoever takes an account back hears of the ways in that somebody may have left behind', async () => {
  const person = await registerUser(world, 'Petra Prepared');
  const mailed = async () => {
    await world.tick('sweep');
    const [mail] = world.mails(person.email).filter(({ subject }) => subject === 'Your password was changed');
    return mail?.text ?? '';
  };
  expect((await changePassword(person)).status).toBe(204);
  expect(await mailed()).not.toContain('Still active');
  const project = await createProject(world, person);
  const json = { name: 'Left behind', scopes: ['posts:read'] };
  const key = await world.call('POST', `/v1/projects/${project.id}/api-keys`, { token: person.token, json });
  expect(key.status).toBe(201);
  await addApp(world, person);
  await world.sql(
    `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed) values ('elsewhere', 'Elsewhere', 'https://id.example', 'c', 's')`,
  );
  await world.sql(`insert into user_identities (user_id, provider, subject) values ($1, 'elsewhere', 'thief')`, [
    person.id,
  ]);
  await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
  const token = mailedToken(world, person.email, 'reset-password');
  const reset = await world.call('POST', '/v1/auth/reset-password', { json: { token, newPassword: password } });
  expect(reset.status).toBe(200);
  const text = await mailed();
  for (const left of ['signing in with Elsewhere', 'authenticator apps: 1', 'your API keys: 1'])
    expect(text).toContain(left);
  expect(text).not.toContain('http');
});

test('who is sent away while inviting invites nobody', async () => {
  const [owner, gone] = [await registerUser(world, 'Olivia Owner'), await registerUser(world, 'Gone Owner')];
  const project = await createProject(world, owner);
  await addMember(world, project.id, gone, 'owner');
  const removal = await world.database.connect();
  await removal.query('begin');
  await removal.query('select from projects where id = $1 for no key update', [project.id]);
  await removal.query('delete from project_collaborators where project_id = $1 and user_id = $2', [
    project.id,
    gone.id,
  ]);
  const json = { email: `ally.${randomUUID().slice(0, 8)}@example.com`, role: 'owner' };
  const invited = world.call('POST', `/v1/projects/${project.id}/invitations`, { token: gone.token, json });
  await waiting();
  await removal.query('commit');
  await removal.end();
  expect((await invited).code).toBe('not_found');
});

test('whoever has read the mail gets in, however many others guess meanwhile', async () => {
  const person = await registerUser(world, 'Besieged Person');
  const guess = (n: number) =>
    postFrom(world, { address: `127.0.90.${n}` }, '/v1/auth/login', { email: person.email, password: 'a guess' });
  const home = { address: '127.0.91.1' };
  const siege = async () => {
    for (let n = 1; n <= 31; n += 1) await guess(n);
  };
  await siege();
  await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
  const token = mailedToken(world, person.email, 'reset-password');
  expect((await postFrom(world, home, '/v1/auth/reset-password', { token, newPassword })).status).toBe(200);
  await siege();
  const login = await postFrom(world, home, '/v1/auth/login', { email: person.email, password: newPassword });
  expect([login.status, login.code]).toEqual([200, null]);
});

/** Until a statement waits for another's lock. */
async function waiting(): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    const [row] = await world.sql(
      `select count(*)::integer as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (row?.n !== 0) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('nothing waits');
}
