/** What PostgreSQL alone needs for the two things that publishing cannot do without: a row per post, and a claim. */
import type pg from 'pg';

const CONNECTIONS = 10;
const CLAIM = 10;

/** Inserts one community post per publication of the projects, row by row on ten connections. Returns rows per second. */
export async function bareInserts(pool: pg.Pool, projects: readonly string[]): Promise<number> {
  const { rows } = await pool.query<{ id: string; project_id: string; account_id: string }>(
    'select id, project_id, account_id from post_publications where project_id = any ($1)',
    [projects],
  );
  const left = [...rows];
  const began = performance.now();
  await onAll(async () => {
    for (let row = left.pop(); row !== undefined; row = left.pop()) {
      await pool.query({
        name: 'bench-community',
        text: `insert into community_posts (project_id, publication_id, account_id, text) values ($1, $2, $3, 'Post of the bench') returning id`,
        values: [row.project_id, row.id, row.account_id],
      });
    }
  });
  return rows.length / ((performance.now() - began) / 1000);
}

/** Claims and finishes so many rows of a plain queue table, ten at a time on ten connections. Returns rows per second. */
export async function bareClaims(pool: pg.Pool, rows: number): Promise<number> {
  await pool.query(`create table bench_queue (id bigint primary key, state text not null default 'due')`);
  await pool.query('insert into bench_queue (id) select generate_series(1, $1)', [rows]);
  await pool.query(`create index bench_queue_due on bench_queue (id) where state = 'due'`);
  const began = performance.now();
  await onAll(async () => {
    for (let claimed = CLAIM; claimed > 0; ) {
      const answer = await pool.query({
        name: 'bench-claim',
        text: `update bench_queue q set state = 'done'
          from (select id from bench_queue where state = 'due' order by id limit $1 for update skip locked) d
          where q.id = d.id returning q.id`,
        values: [CLAIM],
      });
      claimed = answer.rowCount ?? 0;
    }
  });
  const perS = rows / ((performance.now() - began) / 1000);
  await pool.query('drop table bench_queue');
  return perS;
}

async function onAll(lane: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}
