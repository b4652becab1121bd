/** Who app.run lets in: keys by scope, project and the life of their maker; sessions that proved themselves lately. */
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addTenant, type Someone } from './seed.ts';

let open: OpenDatabase;
let api: pg.Client;
let ada: Someone;
let projectId: string;
let other: string;
let keyId: string;
beforeAll(async () => {
  open = await openDatabase();
  api = await open.login('api');
});
beforeEach(async () => {
  await open.moveClock(0);
  ada = await addPerson(open.sql, 'ada');
  ({ projectId } = await addTenant(open.sql, ada.userId));
  ({ projectId: other } = await addTenant(open.sql, ada.userId));
  const [key] = await open.sql(
    `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes)
     values ($1, $2, 'Build', $3, $3, '{posts:read,media:write}') returning id`,
    [projectId, ada.userId, ada.userId],
  );
  keyId = String(key?.id);
});
afterAll(() => open.close());

async function call(more: object, text = 'select id from projects order by id'): Promise<string> {
  const values = [JSON.stringify(more), text];
  try {
    const { rows } = await api.query<{ part: string }>(`select part from app.run($1::jsonb, $2, '{}') as part`, values);
    return rows.map(({ part }) => part).join('');
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  }
}
const withKey = (scope = 'posts:read', text?: string) => call({ kind: 'key', keyHash: ada.userId, scope }, text);

it('a key acts for its maker, in its own project alone', async () => {
  const [about, row, ...rest] = (await withKey()).trimEnd().split('\n');
  expect(JSON.parse(about?.slice(1) ?? '')).toEqual({ userId: ada.userId, keyId });
  expect(row).toBe(JSON.stringify({ id: projectId }));
  expect(rest).toEqual([]);
  expect(await call({ kind: 'actor', ...ada })).toContain(other);
});

it('a key is no member of staff, whoever made it', async () => {
  await open.sql(`update users set role = 'admin' where id = $1`, [ada.userId]);
  expect(await withKey('posts:read', `select app.is_staff('admin') as staff`)).toContain('{"staff":false}');
  expect(await call({ kind: 'actor', ...ada }, `select app.is_staff('admin') as staff`)).toContain('{"staff":true}');
});

