import {
  BatchExecuteStatementCommand,
  BeginTransactionCommand,
  CommitTransactionCommand,
  ExecuteStatementCommand,
  type Field,
  RollbackTransactionCommand,
  type SqlParameter,
} from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDataApi, type TestDataApi } from '../../support/data-api.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

let database: TestDatabase;
let api: TestDataApi;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startDataApi(database);
  await api.execute("create type mood as enum ('calm', 'wild')");
  await api.execute(`create table things (
    id uuid primary key default uuidv7(), serial_no bigserial, name text not null constraint things_name_key unique,
    mood mood, amount numeric(12, 2), at timestamptz, payload jsonb, small int
  )`);
});

beforeEach(async () => {
  await api.execute('truncate things');
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

describe('parameters', () => {
  it.each([
    ['stringValue', { stringValue: 'x' }, 'text'],
    ['longValue', { longValue: 7 }, 'bigint'],
    ['doubleValue', { doubleValue: 1.5 }, 'double precision'],
    ['booleanValue', { booleanValue: true }, 'boolean'],
    ['blobValue', { blobValue: Buffer.from('x') }, 'bytea'],
  ])('sends %s as its own type, never as unknown', async (_name, value, type) => {
    expect(await one('select pg_typeof(:v)::text', [{ name: 'v', value }])).toEqual({ stringValue: type });
  });

  it.each([
    ['UUID', '0190a000-0000-7000-8000-000000000000', 'uuid'],
    ['JSON', '{"a": 1}', 'json'],
    ['TIMESTAMP', '2026-01-02 03:04:05.678', 'timestamp without time zone'],
    ['DATE', '2026-01-02', 'date'],
    ['TIME', '03:04:05', 'time without time zone'],
    ['DECIMAL', '12.50', 'numeric'],
  ] as const)('sends the type hint %s as that type', async (typeHint, stringValue, type) => {
    const parameters = [{ name: 'v', value: { stringValue }, typeHint }];
    expect(await one('select pg_typeof(:v)::text', parameters)).toEqual({ stringValue: type });
  });

  it('refuses what only an untyped parameter would allow', async () => {
    const text = [{ name: 'v', value: { stringValue: 'calm' } }];
    expect(await failure('select 1 from things where mood = :v', text)).toMatch(/operator does not exist: mood = text/);
    expect(await failure('select 1 from things where id = :v', text)).toMatch(/operator does not exist: uuid = text/);
    expect(await failure('insert into things (name, payload) values (:v, :v)', text)).toMatch(/SQLState: 42804$/);
    expect(await failure('select small << :n from things', [{ name: 'n', value: { longValue: 1 } }])).toMatch(
      /operator does not exist: integer << bigint/,
    );
    await api.execute('insert into things (name, mood) values (:v, :v::mood)', { parameters: text });
  });

  it('carries every kind of value there and back', async () => {
    const sql = 'select :t::text, :n::int8, :d::float8, :b::bool, :y::bytea, :nothing::uuid';
    const { records } = await api.execute(sql, {
      parameters: [
        { name: 't', value: { stringValue: 'Grüße \'"\\ 🌍\n' } },
        { name: 'n', value: { longValue: -42 } },
        { name: 'd', value: { doubleValue: 0.1 } },
        { name: 'b', value: { booleanValue: false } },
        { name: 'y', value: { blobValue: Buffer.from([0, 255, 92]) } },
        { name: 'nothing', value: { isNull: true } },
      ],
    });
    expect(records).toEqual([
      [
        { stringValue: 'Grüße \'"\\ 🌍\n' },
        { longValue: -42 },
        { doubleValue: 0.1 },
        { booleanValue: false },
        { blobValue: new Uint8Array([0, 255, 92]) },
        { isNull: true },
      ],
    ]);
  });

  it('leaves quoted strings, identifiers, comments and casts alone, and uses a name twice', async () => {
    const sql = `select ':v' || E'\\':v' as ":v", -- :v
      /* :v /* nested :v */ :v */ :v::text || :v as twice, $$a::b$$, 'it''s :v'`;
    const { records } = await api.execute(sql, { parameters: [{ name: 'v', value: { stringValue: 'x' } }] });
    expect(records?.[0]?.map((field) => field.stringValue)).toEqual([":v':v", 'xx', 'a::b', "it's :v"]);
  });

  it('refuses a parameter inside a dollar-quoted body, which the service would corrupt', async () => {
    const sql = 'create function f() returns text language sql as $body$ select :name $body$';
    expect(await failure(sql)).toBe(
      'ValidationException: The dollar-quoted body contains :name, which RDS Data API would take for a parameter and rewrite.',
    );
    await api.execute(`create function f() returns text language plpgsql as $body$
      declare x text := 'HH:MI'; begin return x::text; end $body$`);
    expect(await one('select f()')).toEqual({ stringValue: 'HH:MI' });
  });

  it.each<[string, string, SqlParameter[], RegExp]>([
    ['an array', 'select :v', [{ name: 'v', value: { arrayValue: { longValues: [1] } } }], /Array parameters are not/],
    ['a missing one', 'select :v', [], /'v' has no value/],
    ['an array slice for one', "select (array['a'])[1:2]", [], /'2' has no value/],
    ['an unused one', 'select 1', [{ name: 'v', value: { isNull: true } }], /'v' does not occur/],
    ['one given twice', 'select :v', [num('v'), num('v')], /'v' is given twice/],
    ['one without a value', 'select :v', [{ name: 'v' }], /exactly one value/],
    ['a hint on a number', 'select :v', [{ ...num('v'), typeHint: 'DECIMAL' }], /needs a stringValue/],
    ['a zone in a timestamp', 'select :v', [hinted('TIMESTAMP', '2026-01-02T03:04:05Z')], /format of its type hint/],
    ['microseconds', 'select :v', [hinted('TIMESTAMP', '2026-01-02 03:04:05.123456')], /format of its type hint/],
    ['positions beside names', 'select :v, $1', [num('v')], /cannot be mixed/],
  ])('refuses %s', async (_what, sql, parameters, message) => {
    expect(await failure(sql, parameters)).toMatch(/^ValidationException/);
    expect(await failure(sql, parameters)).toMatch(message);
  });
});

describe('results', () => {
  it.each<[string, Field]>([
    ["timestamptz '2026-01-02 03:04:05.120+05:30'", { stringValue: '2026-01-01 21:34:05.12' }],
    ["timestamp '2026-01-02 03:04:05'", { stringValue: '2026-01-02 03:04:05' }],
    ["date '2026-01-02'", { stringValue: '2026-01-02' }],
    ["time '03:04:05.5'", { stringValue: '03:04:05.5' }],
    ['12.50::numeric', { stringValue: '12.50' }],
    ['9007199254740991::bigint', { longValue: 9007199254740991 }],
    ['1.5::float4', { doubleValue: 1.5 }],
    ['\'{"a":1}\'::jsonb', { stringValue: '{"a": 1}' }],
    ["'calm'::mood", { stringValue: 'calm' }],
    ["inet '10.0.0.1'", { stringValue: '10.0.0.1' }],
    ["'a'::name", { stringValue: 'a' }],
    ['pg_advisory_xact_lock(1)', { stringValue: '' }],
    ['array[1, null, 3]', { arrayValue: { longValues: [1, null, 3] as number[] } }],
    [
      "array['a b', 'NULL', '{\"}', null, '']",
      { arrayValue: { stringValues: ['a b', 'NULL', '{"}', null, ''] as string[] } },
    ],
    ['array[true, false]', { arrayValue: { booleanValues: [true, false] } }],
    ['array[0.5::float8]', { arrayValue: { doubleValues: [0.5] } }],
    ["'{}'::uuid[]", { arrayValue: { stringValues: [] } }],
  ])('returns %s', async (expression, field) => {
    expect(await one(`select ${expression}`)).toEqual(field);
  });

  it('returns instants in UTC without an offset even after SET TIME ZONE', async () => {
    const transactionId = await begin();
    await api.execute("set local time zone 'Asia/Kolkata'", { transactionId });
    const { records } = await api.execute("select timestamptz '2026-01-02 00:00:00.000001Z'", { transactionId });
    expect(records).toEqual([[{ stringValue: '2026-01-02 00:00:00.000001' }]]);
    await api.client.send(new RollbackTransactionCommand({ ...api.target, transactionId }));
  });

  it('honours resultSetOptions', async () => {
    const { records } = await api.execute('select 9007199254740993::bigint, 1.5::numeric, 3::numeric', {
      resultSetOptions: { longReturnType: 'STRING', decimalReturnType: 'DOUBLE_OR_LONG' },
    });
    expect(records).toEqual([[{ stringValue: '9007199254740993' }, { doubleValue: 1.5 }, { longValue: 3 }]]);
  });

  it.each([
    "interval '1 day'",
    '\'x\'::"char"',
    "'1'::money",
    "'[1,2)'::int4range",
    'point(1,2)',
    "'text'::regtype",
    'row(1)',
    '1::oid',
  ])('refuses the type of %s', async (expression) => {
    expect(await failure(`select ${expression} as bad`)).toMatch(
      /^UnsupportedResultException: The result contains the unsupported data type/,
    );
  });

  it('refuses arrays of arrays and infinities', async () => {
    expect(await failure('select array[[1, 2], [3, 4]]')).toMatch(/^UnsupportedResultException.*multidimensional/);
    expect(await failure("select 'infinity'::timestamptz")).toMatch(/^InternalFailure/);
    expect(await failure("select 'NaN'::float8")).toMatch(/^InternalFailure/);
  });

  it('describes columns with 14 members, the alias as label and the column as name', async () => {
    const sql = "select name as title, serial_no, amount, at, '{}'::int[] as list from things";
    const { columnMetadata, records } = await api.execute(sql, { includeResultMetadata: true });
    expect(records).toEqual([]);
    expect(columnMetadata?.[0]).toEqual({
      name: 'name',
      label: 'title',
      type: 12,
      typeName: 'text',
      schemaName: '',
      tableName: 'things',
      isAutoIncrement: false,
      isSigned: false,
      isCurrency: false,
      isCaseSensitive: true,
      nullable: 0,
      precision: 2147483647,
      scale: 0,
      arrayBaseColumnType: 0,
    });
    expect(columnMetadata?.slice(1)).toMatchObject([
      { label: 'serial_no', typeName: 'bigserial', isAutoIncrement: true, type: -5 },
      { typeName: 'numeric', precision: 12, scale: 2, nullable: 1 },
      { typeName: 'timestamptz', type: 93, isCaseSensitive: false },
      {
        label: 'list',
        name: 'list',
        typeName: '_int4',
        type: 2003,
        arrayBaseColumnType: 4,
        nullable: 2,
        tableName: '',
      },
    ]);
    const plain = await api.execute(sql);
    expect(plain.columnMetadata).toBeUndefined();
  });

  it('counts updated rows, and returns rows instead of generated fields', async () => {
    const insert = "insert into things (name) values ('a'), ('b')";
    expect(await api.execute(insert)).toMatchObject({ numberOfRecordsUpdated: 2, generatedFields: [] });
    const returning = await api.execute("update things set small = 1 where name = 'a' returning name");
    expect(returning).toMatchObject({ records: [[{ stringValue: 'a' }]], numberOfRecordsUpdated: 0 });
    expect((await api.execute("delete from things where name = 'zzz'")).numberOfRecordsUpdated).toBe(0);
  });

  it('formats records as JSON for SELECT alone', async () => {
    const sql = "select 1 as a, 'x' as b, null::text as c, true as d, 1.5::numeric as e, array[1] as f";
    const answer = await api.execute(sql, { formatRecordsAs: 'JSON' });
    expect(JSON.parse(answer.formattedRecords ?? '')).toEqual([{ a: 1, b: 'x', c: null, d: true, e: '1.5', f: [1] }]);
    expect(answer.records).toBeUndefined();
    const json = { formatRecordsAs: 'JSON' } as const;
    await expect(api.execute('select 1 as a, 2 as a', json)).rejects.toThrow('columns with the same name');
    await expect(api.execute("insert into things (name) values ('a')", json)).rejects.toThrow('SELECT statements only');
    expect(await one('select count(*) from things')).toEqual({ longValue: 0 });
  });
});

describe('errors of SQL', () => {
  it('carries PostgreSQL’s words and the SQLSTATE at the end', async () => {
    const insert = "insert into things (name) values ('a')";
    await api.execute(insert);
    const error = await api.execute(insert).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      name: 'DatabaseErrorException',
      message:
        'ERROR: duplicate key value violates unique constraint "things_name_key"\n  Detail: Key (name)=(a) already exists.; SQLState: 23505',
      $metadata: { httpStatusCode: 400, attempts: 1 },
    });
  });

  it('refuses several statements in one call', async () => {
    expect(await failure('select 1; select 2')).toBe("ValidationException: Multistatements aren't supported.");
    expect(await one('select 1;')).toEqual({ longValue: 1 });
  });

  it('refuses COPY', async () => {
    expect(await failure('copy things from stdin')).toBe("ValidationException: COPY isn't supported.");
    expect(await failure('-- out\n copy things to stdout')).toBe("ValidationException: COPY isn't supported.");
  });
});

