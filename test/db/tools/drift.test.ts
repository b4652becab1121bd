/** Whoever changes the live schema by hand is found out, thing by thing and line by line; what time alone changes is no drift. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { comparePieces, type Drift, findDrift } from '../../../infra/tools/drift.ts';
import { type Piece, readCatalogue } from '../../../infra/tools/dump-schema.ts';
import { sqlRunner } from '../../../infra/tools/sql-runner.ts';
import { verifyDatabase } from '../../../infra/tools/verify.ts';
import { type OpenDatabase, openDatabase } from '../database.ts';

vi.setConfig({ testTimeout: 180_000 });

let open: OpenDatabase;
let asBuilt: readonly Piece[];

beforeAll(async () => {
  open = await openDatabase();
  asBuilt = await readCatalogue(sqlRunner(open.target));
});
afterAll(() => open.close());

/** Against the catalogue as it was before the tests: a fresh build takes seconds each time. */
const drifts = async (): Promise<readonly Drift[]> =>
  comparePieces(asBuilt, await readCatalogue(sqlRunner(open.target)));

describe('drift', () => {
  it('is not there in a database that was migrated, and the scratch database is gone again', async () => {
    const report = await findDrift(open.target);
    expect(report).toEqual({ compared: 'a fresh build', drifts: [] });
    expect(
      await open.sql('select datname from pg_database where datname like $1', [`${open.database.name}_drift%`]),
    ).toEqual([]);
  });

  it('is no new month', async () => {
    await open.sql('begin');
    const [row] = await open.sql(`select (select count(*)::integer from app.ensure_partitions(20)) as made`);
    await open.sql('commit');
    expect(Number(row?.made)).toBeGreaterThan(0);
    expect(await drifts()).toEqual([]);
  });

  it.each([
    [
      'a column',
      'alter table posts add column sneaky text',
      'posts',
      '+sneaky text',
      'alter table posts drop column sneaky',
    ],
    [
      'a lost NOT NULL',
      'alter table posts alter column text drop not null',
      'posts',
      '-text text not null',
      'alter table posts alter column text set not null',
    ],
    [
      'an index',
      'create index posts_sneaky_idx on posts (text)',
      'posts',
      '+posts_sneaky_idx',
      'drop index posts_sneaky_idx',
    ],
    [
      'a policy that lets all through',
      'alter policy posts_read on posts using (true)',
      'posts',
      '+using (true)',
      `alter policy posts_read on posts using (project_id = any ((select app.projects_of('read'))::uuid[]))`,
    ],
    [
      'a table open to everybody',
      'alter table posts disable row level security',
      'posts',
      '-alter table posts enable row level security;',
      'alter table posts enable row level security',
    ],
    [
      'a right',
      'grant select on users to posthaste_reporting',
      'users',
      '+grant select on users to posthaste_reporting;',
      'revoke select on users from posthaste_reporting',
    ],
    [
      'a right on one column',
      'grant select (password_hash) on users to posthaste_api',
      'users',
      '+password_hash',
      'revoke select (password_hash) on users from posthaste_api',
    ],
    [
      'a trigger that sleeps',
      'alter table posts disable trigger posts_touch',
      'posts',
      '+-- disabled',
      'alter table posts enable trigger posts_touch',
    ],
    [
      'another statistics target',
      'alter table posts alter column text set statistics 7',
      'posts',
      '+set statistics 7;',
      'alter table posts alter column text set statistics default',
    ],
    [
      'another setting of a table',
      'alter table notifications set (fillfactor = 33)',
      'notifications',
      '+fillfactor=33',
      'alter table notifications reset (fillfactor)',
    ],
    [
      'a function open to everybody',
      'grant execute on function app.touch() to public',
      'function app.touch',
      '+grant execute on function app.touch() to public;',
      'revoke execute on function app.touch() from public',
    ],
    ['a view', 'create view sneaky as select 1 as one', 'sneaky', '+create view sneaky as', 'drop view sneaky'],
    [
      'a materialised view',
      'create materialized view sneaky as select 1 as one',
      'sneaky',
      '+create materialized view sneaky as',
      'drop materialized view sneaky',
    ],
    ['a sequence', 'create sequence sneaky', 'schema', '+create sequence sneaky', 'drop sequence sneaky'],
    ['a type', `create type sneaky as enum ('a')`, 'schema', '+create type sneaky as enum (a);', 'drop type sneaky'],
    ['a schema', 'create schema sneaky', 'schema', '+create schema sneaky;', 'drop schema sneaky'],
    [
      'another default of rights',
      'alter default privileges grant execute on functions to public',
      'schema',
      '-alter default privileges on functions: the owner alone;',
      'alter default privileges revoke execute on functions from public',
    ],
    [
      'another word about a column',
      `comment on column posts.text is 'sneaky'`,
      'posts',
      `+'sneaky'`,
      'comment on column posts.text is null',
    ],
    [
      'statistics over columns',
      'create statistics sneaky on project_id, text from posts',
      'posts',
      '+CREATE STATISTICS',
      'drop statistics sneaky',
    ],
  ])('is %s', async (_name, change, about, line, undo) => {
    await open.sql(change);
    const found = await drifts();
    await open.sql(undo);
    expect(found.map((drift) => drift.about)).toEqual([about]);
    const sign = line.startsWith('+') ? 'foreign' : 'missing';
    expect(found[0]?.[sign].join('\n')).toContain(line.slice(1));
  });
});

describe('verify', () => {
  const problems = async () =>
    Object.fromEntries(
      (await verifyDatabase(open.target)).flatMap(({ about, problems: found }) =>
        found.length === 0 ? [] : [[about, found]],
      ),
    );

  it('finds a database that was just migrated well', async () => {
    expect(await problems()).toEqual({});
  });

  it('names each thing that is not', async () => {
    await open.sql('create table loose (id uuid constraint loose_user_fkey references users (id))');
    await open.sql('alter table loose add constraint loose_id_set check (id is not null) not valid');
    await open.sql('create function app.sneaky() returns integer language sql as $$ select 1 $$');
    await open.sql('grant execute on function app.sneaky() to public');
    const found = await problems();
    await open.sql('drop table loose');
    await open.sql('drop function app.sneaky()');
    expect(found).toMatchObject({
      'every constraint is validated and enforced': ['loose: loose_id_set'],
      'every foreign key says what becomes of it on delete, and has an index': ['loose: loose_user_fkey'],
      'every table, and every partition, has row-level security': ['loose'],
      'no function may be run by everybody': ['app.sneaky()'],
      'the catalogue is what the migrations build': expect.arrayContaining(['loose', 'function app.sneaky']),
    });
  });

  it('finds a month without a partition, and a row that went astray', async () => {
    await open.moveClock(86_400 * 365 * 3);
    const found = await problems();
    await open.moveClock(0);
    expect(found['every month has its partition ahead']?.length).toBeGreaterThan(1);
  });
});