it.each([
  ['posts:read', 'in'],
  ['media:write', 'in'],
  ['media:read', 'in'],
  ['posts:write', 'PH403'],
  ['projects:read', 'PH403'],
  ['', 'PH403'],
])('a key may what its scopes say, and read what it may write: %s', async (scope, expected) => {
  expect(await withKey(scope)).toMatch(expected === 'in' ? /^#/ : /^PH403$/);
});

it('a scope that is left out lets nobody in', async () => {
  expect(await call({ kind: 'key', keyHash: ada.userId })).toBe('PH403');
});

it.each([
  ['is revoked', 'update api_keys set revoked_at = app.now() where id = $1'],
  ['has expired', 'update api_keys set expires_at = app.now() where id = $1'],
  ['has lost its maker', 'update api_keys set created_by = null where id = $1'],
  [
    'was made by who was deactivated',
    `update users set status = 'deactivated' where id = (select created_by from api_keys where id = $1)`,
  ],
  [
    'was made by who left the project',
    'delete from project_collaborators where user_id = (select created_by from api_keys where id = $1)',
  ],
  [
    'is of a deleted project',
    'update projects set deleted_at = app.now() where id = (select project_id from api_keys where id = $1)',
  ],
])('a key that %s is dead', async (_name, text) => {
  await open.sql('alter table project_collaborators disable trigger user');
  await open.sql(text, [keyId]);
  await open.sql('alter table project_collaborators enable trigger user');
  expect(await withKey()).toBe('PH401');
});

it('a key nobody made is nobody’s', async () => {
  expect(await call({ kind: 'key', keyHash: 'guessed', scope: 'posts:read' })).toBe('PH401');
});

describe('who is refused, where a class for that is named', () => {
  const refused = async (ip: string | null, more: object = {}) => {
    const limit = { class: 'read', requests: 1, refusedClass: 'refused' };
    const line = await call({ kind: 'key', keyHash: 'guessed', scope: 'posts:read', ip, limit, ...more });
    return line.startsWith('#') ? JSON.parse(line.slice(1)).refused : line;
  };
  beforeEach(async () => {
    await open.sql('delete from rate_counters');
    await open.sql(`update rate_limits set max_requests = 2, window_s = 3600`);
  });

  it.each([
    ['one IPv4 address', ['192.0.2.1', '192.0.2.1', '192.0.2.1'], 'PH402'],
    ['two IPv4 addresses', ['192.0.2.1', '192.0.2.1', '192.0.2.2'], 'PH401'],
    ['a /64 of IPv6', ['2001:db8::1', '2001:db8::2', '2001:db8::ffff:0:0:3'], 'PH402'],
    ['two /64 of IPv6', ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::3'], 'PH401'],
    ['no address', [null, null, null], 'PH402'],
  ])('counts by address: %s', async (_name, addresses, last) => {
    const told = [];
    for (const address of addresses) told.push(await refused(address));
    expect(told).toEqual(['PH401', 'PH401', last]);
  });

  it('whoever is dead counts there, whoever lacks something counts as they are', async () => {
    const session = { kind: 'actor', userId: ada.userId, sessionId: ada.userId };
    expect(await refused('192.0.2.1', session)).toBe('PH401');
    expect(await refused('192.0.2.1')).toBe('PH401');
    expect(await refused('192.0.2.1', session)).toBe('PH402');
    const scopeless = { keyHash: ada.userId, scope: 'projects:read' };
    expect(await refused('192.0.2.1', scopeless)).toBe('PH403');
    expect(await refused('192.0.2.2', scopeless)).toBe('PH403');
    expect(await refused('192.0.2.3', scopeless)).toBe('PH402');
    expect(await open.sql('select class, count from rate_counters order by class')).toEqual([
      { class: 'read', count: 2 },
      { class: 'refused', count: 2 },
    ]);
  });

  it('runs nothing of the statement, and acts for nobody', async () => {
    const limit = { class: 'write', requests: 1, refusedClass: 'refused' };
    const text = `select * from app.create_project('p', null, 'UTC')`;
    const line = await call({ kind: 'actor', ...ada, sessionId: ada.userId, limit }, text);
    expect(line.trimEnd().split('\n')).toHaveLength(1);
    expect(await open.sql(`select 1 from projects where created_by = $1 and name = 'p'`, [ada.userId])).toEqual([]);
  });

  it('what went uncounted before counts with a refusal of who is known, not with that of nobody', async () => {
    const limit = { class: 'read', requests: 2, refusedClass: 'refused' };
    expect(await refused('192.0.2.1', { limit })).toBe('PH401');
    expect(await refused('192.0.2.1', { limit })).toBe('PH401');
    expect(await refused('192.0.2.1', { limit, keyHash: ada.userId, scope: 'projects:read' })).toBe('PH403');
    expect(await refused('192.0.2.1', { limit, keyHash: ada.userId, scope: 'projects:read' })).toBe('PH402');
  });

  it('without limits for the class, refusals stay refusals', async () => {
    const limit = { class: 'read', requests: 1, refusedClass: 'unheard-of' };
    expect(await refused('192.0.2.1', { limit })).toBe('PH401');
  });
});

it('the last use of a key is known to the minute', async () => {
  const lastUse = async () =>
    (await open.sql('select last_used_at from api_keys where id = $1', [keyId]))[0]?.last_used_at;
  await withKey();
  const first = await lastUse();
  expect(first).not.toBe(null);
  await withKey();
  expect(await lastUse()).toEqual(first);
  await open.moveClock(61);
  await withKey();
  expect(await lastUse()).not.toEqual(first);
});

it('a session that must prove itself is let in for ten minutes', async () => {
  const asked = () => call({ kind: 'actor', ...ada, stepUp: true });
  expect(await asked()).not.toMatch(/^PH/);
  await open.moveClock(601);
  expect(await asked()).toBe('PH405');
  expect(await call({ kind: 'actor', ...ada })).not.toMatch(/^PH/);
});

it('an answer that is kept for a key is not its maker’s', async () => {
  const repeat = { route: 'POST /x', key: 'k', bodyHash: 'b' };
  const text = `select 'ok' as outcome, app.user_id() as id`;
  await call({ kind: 'key', keyHash: ada.userId, scope: 'posts:read', repeat }, text);
  expect(await call({ kind: 'key', keyHash: ada.userId, scope: 'posts:read', repeat }, text)).toContain('\n!');
  expect(await call({ kind: 'actor', ...ada, repeat }, text)).not.toContain('!');
});
