/** An Idempotency-Key inside app.run: the first answer again, one effect, nobody else's; free whenever nothing was committed. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as calling from './calling.ts';
import { actor, type Call, failure, nobody } from './calling.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, type Someone } from './seed.ts';

let open: OpenDatabase;
let api: pg.Client;

beforeAll(async () => {
  open = await openDatabase();
  api = await open.login('api');
});
afterEach(() => open.moveClock(0));
afterAll(() => open.close());

const parts = (call: Call, text: string, values?: readonly (string | null)[], as = api) =>
  calling.parts(as, call, text, values);
const run = (call: Call, text: string, values?: readonly (string | null)[], as = api) =>
  calling.run(as, call, text, values);

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
