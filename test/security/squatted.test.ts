/** Whoever writes down an address before its owner keeps nothing of it, whichever way the owner comes. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAdmin } from '../../infra/tools/admin/create.ts';
import { NewApiKey } from '../../shared/api-keys/shapes.ts';
import { Tokens } from '../../shared/auth/shapes.ts';
import { hashToken, randomToken } from '../../shared/auth/tokens.ts';
import { Me } from '../../shared/users/shapes.ts';
import { startDataApi, type TestDataApi } from '../support/data-api.ts';
import { addApp } from '../support/factors.ts';
import { createProject, mailedToken, type Person, registerUser } from '../support/people.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let api: TestDataApi;
let admin: Person;
beforeAll(async () => {
  world = await openWorld();
  api = await startDataApi(world.database);
  admin = await registerUser(world, 'Alma Admin');
  await world.sql(`update users set role = 'admin' where id = $1`, [admin.id]);
});
afterAll(async () => {
  await world.moveClock(0);
  await api.close();
  await world.close();
});

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const theirs = { password: 'chosen by a squatter', displayName: 'Sid Squatter' };
const mine = { password: 'my own seven words', displayName: 'Olga Owner' };
const address = () => `owner.${randomUUID().slice(0, 8)}@example.com`;

async function register(email: string, who: typeof mine & { readonly invitationToken?: string }): Promise<string> {
  expect((await world.call('POST', '/v1/auth/register', { json: { email, ...who } })).status).toBe(202);
  return mailedToken(world, email);
}
const verify = async (token: string) => (await world.call('POST', '/v1/auth/verify-email', { json: { token } })).code;
const login = (email: string, { password }: typeof mine) =>
  world.call('POST', '/v1/auth/login', { json: { email, password } });
const asAdmin = (method: string, path: string, json?: object) =>
  world.call(method, path, { token: admin.token, ...(json !== undefined && { json }) });
async function resend(email: string): Promise<string> {
  expect((await world.call('POST', '/v1/auth/resend-verification', { json: { email } })).status).toBe(202);
  return mailedToken(world, email);
}
async function choose(token: string): Promise<void> {
  const json = { token, newPassword: mine.password };
  expect((await world.call('POST', '/v1/auth/reset-password', { json })).status).toBe(200);
}
async function chooseByMail(email: string): Promise<void> {
  expect((await world.call('POST', '/v1/auth/forgot-password', { json: { email } })).status).toBe(202);
  await choose(mailedToken(world, email, 'reset-password'));
}
const idOf = async (email: string) =>
  String((await world.sql('select id from users where email = $1', [email]))[0]?.id);
/** Who the owner is, once in; the squatter is nobody. */
async function ownerOf(email: string) {
  expect((await login(email, theirs)).code).toBe('invalid_credentials');
  const { accessToken: token } = (await login(email, mine)).json(Tokens);
  const { displayName, role } = (await world.call('GET', '/v1/me', { token })).json(Me);
  return { displayName, role };
}
const nameOf = (email: string) => email.split('@')[0];

