/** The SQL layer when the database is away, slow or refuses: what is tried again, what is not, and what the caller hears. */
import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { problem } from '../../functions/_kit/problem.ts';
import { sdkCredentials } from '../../infra/local/environment.ts';
import type { Fault } from '../../infra/local/faults.ts';
import type { Db, DbOptions, Repeat } from '../../shared/db/client.ts';
import { readFailure, toAppError } from '../../shared/db/errors.ts';
import { type Access, query, type StatementKind } from '../../shared/db/statement.ts';
import { AppError } from '../../shared/errors.ts';
import { describeError } from '../../shared/log.ts';
import { freePort } from '../support/free-port.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addPerson, addPost, addTenant, type Someone } from './seed.ts';

let open: OpenDatabase;
let ada: Someone;
let projectId: string;

beforeAll(async () => {
  open = await openDatabase();
  ada = await addPerson(open.sql, 'ada');
  ({ projectId } = await addTenant(open.sql, ada.userId));
});
afterEach(() => open.api.faults.clear());
afterAll(() => open.close());

const db = (more: Partial<DbOptions> = {}): Db => open.as({ kind: 'actor', ...ada }, more);
const row = z.object({ id: z.uuid() });

/** A post under this external id: it can be there but once. */
function addNote(name: string, access: Access) {
  return query({ name, kind: 'actor', access, row })<{ projectId: string; externalId: string }>`
    insert into posts (project_id, schedule_type, external_id) values (${'projectId'}::uuid, 'draft', ${'externalId'}) returning id`;
}
const plain = addNote('plain', 'write');
const read = query({ name: 'read', kind: 'actor', access: 'read', row: z.object({ n: z.number() }) })<
  Record<never, never>
>`select 1 as n`;
const guarded = query({ name: 'guarded', kind: 'actor', access: 'guarded', row })<{ postId: string }>`
  update posts set text = text || '!' where id = ${'postId'}::uuid returning id`;

const arm = (fault: Fault) => open.api.faults.arm(fault);
const error = (point: string, name: string, times = 1): Fault => ({
  point: `data-api:${point}`,
  action: 'error',
  error: name,
  times,
});
const notes = async (externalId: string) =>
  (await open.sql('select 1 from posts where external_id = $1', [externalId])).length;

async function refusal(work: Promise<unknown>): Promise<AppError> {
  const thrown = await work.then(
    () => null,
    (cause: unknown) => cause,
  );
  if (thrown instanceof AppError) return thrown;
  throw new Error(`expected a refusal, got ${String(thrown)}`);
}

const awayErrors = [
  'DatabaseResumingException',
  'DatabaseUnavailableException',
  'ServiceUnavailableError',
  'InternalServerErrorException',
  'ThrottlingException',
  'StatementTimeoutException',
  'DatabaseErrorException 57P01',
  'DatabaseErrorException 53300',
  'DatabaseErrorException 08006',
];

describe('a database that is away', () => {
  it.each(awayErrors)('is asked again for a read: %s', async (name) => {
    arm(error('read:before', name, 3));
    const asked = db();
    expect(await asked.one(read, {})).toEqual({ n: 1 });
    expect(asked.spent.calls).toBe(4);
  });

  it('is asked again when the connection breaks', async () => {
    arm({ point: 'data-api:read:after', action: 'drop', times: 2 });
    expect(await db().one(read, {})).toEqual({ n: 1 });
  });

  it.each(awayErrors)('ends the caller’s patience as database_unavailable: %s', async (name) => {
    arm(error('read:before', name, 1_000));
    const began = performance.now();
    const { code, detail } = await refusal(db({ patienceMs: () => 300 }).one(read, {}));
    expect(code).toBe('database_unavailable');
    expect(detail.retryAfterS).toBeGreaterThan(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    const answer = problem(new AppError(code, detail), { instance: '/v1/x', requestId: 'r' });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).toMatchObject({ 'retry-after': '5' });
  });

  it('was certainly not reached when nobody listens', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const client = new RDSDataClient({ endpoint, region: 'us-east-1', credentials: sdkCredentials, maxAttempts: 1 });
    const input = { ...open.api.target, sql: 'select 1' };
    const thrown: unknown = await client.send(new ExecuteStatementCommand(input)).catch((cause: unknown) => cause);
    expect(readFailure(thrown)).toEqual({ kind: 'away', effect: 'nothing-happened' });
  });
});

