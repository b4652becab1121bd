/** The one statement that carries all others: who calls is alive, rows come whole, repeats get the first answer. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { encodeArray } from '../../shared/db/parameters.ts';
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

type Call = Readonly<Record<string, unknown>>;
const actor = (person: Someone = ada): Call => ({ kind: 'actor', ...person });
const nobody: Call = { kind: 'public', ip: '::1', route: 'POST /x' };

async function parts(call: Call, text: string, values: readonly (string | null)[] = [], as = api): Promise<string[]> {
  const { rows } = await as.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    JSON.stringify(call),
    text,
    encodeArray(values),
  ]);
  return rows.map(({ part }) => part);
}

async function run(call: Call, text: string, values: readonly (string | null)[] = [], as = api): Promise<unknown[]> {
  const lines = (await parts(call, text, values, as)).join('').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('!') ? ['stored', JSON.parse(line.slice(1))] : JSON.parse(line)));
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

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
    'app.check_alive(null, null)',
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

describe('an Idempotency-Key', () => {
  const make = "select 'ok' as outcome, id from app.create_project($1, null, 'UTC')";
  const repeat = (more: Call = {}) => ({
    route: 'POST /v1/projects',
    key: 'k',
    bodyHash: 'h',
    secret: false,
    look: false,
    ...more,
  });
  const count = async (person: Someone) =>
    (await open.sql('select 1 from projects where created_by = $1', [person.userId])).length;

  it('gives the first answer again, with one effect', async () => {
    const person = await addPerson(open.sql, 'eva');
    const call = { ...actor(person), repeat: repeat() };
    const [first] = await run(call, make, ['A']);
    expect(await run(call, make, ['A'])).toEqual([['stored', first]]);
    expect(await run(call, make, ['A'])).toEqual([['stored', first]]);
    expect(await count(person)).toBe(1);
  });

  it('belongs to its caller, its route and its key', async () => {
    const [one, two] = [await addPerson(open.sql, 'fay'), await addPerson(open.sql, 'gus')];
    await run({ ...actor(one), repeat: repeat() }, make, ['A']);
    await run({ ...actor(two), repeat: repeat() }, make, ['A']);
    await run({ ...actor(one), repeat: repeat({ route: 'POST /v1/other' }) }, make, ['B']);
    await run({ ...actor(one), repeat: repeat({ key: 'other' }) }, make, ['C']);
    expect([await count(one), await count(two)]).toEqual([3, 1]);
  });

  it('is refused with PH422 for another request', async () => {
    const person = await addPerson(open.sql, 'hal');
    await run({ ...actor(person), repeat: repeat() }, make, ['A']);
    expect(await failure(run({ ...actor(person), repeat: repeat({ bodyHash: 'other' }) }, make, ['B']))).toBe('PH422');
    expect(
      await failure(run({ ...actor(person), repeat: repeat({ bodyHash: 'other', look: true }) }, 'select 1 as x')),
    ).toBe('PH422');
    expect(await count(person)).toBe(1);
  });

  it('is refused with PH410 when the answer held a secret, which is kept nowhere', async () => {
    const person = await addPerson(open.sql, 'ida');
    const call = { ...actor(person), repeat: repeat({ secret: true }) };
    await run(call, make, ['A']);
    expect(await failure(run(call, make, ['A']))).toBe('PH410');
    expect(await open.sql('select answer from idempotency_keys where caller = $1', [person.userId])).toEqual([
      { answer: null },
    ]);
    expect(await count(person)).toBe(1);
  });

  it('is refused with PH409 while the first request runs, and answered when it is done', async () => {
    const person = await addPerson(open.sql, 'jan');
    const call = { ...actor(person), repeat: repeat() };
    const first = await open.login('api');
    await first.query('begin');
    const [row] = await run(call, make, ['A'], first);
    expect(await failure(run(call, make, ['A']))).toBe('PH409');
    await first.query('commit');
    expect(await run(call, make, ['A'])).toEqual([['stored', row]]);
    expect(await count(person)).toBe(1);
  });

  it('is free again when the first request failed', async () => {
    const person = await addPerson(open.sql, 'kim');
    const call = { ...actor(person), repeat: repeat() };
    expect(await failure(run(call, "select 'ok' as outcome, 1/0 as x"))).toBe('22012');
    expect(await run(call, make, ['A'])).toHaveLength(1);
    expect(await count(person)).toBe(1);
  });

  it('keeps no answer but ok: what was refused may succeed later', async () => {
    const person = await addPerson(open.sql, 'leo');
    const call = { ...actor(person), repeat: repeat() };
    expect(await run(call, "select 'wrong_state' as outcome")).toEqual([{ outcome: 'wrong_state' }]);
    expect(await open.sql('select 1 from idempotency_keys where caller = $1', [person.userId])).toEqual([]);
    expect(await run(call, make, ['A'])).toHaveLength(1);
    expect(await count(person)).toBe(1);
  });

  it('is looked at by a read before the write, which runs all the same', async () => {
    const person = await addPerson(open.sql, 'mia');
    const read = 'select count(*)::integer as n from projects';
    expect(await run({ ...actor(person), repeat: repeat({ look: true }) }, read)).toEqual([{ n: 0 }]);
    const [row] = await run({ ...actor(person), repeat: repeat() }, make, ['A']);
    expect(await run({ ...actor(person), repeat: repeat({ look: true }) }, read)).toEqual([{ n: 1 }, ['stored', row]]);
    expect(await run({ ...actor(person), repeat: repeat({ look: true }) }, 'select 1 as x where false')).toEqual([
      ['stored', row],
    ]);
  });

  it('is forgotten after a day', async () => {
    const person = await addPerson(open.sql, 'nia');
    const call = { ...actor(person), repeat: repeat() };
    await run(call, make, ['A']);
    await open.moveClock(23 * 3600);
    expect(await run(call, make, ['A'])).toMatchObject([['stored', {}]]);
    await open.moveClock(25 * 3600);
    expect(await run({ ...call, repeat: repeat({ bodyHash: 'new' }) }, make, ['B'])).toMatchObject([{ outcome: 'ok' }]);
    expect(await run({ ...call, repeat: repeat({ bodyHash: 'new' }) }, make, ['B'])).toMatchObject([['stored', {}]]);
    expect(await count(person)).toBe(2);
  });

  it('keeps an answer of several long rows as it was', async () => {
    const person = await addPerson(open.sql, 'oda');
    const call = { ...actor(person), repeat: repeat() };
    const text = 'select $1 as text, n from generate_series(1, 3) n';
    const long = 'ü🌍'.repeat(20_000);
    const rows = await run(call, text, [long]);
    const lines = (await parts(call, text, [long])).join('');
    expect(lines.startsWith('!')).toBe(true);
    expect(
      lines
        .slice(1)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
  });

  it('is free when its holder dies before the commit, for one of those who come at once', async () => {
    const person = await addPerson(open.sql, 'pia');
    const call = { ...actor(person), repeat: repeat() };
    const first = await open.login('api');
    first.on('error', () => undefined); // it is ended from outside
    await first.query('begin');
    await run(call, make, ['A'], first);
    const [{ pid } = {}] = (await first.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
    expect(await failure(run(call, make, ['A']))).toBe('PH409');
    await api.query('select pg_terminate_backend($1, 5000)', [pid]);
    const clients = await Promise.all(Array.from({ length: 10 }, () => open.login('api')));
    const outcomes = await Promise.all(
      clients.map((client) => run(call, make, ['A'], client).catch((error) => error.code)),
    );
    const taken = outcomes.filter((outcome) => outcome !== 'PH409' && !JSON.stringify(outcome).includes('stored'));
    expect(taken).toHaveLength(1);
    expect(await count(person)).toBe(1);
    expect(await run(call, make, ['A'])).toMatchObject([['stored', {}]]);
  });

  it('is looked at without a hash of the body, which tells that there is an answer and nothing of it', async () => {
    const person = await addPerson(open.sql, 'qea');
    const { bodyHash, ...bare } = repeat();
    const look = { ...actor(person), repeat: { ...bare, look: true } };
    expect(await parts(look, 'select 1 as x')).toEqual(['{"x":1}\n']);
    await run({ ...actor(person), repeat: { ...bare, bodyHash } }, make, ['A']);
    expect(await parts(look, 'select 1 as x')).toEqual(['#{"repeat": true}\n', '{"x":1}\n']);
  });

  it('gives no answer, and does nothing, for a write that does not say what it was sent with', async () => {
    const person = await addPerson(open.sql, 'ria');
    const { bodyHash, ...bare } = repeat();
    expect(await failure(run({ ...actor(person), repeat: bare }, make, ['A']))).toBe('23502');
    await run({ ...actor(person), repeat: { ...bare, bodyHash } }, make, ['A']);
    expect(await parts({ ...actor(person), repeat: bare }, make, ['A'])).not.toContain('projectId');
    expect(await failure(run({ ...actor(person), repeat: { ...bare, bodyHash: null } }, make, ['A']))).toBe('PH422');
    expect(await count(person)).toBe(1);
  });

  it('that somebody else’s statement holds does not stop what only looks, but what counts before the effect', async () => {
    const person = await addPerson(open.sql, 'sue');
    const call = { ...actor(person), repeat: repeat() };
    const first = await open.login('api');
    await first.query('begin');
    await run(call, make, ['A'], first);
    const look = (lock: boolean) => run({ ...call, repeat: repeat({ look: true, lock }) }, 'select 1 as x');
    expect(await look(false)).toEqual([{ x: 1 }]);
    expect(await failure(look(true))).toBe('PH409');
    await first.query('rollback');
    expect(await look(true)).toEqual([{ x: 1 }]);
  });

  it('of nobody is of an address and a program, and kept by keyed hashes alone', async () => {
    const text = "select 'ok' as outcome, $1 as given";
    const key = randomUUID();
    const ask = (who: Call, given: string) =>
      run({ ...nobody, ...who, repeat: repeat({ key, bodyHash: given }) }, text, [given]);
    const here = { ip: '192.0.2.1', userAgent: 'a' };
    expect(await ask(here, 'one')).toEqual([{ outcome: 'ok', given: 'one' }]);
    expect(await ask(here, 'one')).toEqual([['stored', { outcome: 'ok', given: 'one' }]]);
    expect(await failure(ask(here, 'two'))).toBe('PH422');
    for (const other of [{ ip: '192.0.2.2', userAgent: 'a' }, { ip: '192.0.2.1', userAgent: 'b' }, { ip: '192.0.2.1' }])
      expect(await ask(other, 'two')).toEqual([{ outcome: 'ok', given: 'two' }]);
    const rows = await open.sql('select caller, body_hash from idempotency_keys where key = $1', [key]);
    expect(new Set(rows.map(({ caller }) => caller)).size).toBe(4);
    for (const { caller, body_hash: hash } of rows) {
      expect(String(caller)).toMatch(/^nameless:[0-9a-f]{32}$/);
      expect(String(hash)).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('works for nobody too, and 20 at once have one effect', async () => {
    const call = { ...nobody, repeat: repeat({ key: randomUUID() }) };
    const text = "select outcome, mail_id from app.register($1, 'hash', 'Name', $1, 'link')";
    const clients = await Promise.all(Array.from({ length: 20 }, () => open.login('api')));
    const address = `${randomUUID()}@example.com`;
    const outcomes = await Promise.all(
      clients.map((client) => run(call, text, [address], client).catch((error) => error.code)),
    );
    expect(
      outcomes.filter((outcome) => outcome !== 'PH409' && !JSON.stringify(outcome).includes('stored')),
    ).toHaveLength(1);
    expect(await open.sql("select 1 from outbox_events where payload ->> 'to' = $1", [address])).toHaveLength(1);
  });
});
