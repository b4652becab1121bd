import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiKey, NewApiKey } from '../../../shared/api-keys/shapes.ts';
import { isApiKey } from '../../../shared/auth/api-key.ts';
import { hashToken } from '../../../shared/auth/tokens.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { Project } from '../../../shared/projects/shapes.ts';
import { addMember, type Cast, castOf, createProject, type Person, registerUser } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
let projectId: string;
beforeAll(async () => {
  world = await openWorld();
  cast = await castOf(world);
});
beforeEach(async () => {
  projectId = (await createProject(world, cast.owner)).id;
});
afterAll(() => world.close());

const path = () => `/v1/projects/${projectId}/api-keys`;
const create = (json: object = {}, person = cast.owner) =>
  world.call('POST', path(), { token: person.token, json: { name: 'Build', scopes: ['projects:read'], ...json } });
const list = (query = '', person = cast.owner) => world.call('GET', path() + query, { token: person.token });
const get = (id: string, person = cast.owner) => world.call('GET', `${path()}/${id}`, { token: person.token });
const change = (id: string, json: unknown, headers = {}, person = cast.owner) =>
  world.call('PATCH', `${path()}/${id}`, { token: person.token, json, headers });
const revoke = (id: string, headers = {}, person = cast.owner) =>
  world.call('DELETE', `${path()}/${id}`, { token: person.token, headers });
const rotate = (id: string, json: object = {}, person = cast.owner) =>
  world.call('POST', `${path()}/${id}/rotate`, { token: person.token, json });
const page = pageOf(ApiKey);
const made = async (json: object = {}, person = cast.owner) => {
  const answer = await create(json, person);
  expect(answer.status, answer.text).toBe(201);
  return answer.json(NewApiKey);
};
const project = (key: string, id = projectId) => world.call('GET', `/v1/projects/${id}`, { token: key });
const rename = (key: string) =>
  world.call('PATCH', `/v1/projects/${projectId}`, { token: key, json: { description: 'k' } });
const stateOf = async (id: string) => (await get(id)).json(ApiKey).state;

describe('a new key', () => {
  test('is shown once, and recognised by its prefix from then on', async () => {
    const answer = await create({ name: '  Build server ', scopes: ['posts:write', 'media:read', 'posts:write'] });
    const { apiKey, key } = answer.json(NewApiKey);
    expect(isApiKey(key)).toBe(true);
    expect(key.startsWith(apiKey.prefix)).toBe(true);
    expect(apiKey).toMatchObject({
      projectId,
      name: 'Build server',
      scopes: ['media:read', 'posts:write'],
      state: 'active',
      createdBy: cast.owner.id,
      createdByName: 'Olivia Owner',
      expiresAt: null,
      lastUsedAt: null,
      version: 1,
    });
    const shown = [await get(apiKey.id), await list()];
    expect(shown[0]?.json(ApiKey)).toEqual(apiKey);
    expect(shown[1]?.json(page).data).toEqual([apiKey]);
    for (const { text } of shown) expect(text).not.toMatch(new RegExp(`${key}|${hashToken(key)}|hash`, 'i'));
    const rows = await world.sql('select * from api_keys where id = $1', [apiKey.id]);
    expect(JSON.stringify(rows)).not.toContain(key);
    expect(rows[0]?.key_hash).toBe(hashToken(key));
  });

  test('is not shown again to a repeated request, nor made a second time', async () => {
    const json = { name: 'Once', scopes: ['posts:read'] };
    const send = () => world.call('POST', path(), { token: cast.owner.token, json, idempotencyKey: 'one-key' });
    expect((await send()).status).toBe(201);
    const again = await send();
    expect([again.status, again.code]).toEqual([409, 'already_done']);
    expect((await list()).json(page).data).toHaveLength(1);
    const stored = await world.sql(`select answer from idempotency_keys where key = 'one-key'`);
    expect(JSON.stringify(stored)).not.toContain('phk_');
  });

  test('needs a name, scopes that there are, and a session that has proven itself', async () => {
    const bad = await create({ name: '', scopes: ['posts:delete'], expiresInDays: 0, isTest: true });
    expect(bad.pointers.toSorted()).toEqual(['/body/expiresInDays', '/body/isTest', '/body/name', '/body/scopes/0']);
    expect((await create({ scopes: [] })).pointers).toEqual(['/body/scopes']);
    const elevate = (by: string) =>
      world.sql('update user_sessions set elevated_until = now() + $2::interval where user_id = $1', [
        cast.owner.id,
        by,
      ]);
    const { apiKey } = await made();
    await elevate('-1 second');
    for (const answer of [await create(), await rotate(apiKey.id)]) {
      expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
    }
    await elevate('1 hour');
  });

  test('is one of at most 50, also of 20 that are made at once', async () => {
    const { apiKey } = await made();
    await world.sql(
      `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes)
       select $1, $2, 'k', gen_random_uuid(), gen_random_uuid(), '{posts:read}' from generate_series(1, 44)`,
      [projectId, cast.owner.id],
    );
    const answers = await Promise.all(Array.from({ length: 20 }, () => create()));
    const codes = answers.map(({ status, code }) => code ?? status);
    expect(codes.filter((code) => code === 201)).toHaveLength(5);
    expect(codes.filter((code) => code === 'limit_reached')).toHaveLength(15);
    // A rotation is no key more; a revoked one makes way.
    const rotated = await rotate(apiKey.id);
    expect(rotated.status).toBe(201);
    expect((await create()).code).toBe('limit_reached');
    await revoke(rotated.json(NewApiKey).apiKey.id);
    expect((await create()).status).toBe(201);
  });
});

