/** Likes per second of sixteen people on one post, and what a list of fifty posts costs, for three ways to count. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Design, designs } from './counters-designs.ts';
import { startHostProcess } from './host-process.ts';
import { type Load, load } from './load.ts';
import { registerPerson } from './person.ts';
import { insertAccounts } from './rows.ts';
import { percentile, printTable, say } from './table.ts';

const WRITERS = 16;
const SECONDS = 5;
const LIST = 50;
const READS = 100;

interface Measured {
  readonly name: string;
  readonly likes: Load;
  /** A list while every post of it has 48 likes, shares and views that came since the last fold; and after it. */
  readonly listMs: number;
  readonly listFoldedMs: number | null;
  readonly foldMs: number | null;
}

export async function benchCounters(): Promise<void> {
  const host = await startHostProcess({ platforms: false });
  const writers = host.apiPool(WRITERS);
  try {
    const { projectId } = await registerPerson(host.origin);
    const [accountId = ''] = await insertAccounts(host.pool, projectId, 1);
    const calls = await arrangePeople(host.pool);
    const measured: Measured[] = [];
    for (const design of designs) {
      await host.pool.query(design.install);
      const posts = await arrangePosts(host.pool, projectId, accountId);
      measured.push(await measure(design, { pool: host.pool, writers, calls, posts }));
    }
    report(measured);
  } finally {
    await writers.end();
    await host.stop();
  }
}

/** What app.run is told of each of the writers. */
async function arrangePeople(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ call: string }>(
    `with person as (
       insert into users (email, password_hash, display_name) select 'fan' || n || '@example.com', 'none', 'Fan' from generate_series(1, $1) n returning id
     )
     insert into user_sessions (user_id, refresh_hash) select id, id::text from person
     returning json_build_object('kind', 'actor', 'userId', user_id, 'sessionId', id)::text as call`,
    [WRITERS],
  );
  return rows.map(({ call }) => call);
}

async function arrangePosts(pool: pg.Pool, projectId: string, accountId: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `with post as (
       insert into posts (project_id, text, schedule_type) select $1, 'Hello', 'draft' from generate_series(1, $3) n returning id
     ), publication as (
       insert into post_publications (project_id, post_id, account_id, platform) select $1, id, $2, 'community' from post returning id
     )
     insert into community_posts (project_id, publication_id, account_id, text) select $1, id, $2, 'Hello' from publication returning id`,
    [projectId, accountId, LIST],
  );
  await pool.query('analyze community_posts, user_engagement, counter_deltas');
  return rows.map(({ id }) => id);
}

interface Stage {
  readonly pool: pg.Pool;
  readonly writers: pg.Pool;
  readonly calls: readonly string[];
  readonly posts: readonly string[];
}

async function measure({ name, folds, settled }: Design, { pool, writers, calls, posts }: Stage): Promise<Measured> {
  const [post = ''] = posts;
  const liked = calls.map(() => false);
  const foldMs: number[] = [];
  let over = false;
  const folding = folds ? foldEverySecond(pool, foldMs, () => over) : Promise.resolve();
  const likes = await load(
    SECONDS,
    async (_, caller) => {
      const on = liked[caller] !== true;
      liked[caller] = on;
      await writers.query({
        name: 'bench-like',
        text: 'select part from app.run($1::jsonb, $2, $3::text[]) as part',
        values: [calls[caller], 'select l.outcome from app.set_like($1::uuid, $2::boolean) l', [post, on]],
      });
    },
    WRITERS,
  );
  over = true;
  await folding;
  await expectTruth(pool, post);
  await pool.query(
    `insert into user_engagement (user_id, community_post_id, type)
     select (c.call ->> 'userId')::uuid, p.id, t.type
     from unnest($1::jsonb[]) c (call), unnest($2::uuid[]) p (id), unnest('{like,share,view}'::text[]) t (type) on conflict do nothing`,
    [calls, posts],
  );
  if (settled !== undefined) await pool.query(settled);
  await pool.query('vacuum analyze');
  const listMs = await readList(writers, posts);
  if (!folds) return { name, likes, listMs, listFoldedMs: null, foldMs: null };
  await pool.query('select folded from app.fold_counters(1000000)');
  await pool.query('vacuum analyze');
  return { name, likes, listMs, listFoldedMs: await readList(writers, posts), foldMs: percentile(foldMs, 1) };
}

async function foldEverySecond(pool: pg.Pool, foldMs: number[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await sleep(1_000);
    const began = performance.now();
    await pool.query('select folded from app.fold_counters(20000)');
    foldMs.push(performance.now() - began);
  }
}

async function expectTruth(pool: pg.Pool, post: string): Promise<void> {
  const { rows } = await pool.query<{ wrong: boolean }>(
    `select like_count <> (select count(*) from user_engagement where community_post_id = $1 and type = 'like') as wrong
     from app.post_counts(array[$1::uuid])`,
    [post],
  );
  if (rows[0]?.wrong !== false) throw new Error('likes were lost');
}

async function readList(writers: pg.Pool, posts: readonly string[]): Promise<number> {
  const ms: number[] = [];
  for (let read = 0; read < READS; read += 1) {
    const began = performance.now();
    await writers.query({ name: 'bench-counts', text: 'select * from app.post_counts($1::uuid[])', values: [posts] });
    ms.push(performance.now() - began);
  }
  return percentile(ms, 0.5);
}

function report(measured: readonly Measured[]): void {
  const base = measured.at(-1);
  if (base === undefined) throw new Error('nothing was measured');
  printTable(
    `counters: ${WRITERS} people who like and unlike one post through app.run, ${SECONDS} s each; lists of ${LIST} posts`,
    [
      'design',
      'likes per s',
      ': row lock',
      'p50 ms',
      'p99 ms',
      'p99 : row lock',
      'list p50 ms',
      'after the fold',
      'longest fold ms',
    ],
    measured.map(({ name, likes, listMs, listFoldedMs, foldMs }) => [
      name,
      likes.perS,
      likes.perS / base.likes.perS,
      likes.p50Ms,
      likes.p99Ms,
      likes.p99Ms / base.likes.p99Ms,
      listMs,
      listFoldedMs,
      foldMs,
    ]),
  );
  say('": row lock" is the share of the last line, measured in the same run.');
}
