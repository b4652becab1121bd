/** Migrations of a database in use: they hold up nobody, and whatever happens to a migrator, the next one finishes the work. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrateDown, migrateUp, migrationStatus } from '../../../infra/tools/migrate.ts';
import type { Target } from '../../../infra/tools/sql-runner.ts';
import { startDataApi, type TestDataApi } from '../../support/data-api.ts';
import { loginOf, type OpenDatabase, openDatabase } from '../database.ts';
import { type MigrationsFolder, makeMigrationsFolder } from './migrations-folder.ts';

const passwords = {
  api: loginOf('api').password,
  worker: loginOf('worker').password,
  reporting: loginOf('reporting').password,
};
const timing = { leaseMs: 800, lockTimeoutMs: 150, patienceMs: 20_000 };

let open: OpenDatabase;
let hasty: TestDataApi;
let folder: MigrationsFolder;
/** Through a Data API that waits half a second for a statement, not 45. */
let target: Target;

beforeAll(async () => {
  open = await openDatabase();
  hasty = await startDataApi(open.database, { limits: { statementTimeoutMs: 500 } });
  target = { ...open.target, client: hasty.client };
});
afterAll(async () => {
  await hasty.close();
  await open.close();
});

beforeEach(async () => {
  folder = await makeMigrationsFolder();
  await open.sql('create table crowd (id integer, email text, seen integer not null default 0)');
  await open.sql(`insert into crowd (id, email) select n, 'p' || n from generate_series(1, 5000) n`);
  return async () => {
    await open.sql('drop table crowd');
    await open.sql('delete from schema_migrations where version > 9000');
    await folder.remove();
  };
});

const up = (more: { to?: Target; report?: (line: string) => void } = {}) =>
  migrateUp(more.to ?? target, passwords, { folder: folder.url, timing, ...(more.report && { report: more.report }) });
const stateOf = async (name: string) =>
  (await migrationStatus(target, folder.url)).find((one) => one.name === name)?.state;
const validity = async (index: string) =>
  (await open.sql('select indisvalid as valid from pg_index where indexrelid = to_regclass($1)', [index]))[0]?.valid;

const indexPair = [
  `-- Old code keeps working: yes.
   -- Outside a transaction: the table is large.
   insert into crowd (id) values (0);
   create unique index concurrently crowd_email_key on crowd (email);`,
  `-- Outside a transaction: the index is dropped without a lock.
   drop index concurrently if exists crowd_email_key;
   delete from crowd where id = 0;`,
] as const;

