/**
 * What a first attempt leaves under its Idempotency-Key: one that was refused leaves nothing, so the same key may succeed later;
 * one that was committed and never answered is answered when it comes again. And what is a key, and what is the same request.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { addApp, codeOf, ticketFor } from '../support/factors.ts';
import { postFrom } from '../support/from-address.ts';
import { createProject, login, mailedToken, type Person, password, registerUser } from '../support/people.ts';
import { rawRequest } from '../support/raw.ts';
import { invitedToken } from '../support/samples/invitations.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let ada: Person;
let key: string;
beforeAll(async () => {
  world = await openWorld();
});
beforeEach(async () => {
  world.faults.clear();
  await world.sql('delete from auth_attempts');
  ada = await registerUser(world);
  key = randomUUID();
});
afterAll(() => world.close());

const made = z.looseObject({ id: z.string() });
const post = (path: string, json: unknown, token?: string) =>
  world.call('POST', path, { json, idempotencyKey: key, ...(token !== undefined && { token }) });
const makeProject = (name = key, token = ada.token) => post('/v1/projects', { name }, token);
const projects = async () => (await world.sql('select name from projects where created_by = $1', [ada.id])).length;
const kept = async () => (await world.sql('select 1 from idempotency_keys where key = $1', [key])).length;

/** The second answer is the first success, and so is the third. */
async function succeedsOnce(send: () => ReturnType<World['call']>) {
  const second = await send();
  expect([second.status, second.code]).toEqual([201, null]);
  expect((await send()).json(made).id).toBe(second.json(made).id);
  expect(await projects()).toBe(1);
}

describe('the same key succeeds after', () => {
  test('too many requests', async () => {
    const [{ max } = {}] = await world.sql(`select max_requests as max from rate_limits where class = 'write'`);
    await world.sql(`update rate_limits set max_requests = 1 where class = 'write'`);
    await world.sql(
      `insert into rate_counters (caller, class, window_start, count, expires_at)
       select 'user:' || $1, class, to_timestamp((floor(extract(epoch from app.now()) / window_s) + w) * window_s), 1, app.now() + interval '1 day'
       from rate_limits, generate_series(0, 1) w where class = 'write'`,
      [ada.id],
    );
    expect((await makeProject()).code).toBe('too_many_requests');
    expect(await kept()).toBe(0);
    await world.sql(`update rate_limits set max_requests = $1 where class = 'write'`, [max]);
    await succeedsOnce(makeProject);
  });

  test('a quota that was used up', async () => {
    await world.sql(`update quotas set most = 0 where scope = 'user' and name = 'projects'`);
    expect((await makeProject()).code).toBe('quota_exceeded');
    expect(await kept()).toBe(0);
    await world.sql(`update quotas set most = null where scope = 'user' and name = 'projects'`);
    await succeedsOnce(makeProject);
  });

  test('a session that had ended', async () => {
    await world.call('POST', '/v1/auth/logout', { token: ada.token });
    expect((await makeProject()).code).toBe('unauthenticated');
    expect(await kept()).toBe(0);
    const { accessToken } = await login(world, ada.email);
    await succeedsOnce(() => makeProject(key, accessToken));
  });

  test('a body that was wrong, with the right one', async () => {
    expect((await makeProject('')).code).toBe('invalid_request');
    expect(await kept()).toBe(0);
    await succeedsOnce(makeProject);
  });

  test('a name that was taken', async () => {
    const { id } = await createProject(world, ada, key);
    expect((await makeProject()).code).toBe('name_taken');
    expect(await kept()).toBe(0);
    await world.sql('delete from projects where id = $1', [id]);
    await succeedsOnce(makeProject);
  });

  test('a wrong password', async () => {
    const tryIt = (given: string) => post('/v1/auth/login', { email: ada.email, password: given });
    expect((await tryIt('not this one')).code).toBe('invalid_credentials');
    expect((await tryIt(password)).status).toBe(200);
    expect((await tryIt(password)).code).toBe('already_done');
  });

  test('a wrong code, of the second factor, of an enrolment and of a proof', async () => {
    const app = await addApp(world, ada);
    const ticket = await ticketFor(world, ada);
    const show = async (code: string) => post('/v1/auth/login/second-factor', { ticket, code });
    expect((await show(await codeOf(world, app, 20))).code).toBe('wrong_code');
    expect(await kept()).toBe(0);
    const code = await codeOf(world, app);
    expect((await show(code)).status).toBe(200);
    expect((await show(code)).code).toBe('already_done');

    const step = (given: string) => post('/v1/auth/step-up', { code: given }, ada.token);
    expect((await step(await codeOf(world, app, 20))).code).toBe('wrong_code');
    const next = await codeOf(world, app, 1);
    const proven = await step(next);
    expect(proven.status).toBe(200);
    expect((await step(next)).text).toBe(proven.text);

    const { id, secret } = (await world.call('POST', '/v1/auth/factors', { token: ada.token, json: {} })).json(
      z.object({ id: z.string(), secret: z.string() }).loose(),
    );
    const confirm = (given: string) => post(`/v1/auth/factors/${id}/confirm`, { code: given }, ada.token);
    expect((await confirm(await codeOf(world, { secret }, 20))).code).toBe('wrong_code');
    const right = await codeOf(world, { secret });
    expect((await confirm(right)).status).toBe(200);
    expect((await confirm(right)).code).toBe('already_done');
  });

  test('a database that went away before the session was opened: no code is lost, one session comes of it', async () => {
    const app = await addApp(world, ada);
    const body = { ticket: await ticketFor(world, ada), code: await codeOf(world, app) };
    const sessions = async () => (await world.sql('select 1 from user_sessions where user_id = $1', [ada.id])).length;
    const before = await sessions();
    world.faults.arm({
      point: 'data-api:useTicket:before',
      action: 'error',
      error: 'DatabaseUnavailableException',
      times: 1_000,
    });
    expect((await post('/v1/auth/login/second-factor', body)).code).toBe('database_unavailable');
    world.faults.clear();
    expect((await post('/v1/auth/login/second-factor', body)).status).toBe(200);
    expect(await sessions()).toBe(before + 1);
  });
});

