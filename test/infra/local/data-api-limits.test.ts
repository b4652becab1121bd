import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { secretArn, startDataApi, type TestDataApi } from '../../support/data-api.ts';
import { freePort } from '../../support/free-port.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const strangerArn = `${secretArn}-stranger`;
/** Long against the delays of a busy machine. */
const timeoutMs = 1_500;
let database: TestDatabase;
let api: TestDataApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startDataApi(database, {
    limits: { statementTimeoutMs: timeoutMs, transactionIdleMs: timeoutMs, transactionLifeMs: 3 * timeoutMs },
    logins: { [strangerArn]: { ...database.server.migrator, password: 'guess' } },
  });
  await api.execute('create table marks (name text)');
});

afterEach(() => api.faults.clear());

afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('sizes', () => {
  it('returns rows up to 64 KiB and results up to 1 MiB', async () => {
    const { records } = await api.execute("select repeat('x', 65536) from generate_series(1, 16)");
    expect(records).toHaveLength(16);
    const bytes = await api.execute("select decode(repeat('ab', 65536), 'hex')");
    expect(bytes.records?.[0]?.[0]?.blobValue).toHaveLength(65536);
  });

  it('refuses a larger row and a larger result', async () => {
    await expect(api.execute("select repeat('x', 65537)")).rejects.toMatchObject({
      name: 'UnsupportedResultException',
      message: 'Packet for query is too large: a row exceeds 64 KB',
    });
    await expect(api.execute("select repeat('ü', 32768) from generate_series(1, 17)")).rejects.toMatchObject({
      name: 'UnsupportedResultException',
      message: 'Database response exceeded size limit',
    });
  });

  it('ends the transaction whose result is too large', async () => {
    const transactionId = await begin();
    await api.execute("insert into marks values ('too large')", { transactionId });
    await expect(api.execute("select repeat('x', 65537)", { transactionId })).rejects.toThrow('too large');
    await expect(api.execute('select 1', { transactionId })).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
    });
    expect(await marks()).not.toContain('too large');
  });

  it('refuses SQL over 65,536 characters and requests over 4 MiB', async () => {
    const sql = (length: number) => `select 1 --${'x'.repeat(length - 11)}`;
    await expect(api.execute(sql(65_536))).resolves.toBeDefined();
    await expect(api.execute(sql(65_537))).rejects.toMatchObject({ name: 'ValidationException' });
    const parameters = [{ name: 'v', value: { stringValue: 'x'.repeat(4 * 1024 * 1024) } }];
    await expect(api.execute('select length(:v)', { parameters })).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });
});

describe('times', () => {
  it('cancels a statement that takes too long', async () => {
    const error = await api.execute("select pg_sleep(30), 'slow one'").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'StatementTimeoutException', $metadata: { httpStatusCode: 400 } });
    expect(error).toHaveProperty('dbConnectionId', expect.any(Number));
    expect(await running('slow one')).toBe(0);
    await expect(api.execute('select 1')).resolves.toBeDefined();
  });

  it('lets a statement go on when asked to, and answers the same error', async () => {
    const sql = "with waited as (select pg_sleep(5)) insert into marks select 'went on' from waited";
    await expect(api.execute(sql, { continueAfterTimeout: true })).rejects.toMatchObject({
      name: 'StatementTimeoutException',
    });
    expect(await running('went on')).toBe(1);
    await expect.poll(marks, { timeout: 15_000 }).toContain('went on');
  });

  it('ends a transaction whose statement takes too long', async () => {
    const transactionId = await begin();
    await expect(api.execute('select pg_sleep(30)', { transactionId })).rejects.toMatchObject({
      name: 'StatementTimeoutException',
    });
    await expect(commit(transactionId)).rejects.toMatchObject({ name: 'TransactionNotFoundException' });
  });

  it('rolls back a transaction that nobody speaks to', async () => {
    const transactionId = await begin();
    await api.execute("insert into marks values ('idle')", { transactionId });
    await sleep(timeoutMs / 2);
    await api.execute('select 1', { transactionId });
    await sleep(timeoutMs * 1.5);
    await expect(commit(transactionId)).rejects.toThrow('has expired');
    expect(await marks()).not.toContain('idle');
  });

  it('rolls back a transaction that lives too long', async () => {
    const transactionId = await begin();
    for (let spoken = 0; spoken < 5; spoken++) {
      await sleep(timeoutMs / 2);
      await api.execute('select 1', { transactionId });
    }
    await sleep(timeoutMs / 2);
    await expect(commit(transactionId)).rejects.toThrow('has expired');
  });
});

describe('who may call', () => {
  it('refuses an unsigned request and an unknown operation', async () => {
    const unsigned = await fetch(`${api.endpoint}/Execute`, { method: 'POST', body: '{}' });
    expect(unsigned.status).toBe(403);
    expect(unsigned.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    expect((await signed('/ExecuteSql', '{}')).status).toBe(404);
  });

  it('refuses an unknown cluster, an unknown secret and a wrong password', async () => {
    const resourceArn = 'arn:aws:rds:us-east-1:000000000000:cluster:other';
    await expect(api.execute('select 1', { resourceArn })).rejects.toMatchObject({
      name: 'DatabaseNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(api.execute('select 1', { secretArn: `${secretArn}-none` })).rejects.toMatchObject({
      name: 'SecretsErrorException',
    });
    await expect(api.execute('select 1', { secretArn: strangerArn })).rejects.toMatchObject({
      name: 'InvalidSecretException',
      message: expect.stringMatching(/^FATAL: password authentication failed .*; SQLState: 28P01$/),
    });
    await expect(api.execute('select 1', { database: 'nowhere' })).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: 'FATAL: database "nowhere" does not exist; SQLState: 3D000',
    });
  });

  it('refuses a schema, an empty statement and NUL characters', async () => {
    await expect(api.execute('select 1', { schema: 'public' })).rejects.toMatchObject({
      name: 'ValidationException',
      message: "The schema parameter isn't supported",
    });
    await expect(api.execute(' ')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(api.execute("select '\0'")).rejects.toMatchObject({ name: 'ValidationException' });
    const parameters = [{ name: 'v', value: { stringValue: '\0' } }];
    await expect(api.execute('select :v', { parameters })).rejects.toThrow('SQLState: 22021');
  });

  it.each([
    ['no JSON', '{', 'SerializationException'],
    ['a wrong type', '{"sql": 1}', 'SerializationException'],
    ['a lone surrogate', '{"sql": "\\ud800"}', 'SerializationException'],
    ['a missing member', '{"sql": "select 1"}', 'ValidationException'],
  ])('refuses %s', async (_what, body, name) => {
    const answer = await signed('/Execute', body);
    expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, name]);
  });
});