describe('sessions', () => {
  it('gives every call outside a transaction a session as new', async () => {
    await api.execute("set work_mem = '77MB'");
    await api.execute('create temp table gone (id int)');
    await api.execute('select pg_advisory_lock(4711)');
    await api.execute('prepare kept as select 1');
    await api.execute('begin');
    await settled();
    for (let call = 0; call < 5; call++) {
      expect(await one("select current_setting('work_mem')")).not.toEqual({ stringValue: '77MB' });
      expect(await one('select count(*) from pg_prepared_statements')).toEqual({ longValue: 0 });
      expect(await one("select to_regclass('pg_temp.gone') is null")).toEqual({ booleanValue: true });
    }
    const locks = 'select count(*) from pg_locks l join pg_database d on d.oid = l.database';
    expect(await one(`${locks} where locktype = 'advisory' and datname = current_database()`)).toEqual({
      longValue: 0,
    });
  });

  it('commits a call outside a transaction at once', async () => {
    await api.execute("insert into things (name) values ('kept')");
    const other = await database.connect();
    const { rows } = await other.query('select name from things');
    await other.end();
    expect(rows).toEqual([{ name: 'kept' }]);
  });

  it('runs a batch as a whole or not at all, without rows', async () => {
    const batch = (names: string[]) =>
      api.client.send(
        new BatchExecuteStatementCommand({
          ...api.target,
          sql: 'insert into things (name) values (:name) returning id',
          parameterSets: names.map((name) => [{ name: 'name', value: { stringValue: name } }]),
        }),
      );
    expect((await batch(['a', 'b'])).updateResults).toEqual([{ generatedFields: [] }, { generatedFields: [] }]);
    await expect(batch(['c', 'a'])).rejects.toThrow('SQLState: 23505');
    expect(await one('select count(*) from things')).toEqual({ longValue: 2 });
  });
});