describe.each(['editor', 'approver', 'reviewer', 'viewer'])('a member who is %s', (role) => {
  test('makes no key and sees none', async () => {
    await addMember(world, projectId, cast.viewer, role);
    const { apiKey } = await made();
    const answers = [
      await create({}, cast.viewer),
      await list('', cast.viewer),
      await get(apiKey.id, cast.viewer),
      await change(apiKey.id, { name: 'Mine' }, {}, cast.viewer),
      await rotate(apiKey.id, {}, cast.viewer),
      await revoke(apiKey.id, {}, cast.viewer),
    ];
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [403, 'forbidden']));
    expect(await stateOf(apiKey.id)).toBe('active');
  });
});

test('a stranger is told of nothing, nor is an owner through another project', async () => {
  const { apiKey } = await made();
  const everything = async (person: Person) => [
    await get(apiKey.id, person),
    await change(apiKey.id, { name: 'Mine' }, {}, person),
    await rotate(apiKey.id, {}, person),
    await revoke(apiKey.id, {}, person),
  ];
  const strangers = [
    await create({}, cast.stranger),
    await list('', cast.stranger),
    ...(await everything(cast.stranger)),
  ];
  expect(strangers.map(({ status, code }) => [status, code])).toEqual(strangers.map(() => [404, 'not_found']));
  const home = projectId;
  projectId = (await createProject(world, cast.owner)).id;
  for (const { code } of await everything(cast.owner)) expect(code).toBe('not_found');
  projectId = home;
  expect(await stateOf(apiKey.id)).toBe('active');
});

test('the list pages, newest first', async () => {
  expect((await list()).json(page)).toEqual({ data: [], nextCursor: null });
  const ids = [];
  for (const name of ['a', 'b', 'c']) ids.push((await made({ name })).apiKey.id);
  const first = (await list('?limit=2')).json(page);
  const second = (await list(`?limit=2&cursor=${first.nextCursor}`)).json(page);
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids.toReversed());
  expect(second.nextCursor).toBe(null);
});

