/** The one statement that carries all others: who calls is alive, and rows come whole. */
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as calling from './calling.ts';
import { type Call, failure, nobody } from './calling.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, type Someone } from './seed.ts';

let open: OpenDatabase;
let ada: Someone;
let api: pg.Client;

beforeAll(async () => {
  open = await openDatabase();
  ada = await addPerson(open.sql, 'ada');
  api = await open.login('api');
});
afterEach(() => open.moveClock(0));
afterAll(() => open.close());

const actor = (person: Someone = ada) => calling.actor(person);
const parts = (call: Call, text: string, values?: readonly (string | null)[], as = api) =>
  calling.parts(as, call, text, values);
const run = (call: Call, text: string, values?: readonly (string | null)[], as = api) =>
  calling.run(as, call, text, values);

describe('rows', () => {
  it('come as one JSON object each', async () => {
    expect(await run(nobody, "select 1 as a, 'x' as b union all select 2, null order by 1")).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
    ]);
  });

  it('none is no part at all', async () => {
    expect(await parts(nobody, 'select 1 as a where false')).toEqual([]);
  });

  it.each([
    ['plain text', 'x'],
    ['two-byte letters', 'ü'],
    ['three-byte signs', '漢'],
    ['four-byte emoji', '🌍'],
    ['an emoji of several code points', '👩‍🚀'],
    ['quotes, backslashes and line ends', '"\\\n!'],
  ])('longer than a part arrive whole: %s', async (_name, letter) => {
    for (const length of [59_990, 60_000, 75_001, 200_003]) {
      const wanted = `a${letter.repeat(Math.ceil(length / letter.length))}`;
      const cut = await parts(nobody, 'select $1 as text union all select $1', [wanted]);
      expect(Math.max(...cut.map((part) => Buffer.byteLength(part)))).toBeLessThanOrEqual(60_000);
      const rows = cut
        .join('')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(rows).toEqual([{ text: wanted }, { text: wanted }]);
    }
  });

  it('that look like the mark of a stored answer are rows all the same', async () => {
    expect(await run(nobody, `select E'\\n!{"a":1}\\n' as text`)).toEqual([{ text: '\n!{"a":1}\n' }]);
  });
});

describe('parameters', () => {
  it('are bound all thirty-two, NULL among them', async () => {
    const values = Array.from({ length: 32 }, (_, index) => (index % 3 === 0 ? null : `value ${index}`));
    const text = `select jsonb_build_array(${values.map((_, index) => `$${index + 1}::text`).join(', ')}) as all`;
    expect(await run(nobody, text, values)).toEqual([{ all: values }]);
  });

  it.each([
    `'; drop table users; --`,
    `x' or '1'='1`,
    `{a,b}`,
    `","`,
    `\\'; select pg_sleep(9)--`,
    `$1`,
    `$$; select 1; $$`,
    `NULL`,
    `null`,
    ``,
    ` `,
    `"`,
    `\\`,
    `}`,
    `E'\\x00'`,
    ':call::jsonb',
  ])('are data, whatever they say: %s', async (value) => {
    expect(await run(nobody, 'select $1 as value, $2 as after', [value, 'after'])).toEqual([{ value, after: 'after' }]);
    expect(await open.sql('select count(*)::integer > 0 as here from users')).toEqual([{ here: true }]);
  });

  it('through the SQL layer too, in arrays and JSON', async () => {
    const { query } = await import('../../shared/db/statement.ts');
    const { z } = await import('zod');
    const nasty = ['a,b', '"', '\\', '{}', 'NULL', "'", '', 'ü🌍', '\n'];
    const row = z.object({ list: z.array(z.string()), json: z.unknown() });
    const echo = query({ name: 'echo', kind: 'public', access: 'read', row })<{
      list: string[];
      json: { json: unknown };
    }>`
      select to_jsonb(${'list'}::text[]) as list, ${'json'}::jsonb as json`;
    const db = open.as({ kind: 'public', ip: null, route: 'x' });
    expect(await db.one(echo, { list: nasty, json: { json: nasty } })).toEqual({ list: nasty, json: nasty });
  });
});