describe('transactions', () => {
  it('commits what was done in it, and keeps its session in between', async () => {
    const transactionId = await begin();
    await api.execute("insert into things (name) values ('a')", { transactionId });
    await api.execute("select set_config('app.user', 'me', true)", { transactionId });
    await api.execute('savepoint s', { transactionId });
    await api.execute("insert into things (name) values ('b')", { transactionId });
    await api.execute('rollback to s', { transactionId });
    const inside = await api.execute("select current_setting('app.user'), count(*) from things", { transactionId });
    expect(inside.records).toEqual([[{ stringValue: 'me' }, { longValue: 1 }]]);
    expect(await one('select count(*) from things')).toEqual({ longValue: 0 });

    const commit = new CommitTransactionCommand({ ...api.target, transactionId });
    expect((await api.client.send(commit)).transactionStatus).toBe('Transaction Committed');
    expect(await one('select count(*) from things')).toEqual({ longValue: 1 });
    await expect(api.client.send(commit)).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('forgets what was rolled back', async () => {
    const transactionId = await begin();
    await api.execute("insert into things (name) values ('a')", { transactionId });
    await api.client.send(new RollbackTransactionCommand({ ...api.target, transactionId }));
    expect(await one('select count(*) from things')).toEqual({ longValue: 0 });
    await expect(api.execute('select 1', { transactionId })).rejects.toThrow('has already ended');
  });

  it('is gone after its first error', async () => {
    const transactionId = await begin();
    await api.execute("insert into things (name) values ('a')", { transactionId });
    await expect(api.execute('select 1 / 0', { transactionId })).rejects.toThrow('SQLState: 22012');
    await expect(api.execute('select 1', { transactionId })).rejects.toThrow(
      'was aborted due to an error from a previous call',
    );
    expect(await one('select count(*) from things')).toEqual({ longValue: 0 });
  });

  it('takes one call at a time', async () => {
    const transactionId = await begin();
    const holder = await database.connect();
    await holder.query('select pg_advisory_lock(4711)');
    const slow = api.execute('select 1 from pg_advisory_xact_lock(4711)', { transactionId });
    const waiting = "select 1 from pg_locks where locktype = 'advisory' and objid = 4711 and not granted";
    await expect.poll(async () => (await holder.query(waiting)).rowCount).toBe(1);
    await expect(api.execute('select 2', { transactionId })).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: 'Transaction is still running a query',
    });
    await holder.end();
    expect((await slow).records).toEqual([[{ longValue: 1 }]]);
    await api.client.send(new CommitTransactionCommand({ ...api.target, transactionId }));
  });

  it('refuses an id that nobody was given, and another database', async () => {
    await expect(api.execute('select 1', { transactionId: 'unheard-of' })).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
    });
    const transactionId = await begin();
    await expect(api.execute('select 1', { transactionId, database: 'postgres' })).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    await api.client.send(new RollbackTransactionCommand({ ...api.target, transactionId }));
  });

  it('reports what only the commit finds', async () => {
    await api.execute('create table late (id int constraint late_key unique deferrable initially deferred)');
    const transactionId = await begin();
    await api.execute('insert into late values (1), (1)', { transactionId });
    await expect(api.client.send(new CommitTransactionCommand({ ...api.target, transactionId }))).rejects.toThrow(
      /"late_key"[\s\S]*SQLState: 23505/,
    );
  });
});

function num(name: string): SqlParameter {
  return { name, value: { longValue: 1 } };
}

function hinted(typeHint: 'TIMESTAMP', stringValue: string): SqlParameter {
  return { name: 'v', value: { stringValue }, typeHint };
}

async function begin(): Promise<string> {
  const { transactionId } = await api.client.send(new BeginTransactionCommand(api.target));
  return transactionId ?? '';
}

/** The one value of the one row. */
async function one(sql: string, parameters: SqlParameter[] = []): Promise<Field | undefined> {
  const { records } = await api.client.send(new ExecuteStatementCommand({ ...api.target, sql, parameters }));
  return records?.[0]?.[0];
}

/** Name and text of the error. */
async function failure(sql: string, parameters: SqlParameter[] = []): Promise<string> {
  return await api.execute(sql, { parameters }).then(
    () => 'it went through',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

/** Sessions are cleaned behind the answer's back. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