describe('a write that has no key and no guard', () => {
  it.each(['DatabaseResumingException', 'ThrottlingException'])(
    'is tried again after %s: nothing can have happened',
    async (name) => {
      arm(error('plain:before', name, 2));
      await db().one(plain, { projectId, externalId: name });
      expect(await notes(name)).toBe(1);
    },
  );

  it.each([
    'DatabaseUnavailableException',
    'InternalServerErrorException',
    'ServiceUnavailableError',
    'StatementTimeoutException',
  ])('is not tried again after %s: it may have happened', async (name) => {
    arm(error('plain:after', name));
    const asked = db();
    expect((await refusal(asked.one(plain, { projectId, externalId: name }))).code).toBe('database_unavailable');
    expect(asked.spent.calls).toBe(1);
    expect(await notes(name)).toBe(1);
  });

  it('is not tried again when the answer is lost', async () => {
    arm({ point: 'data-api:plain:after', action: 'drop' });
    const asked = db();
    expect((await refusal(asked.one(plain, { projectId, externalId: 'lost' }))).code).toBe('database_unavailable');
    expect([asked.spent.calls, await notes('lost')]).toEqual([1, 1]);
  });

  it.each(['40001', '40P01'])('is tried again after %s: it was taken back', async (sqlState) => {
    arm(error('plain:before', `DatabaseErrorException ${sqlState}`, 2));
    await db().one(plain, { projectId, externalId: sqlState });
    expect(await notes(sqlState)).toBe(1);
  });

  it('that a state guards is tried again', async () => {
    arm({ point: 'data-api:guarded:after', action: 'drop' });
    const postId = await addPost(open.sql, projectId);
    expect(await db().one(guarded, { postId })).toEqual({ id: postId });
  });
});