describe('an index of a table in use', () => {
  it('is built while somebody writes, and dropped again', async () => {
    await folder.write('9001-index', ...indexPair);
    const writer = await open.database.connect();
    await writer.query('begin');
    await writer.query('insert into crowd (id) values (-1)');
    const applying = up();
    // The build waits for the open transaction, and nobody waits for the build.
    await open.sql(`insert into crowd (id, email) values (9999, 'late')`);
    await until(async () => (await stateOf('9001-index')) === 'begun');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await stateOf('9001-index')).toBe('begun');
    await writer.query('commit');
    await writer.end();
    expect(await applying).toEqual(['9001-index']);
    expect(await validity('crowd_email_key')).toBe(true);
    expect(await stateOf('9001-index')).toBe('applied');
    expect(await migrateDown(target, 1, { folder: folder.url, timing })).toEqual(['9001-index']);
    expect(await validity('crowd_email_key')).toBeUndefined();
    expect(await stateOf('9001-index')).toBe('pending');
  });

  it('that failed half way is dropped and built again, and no step is repeated', async () => {
    await folder.write('9001-index', ...indexPair);
    await open.sql(`insert into crowd (id, email) values (-2, 'p1')`);
    await expect(up()).rejects.toThrow(/9001-index\.up\.sql.*crowd_email_key/s);
    expect(await validity('crowd_email_key')).toBe(false);
    expect(await stateOf('9001-index')).toBe('begun');
    await open.sql('delete from crowd where id = -2');
    expect(await up()).toEqual(['9001-index']);
    expect(await validity('crowd_email_key')).toBe(true);
    expect(await open.sql('select count(*)::integer as n from crowd where id = 0')).toEqual([{ n: 1 }]);
  });

  it('that failed half way can be taken back instead', async () => {
    await folder.write('9001-index', ...indexPair);
    await open.sql(`insert into crowd (id, email) values (-2, 'p1')`);
    await expect(up()).rejects.toThrow(/9001-index/);
    expect(await migrateDown(target, 1, { folder: folder.url, timing })).toEqual(['9001-index']);
    expect(await validity('crowd_email_key')).toBeUndefined();
    expect(await open.sql('select count(*)::integer as n from crowd where id = 0')).toEqual([{ n: 0 }]);
  });

  it('of a file that was changed half way is not gone on with', async () => {
    await folder.write('9001-index', ...indexPair);
    await open.sql(`insert into crowd (id, email) values (-2, 'p1')`);
    await expect(up()).rejects.toThrow(/9001-index/);
    await folder.write('9001-index', `${indexPair[0]} `, indexPair[1]);
    await expect(up()).rejects.toThrow('9001-index was changed after it was begun');
    expect(await stateOf('9001-index')).toBe('changed');
  });

  it('with partitions is built partition by partition', async () => {
    await open.sql('create table months (at date not null, n integer) partition by range (at)');
    await open.sql(`create table months_1 partition of months for values from ('2026-01-01') to ('2026-02-01')`);
    await open.sql(`create table months_2 partition of months for values from ('2026-02-01') to ('2026-03-01')`);
    await folder.write(
      '9001-months',
      '-- Outside a transaction: large.\ncreate index concurrently months_n_idx on months (n) where n > 0;',
      'drop index months_n_idx;',
    );
    expect(await up()).toEqual(['9001-months']);
    const rows = await open.sql(
      `select i.indrelid::regclass::text as of, i.indisvalid as valid, pg_get_expr(i.indpred, i.indrelid) as predicate
       from pg_index i where i.indrelid::regclass::text like 'months%' order by 1`,
    );
    expect(rows).toEqual(['months', 'months_1', 'months_2'].map((of) => ({ of, valid: true, predicate: '(n > 0)' })));
    await migrateDown(target, 1, { folder: folder.url, timing });
    await open.sql('drop table months');
  });
});

const backfill = `-- Outside a transaction: every row is changed.
  -- Repeat until it changes nothing: select count(*) from crowd where seen = 0
  update crowd set seen = seen + 1 where id in (select id from crowd where seen = 0 limit 700);
  insert into crowd (id, seen) values (0, 1);`;

describe('a change of many rows', () => {
  it('goes in batches and says how far it is', async () => {
    await folder.write('9001-backfill', backfill, 'delete from crowd where id = 0');
    const lines: string[] = [];
    await up({ report: (line) => void lines.push(line) });
    expect(lines).toEqual([
      expect.stringMatching(/^9001-backfill\.up\.sql: step 1, 5000 of 5000 rows, \d+ rows\/s, done$/),
    ]);
    expect(await open.sql('select seen, count(*)::integer as n from crowd group by 1')).toEqual([{ seen: 1, n: 5001 }]);
  });

  it('is finished by the next migrator when the first is killed', async () => {
    await folder.write('9001-backfill', backfill, 'delete from crowd where id = 0');
    const doomed = await startDataApi(open.database);
    // A trigger that is slow: the kill comes in the middle of a batch.
    await open.sql(`create function slowly() returns trigger language plpgsql as
      $$ begin if new.id % 700 = 0 then perform pg_sleep(1); end if; return new; end $$`);
    await open.sql('create trigger slow before update on crowd for each row execute function slowly()');
    const dying = up({ to: { ...target, client: doomed.client } });
    const ended = expect(dying).rejects.toThrow();
    await until(
      async () => Number((await open.sql('select count(*)::integer as n from crowd where seen = 1'))[0]?.n) > 0,
    );
    doomed.client.destroy();
    await doomed.close();
    await ended;
    expect(await stateOf('9001-backfill')).toBe('begun');
    await open.sql('drop function slowly() cascade');
    const lines: string[] = [];
    expect(await up({ report: (line) => void lines.push(line) })).toEqual(['9001-backfill']);
    expect(await open.sql('select seen, count(*)::integer as n from crowd group by 1')).toEqual([{ seen: 1, n: 5001 }]);
  });

  it('three migrators at once do once', async () => {
    await folder.write('9001-backfill', backfill, 'delete from crowd where id = 0');
    await folder.write('9002-index', ...indexPair);
    const applied = await Promise.all([up(), up(), up()]);
    expect(applied.flat().sort()).toEqual(['9001-backfill', '9002-index']);
    expect(await open.sql('select seen, count(*)::integer as n from crowd where id > 0 group by 1')).toEqual([
      { seen: 1, n: 5000 },
    ]);
    expect(await open.sql('select count(*)::integer as n from crowd where id = 0')).toEqual([{ n: 2 }]);
  });

  it('takes longer than the Data API waits, and is done once', async () => {
    await folder.write(
      '9001-slow',
      `-- Outside a transaction: it takes long.
       update crowd set seen = seen + 1 + length(pg_sleep(1.5)::text) where id = 1;`,
      'select 1',
    );
    expect(await up()).toEqual(['9001-slow']);
    expect(await open.sql('select seen from crowd where id = 1')).toEqual([{ seen: 1 }]);
  });

  it('that fails after the Data API no longer waits is told, and tried again by the next', async () => {
    await folder.write(
      '9001-slow',
      `-- Outside a transaction: it takes long.
       update crowd set seen = length(pg_sleep(1)::text) + 1 / (select count(*) from crowd where id = -7) where id = 1;`,
      'select 1',
    );
    await expect(up()).rejects.toThrow(
      /9001-slow\.up\.sql: it ended with an error after the Data API no longer waited/,
    );
    await open.sql('insert into crowd (id) values (-7)');
    expect(await up()).toEqual(['9001-slow']);
  });
});