describe('who calls', () => {
  const me = 'select app.user_id() as me, current_user as role';

  it('is the actor while the session lives', async () => {
    expect(await run(actor(), me)).toEqual([{ me: ada.userId, role: 'posthaste_api' }]);
  });

  it.each([
    ['revoked', 'update user_sessions set revoked_at = app.now() where id = $1'],
    ['expired', "update user_sessions set expires_at = app.now() - interval '1 second' where id = $1"],
    [
      'of a deactivated person',
      "update users set status = 'deactivated' where id = (select user_id from user_sessions where id = $1)",
    ],
    [
      'of a deleted person',
      'update users set deleted_at = app.now() where id = (select user_id from user_sessions where id = $1)',
    ],
    ['gone', 'delete from user_sessions where id = $1'],
  ])('is refused with PH401 when the session is %s', async (_name, sql) => {
    const person = await addPerson(open.sql, 'ben');
    expect(await run(actor(person), me)).toHaveLength(1);
    await open.sql(sql, [person.sessionId]);
    expect(await failure(run(actor(person), me))).toBe('PH401');
  });

  it('is refused with the session of another, without one, and without a name', async () => {
    const other = await addPerson(open.sql, 'cyd');
    expect(await failure(run({ ...actor(), sessionId: other.sessionId }, me))).toBe('PH401');
    expect(await failure(run({ kind: 'actor', userId: ada.userId }, me))).toBe('PH401');
    expect(await failure(run({ kind: 'actor' }, me))).toBe('PH401');
  });

  it.each([{}, { kind: 'owner' }, { kind: null }])('is refused when of no known kind: %j', async (call) => {
    expect(await failure(run(call, me))).toBe('PH000');
  });

  it('an actor cannot act by a statement that writes while the session is over', async () => {
    const person = await addPerson(open.sql, 'dan');
    await open.sql('update user_sessions set revoked_at = app.now() where id = $1', [person.sessionId]);
    const text = "select * from app.create_project('p', null, 'UTC')";
    expect(await failure(run(actor(person), text))).toBe('PH401');
    expect(await open.sql('select 1 from projects where created_by = $1', [person.userId])).toEqual([]);
  });

  it('cannot be a worker by saying so: the login decides', async () => {
    expect(await run({ kind: 'worker', name: 'x' }, 'select id from users')).toEqual([]);
    expect(await failure(run({ kind: 'worker', name: 'x' }, 'select id from outbox_events'))).toBe('42501');
  });

  it('is nobody for a worker’s statement, even after an actor in the same transaction', async () => {
    await api.query('begin');
    await run(actor(), me);
    expect(await run({ kind: 'worker', name: 'x' }, 'select app.user_id() as me')).toEqual([{ me: null }]);
    expect(await run(nobody, 'select app.user_id() as me, app.session_id() as session')).toEqual([
      { me: null, session: null },
    ]);
    await api.query('rollback');
  });

  it('the worker’s login cannot be a person, nor the public', async () => {
    const worker = await open.login('worker');
    expect(await failure(run(actor(), me, [], worker))).toBe('42501');
    expect(await failure(run(nobody, me, [], worker))).toBe('42501');
  });

  it('leaves nothing of itself to the next call of the connection', async () => {
    await run(actor(), me);
    const { rows } = await api.query('select app.user_id() as me, app.session_id() as session, current_user as role');
    expect(rows).toEqual([{ me: null, session: null, role: 'posthaste_api' }]);
    await run(nobody, me);
    expect(await run(actor(), me)).toEqual([{ me: ada.userId, role: 'posthaste_api' }]);
    expect(await failure(run(nobody, 'select 1/0 as x'))).toBe('22012');
    expect((await api.query('select current_user as role')).rows).toEqual([{ role: 'posthaste_api' }]);
  });
});

describe('the public', () => {
  const hidden = [
    'users',
    'user_sessions',
    'social_accounts',
    'posts',
    'post_publications',
    'account_tokens',
    'outbox_events',
    'idempotency_keys',
    'report_links',
  ];
  it.each(hidden)('cannot read %s', async (table) => {
    expect(await failure(run(nobody, `select 1 as x from ${table}`))).toBe('42501');
  });

  it('reads of projects what public ones show, not who made them', async () => {
    expect(await failure(run(nobody, 'select id as x from projects'))).toBe('nothing');
    expect(await failure(run(nobody, 'select created_by as x from projects'))).toBe('42501');
  });

  it.each([
    "app.projects_of('read')",
    "app.create_project('p', null, 'UTC')",
    "app.remember('c', '{}', '{}')",
    "app.repeated('c', '{}', false)",
    'app.session_refusal(null, null, null)',
    "app.count_refusal('PH401', '{}', null)",
    "app.run('{}', 'select 1', '{}')",
    'app.connect_account(null, null, null, null, null, null, null, null, null, null, null, null)',
  ])('cannot call %s', async (call) => {
    expect(await failure(run(nobody, `select 1 as x from ${call}`))).toBe('42501');
  });

  it('nobody is granted the function that connects for anybody', async () => {
    const text =
      'select 1 as x from app.connect_account(null, null, null, null, null, null, null, null, null, null, null, null)';
    expect(await failure(run(actor(), text))).toBe('42501');
  });
});
