/** Tables by month: every row finds its month, months are there ahead, and statements look only where they need to. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listMigrations, migrateDown, migrateUp } from '../../infra/tools/migrate.ts';
import { loginOf, type OpenDatabase, openDatabase, type Row } from './database.ts';
import { statements } from './every-statement.ts';
import { addPerson, addPublication, addTenant, type Tenant } from './seed.ts';

let open: OpenDatabase;
let worker: pg.Client;
let tenant: Tenant;
let publicationId: string;

beforeAll(async () => {
  open = await openDatabase();
  worker = await open.login('worker');
  tenant = await addTenant(open.sql, (await addPerson(open.sql, 'owner')).userId);
  publicationId = await addPublication(open.sql, tenant, { state: 'published' });
});
afterAll(() => open.close());

const ensure = async (months: number): Promise<Row[]> =>
  (await worker.query('select * from app.ensure_partitions($1)', [months])).rows;
const snapshot = (at: string) =>
  open.sql(
    `insert into analytics (project_id, publication_id, account_id, platform, fetched_at, likes) values ($1, $2, $3, 'community', $4, 7)
     returning tableoid::regclass::text as place`,
    [tenant.projectId, publicationId, tenant.accountId, at],
  );
const places = () =>
  open.sql('select tableoid::regclass::text as place, count(*)::integer as rows from analytics group by 1 order by 1');

describe('months', () => {
  it('are there two ahead after the migrations, and further when the schedule asks', async () => {
    // As it was when the migrations ran: a month may have ended since.
    const [age] = await open.sql(
      'select extract(epoch from max(applied_at) - now())::integer as s from schema_migrations',
    );
    await open.moveClock(Number(age?.s));
    expect(await ensure(2)).toEqual([]);
    const made = await ensure(3);
    const [expected] = await open.sql(
      `select to_char(app.now() at time zone 'UTC' + interval '3 months', '"_y"YYYY"m"MM') as month`,
    );
    expect(made.map((row) => row.partition_name)).toContain(`analytics${expected?.month}`);
    expect(made.map((row) => row.table_name)).toEqual(
      (await open.sql('select name from partitioned_tables order by 1')).map(({ name }) => name),
    );
    expect(await ensure(3)).toEqual([]);
    await open.moveClock(0);
  });

  it('take a row of any month at once, and give it a month of its own later, with all that was true of it', async () => {
    expect(await snapshot('2019-03-31T23:59:59Z')).toEqual([{ place: 'analytics_default' }]);
    expect(await snapshot('2019-04-01T00:00:00Z')).toEqual([{ place: 'analytics_default' }]);
    const before = await open.sql('select * from analytics order by id');
    await open.sql('delete from analytics_touched');
    const made = (await ensure(2)).map((row) => row.partition_name);
    expect(made).toEqual(['analytics_y2019m03', 'analytics_y2019m04']);
    expect(await places()).toEqual([
      { place: 'analytics_y2019m03', rows: 1 },
      { place: 'analytics_y2019m04', rows: 1 },
    ]);
    expect(await open.sql('select * from analytics order by id')).toEqual(before);
    // Moving a row is no news of it.
    expect(await open.sql('select * from analytics_touched')).toEqual([]);
    expect(await snapshot('2019-03-01T00:00:00Z')).toEqual([{ place: 'analytics_y2019m03' }]);
  });

  it('that a log may not change are moved as well', async () => {
    await open.sql(
      `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, started_at)
       values ($1, $2, $3, 'publish', 1, uuidv7(), '2018-05-05')`,
      [tenant.projectId, publicationId, tenant.accountId],
    );
    expect((await ensure(0)).map((row) => row.partition_name)).toEqual(['publication_attempts_y2018m05']);
  });

  it('are made whatever instant a row has: one beyond any sense stays where it is', async () => {
    for (const at of ['infinity', '-infinity', '4000-01-01 BC', '20000-01-01']) {
      expect(await snapshot(at)).toEqual([{ place: 'analytics_default' }]);
    }
    await snapshot('2016-06-15T00:00:00Z');
    expect((await ensure(0)).map((row) => row.partition_name)).toEqual(['analytics_y2016m06']);
    await open.sql(
      "delete from analytics where not isfinite(fetched_at) or fetched_at not between '1970-01-01' and '9999-01-01'",
    );
  });

  it('are made by two at once without harm', async () => {
    await snapshot('2017-01-15T00:00:00Z');
    const other = await open.login('worker');
    const made = await Promise.all([
      worker.query('select * from app.ensure_partitions(5)'),
      other.query('select * from app.ensure_partitions(5)'),
    ]);
    const names = made.flatMap(({ rows }) => rows.map((row: Row) => row.partition_name));
    expect(names.filter((name) => name === 'analytics_y2017m01')).toHaveLength(1);
  });

  it('come with the clock of the database, wherever it stands', async () => {
    await open.moveClock(400 * 86_400);
    try {
      expect(await snapshot(new Date(Date.now() + 400 * 86_400_000).toISOString())).toEqual([
        { place: 'analytics_default' },
      ]);
      expect((await ensure(1)).length).toBeGreaterThan(0);
    } finally {
      await open.moveClock(0);
    }
  });

  it('nobody reads past the policies by naming a partition', async () => {
    const rows = await open.sql(`select c.relname from pg_class c cross join pg_roles r
      where c.relispartition and c.relkind = 'r' and (not c.relrowsecurity
        or (r.rolname like 'posthaste\\_%' and r.rolname <> current_user and has_any_column_privilege(r.oid, c.oid, 'select, insert, update')))`);
    expect(rows).toEqual([]);
  });
});

describe('statements about attempts and snapshots', () => {
  const months = /(?:update|from|join) (?:publication_attempts|analytics) /;
  const concerned = statements.filter(({ text }) => months.test(text));

  it.each(concerned.filter(({ kind }) => kind === 'worker'))('$name looks into the last two months', async (one) => {
    const plan = await planOf(one, '');
    expect(plan).toMatch(/(analytics|publication_attempts)_(y2|before)/);
    expect(plan).not.toMatch(/_y201\d/);
  });

  it.each(concerned.filter(({ kind }) => kind === 'actor'))(
    '$name looks into no month before its post was',
    async (one) => {
      await snapshot(new Date().toISOString());
      const lines = (await planOf(one, 'analyze, timing off, summary off, buffers off,'))
        .split('\n')
        .filter((line) => /(analytics|publication_attempts)_(y2|before|default)/.test(line));
      const executed = lines.filter((line) => !line.includes('never executed'));
      expect(executed.length).toBeGreaterThan(0);
      expect(executed.filter((line) => /_y201\d/.test(line))).toEqual([]);
    },
  );

  async function planOf({ text, keys }: (typeof statements)[number], how: string): Promise<string> {
    const [post] = await open.sql('select post_id from post_publications where id = $1', [publicationId]);
    const values = keys.map((key) => {
      const type = new RegExp(`\\$${keys.indexOf(key) + 1}::([a-z]+(?: precision)?(?:\\[\\])?)`).exec(text)?.[1];
      if (type === 'jsonb') return JSON.stringify([{ id: publicationId, leaseToken: publicationId, generation: 1 }]);
      if (type === 'uuid[]') return `{${publicationId}}`;
      if (type === 'uuid') return key === 'postId' ? post?.post_id : publicationId;
      return '1';
    });
    const superuser = await open.database.connect(open.database.server.superuser);
    try {
      await superuser.query('begin');
      const { rows } = await superuser.query<Record<string, string>>({
        text: `explain (${how} costs off) ${text}`,
        values,
      });
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    } finally {
      await superuser.end();
    }
  }
});

describe('from plain tables to tables by month and back', () => {
  it('no row is lost or copied, and what there was is one partition until the next month', async () => {
    const passwords = {
      api: loginOf('api').password,
      worker: loginOf('worker').password,
      reporting: loginOf('reporting').password,
    };
    const back = (await listMigrations()).filter(({ version }) => version >= 71).length;
    const numbers = () => open.sql('select id, fetched_at, likes from analytics order by id');
    const attempts = () => open.sql('select id, started_at, kind from publication_attempts order by id');
    const before = [await numbers(), await attempts()];
    await migrateDown(open.target, back);
    expect([await numbers(), await attempts()]).toEqual(before);
    await open.sql(`delete from analytics where fetched_at > app.now()`);
    const kept = [await numbers(), await attempts()];
    await migrateUp(open.target, passwords);
    expect([await numbers(), await attempts()]).toEqual(kept);
    expect((await places()).map(({ place }) => place)).toEqual(['analytics_before']);
    const [now] = await open.sql(
      `select app.now()::text as now, to_char(app.now() + interval '1 month', '"_y"YYYY"m"MM') as next`,
    );
    expect((await snapshot(String(now?.now)))[0]?.place).toBe('analytics_before');
    const parts = await open.sql(
      `select partition::text as name from app.partitions('analytics') order by from_at nulls first, is_default`,
    );
    expect(parts.map(({ name }) => name).slice(0, 3)).toEqual([
      'analytics_before',
      'analytics_default',
      `analytics${now?.next}`,
    ]);
  });
});
