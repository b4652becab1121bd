/** Rows put in place past the API, as the owner of the tables: what a bench needs many of. */
import type pg from 'pg';

/** Posts of one project with one publication each, of one community account. They are drafts. */
export async function arrangePosts(pool: pg.Pool, projectId: string, posts: number): Promise<{ accountId: string }> {
  const [accountId] = await insertAccounts(pool, projectId, 1);
  if (accountId === undefined) throw new Error('there is no account');
  await pool.query(
    `with made as (
       insert into posts (project_id, text, schedule_type)
       select $1, 'Post number ' || n || ' of the bench, as long as posts are', 'draft' from generate_series(1, $3) n returning id
     )
     insert into post_publications (project_id, post_id, account_id, platform) select $1, made.id, $2, 'community' from made`,
    [projectId, accountId, posts],
  );
  await describeTables(pool);
  return { accountId };
}

export async function insertAccounts(pool: pg.Pool, projectId: string, accounts: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
     select $1, 'community', uuidv7()::text, 'bench-' || n, 'https://community.example' from generate_series(1, $2) n returning id`,
    [projectId, accounts],
  );
  return rows.map(({ id }) => id);
}

export interface Burst {
  readonly projects: number;
  readonly accounts: number;
  readonly publications: number;
  /** SQL of the due instant; `n` counts from 1. */
  readonly dueAt: string;
}

/** Scheduled publications of one post each, dealt out over accounts and projects. Returns the projects. */
export async function arrangeBurst(pool: pg.Pool, burst: Burst): Promise<string[]> {
  const { projects, accounts, publications, dueAt } = burst;
  const made = await pool.query<{ id: string }>(
    `insert into projects (name) select 'Burst ' || n from generate_series(1, $1) n returning id`,
    [projects],
  );
  const each = Math.ceil(accounts / projects);
  for (const { id } of made.rows) await insertAccounts(pool, id, each);
  await pool.query(
    `with account as (
       select id, project_id, row_number() over (order by handle, project_id) - 1 as seat from social_accounts where project_id = any ($1)
     ), wanted as (
       select n, a.id as account_id, a.project_id, uuidv7() as post_id, ${dueAt} as due_at
       from generate_series(1, $2) n join account a on a.seat = n % (select count(*) from account)
     ), made as (
       insert into posts (id, project_id, text, schedule_type, due_at)
       select post_id, project_id, 'Post number ' || n || ' of the bench, as long as posts are', 'at', due_at from wanted returning id
     )
     insert into post_publications (project_id, post_id, account_id, platform, state, due_at, scheduled_at)
     select w.project_id, w.post_id, w.account_id, 'community', 'scheduled', w.due_at, now() from wanted w`,
    [made.rows.map(({ id }) => id), publications],
  );
  await describeTables(pool);
  return made.rows.map(({ id }) => id);
}

/** Autovacuum would, within its minute: without it plans, and so figures, hang on when that minute falls. */
async function describeTables(pool: pg.Pool): Promise<void> {
  await pool.query('analyze projects, social_accounts, posts, post_publications');
}