describe('committed and never answered, the same key gets the answer', () => {
  const address = () => `${randomUUID()}@example.com`;
  const verification = async () => {
    const email = address();
    await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'New' } });
    return { token: mailedToken(world, email) };
  };
  const reset = async () => {
    await world.call('POST', '/v1/auth/forgot-password', { json: { email: ada.email } });
    return { token: mailedToken(world, ada.email, 'reset-password'), newPassword: 'a password for later' };
  };
  const invitation = async () => {
    const owner = await registerUser(world, 'Olivia Owner');
    const { id } = await createProject(world, owner);
    const json = { email: ada.email, role: 'editor' };
    await world.call('POST', `/v1/projects/${id}/invitations`, { token: owner.token, json });
    return { token: invitedToken(world, ada.email) };
  };
  const registration = async () => ({ email: address(), password, displayName: 'New' });

  test.each([
    { path: '/v1/auth/verify-email', statement: 'verifyEmail', body: verification, without: 'invalid_token' },
    { path: '/v1/auth/reset-password', statement: 'resetPassword', body: reset, without: 'invalid_token' },
    { path: '/v1/invitations/accept', statement: 'acceptInvitation', body: invitation, isPerson: true, without: null },
    { path: '/v1/invitations/decline', statement: 'declineInvitation', body: invitation, without: null },
    { path: '/v1/auth/register', statement: 'registerUser', body: registration, without: null },
  ])('$statement', async ({ path, statement, body, isPerson, without }) => {
    const json = await body();
    const send = () => post(path, json, isPerson ? ada.token : undefined);
    world.faults.arm({ point: `data-api:${statement}:after`, action: 'drop', times: 1_000 });
    expect((await send()).code).toBe('database_unavailable');
    world.faults.clear();
    const second = await send();
    expect(second.code).toBeNull();
    expect((await send()).text).toBe(second.text);
    expect(await kept()).toBe(1);
    // Without the key it is another request, and hears how things are.
    const plain = await world.call('POST', path, { json, ...(isPerson && { token: ada.token }) });
    if (without !== null) expect(plain.code).toBe(without);
    if (statement === 'registerUser') {
      expect(await world.sql('select 1 from users where email = $1', [Object(json).email])).toHaveLength(1);
    }
  });

  test('also where the answer is lost once on the way: the caller hears nothing of it', async () => {
    world.faults.arm({ point: 'data-api:verifyEmail:after', action: 'drop' });
    const answer = await post('/v1/auth/verify-email', await verification());
    expect([answer.status, answer.text]).toEqual([200, '{"status":"verified"}']);
  });
});