describe('an operator who makes an administrator', () => {
  async function make(email: string, name = 'Bo Boss'): Promise<string> {
    const { resourceArn: clusterArn, secretArn } = api.target;
    const target = { client: api.client, clusterArn, secretArn, database: world.database.name };
    const token = randomToken();
    await createAdmin(target, { email, name, tokenHash: hashToken(token), force: true, mailedLink: null });
    return token;
  }

  test('of an address that a stranger registered lets the stranger in nowhere', async () => {
    const email = address();
    const links = [await register(email, theirs), await register(email, theirs)];
    const token = await make(email);
    expect((await login(email, theirs)).code).toBe('invalid_credentials');
    for (const link of links) expect(await verify(link)).toBe('invalid_token');
    expect((await login(email, theirs)).code).toBe('invalid_credentials');
    await choose(token);
    expect(await ownerOf(email)).toEqual({ displayName: 'Bo Boss', role: 'admin' });
  });

  test('of somebody who was deactivated gives the old password no way in', async () => {
    const person = await registerUser(world, 'Hacked Person');
    const reason = { reason: 'A thief has the password' };
    expect((await asAdmin('POST', `/v1/admin/users/${person.id}/deactivate`, reason)).status).toBe(200);
    const token = await make(person.email);
    expect((await login(person.email, person)).code).toBe('invalid_credentials');
    await choose(token);
    expect(await ownerOf(person.email)).toEqual({ displayName: 'Hacked Person', role: 'admin' });
  });

  test('of somebody who was deactivated gives nobody a way in by what was linked before', async () => {
    await world.sql(
      `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed) values ('elsewhere', 'Elsewhere', 'https://id.example', 'c', 's')`,
    );
    const [hacked, trusted] = [await registerUser(world, 'Hacked Person'), await registerUser(world, 'Trusted Person')];
    for (const { id } of [hacked, trusted])
      await world.sql(
        `insert into user_identities (user_id, provider, subject) values ($1::uuid, 'elsewhere', $1::uuid::text)`,
        [id],
      );
    const reason = { reason: 'A thief has linked an identity' };
    expect((await asAdmin('POST', `/v1/admin/users/${hacked.id}/deactivate`, reason)).status).toBe(200);
    for (const { email } of [hacked, trusted]) await make(email);
    const linked = await world.sql('select user_id from user_identities');
    expect(linked).toEqual([{ user_id: trusted.id }]);
  });

  test('of somebody who was deactivated leaves no code, session or key of before, and their projects', async () => {
    const person = await registerUser(world, 'Hacked Person');
    const project = await createProject(world, person);
    await addApp(world, person);
    const json = { name: 'Of a thief', scopes: ['projects:write'] };
    const made = await world.call('POST', `/v1/projects/${project.id}/api-keys`, { token: person.token, json });
    const { key } = made.json(NewApiKey);
    const reset = await world.call('POST', '/v1/auth/forgot-password', { json: { email: person.email } });
    expect([made.status, reset.status]).toEqual([201, 202]);
    const oldLink = mailedToken(world, person.email, 'reset-password');
    const reason = { reason: 'A thief has an app' };
    expect((await asAdmin('POST', `/v1/admin/users/${person.id}/deactivate`, reason)).status).toBe(200);
    await choose(await make(person.email));
    const stolen = { token: oldLink, newPassword: theirs.password };
    expect((await world.call('POST', '/v1/auth/reset-password', { json: stolen })).code).toBe('invalid_token');
    // No second factor is asked for any more.
    const { accessToken } = (await login(person.email, mine)).json(Tokens);
    const seen = (token: string) => world.call('GET', `/v1/projects/${project.id}`, { token });
    const answers = [await seen(accessToken), await seen(key), await seen(person.token)];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401]);
  });

  test('of somebody who asked to be deleted calls that off, and the old password opens nothing', async () => {
    const person = await registerUser(world, 'Leaving Person');
    const asked = await world.call('POST', '/v1/me/deletion', { token: person.token, json: {} });
    expect(asked.status, asked.text).toBe(202);
    const token = await make(person.email);
    expect((await login(person.email, person)).code).toBe('invalid_credentials');
    await choose(token);
    expect((await ownerOf(person.email)).role).toBe('admin');
  });

  test('of somebody who proved the address leaves them their password', async () => {
    const person = await registerUser(world, 'Trusted Person');
    await make(person.email);
    expect((await login(person.email, person)).status).toBe(200);
  });
});

describe('an administrator', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['', async () => undefined],
    [' that was deactivated and let in again', async () => undefined],
  ])('who vouches for a squatted address%s vouches for its owner, not for the squatter', async (how) => {
    const email = address();
    const link = await register(email, theirs);
    const path = `/v1/admin/users/${await idOf(email)}`;
    const steps = how === '' ? ['verify-email'] : ['deactivate', 'verify-email', 'reactivate'];
    for (const step of steps) {
      const answer = await asAdmin('POST', `${path}/${step}`, step === 'deactivate' ? { reason: 'Spam' } : undefined);
      expect([step, answer.status]).toEqual([step, 200]);
    }
    expect((await login(email, theirs)).code).toBe('invalid_credentials');
    expect(await verify(link)).toBe('invalid_token');
    await chooseByMail(email);
    expect(await ownerOf(email)).toEqual({ displayName: nameOf(email), role: 'user' });
  });

  test('who makes a squatted address staff makes its owner staff', async () => {
    const email = address();
    const link = await register(email, theirs);
    expect((await asAdmin('PATCH', `/v1/admin/users/${await idOf(email)}`, { role: 'moderator' })).status).toBe(200);
    expect(await verify(link)).toBe('invalid_token');
    expect(await verify(await resend(email))).toBeNull();
    expect((await login(email, theirs)).code).toBe('invalid_credentials');
    await chooseByMail(email);
    expect(await ownerOf(email)).toEqual({ displayName: nameOf(email), role: 'moderator' });
  });

  test('invites whom they will, although a stranger registered the address', async () => {
    const email = address();
    await register(email, theirs);
    expect((await asAdmin('POST', '/v1/admin/invitations', { email, role: 'moderator' })).status).toBe(201);
    await register(email, { ...mine, invitationToken: invitationTo(email) });
    expect(await verify(mailedToken(world, email))).toBeNull();
    expect(await ownerOf(email)).toEqual({ displayName: mine.displayName, role: 'moderator' });
    expect((await asAdmin('POST', '/v1/admin/invitations', { email })).code).toBe('already_registered');
  });
});