describe('a key is changed', () => {
  test('in name, and in scopes only to fewer', async () => {
    const { apiKey, key } = await made({ scopes: ['projects:read', 'projects:write'] });
    expect((await rename(key)).status).toBe(200);
    const narrow = (await change(apiKey.id, { name: 'Reads', scopes: ['projects:read'] })).json(ApiKey);
    expect(narrow).toMatchObject({ name: 'Reads', scopes: ['projects:read'], version: 2 });
    expect((await rename(key)).code).toBe('scope_missing');
    expect((await project(key)).status).toBe(200);
    const wider = await change(apiKey.id, { name: 'Mightier', scopes: ['projects:read', 'projects:write'] });
    expect([wider.status, wider.code, wider.pointers]).toEqual([422, 'invalid_request', ['/body/scopes']]);
    expect((await get(apiKey.id)).json(ApiKey)).toMatchObject({ name: 'Reads', scopes: ['projects:read'] });
  });

  test('not by who has not seen the last change, and not once it is dead', async () => {
    const { apiKey } = await made();
    const etag = (await get(apiKey.id)).headers.get('etag') ?? '';
    await change(apiKey.id, { name: 'New' });
    for (const late of [
      await change(apiKey.id, { name: 'Late' }, { 'if-match': etag }),
      await revoke(apiKey.id, { 'if-match': etag }),
    ]) {
      expect([late.status, late.code]).toEqual([412, 'stale']);
    }
    await revoke(apiKey.id);
    const dead = await change(apiKey.id, { name: 'Dead' });
    expect([dead.status, dead.code]).toEqual([409, 'wrong_state']);
    expect((await rotate(apiKey.id)).code).toBe('wrong_state');
  });

  test('and being used is no change of it', async () => {
    const { apiKey, key } = await made();
    const etag = (await get(apiKey.id)).headers.get('etag') ?? '';
    expect((await project(key)).status).toBe(200);
    const used = (await get(apiKey.id)).json(ApiKey);
    expect(used.lastUsedAt).not.toBe(null);
    expect(used.version).toBe(1);
    expect((await change(apiKey.id, { name: 'Same' }, { 'if-match': etag })).status).toBe(200);
  });
});

describe('a rotation', () => {
  test('gives a new key of the same kind; both work for the overlap', async () => {
    const old = await made({ name: 'CI', scopes: ['projects:read'], expiresInDays: 30 });
    const fresh = (await rotate(old.apiKey.id, { overlapS: 3_600 })).json(NewApiKey);
    expect(fresh.key).not.toBe(old.key);
    expect(fresh.apiKey).toMatchObject({ name: 'CI', scopes: ['projects:read'], state: 'active' });
    expect(fresh.apiKey.expiresAt).toBe(old.apiKey.expiresAt);
    expect((await get(old.apiKey.id)).json(ApiKey)).toMatchObject({ state: 'replaced', replacedBy: fresh.apiKey.id });
    for (const key of [old.key, fresh.key]) expect((await project(key)).status).toBe(200);
    await world.moveClock(3_601_000);
    expect((await project(old.key)).code).toBe('unauthenticated');
    expect((await project(fresh.key)).status).toBe(200);
    expect(await stateOf(old.apiKey.id)).toBe('expired');
    await world.moveClock(0);
  });

  test('without an overlap ends the old one at once, and happens once', async () => {
    const old = await made();
    const answers = await Promise.all([1, 2, 3].map(() => rotate(old.apiKey.id, { overlapS: 0 })));
    expect(answers.map(({ status, code }) => code ?? status).toSorted()).toEqual([201, 'wrong_state', 'wrong_state']);
    expect((await project(old.key)).code).toBe('unauthenticated');
    expect(await stateOf(old.apiKey.id)).toBe('revoked');
  });
});

