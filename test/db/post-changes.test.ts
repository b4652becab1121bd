/** What counts as a change of a post, and what its publications make of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeMetrics } from '../../shared/analytics/queries.ts';
import { json } from '../../shared/db/parameters.ts';
import { listPosts } from '../../shared/posts/list-queries.ts';
import { type Actors, openActors } from './acting.ts';
import { type OpenDatabase, openDatabase, type Row } from './database.ts';
import { addPerson, addPostWith, addRow, addTenant, type Publication, type Someone, type Tenant } from './seed.ts';

let open: OpenDatabase;
let actors: Actors;
let owner: Someone;
let tenant: Tenant;

beforeAll(async () => {
  open = await openDatabase();
  actors = await openActors(open);
  owner = await addPerson(open.sql, 'owner');
  tenant = await addTenant(open.sql, owner.userId);
});
afterAll(() => open.close());

const me = (text: string, values: readonly unknown[] = []) => actors.as(owner)(text, values);
const postWith = (...wanted: readonly (string | Publication)[]) => addPostWith(open.sql, tenant.projectId, wanted);

const get = async (table: string, id: string): Promise<Row> => {
  const [row] = await open.sql(`select * from ${table} where id = $1`, [id]);
  if (row === undefined) throw new Error('there is no such row');
  return row;
};

describe('version and updated_at', () => {
  /** What moves neither: leases, claims, numbers, and what they follow from. */
  const quiet: Readonly<Record<string, readonly string[]>> = {
    posts: ['metrics_requested_at', 'analytics'],
    post_publications: [
      ...[
        'next_attempt_at',
        'generation',
        'attempts',
        'lease_token',
        'lease_until',
        'commit_started_at',
        'refused_at',
        'looks',
        'revision',
      ],
      ...[
        'prepared',
        'prepared_ready',
        'prepared_expires_at',
        'prepare_lease_until',
        'scheduled_at',
        'queued_at',
        'publishing_at',
      ],
      ...[
        'failed_at',
        'last_retry_at',
        'likes',
        'comments',
        'shares',
        'views',
        'impressions',
        'reach',
        'saves',
        'clicks',
        'analytics',
      ],
      ...['engagement_rate', 'metrics_at', 'next_metrics_at', 'metrics_lease_until'],
    ],
  };
  const fixed = [
    'id',
    'project_id',
    'post_id',
    'account_id',
    'platform',
    'created_by',
    'created_at',
    'updated_at',
    'version',
    'deleted_at',
    'state',
  ];

  it.each(Object.keys(quiet))('of %s move with what a person would call a change, column by column', async (table) => {
    const { postId, ids } = await postWith('failed');
    const id = table === 'posts' ? postId : String(ids[0]);
    const columns = await open.sql(
      `select attname as name, format_type(atttypid, -1) as type from pg_attribute
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attname <> all ($2)`,
      [table, fixed],
    );
    const contentId = await addRow(open.sql, 'content', {
      project_id: tenant.projectId,
      title: 'T',
      body: 'B',
      content_type: 'text',
    });
    const clock = { posts: "schedule_type = 'at', ", post_publications: '' }[table] ?? '';
    const values: Readonly<Record<string, string>> = {
      uuid: 'uuidv7()',
      'timestamp with time zone': "app.now() - interval '3 days'",
      integer: '7',
      bigint: '7',
      numeric: '7',
      jsonb: '\'{"new": 1}\'',
      boolean: 'true',
      'text[]': "'{new}'",
      text: "'new'",
    };
    const special: Readonly<Record<string, string>> = {
      content_id: `'${contentId}'`,
      clip_id: '',
      schedule_type: "'now'",
      wall_time: "'x', time_zone = 'y'",
      time_zone: "'y', wall_time = 'x'",
      content_type: "'video'",
      language: "'de'",
      failure_class: "'rate-limited'",
    };
    for (const { name, type } of columns) {
      const column = String(name);
      const value = special[column] ?? values[String(type)];
      if (value === '') continue;
      expect(value, `${column} ${type}`).toBeDefined();
      await open.sql('begin');
      const before = await get(table, id);
      await open.sql(`update ${table} set ${column === 'due_at' ? clock : ''}${column} = ${value} where id = $1`, [id]);
      const { version } = await get(table, id);
      await open.sql('rollback');
      const moved = Number(version) - Number(before.version);
      expect(moved, `${table}.${column}`).toBe(quiet[table]?.includes(column) ? 0 : 1);
    }
  });

  it('a sync of numbers is none, a change of state is: lists by updatedSince find the second', async () => {
    const { postId, ids } = await postWith('published', 'scheduled');
    const since = async (updatedSince: string) =>
      (
        await open.as({ kind: 'actor', ...owner }).many(listPosts, {
          projectId: tenant.projectId,
          accountId: null,
          createdBy: null,
          status: null,
          externalId: null,
          updatedSince,
          before: null,
          limit: 100,
        })
      ).map(({ id }) => id);
    await open.sql('update posts set text = text where id = $1', [postId]);
    await open.moveClock(60);
    const [now] = await open.sql(`select to_char(app.now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`);
    await open.worker.many(storeMetrics, {
      results: json([{ id: ids[0], ok: true, source: 'poll', likes: 3, comments: 1, shares: 0, views: 50 }]),
    });
    expect(await get('post_publications', String(ids[0]))).toMatchObject({
      likes: '3',
      total_engagement: '54',
      engagement_rate: '8.00',
      version: 1,
    });
    expect(await since(String(now?.at))).not.toContain(postId);
    await open.sql("update post_publications set state = 'queued' where id = $1", [ids[1]]);
    expect(await since(String(now?.at))).toContain(postId);
    await open.moveClock(0);
  });
});

