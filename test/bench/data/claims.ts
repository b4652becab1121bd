/** Claiming what is due, by the tick's own statement on many connections, beside a bare SKIP LOCKED loop on the same server. */
import type pg from 'pg';
import { claimDue } from '../../../shared/publications/dispatch-queries.ts';

const CLAIMERS = 8;
const LIMIT = 100;

/** Rows per second of `claimDue` until so many are claimed. Leaves them claimed. */
export async function claimsPerS(connect: () => Promise<pg.Client>, rows: number): Promise<number> {
  const call = JSON.stringify({ kind: 'worker', name: 'bench' });
  return perSecond(connect, rows, async (client) => {
    const answer = await client.query<{ part: string }>({
      name: 'bench-claim-due',
      text: 'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      values: [call, claimDue.text, [String(LIMIT)]],
    });
    const lines = answer.rows.map(({ part }) => part).join('');
    return lines === '' ? 0 : lines.trimEnd().split('\n').length;
  });
}

/** The same number of rows of a plain queue table, in batches of the same size. */
export async function bareClaimsPerS(connect: () => Promise<pg.Client>, rows: number): Promise<number> {
  const owner = await connect();
  await owner.query(`create table bench_queue (id bigint primary key, state text not null default 'due')`);
  await owner.query('insert into bench_queue (id) select generate_series(1, $1)', [rows]);
  await owner.query(`create index bench_queue_due on bench_queue (id) where state = 'due'`);
  await owner.query('analyze bench_queue');
  try {
    return await perSecond(connect, rows, async (client) => {
      const answer = await client.query({
        name: 'bench-claim',
        text: `update bench_queue q set state = 'done'
          from (select id from bench_queue where state = 'due' order by id limit $1 for update skip locked) d
          where q.id = d.id returning q.id`,
        values: [LIMIT],
      });
      return answer.rowCount ?? 0;
    });
  } finally {
    await owner.query('drop table bench_queue');
    await owner.end();
  }
}

async function perSecond(
  connect: () => Promise<pg.Client>,
  rows: number,
  claim: (client: pg.Client) => Promise<number>,
): Promise<number> {
  const clients = await Promise.all(Array.from({ length: CLAIMERS }, connect));
  try {
    let claimed = 0;
    const began = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        for (let found = 1; found > 0 && claimed < rows; claimed += found) found = await claim(client);
      }),
    );
    if (claimed < rows) throw new Error(`only ${claimed} of ${rows} were claimed`);
    return claimed / ((performance.now() - began) / 1000);
  } finally {
    for (const client of clients) await client.end();
  }
}