describe('a key is dead', () => {
  test('once revoked, for good', async () => {
    const { apiKey, key } = await made();
    expect((await project(key)).json(Project).id).toBe(projectId);
    expect((await revoke(apiKey.id)).status).toBe(204);
    expect((await project(key)).code).toBe('unauthenticated');
    expect((await revoke(apiKey.id)).status).toBe(204);
    expect(await stateOf(apiKey.id)).toBe('revoked');
    const revive = world.sql('update api_keys set revoked_at = null where id = $1', [apiKey.id]);
    await expect(revive).rejects.toMatchObject({ code: 'PH013' });
  });

  test('once expired', async () => {
    const { apiKey, key } = await made({ expiresInDays: 1 });
    expect((await project(key)).status).toBe(200);
    await world.moveClock(86_401_000);
    expect((await project(key)).code).toBe('unauthenticated');
    expect(await stateOf(apiKey.id)).toBe('expired');
    await world.moveClock(0);
  });

  test('once its creator is sent away, and stays so when they come back', async () => {
    await addMember(world, projectId, cast.viewer, 'owner');
    const { apiKey, key } = await made({}, cast.viewer);
    expect((await project(key)).status).toBe(200);
    await world.call('DELETE', `/v1/projects/${projectId}/members/${cast.viewer.id}`, { token: cast.owner.token });
    expect((await project(key)).code).toBe('unauthenticated');
    expect(await stateOf(apiKey.id)).toBe('revoked');
    await addMember(world, projectId, cast.viewer, 'owner');
    expect((await project(key)).code).toBe('unauthenticated');
  });

  test('while its creator is deactivated', async () => {
    const maker = await registerUser(world, 'Max Maker');
    await addMember(world, projectId, maker, 'owner');
    const { apiKey, key } = await made({}, maker);
    await world.sql(`update users set status = 'deactivated' where id = $1`, [maker.id]);
    expect((await project(key)).code).toBe('unauthenticated');
    expect(await stateOf(apiKey.id)).toBe('suspended');
  });

  test('once its project is deleted', async () => {
    const { key } = await made();
    await world.call('DELETE', `/v1/projects/${projectId}`, { token: cast.owner.token });
    expect((await project(key)).code).toBe('unauthenticated');
  });
});

describe('a key that lives', () => {
  test('may what its creator may, and no more', async () => {
    await addMember(world, projectId, cast.viewer, 'owner');
    const { key } = await made({ scopes: ['projects:write'] }, cast.viewer);
    expect((await rename(key)).status).toBe(200);
    const demote = { token: cast.owner.token, json: { role: 'viewer' } };
    await world.call('PATCH', `/v1/projects/${projectId}/members/${cast.viewer.id}`, demote);
    expect((await rename(key)).code).toBe('forbidden');
    expect((await project(key)).status).toBe(200);
  });

  test('sees no other project, not even of its creator', async () => {
    const { key } = await made({ scopes: ['projects:write'] });
    const other = (await createProject(world, cast.owner)).id;
    expect((await project(key, other)).code).toBe('not_found');
    const all = await world.call('GET', '/v1/projects', { token: key });
    expect(all.json(pageOf(Project)).data.map(({ id }) => id)).toEqual([projectId]);
  });

  test('hands out no rights: members, invitations and keys are persons’ business', async () => {
    const { apiKey, key } = await made({ scopes: ['projects:write'] });
    const root = `/v1/projects/${projectId}`;
    const answers = await Promise.all([
      world.call('GET', `${root}/members`, { token: key }),
      world.call('POST', `${root}/invitations`, { token: key, json: { email: 'a@example.com', role: 'owner' } }),
      world.call('POST', `${root}/api-keys`, { token: key, json: { name: 'More', scopes: ['posts:write'] } }),
      world.call('POST', `${root}/api-keys/${apiKey.id}/rotate`, { token: key }),
      world.call('POST', `${root}/transfer`, { token: key, json: { userId: cast.stranger.id } }),
      world.call('POST', `${root}/leave`, { token: key }),
      world.call('DELETE', root, { token: key }),
      world.call('POST', '/v1/projects', { token: key, json: { name: 'Mine' } }),
    ]);
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [403, 'session_needed']));
  });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
