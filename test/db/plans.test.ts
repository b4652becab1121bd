/** In a database in use no statement of the code reads a whole table that grows, with row-level security active. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Asking, fillCrowd } from './crowd.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { type AnyStatement, argumentOf, callOf, loginOfKind, statements } from './every-statement.ts';

let open: OpenDatabase;
let asking: Asking;
let client: pg.Client;

beforeAll(async () => {
  open = await openDatabase();
  asking = await fillCrowd(open.sql);
  client = await open.database.connect(open.database.server.superuser);
  await client.query('set plan_cache_mode = force_custom_plan');
  // As if the tables had a hundred times the pages: what is cheap to read whole today is not for ever.
  await client.query('set seq_page_cost = 100');
}, 180_000);
afterAll(async () => {
  await client.end();
  await open.close();
});

/** These stay small: one row per platform, per table, per instance that somebody connected, a thousand popular posts. */
const small = new Set([
  'identity_providers',
  'platforms',
  'platform_apps',
  'installation_settings',
  'quotas',
  'popular_posts',
  'schema_migrations',
  'partition_archives',
  'archive_parts',
  'export_tables',
]);

/** `statement: table` → why a whole scan is right there. */
const accepted: Readonly<Record<string, string>> = {
  'listUserInvitations: user_invitations': 'as many as administrators wrote by hand, for administrators alone',
};

it.each(statements)('$name', async (statement) => {
  for (const filtered of [true, false]) {
    const scans = (await scansOf(statement, filtered)).filter((scan) => !(scan in accepted));
    expect(scans, filtered ? 'with every filter' : 'with none').toEqual([]);
  }
});

it('would notice: the same without an index, or with none that fits', async () => {
  const plans = [
    "select id from posts where text = 'x'",
    'select id from posts order by created_at',
    'select count(*) as n from users',
  ];
  for (const text of plans) {
    expect(
      await scansOf({ name: 'bad', kind: 'worker', access: 'read', keys: [], row: z.object({}), text }),
      text,
    ).toHaveLength(1);
  }
});

describe('what the named functions do inside', () => {
  const calls = (one: Asking): [string, string][] => [
    ['actor', `select app.session_refusal('${one.userId}', '${one.sessionId}', true)`],
    ['actor', "select app.projects_of('read')"],
    ['actor', "select * from app.create_project('p', null, 'UTC')"],
    [
      'actor',
      `select app.repeated('${one.userId}', '{"route": "POST /v1/posts", "key": "key", "bodyHash": "hash", "secret": false}', true) where false`,
    ],
    ['actor', `select * from app.set_like('${one.communityPostId}', true)`],
    ['actor', `select * from app.add_comment('${one.communityPostId}', '${one.commentId}', 'x')`],
    ['actor', `select app.liked('${one.communityPostId}')`],
    [
      'actor',
      `select * from app.connect_own_account('${one.projectId}', 'threads', 'new', 'h', null, null, '', '{}', 'a', 'r', 60, null)`,
    ],
    ['actor', `select * from app.engage('${one.communityPostId}', 'view', '{}')`],
    ['actor', `select * from app.set_follow('${one.userId}', true)`],
    ['actor', 'select * from app.rank_feed()'],
    ['actor', `select * from app.view_profile('${one.userId}')`],
    ['public', "select * from app.search_community('rain tag7', null, null, 20)"],
    ['public', 'select * from app.popular_posts(10, 20)'],
    ['public', `select * from app.post_counts('{${one.communityPostId}}')`],
    ['public', `select * from app.profiles('{${one.userId}}')`],
    ['actor', "select * from app.search_content('plan -launch', null)"],
    ['actor', "select * from app.search_posts('hello launch1*', null)"],
    ['actor', "select * from app.hashtags_like('pl', 10)"],
    ['actor', `select * from app.use_starter_template('${one.projectId}', 'event')`],
    ['public', "select * from app.register('new@example.com', 'h', 'New', 'token', 'link')"],
    ['public', "select * from app.login_recipe('person7@example.com')"],
    ['public', "select * from app.log_in('person7@example.com', 'none', 'fresh too', null, '192.0.2.1', '{}')"],
    ['public', "select * from app.log_in('person8@example.com', 'wrong', 'never', null, '192.0.2.1', '{}')"],
    ['public', `select * from app.renew_password_hash('${one.sessionId}', 'x', 'y')`],
    ['public', "select * from app.resend_verification('person7@example.com', 'token 1', 'link')"],
    ['public', "select * from app.ask_password_reset('person7@example.com', 'token 2', 'link')"],
    ['public', "select * from app.reset_candidate('reset of person9@example.com')"],
    ['public', "select * from app.reset_password('reset of person9@example.com', 'h')"],
    ['actor', "select * from app.change_email('somebody.else@example.com', 'token 3', 'link')"],
    ['actor', "select * from app.prove_password('x')"],
    ['actor', "select * from app.change_password('x', 'y')"],
    ['public', "select * from app.verify_email('hash of person9@example.com')"],
    ['public', `select * from app.rotate_session('${one.sessionId}', 'x', 'y', true, '192.0.2.7', 'x', '{}')`],
    ['public', `select * from app.mail_sent('${one.userId}')`],
    ['public', `select * from app.use_oauth_state('state ${one.userId}')`],
    ['public', `select * from app.finish_oauth('state ${one.userId}', 'n', 'h', null, null, '', '{}', 'a', 'r', 60)`],
    ['public', `select * from app.report('report ${one.postId}')`],
    ['public', `select * from app.display_names('{${one.userId}}')`],
    ['public', `select * from app.faces('{${one.userId}}')`],
    ['public', `select * from app.community_profiles('{${one.accountId}}')`],
  ];

  it('reads no whole table either', async () => {
    const found: string[] = [];
    const empty = await emptyMonths();
    for (const [kind, text] of calls(asking)) {
      await asRole(kind === 'actor' ? 'posthaste_api' : 'posthaste_public', async () => {
        const before = await sequentialScans();
        await client.query(text);
        const after = await sequentialScans();
        for (const [table, times] of after) {
          if (!small.has(table) && !empty.has(table) && times > (before.get(table) ?? 0))
            found.push(`${text}: ${table}`);
        }
      });
    }
    expect(found).toEqual([]);
  });
});