describe('a key', () => {
  const raw = (headers: Record<string, string | string[]>, method = 'POST', path = '/v1/auth/forgot-password') =>
    rawRequest(world.origin, method, path, { 'content-type': 'application/json', ...headers });

  test('is one: a field that comes twice is refused, whatever it says', async () => {
    for (const twice of [
      [key, key],
      [key, 'another'],
      [key, ''],
    ]) {
      const answer = await raw({ 'idempotency-key': twice });
      expect([answer.status, answer.problem().code]).toEqual([422, 'invalid_request']);
    }
  });

  test.each(['', ' ', 'x'.repeat(256), 'a b', 'a,b', 'sch\u00fcssel', 'caf\u00e9'])('is not %j', async (bad) => {
    const answer = await raw({ 'idempotency-key': bad });
    expect([answer.status, answer.problem().code]).toEqual([422, 'invalid_request']);
  });

  test.each(['x'.repeat(255), '"quoted"', "'or'1'='1--", '{"a":1}', '%2C', 'null'])('may be %j', async (good) => {
    const send = () => postFrom(world, { address: '127.0.0.1', idempotencyKey: good }, '/v1/projects', {});
    expect((await send()).status).toBe(401);
    const json = { name: randomUUID() };
    const project = () => world.call('POST', '/v1/projects', { token: ada.token, json, idempotencyKey: good });
    const first = await project();
    expect(first.status).toBe(201);
    expect((await project()).text).toBe(first.text);
  });

  test('in capitals is another key', async () => {
    key = `abc-${key}`;
    expect((await makeProject('one')).status).toBe(201);
    key = key.toUpperCase();
    expect((await makeProject('two')).status).toBe(201);
  });

  test('says nothing on other methods: what is asked is done each time', async () => {
    const { id } = (await makeProject()).json(made);
    const call = (method: string, path: string, json?: unknown) =>
      world.call(method, path, { token: ada.token, idempotencyKey: key, ...(json !== undefined && { json }) });
    for (const name of ['first', 'second']) {
      const answer = await call('PATCH', `/v1/projects/${id}`, { name });
      expect([answer.status, JSON.parse(answer.text).name]).toEqual([200, name]);
      expect(JSON.parse((await call('GET', `/v1/projects/${id}`)).text).name).toBe(name);
    }
    expect((await call('DELETE', `/v1/projects/${id}`)).code).toBeNull();
    expect((await call('DELETE', `/v1/projects/${id}`)).code).toBe('not_found');
  });
});

describe('the same request', () => {
  const send = (text: string, contentType = 'application/json', path = '/v1/projects') =>
    world.call('POST', path, {
      token: ada.token,
      text,
      idempotencyKey: key,
      headers: { 'content-type': contentType },
    });

  test('is the same whatever its content type says besides JSON', async () => {
    const first = await send('{"name":"a"}');
    expect(first.status).toBe(201);
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])
      expect((await send('{"name":"a"}', type)).text).toBe(first.text);
    expect((await send('{"name":"a"}', 'text/plain')).code).toBe('unsupported_media_type');
  });

  test.each([
    '{"name": "a"}',
    '{"name":"a"} ',
    '{"name":"\\u0061"}',
    '{"name":"a","description":null}',
    '{"name":"b"}',
  ])('is the same bytes, and this is another: %s', async (other) => {
    expect((await send('{"name":"a"}')).status).toBe(201);
    expect(['idempotency_mismatch', 'invalid_request']).toContain((await send(other)).code);
    expect(await projects()).toBe(1);
  });

  test('has no other query: a field that nobody declared is refused as ever', async () => {
    expect((await send('{"name":"a"}')).status).toBe(201);
    expect((await send('{"name":"a"}', undefined, '/v1/projects?x=1')).code).toBe('invalid_request');
  });

  test('of another thing in the path is another request', async () => {
    const ids = [(await createProject(world, ada)).id, (await createProject(world, ada)).id];
    for (const id of ids) {
      const answer = await post(`/v1/projects/${id}/api-keys`, { name: 'Build', scopes: ['posts:read'] }, ada.token);
      expect([answer.status, answer.code]).toEqual([201, null]);
    }
    expect(await kept()).toBe(2);
  });
});