describe('a change that needs a table for itself', () => {
  it.each([
    ['in a transaction', ''],
    ['outside of one', '-- Outside a transaction: to see it.\n'],
  ])('never makes readers wait behind it: %s', async (_name, marker) => {
    await folder.write(
      '9001-alter',
      `${marker}alter table crowd add column late text;`,
      'alter table crowd drop column late',
    );
    const reader = await open.database.connect();
    await reader.query('begin');
    await reader.query('select count(*) from crowd');
    const lines: string[] = [];
    const applying = up({ report: (line) => void lines.push(line) });
    const slowest = await slowestRead(() => lines.length > 0, 1_500);
    expect(lines).toEqual([expect.stringMatching(/^9001-alter.*: waits for a table that others hold$/)]);
    // One queue behind the change lasts as long as its patience for a lock, no longer.
    expect(slowest).toBeLessThan(timing.lockTimeoutMs + 4_000);
    await reader.query('commit');
    await reader.end();
    expect(await applying).toEqual(['9001-alter']);
  });

  /** Until `told`, and for so long at least. */
  async function slowestRead(told: () => boolean, forMs: number): Promise<number> {
    const until = performance.now() + forMs;
    let slowest = 0;
    while (performance.now() < until || !told()) {
      const began = performance.now();
      await open.sql('select id from crowd limit 1');
      slowest = Math.max(slowest, performance.now() - began);
    }
    return slowest;
  }
});

describe('taking back what would lose rows', () => {
  const back = (keepRows: boolean) => migrateDown(target, 1, { folder: folder.url, timing, keepRows });

  it('names the tables and columns, and leaves everything as it was', async () => {
    await folder.write(
      '9001-more',
      `create table pets (id integer); create table empty (id integer); alter table crowd add column hat text, add column shoe text;`,
      `drop table pets; drop table empty; alter table crowd drop column hat, drop column shoe;`,
    );
    await up();
    await open.sql('insert into pets values (1), (2)');
    await open.sql(`update crowd set hat = 'bowler' where id = 1`);
    await expect(back(true)).rejects.toThrow('taking back 9001-more would lose crowd.hat, pets (2 rows); say --force');
    expect(await open.sql('select count(*)::integer as n from pets')).toEqual([{ n: 2 }]);
    expect(await stateOf('9001-more')).toBe('applied');
    await open.sql('update crowd set hat = null');
    await open.sql('delete from pets');
    expect(await back(true)).toEqual(['9001-more']);
  });

  it('goes on when it is meant, or when a table is only made anew with its rows', async () => {
    await folder.write('9001-pets', 'create table pets (id integer); insert into pets values (1)', 'drop table pets');
    await folder.write(
      '9002-wider',
      'alter table pets rename to old; create table pets (id bigint); insert into pets select id from old; drop table old',
      'alter table pets rename to old; create table pets (id integer); insert into pets select id from old; drop table old',
    );
    await up();
    expect(await back(true)).toEqual(['9002-wider']);
    await expect(back(true)).rejects.toThrow('pets (1 rows)');
    expect(await back(false)).toEqual(['9001-pets']);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