describe('post_overview', () => {
  it('says of every post what a look at each of its publications says', async () => {
    const states = ['draft', 'scheduled', 'queued', 'published', 'failed', 'unknown', 'cancelled'];
    let dice = 7;
    const roll = (sides: number) => {
      dice = (dice * 1103515245 + 12345) % 2147483648;
      return Math.floor((dice / 2147483648) * sides);
    };
    for (let index = 0; index < 40; index += 1) {
      const wanted = Array.from({ length: roll(5) }, () => {
        const state = states[roll(states.length)] ?? 'draft';
        const at = new Date(Date.UTC(2030, 0, 1 + roll(300)));
        const numbers = {
          likes: roll(2) === 0 ? null : roll(50),
          views: roll(900),
          comments: roll(9),
          shares: null,
          reach: roll(90),
        };
        const columns = { attempts: roll(5), ...numbers, metrics_at: at };
        if (state === 'published') return { state, columns: { ...columns, published_at: at } };
        return state === 'failed'
          ? { state, columns: { ...columns, failed_at: at, failure_message: `m${index}` } }
          : { state, columns };
      });
      await postWith(...wanted);
    }
    const publications = await open.sql('select * from post_publications order by id');
    const overview = await me('select * from post_overview');
    expect(overview.length).toBeGreaterThan(40);
    for (const post of overview) {
      const own = publications.filter(({ post_id: postId }) => postId === post.id);
      const total = (name: string) => {
        const known = own.map((row) => row[name]).filter((value) => value !== null);
        return known.length === 0 ? null : known.reduce<number>((sum, value) => sum + Number(value), 0);
      };
      const instants = (name: string, of = own) =>
        of.flatMap((row) => (row[name] instanceof Date ? [row[name].getTime()] : []));
      const failed = own
        .filter(({ state }) => state === 'failed')
        .sort((a, b) => time(b.failed_at) - time(a.failed_at) || (String(a.id) < String(b.id) ? 1 : -1));
      const [status] = await open.sql('select app.post_status($1::text[]) as status', [own.map(({ state }) => state)]);
      expect({ ...post, published_at: parse(post.published_at), failed_at: parse(post.failed_at) }).toMatchObject({
        status: status?.status,
        is_scheduled: own.some(({ state }) => state === 'scheduled' || state === 'queued'),
        published_at: first(instants('published_at'), Math.min),
        failed_at: first(instants('failed_at', failed), Math.max),
        error_message: failed[0]?.failure_message ?? null,
        retry_count: own.reduce((sum, { attempts }) => sum + Math.max(0, Number(attempts) - 1), 0),
        likes: total('likes'),
        views: total('views'),
        reach: total('reach'),
        total_engagement:
          (total('views') ?? 0) + (total('likes') ?? 0) + (total('shares') ?? 0) + (total('comments') ?? 0),
      });
    }
  });

  it('shows nobody more than the tables do', async () => {
    const stranger = await addPerson(open.sql, 'stranger');
    expect(await actors.as(stranger)('select id from post_overview')).toEqual([]);
  });

  it('finds one post by its key and its publications by theirs', async () => {
    const { postId } = await postWith('scheduled');
    await open.sql('begin');
    await open.sql('set local enable_seqscan = off');
    const plan = await open.sql(`explain (costs off) select * from post_overview where id = '${postId}'`);
    await open.sql('rollback');
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toMatch(/posts_pkey/);
    expect(text).toMatch(/post_publications_account_once/);
  });

  const time = (value: unknown) => (value instanceof Date ? value.getTime() : 0);
  const parse = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : null);
  const first = (values: number[], pick: (...values: number[]) => number) =>
    values.length === 0 ? null : pick(...values);
});