function invitationTo(email: string): string {
  const mail = world.mails(email).find(({ text }) => text?.includes('/join/') === true);
  return /\/join\/([\w-]{43})\s/.exec(mail?.text ?? '')?.[1] ?? '';
}

describe('the owner who asks for another link', () => {
  test('gets one that brings no password of a stranger, also when both links were cleared away long ago', async () => {
    const email = address();
    await register(email, theirs);
    await register(email, mine);
    await world.moveClock(9 * DAY_MS);
    await world.tick('sweep');
    expect(await verify(await resend(email))).toBeNull();
    for (const who of [theirs, mine]) expect((await login(email, who)).code).toBe('invalid_credentials');
    await chooseByMail(email);
    expect(await ownerOf(email)).toEqual({ displayName: nameOf(email), role: 'user' });
    await world.moveClock(0);
  });

  test('by choosing a password takes nothing of the stranger’s, not even the name', async () => {
    const email = address();
    const json = { email, ...theirs, username: `sid.${randomUUID().slice(0, 8)}` };
    expect((await world.call('POST', '/v1/auth/register', { json })).status).toBe(202);
    const link = mailedToken(world, email);
    await chooseByMail(email);
    expect(await verify(link)).toBe('invalid_token');
    expect(await ownerOf(email)).toEqual({ displayName: nameOf(email), role: 'user' });
    expect(await world.sql('select username from users where email = $1', [email])).toEqual([{ username: null }]);
  });

  test.each<[string, boolean, (email: string) => Promise<void>]>([
    ['a link that is sent again', false, async (email) => void expect(await verify(await resend(email))).toBeNull()],
    [
      'the same after a stranger registered too',
      true,
      async (email) => {
        expect(await verify(await resend(email))).toBeNull();
        await chooseByMail(email);
      },
    ],
    ['a new password by mail', true, chooseByMail],
  ])('and was invited as a moderator is one by %s', async (_, isSquatted, prove) => {
    const email = address();
    expect((await asAdmin('POST', '/v1/admin/invitations', { email, role: 'moderator' })).status).toBe(201);
    await register(email, { ...mine, invitationToken: invitationTo(email) });
    if (isSquatted) await register(email, theirs);
    await world.moveClock(25 * HOUR_MS);
    await prove(email);
    await world.moveClock(0);
    expect((await ownerOf(email)).role).toBe('moderator');
    const [invitation] = await world.sql('select accepted_at from user_invitations where email = $1', [email]);
    expect(invitation?.accepted_at).not.toBeNull();
  });

  test('and clicks a stranger’s link by mistake gives the stranger no office', async () => {
    const email = address();
    expect((await asAdmin('POST', '/v1/admin/invitations', { email, role: 'moderator' })).status).toBe(201);
    await register(email, { ...mine, invitationToken: invitationTo(email) });
    expect(await verify(await register(email, theirs))).toBeNull();
    expect(await world.sql('select role from users where email = $1', [email])).toEqual([{ role: 'user' }]);
  });
});

test('somebody who moves to an address that a stranger wrote down gets it, and the stranger nothing', async () => {
  const person = await registerUser(world, 'Moving Person');
  const email = address();
  const link = await register(email, theirs);
  const asked = await world.call('POST', '/v1/auth/change-email', { token: person.token, json: { email } });
  expect([asked.status, world.mails(email)[0]?.subject]).toEqual([202, 'Verify your new e-mail address']);
  // Meanwhile it is written down once more.
  const change = mailedToken(world, email);
  await register(email, theirs);
  expect(await verify(change)).toBeNull();
  expect(await verify(link)).toBe('invalid_token');
  expect((await login(email, theirs)).code).toBe('invalid_credentials');
  expect((await login(email, person)).status).toBe(200);
  expect(await idOf(email)).toBe(person.id);
});

test('an invitation waits for the owner of the address, although a stranger’s registration of it goes', async () => {
  const person = await registerUser(world, 'Invited Person');
  const email = address();
  await register(email, theirs);
  expect((await asAdmin('POST', '/v1/admin/invitations', { email, role: 'creator' })).status).toBe(201);
  expect((await world.call('POST', '/v1/auth/change-email', { token: person.token, json: { email } })).status).toBe(
    202,
  );
  expect(await verify(mailedToken(world, email))).toBeNull();
  expect(await world.sql('select role from users where id = $1', [person.id])).toEqual([{ role: 'creator' }]);
});

test('a link that is used while a stranger registers the address lets its owner in', async () => {
  for (let round = 0; round < 5; round += 1) {
    const email = address();
    const link = await register(email, mine);
    const [code] = await Promise.all([
      verify(link),
      world.call('POST', '/v1/auth/register', { json: { email, ...theirs } }),
    ]);
    expect(code).toBeNull();
    expect(await ownerOf(email)).toEqual({ displayName: mine.displayName, role: 'user' });
  }
});
