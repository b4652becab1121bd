/** What has been kept as long as it is to be kept goes, and nothing else; the database says how it does. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { asSuperuser } from '../../infra/local/postgres.ts';
import { loginOf } from '../db/database.ts';
import { addAccount, addPerson, addPost, addPublication, addRow, addTenant, type Tenant } from '../db/seed.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let tenant: Tenant;
let userId: string;
const dayMs = 86_400_000;

beforeAll(async () => {
  world = await openWorld();
  userId = (await addPerson(world.sql, 'owner')).userId;
  tenant = await addTenant(world.sql, userId);
});
afterEach(() => world.moveClock(0));
afterAll(() => world.close());

const count = async (table: string, where = 'true') =>
  Number((await world.sql(`select count(*) as n from ${table} where ${where}`))[0]?.n);

async function afterDays(days: number): Promise<void> {
  await world.moveClock(days * dayMs);
  await world.tick('maintain');
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
}

/** What was logged as an error meanwhile. */
async function failures(act: () => Promise<void>): Promise<unknown[]> {
  const before = world.logs.length;
  await act();
  const lines = world.logs.slice(before).map((line) => z.looseObject({ level: z.string() }).parse(JSON.parse(line)));
  return lines.filter(({ level, message }) => level === 'error' && message !== undefined);
}

async function whileBroken(name: string, act: () => Promise<void>): Promise<void> {
  const [{ text = '' } = {}] = await world.sql('select pg_get_functiondef($1::regprocedure) as text', [name]);
  const [head] = String(text).split('AS $function$');
  await world.sql(`${head} AS $$ begin raise exception 'broken'; end $$`);
  await act();
  await world.sql(String(text));
}