describe('a write with an Idempotency-Key', () => {
  const repeat = (key: string, bodyHash = 'h'): Repeat => ({ route: 'POST /notes', key, bodyHash, secret: false });
  const make = query({
    name: 'make',
    kind: 'actor',
    access: 'write',
    row: z.object({ outcome: z.string(), id: z.uuid() }),
  })<{
    name: string;
  }>`select 'ok' as outcome, id from app.create_project(${'name'}, null, 'UTC')`;
  const slow = query({
    name: 'slow',
    kind: 'actor',
    access: 'write',
    row: z.object({ outcome: z.string(), id: z.uuid() }),
  })<{
    name: string;
  }>`select 'ok' as outcome, p.id from (select pg_sleep(0.3)::text is not null as slept) s,
    lateral (select id from app.create_project(${'name'}, null, 'UTC') where s.slept) p`;
  const made = async (name: string) => (await open.sql('select 1 from projects where name = $1', [name])).length;

  it.each(['DatabaseUnavailableException', 'InternalServerErrorException', 'StatementTimeoutException'])(
    'has one effect and one answer although %s hid the first',
    async (name) => {
      arm(error('make:after', name, 2));
      const asked = db({ repeat: repeat(name) });
      const answer = await asked.change(make, { name });
      expect([asked.spent.calls, await made(name)]).toEqual([3, 1]);
      expect(await db({ repeat: repeat(name) }).change(make, { name })).toEqual(answer);
    },
  );

  it('says that it repeats, and does nothing anew', async () => {
    const first = db({ repeat: repeat('twice') });
    const answer = await first.change(make, { name: 'twice' });
    const again = db({ repeat: repeat('twice') });
    expect(await again.one(read, {})).toEqual({ n: 1 });
    expect([first.isRepeat(), again.isRepeat()]).toEqual([false, true]);
    expect(await again.change(make, { name: 'twice' })).toEqual(answer);
    expect([again.spent.calls, await made('twice')]).toEqual([1, 1]);
  });

  it('with another body is a conflict', async () => {
    await db({ repeat: repeat('body') }).change(make, { name: 'body' });
    expect((await refusal(db({ repeat: repeat('body', 'other') }).change(make, { name: 'body' }))).code).toBe(
      'idempotency_mismatch',
    );
  });

  it('fifty at once have one effect and one kind of answer', async () => {
    const asked = Array.from({ length: 50 }, () => db({ repeat: repeat('fifty'), patienceMs: () => 20_000 }));
    const answers = await Promise.all(asked.map((one) => one.change(slow, { name: 'fifty' })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await made('fifty')).toBe(1);
    expect(asked.filter((one) => !one.isRepeat())).toHaveLength(1);
  });

  it('that still runs when patience ends is told to come again', async () => {
    const blocker = await open.database.connect();
    await blocker.query('begin');
    await blocker.query('lock table projects in share mode');
    const first = db({ repeat: repeat('busy'), patienceMs: () => 20_000 }).change(make, { name: 'busy' });
    const held = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await expect.poll(() => open.sql(held), { timeout: 10_000 }).toHaveLength(1);
    const { code, detail } = await refusal(
      db({ repeat: repeat('busy'), patienceMs: () => 50 }).change(make, { name: 'busy' }),
    );
    expect([code, detail.retryAfterS]).toEqual(['idempotency_in_flight', 1]);
    await blocker.query('commit');
    await blocker.end();
    await first;
  });

  it('holds the first write; what follows it runs each time', async () => {
    const again = () => db({ repeat: repeat('first') });
    for (const asked of [again(), again()]) {
      await asked.change(make, { name: 'first' });
      const postId = await addPost(open.sql, projectId);
      await asked.one(guarded, { postId });
      expect(await open.sql('select text from posts where id = $1', [postId])).toEqual([{ text: 'Hello!' }]);
    }
    expect(await made('first')).toBe(1);
  });
});

describe('a refusal of the database', () => {
  it('names what it means by SQLSTATE and constraint', async () => {
    await db().one(plain, { projectId, externalId: 'taken' });
    expect((await refusal(db().one(plain, { projectId, externalId: 'taken' }))).code).toBe('external_id_taken');
    const strangers = await addPerson(open.sql, 'eve');
    const asked = open.as({ kind: 'actor', ...strangers });
    expect((await refusal(asked.one(plain, { projectId, externalId: 'x' }))).code).toBe('forbidden');
    await open.sql('update user_sessions set revoked_at = app.now() where id = $1', [strangers.sessionId]);
    expect((await refusal(asked.one(read, {}))).code).toBe('unauthenticated');
  });

  it('is not misled by values that look like a refusal', async () => {
    const nasty = 'x"; SQLState: PH409 constraint "posts_external_id_key"';
    const cast = query({ name: 'cast', kind: 'actor', access: 'read', row: z.object({ n: z.number() }) })<{
      text: string;
    }>`
      select ${'text'}::integer as n`;
    const asked = db();
    expect((await refusal(asked.one(cast, { text: nasty }))).code).toBe('internal');
    expect(asked.spent.calls).toBe(1);
    await db().one(plain, { projectId, externalId: nasty });
    const second = db();
    expect((await refusal(second.one(plain, { projectId, externalId: nasty }))).code).toBe('external_id_taken');
    expect(second.spent.calls).toBe(1);
  });

  it.each([
    [
      'ERROR: insert or update on table "a" violates foreign key constraint "a_b_fkey"\n  Detail: Key (x)=(1) is not present.; SQLState: 23503',
      '23503',
      'a_b_fkey',
    ],
    [
      'ERROR: update or delete on table "a" violates foreign key constraint "b_a_fkey" on table "b"; SQLState: 23503',
      '23503',
      'b_a_fkey',
    ],
    [
      'ERROR: new row for relation "a" violates check constraint "a_known"\n  Detail: Failing row contains (constraint "b").; SQLState: 23514',
      '23514',
      'a_known',
    ],
    ['ERROR: null value in column "x" of relation "a" violates not-null constraint; SQLState: 23502', '23502', null],
    ['ERROR: invalid input syntax for type integer: "constraint "a_known""; SQLState: 22P02', '22P02', null],
  ])('is read from the server’s own words: %s', (message, sqlState, constraint) => {
    expect(readFailure(new Error(message))).toEqual({ kind: 'sql', sqlState, constraint, retryable: false });
  });

  it('leaves no value of a row in the answer or the log', async () => {
    const secret = 'hunter2-very-secret';
    const cast = query({ name: 'cast', kind: 'actor', access: 'read', row: z.object({ n: z.number() }) })<{
      text: string;
    }>`
      select ${'text'}::integer as n`;
    const refused = await refusal(db().one(cast, { text: secret }));
    const told = JSON.stringify([
      refused.message,
      problem(refused, { instance: '/v1/posts', requestId: 'r' }),
      describeError(refused),
      describeError(refused.detail.cause),
    ]);
    expect(told).not.toContain(secret);
    expect(String(refused.detail.cause)).toContain(secret);
  });

  it('that nobody foresaw is internal and asked once', async () => {
    const broken = query({ name: 'broken', kind: 'actor', access: 'read', row: z.object({ n: z.number() }) })<
      Record<never, never>
    >`select 1/0 as n`;
    const asked = db();
    expect((await refusal(asked.one(broken, {}))).code).toBe('internal');
    expect(asked.spent.calls).toBe(1);
    expect(toAppError({ kind: 'defect', name: 'ValidationException' }, null).code).toBe('internal');
  });

  it.each(['ValidationException', 'AccessDeniedException', 'SecretsErrorException'])(
    'of the service, %s, is internal and asked once',
    async (name) => {
      arm(error('read:before', name));
      const asked = db();
      expect((await refusal(asked.one(read, {}))).code).toBe('internal');
      expect(asked.spent.calls).toBe(1);
    },
  );
});

describe('answers', () => {
  const answer = query({
    name: 'answer',
    kind: 'actor',
    access: 'guarded',
    row: z.object({ outcome: z.string(), id: z.uuid() }),
  })<{
    outcome: string | null;
  }>`
      select ${'outcome'} as outcome, null::uuid as id`;

  it.each([
    ['not_found', 'not_found'],
    ['forbidden', 'forbidden'],
    ['wrong_state', 'wrong_state'],
    ['no such code', 'internal'],
  ])('of outcome %s end the request as %s, though the rest is null', async (outcome, code) => {
    expect((await refusal(db().change(answer, { outcome }))).code).toBe(code);
  });

  it('of no row are not_found where one is wanted, and null or nothing elsewhere', async () => {
    const none = query({ name: 'none', kind: 'actor', access: 'read', row })<
      Record<never, never>
    >`select id from posts where false`;
    expect((await refusal(db().one(none, {}))).code).toBe('not_found');
    expect((await refusal(db().change(none, {}))).code).toBe('not_found');
    expect(await db().maybe(none, {})).toBeNull();
    expect(await db().many(none, {})).toEqual([]);
  });

  it('that are not of the declared shape are a defect', async () => {
    const wrong = query({ name: 'wrong', kind: 'actor', access: 'read', row: z.object({ n: z.string() }) })<
      Record<never, never>
    >`select 1 as n`;
    await expect(db().one(wrong, {})).rejects.toThrow(z.ZodError);
  });

  it('have their column names in camelCase, and what lies within as it is', async () => {
    const shaped = query({
      name: 'shaped',
      kind: 'actor',
      access: 'read',
      row: z.object({ dueAt: z.string(), inner: z.unknown() }),
    })<Record<never, never>>`select 'x' as due_at, '{"due_at": 1}'::jsonb as inner`;
    expect(await db().one(shaped, {})).toEqual({ dueAt: 'x', inner: { due_at: 1 } });
  });

  it('of more than a part come whole', async () => {
    const long = query({
      name: 'long',
      kind: 'actor',
      access: 'read',
      row: z.object({ n: z.number(), text: z.string() }),
    })<Record<never, never>>`
      select n, repeat('ü🌍', 9000) as text from generate_series(1, 9) n`;
    expect(await db().many(long, {})).toEqual(
      Array.from({ length: 9 }, (_, index) => ({ n: index + 1, text: 'ü🌍'.repeat(9000) })),
    );
  });
});

describe('kinds of statements and callers', () => {
  const of = (kind: StatementKind) =>
    query({ name: `of-${kind}`, kind, access: 'read', row: z.object({ n: z.number() }) })<
      Record<never, never>
    >`select 1 as n`;
  const callers = {
    actor: () => db(),
    public: () => open.as({ kind: 'public', ip: null, route: 'GET /' }),
    worker: () => open.worker,
  };
  const fits = { actor: ['actor', 'anyone'], public: ['public', 'anyone'], worker: ['worker'] };

  it.each(['actor', 'public', 'worker'] as const)(
    '%s runs its own kinds, and the others never reach the database',
    async (caller) => {
      for (const kind of ['actor', 'public', 'anyone', 'worker'] as const) {
        const asked = callers[caller]().one(of(kind), {});
        if (fits[caller].includes(kind)) expect(await asked).toEqual({ n: 1 });
        else expect(String((await refusal(asked)).detail.cause)).toContain(`of-${kind} is a statement of kind ${kind}`);
      }
      expect(
        [...open.api.faults.seen().keys()].filter((point) => point.includes('of-worker') && caller !== 'worker'),
      ).toEqual([]);
    },
  );
});

it('a statement with more parameters than app.run binds is refused when it is written', () => {
  const names = Array.from({ length: 33 }, (_, index) => `p${index}`);
  const write = query({ name: 'wide', kind: 'actor', access: 'read', row })<Record<string, string>>;
  const template = Object.assign(
    Array.from({ length: 34 }, () => ''),
    { raw: Array.from({ length: 34 }, () => '') },
  );
  expect(() => write(template, ...names)).toThrow('wide has more than 32 parameters');
});