describe('faults', () => {
  const call = { name: 'call', value: { stringValue: '{"statement":"markDone","user":"u"}' } };

  it('passes points named after the statement in the call, else after the operation', async () => {
    await api.execute('select :call', { parameters: [call] });
    const transactionId = await begin();
    await api.client.send(new RollbackTransactionCommand({ ...api.target, transactionId }));
    expect([...api.faults.seen().keys()]).toEqual(
      expect.arrayContaining([
        'data-api:markDone:before',
        'data-api:markDone:after',
        'data-api:ExecuteStatement:after',
        'data-api:BeginTransaction:before',
        'data-api:RollbackTransaction:after',
      ]),
    );
  });

  it.each([
    ['DatabaseResumingException', 400],
    ['StatementTimeoutException', 400],
    ['InternalServerErrorException', 500],
    ['ServiceUnavailableError', 503],
    ['DatabaseUnavailableException', 504],
    ['AccessDeniedException', 403],
    ['TransactionNotFoundException', 404],
  ])('answers %s with status %i before the statement runs', async (error, status) => {
    api.faults.arm({ point: 'data-api:markDone:before', action: 'error', error });
    await expect(mark(error)).rejects.toMatchObject({ name: error, $metadata: { httpStatusCode: status } });
    expect(await marks()).not.toContain(error);
    await mark(error);
    expect(await marks()).toContain(error);
  });

  it('answers an error although the statement was committed', async () => {
    api.faults.arm({ point: 'data-api:markDone:after', action: 'error', error: 'InternalServerErrorException' });
    await expect(mark('answered 500')).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(await marks()).toContain('answered 500');
  });

  it('loses the answer although the statement was committed', async () => {
    api.faults.arm({ point: 'data-api:markDone:after', action: 'drop' });
    await expect(mark('lost')).rejects.toThrow(/socket hang up|ECONNRESET|terminated/);
    expect(await marks()).toContain('lost');
  });

  it('answers a serialization failure with its SQLSTATE', async () => {
    api.faults.arm({ point: 'data-api:*', action: 'error', error: 'DatabaseErrorException 40001' });
    await expect(mark('never')).rejects.toThrow(/SQLState: 40001$/);
  });

  it('repeats nothing by itself, where the SDK’s own retries would', async () => {
    api.faults.arm({ point: 'data-api:markDone:after', action: 'error', error: 'InternalServerErrorException' });
    await expect(mark('once')).rejects.toThrow();
    expect((await marks()).filter((name) => name === 'once')).toHaveLength(1);
  });

  function mark(name: string) {
    return api.execute("insert into marks select :name where :call <> ''", {
      parameters: [call, { name: 'name', value: { stringValue: name } }],
    });
  }
});

describe('the database is away', () => {
  it('answers DatabaseUnavailableException when nobody listens', async () => {
    const lost = await startDataApi(database, { port: await freePort() });
    try {
      await expect(lost.execute('select 1')).rejects.toMatchObject({
        name: 'DatabaseUnavailableException',
        $metadata: { httpStatusCode: 504 },
      });
    } finally {
      await lost.close();
    }
  });

  it('answers it when the connection breaks under a statement, and works again afterwards', async () => {
    const own = await startDataApi(database);
    const admin = await database.connect();
    try {
      const broken = own.execute("select pg_sleep(20), 'broken'").catch((caught: unknown) => caught);
      await expect.poll(() => running('broken')).toBe(1);
      await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%broken%' and pid <> pg_backend_pid()",
      );
      expect(await broken).toMatchObject({ name: 'DatabaseUnavailableException' });
      await expect(own.execute('select 1')).resolves.toBeDefined();
    } finally {
      await admin.end();
      await own.close();
    }
  });
});

async function begin(): Promise<string> {
  const { transactionId } = await api.client.send(new BeginTransactionCommand(api.target));
  return transactionId ?? '';
}

async function commit(transactionId: string) {
  return await api.client.send(new CommitTransactionCommand({ ...api.target, transactionId }));
}

async function marks(): Promise<(string | undefined)[]> {
  const { records } = await api.client.send(
    new ExecuteStatementCommand({ ...api.target, sql: 'select name from marks' }),
  );
  return (records ?? []).map((record) => record[0]?.stringValue);
}

/** Statements with this text that a server process works on at this moment. */
async function running(text: string): Promise<number> {
  const client = await database.connect();
  const { rows } = await client.query(
    "select 1 from pg_stat_activity where state = 'active' and query like $1 and pid <> pg_backend_pid()",
    [`%${text}%`],
  );
  await client.end();
  return rows.length;
}

function signed(path: string, body: string): Promise<Response> {
  const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/rds-data/aws4_request';
  return fetch(api.endpoint + path, { method: 'POST', body, headers: { authorization } });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