describe('the hourly tick', () => {
  it('takes away on its day, and not a day before', async () => {
    const { projectId, accountId } = tenant;
    await addRow(world.sql, 'account_health_checks', {
      project_id: projectId,
      account_id: accountId,
      result: 'healthy',
    });
    await addRow(world.sql, 'system_metrics', { name: 'mine', value: 1 });
    const postId = await addPost(world.sql, projectId);
    const kept = await addPost(world.sql, projectId);
    await world.sql('update posts set deleted_at = app.now() where id = $1', [postId]);

    await afterDays(29);
    expect(await count('account_health_checks')).toBe(1);
    expect(await count('posts', `id = '${postId}'`)).toBe(1);
    await afterDays(31);
    expect(await count('account_health_checks')).toBe(0);
    expect(await count('posts', `id = '${postId}'`)).toBe(0);
    expect(await count('posts', `id = '${kept}'`)).toBe(1);
    await afterDays(89);
    expect(await count('system_metrics', "name = 'mine'")).toBe(1);
    await afterDays(91);
    expect(await count('system_metrics', "name = 'mine'")).toBe(0);
  });

  it('leaves a deleted comment its place while an answer to it stands', async () => {
    const { projectId, accountId } = tenant;
    const publicationId = await addPublication(world.sql, tenant, { state: 'published' });
    const post = await addRow(world.sql, 'community_posts', {
      project_id: projectId,
      account_id: accountId,
      publication_id: publicationId,
      text: 'x',
    });
    const said = { community_post_id: post, author_id: userId, text: 'x' };
    const first = await addRow(world.sql, 'comments', said);
    const answer = await addRow(world.sql, 'comments', { ...said, parent_id: first });
    await world.sql('update comments set deleted_at = app.now() where id = $1', [first]);
    await afterDays(40);
    expect(await count('comments', `id in ('${first}', '${answer}')`)).toBe(2);
    await world.sql('update comments set deleted_at = app.now() where id = $1', [answer]);
    await afterDays(80);
    await afterDays(81);
    expect(await count('comments', `id in ('${first}', '${answer}')`)).toBe(0);
  });

  it('ends a deleted project thirty days later, with all that was in it', async () => {
    const gone = await addTenant(world.sql, userId);
    await addAccount(world.sql, gone.projectId);
    await addPublication(world.sql, gone, { state: 'published' });
    await world.sql('update projects set deleted_at = app.now() where id = $1', [gone.projectId]);
    await afterDays(29);
    expect(await count('projects', `id = '${gone.projectId}'`)).toBe(1);
    await afterDays(31);
    // Files and tokens are the sweep's; then the rest may go.
    await world.sql('update outbox_events set dispatched_at = app.now() where project_id = $1', [gone.projectId]);
    await afterDays(31);
    expect(await count('projects', `id = '${gone.projectId}'`)).toBe(0);
    expect(await count('post_publications', `project_id = '${gone.projectId}'`)).toBe(0);
    expect(await count('projects', `id = '${tenant.projectId}'`)).toBe(1);
  });

  it('notes how tables and statements do, without a value of any row', async () => {
    await world.sql('create table dying (id integer, note text)');
    await world.sql("insert into dying select n, 'secret of nobody' from generate_series(1, 4000) n");
    await world.sql('alter table dying set (autovacuum_enabled = off)');
    await world.sql("delete from dying where id <= 3000 and note = 'secret of nobody'");
    await expect
      .poll(async () => {
        await world.sql('select pg_stat_force_next_flush()');
        return count('pg_stat_user_tables', "relname = 'dying' and n_dead_tup >= 3000");
      })
      .toBe(1);
    let line: unknown;
    // The list of statements is the server's, which all test files share: when it is full, it forgets the rare ones.
    await expect
      .poll(async () => {
        for (let n = 0; n < 6; n += 1) await world.sql("select pg_sleep(0.05), 'secret of nobody' as sleepy");
        await world.tick('maintain');
        line = JSON.parse(world.logs.at(-1) ?? '{}');
        return count('system_metrics', "name = 'statement.mean_ms' and value > 40 and tags ->> 'text' like '%sleepy%'");
      })
      .toBe(1);
    expect(line).toMatchObject({ operation: 'maintain', deadPercent: 75, deadTable: 'dying' });
    expect(line).toHaveProperty(
      'slowestMs',
      expect.toSatisfy((ms: number) => ms > 40),
    );
    expect(JSON.stringify(await world.sql('select tags from system_metrics'))).not.toContain('secret of nobody');
    await world.sql('drop table dying');
  });

  it('measures what is there while a table goes away', async () => {
    await world.sql('create table leaving as select n from generate_series(1, 10) n');
    const client = await world.database.connect();
    try {
      // What a reader of the catalogue meets who began a moment before the table was dropped.
      await client.query('begin isolation level repeatable read; select 1');
      await world.sql('drop table leaving');
      const seen = await client.query("select count(*)::int as n from pg_stat_user_tables where relname = 'leaving'");
      expect(seen.rows).toEqual([{ n: 1 }]);
      const measured = await client.query('select name, value, tags from app.measure()');
      expect(measured.rows.filter(({ value, tags }) => value === null || tags.table === 'leaving')).toEqual([]);
      expect(measured.rows.length).toBeGreaterThan(40);
    } finally {
      await client.end();
    }
  });

  it.each([
    ['partitions', 'app.ensure_partitions(integer)'],
    ['measures', 'app.measure()'],
  ])('purges also when %s fail, and fails when all is done', async (part, name) => {
    const id = await addRow(world.sql, 'system_metrics', { name: 'old', value: 1 });
    await world.moveClock(91 * dayMs);
    expect(await failures(() => whileBroken(name, () => world.tick('maintain')))).toMatchObject([
      { part, note: 'SQLSTATE P0001' },
      { operation: 'maintain', message: 'tick' },
    ]);
    expect(await count('system_metrics', `id = '${id}'`)).toBe(0);
  });

  it('measures also when purging fails', async () => {
    await world.sql('delete from system_metrics');
    const tick = () => whileBroken('app.purge_kept(integer)', () => world.tick('maintain'));
    expect(await failures(tick)).toMatchObject([{ part: 'purge' }, { operation: 'maintain' }]);
    expect(await count('system_metrics', "name = 'database.bytes'")).toBe(1);
  });

  it('does its work on a server that was started without the count of statements', async () => {
    // What PostgreSQL's own function says when its library was not loaded at the start.
    const unloaded = `do $do$ begin execute 'create or replace function watching.pg_stat_statements('
      || pg_get_function_arguments('watching.pg_stat_statements'::regproc) || ') returns setof record language plpgsql
      as $$ begin raise exception ''must be loaded'' using errcode = ''55000''; end $$'; end $do$`;
    const { server, name } = world.database;
    await asSuperuser(server, (client) => client.query(unloaded), name);
    await world.tick('maintain');
    expect(JSON.parse(world.logs.at(-1) ?? '{}')).toMatchObject({
      level: 'info',
      operation: 'maintain',
      slowestMs: null,
    });
    expect(await count('system_metrics', "name = 'database.bytes'")).toBeGreaterThan(0);
  });
});

describe('reports', () => {
  it('are read and never written, for at most a minute, without a person in them', async () => {
    const client = await world.database.connect(loginOf('reporting'));
    try {
      const show = async (name: string) => (await client.query(`show ${name}`)).rows[0]?.[name];
      expect(await show('default_transaction_read_only')).toBe('on');
      expect(await show('statement_timeout')).toBe('1min');
      for (const table of ['analytics', 'analytics_rollups', 'account_metrics', 'system_metrics'])
        await client.query(`select * from ${table}`);
      await client.query('select day, post_impressions from user_analytics');
      for (const personal of ['select user_id from user_analytics', 'select email from users', 'select * from posts'])
        await expect(client.query(personal), personal).rejects.toThrow(/permission denied/);
    } finally {
      await client.end();
    }
  });
});