describe('people whom an administrator looks for', () => {
  it.each(['erson12', 'person12@exam', 'pe'])('%s: no whole table is read', async (search) => {
    await client.query('begin');
    await client.query("update users set role = 'admin' where id = $1", [asking.userId]);
    await client.query(`select set_config('app.user_id', $1, true)`, [asking.userId]);
    const before = await sequentialScans();
    await client.query("select * from app.find_users($1, null, null, 'newest', null, 20)", [search]);
    const after = await sequentialScans();
    await client.query('rollback');
    expect((after.get('users') ?? 0) - (before.get('users') ?? 0)).toBe(0);
  });
});

describe('projects that nobody manages any more', () => {
  it.each(['of all people', 'of one'])('%s: no whole table is read', async (whose) => {
    await client.query('begin');
    await client.query("update users set role = 'admin' where id = $1", [asking.userId]);
    const { rows: gone } = await client.query<{ id: string }>(
      "update users set status = 'deactivated' where email = 'person8@example.com' returning id",
    );
    await client.query(`select set_config('app.user_id', $1, true)`, [asking.userId]);
    const before = await sequentialScans();
    const fetchedBefore = await peopleFetched();
    const { rows } = await client.query('select * from app.ownerless_projects($1, null, 20)', [
      whose === 'of one' ? gone[0]?.id : null,
    ]);
    const after = await sequentialScans();
    const fetched = (await peopleFetched()) - fetchedBefore;
    await client.query('rollback');
    expect(rows.length).toBeGreaterThan(0);
    const read = [...after].filter(([table, times]) => !small.has(table) && times > (before.get(table) ?? 0));
    expect(read).toEqual([]);
    expect(fetched, 'nor by an index').toBeLessThan(200);
  });

  /** Rows of people that this session has read by an index. */
  async function peopleFetched(): Promise<number> {
    const { rows } = await client.query<{ people: number }>(
      "select idx_tup_fetch::integer as people from pg_stat_xact_user_tables where relname = 'users'",
    );
    return rows[0]?.people ?? 0;
  }
});

/** Whole tables that this session has read, and how often. */
async function sequentialScans(): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; times: number }>(
    'select relname as name, seq_scan::integer as times from pg_stat_xact_user_tables where seq_scan > 0',
  );
  return new Map(rows.map(({ name, times }) => [name, times]));
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'Index Name'?: string | undefined;
  readonly 'Index Cond'?: string | undefined;
  readonly Plans?: readonly Node[] | undefined;
}
const node: z.ZodType<Node> = z.object({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Index Name': z.string().optional(),
  'Index Cond': z.string().optional(),
  get Plans() {
    return z.array(node).optional();
  },
});
const planRow = z.object({ 'QUERY PLAN': z.array(z.object({ Plan: node })) });

/** Partitions with no row, as those of the months ahead: there is nothing to read but all of it. */
async function emptyMonths(): Promise<Set<string>> {
  const rows = await open.sql('select relname as name from pg_class where relispartition and reltuples <= 0');
  return new Set(rows.map(({ name }) => String(name)));
}

/** `name: table` of every node that reads all of a table that grows: in sequence, or by an index that nothing narrows. */
async function scansOf(statement: AnyStatement, filtered = true): Promise<string[]> {
  // An index over a fifth of the rows or less may be read from its begin to its end.
  const partial = await open.sql(`select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_class t on t.oid = i.indrelid where i.indpred is not null and c.reltuples < t.reltuples / 5`);
  const narrow = new Set(partial.map(({ name }) => String(name)));
  const empty = await emptyMonths();
  const values = statement.keys.map((key) => argumentOf(statement, key, { asking, filtered }));
  const plan = await asRole(loginOfKind[statement.kind], async () => {
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [callOf(statement, asking), `explain (format json) ${statement.text}`, values],
    );
    return planRow.parse(JSON.parse(rows.map(({ part }) => part).join('')));
  });
  const found: string[] = [];
  const visit = (current: Node): void => {
    const table = current['Relation Name'];
    const whole =
      current['Node Type'] === 'Seq Scan' ||
      (/^Index( Only)? Scan$/.test(current['Node Type']) &&
        current['Index Cond'] === undefined &&
        !narrow.has(current['Index Name'] ?? ''));
    if (whole && table !== undefined && !small.has(table) && !empty.has(table))
      found.push(`${statement.name}: ${table}`);
    for (const child of current.Plans ?? []) visit(child);
  };
  visit(plan['QUERY PLAN'][0]?.Plan ?? { 'Node Type': 'nothing' });
  return found;
}

/** Runs it as the login of a role, with the asking person as actor, and takes everything back. */
async function asRole<T>(login: string, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    if (login === 'posthaste_api') await client.query(`select set_config('app.user_id', $1, true)`, [asking.userId]);
    await client.query(`set local session authorization ${login}`);
    return await work();
  } finally {
    await client.query('rollback');
  }
}
