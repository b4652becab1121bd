/** `npm run bench -- data [--ci]`: loading, every statement's plan at two sizes, claims, and the schema up, down and up. */
import type pg from 'pg';
import { printTable, say } from '../table.ts';
import { withBareTables } from './bare-tables.ts';
import { bareClaimsPerS, claimsPerS } from './claims.ts';
import { type Figures, measureStatements } from './plans.ts';
import { askingOf, ID_FUNCTION, type Size, sizes, stepsOf } from './rows.ts';
import { type DataServer, secondsOf, startDataServer } from './server.ts';
import { grows, maintenance } from './verdict.ts';
import { idle } from './work-of.ts';

/** The months of the past that the rows lie in; those ahead are there. */
const PARTITIONS = `select app.add_month_partition(t.name::regclass, (app.now() - make_interval(months => back))::date)
  from partitioned_tables t, generate_series(1, 7) back order by 1`;
const SLOWEST = 10;
const CLAIMED = 10_000;

export async function benchData(options: readonly string[]): Promise<void> {
  const [small, large]: [Size, Size] = options.includes('--ci')
    ? [sizes.ci, { ...sizes.ci, name: 'ci4', publishers: 160, readers: 640 }]
    : [sizes.small, sizes.large];
  const server = await startDataServer();
  try {
    const { upS, downS, againS } = await server.build(small.name);
    say(`schema up ${upS.toFixed(1)} s, down to nothing ${downS.toFixed(1)} s, up again ${againS.toFixed(1)} s`);
    const before = await measured(server, small);
    await server.build(large.name);
    const after = await measured(server, large);
    await claims(server, large);
    judge(before, after);
  } finally {
    await server.stop();
  }
}

/** Loads a database and measures every statement in it. */
async function measured(server: DataServer, size: Size): Promise<Figures[]> {
  const client = await server.connect(size.name);
  try {
    await load(client, size);
    return await measureStatements(client, askingOf());
  } finally {
    await client.end();
  }
}

async function load(client: pg.Client, size: Size): Promise<void> {
  await client.query(ID_FUNCTION);
  await client.query(PARTITIONS);
  const tables = new Map<string, number>();
  const { loadS, restoreS } = await withBareTables(client, async () => {
    for (const { table, text } of stepsOf(size)) {
      const seconds = await secondsOf(() => client.query(text));
      tables.set(table, (tables.get(table) ?? 0) + seconds);
      say(`  ${table.padEnd(24)} ${seconds.toFixed(1)} s`);
    }
  });
  const restS = await secondsOf(() => client.query('vacuum (analyze)'));
  const repairS = await secondsOf(() => client.query('select count(*) from app.repair_counters()'));
  await client.query('vacuum (analyze) community_posts, comments, user_counters');
  const { rows } = await client.query<{ name: string; rows: number; mb: number }>(
    `select c.relname as name, sum(p.reltuples)::float8 as rows, sum(pg_total_relation_size(p.oid))::float8 / 1048576 as mb
     from pg_class c join lateral (select c.oid, c.reltuples where c.relkind = 'r'
       union all select t.relid, x.reltuples from pg_partition_tree(c.oid) t join pg_class x on x.oid = t.relid where c.relkind = 'p' and t.isleaf) p on true
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     group by 1 having sum(p.reltuples) >= 10000 order by 2 desc`,
  );
  printTable(
    `${size.name}: rows loaded`,
    ['table', 'rows', 'MB'],
    rows.map(({ name, rows: count, mb }) => [name, count, mb]),
  );
  say(
    `${size.name}: rows in ${loadS.toFixed(0)} s, keys, indexes and references in ${restoreS.toFixed(0)} s, vacuum and analyse in ${restS.toFixed(0)} s, counters repaired in ${repairS.toFixed(0)} s`,
  );
}

async function claims(server: DataServer, size: Size): Promise<void> {
  const connect = () => server.connect(size.name);
  const rows = Math.min(CLAIMED, size.publishers * 40);
  const owner = await connect();
  await owner.query("update post_publications set due_at = app.now() where state = 'scheduled'");
  await owner.query('vacuum (analyze) post_publications');
  await owner.end();
  const bare = await bareClaimsPerS(connect, rows);
  const ours = await claimsPerS(connect, rows);
  printTable(
    `claiming ${rows} due publications, 8 claimers, 100 at a time`,
    ['', 'rows/s', 'ratio'],
    [
      ['bare SKIP LOCKED', bare, 1],
      ['claimDue through app.run', ours, ours / bare],
    ],
  );
}

function judge(before: readonly Figures[], after: readonly Figures[]): void {
  const pairs = after.flatMap((large) => {
    const small = before.find(({ name }) => name === large.name);
    return small === undefined ? [] : [{ small, large }];
  });
  const row = ({ small, large }: (typeof pairs)[number]) =>
    [
      large.name,
      small.buffers,
      large.buffers,
      small.ms,
      large.ms,
      large.idle === null ? '' : (idle[large.name] ?? ''),
    ] as const;
  const header = ['statement', 'buffers small', 'large', 'ms small', 'large', ''];
  printTable('every statement through app.run', header, pairs.map(row));
  const slowest = pairs.toSorted((a, b) => b.large.ms - a.large.ms).slice(0, SLOWEST);
  printTable(`the slowest ${SLOWEST} at the large size`, header, slowest.map(row));
  const jobs = pairs.filter(({ large }) => large.name in maintenance);
  for (const { large } of jobs) say(`maintenance: ${large.name}: ${maintenance[large.name]}`);
  const wrong = pairs
    .filter(({ large }) => !(large.name in maintenance))
    .filter(({ small, large }) => grows(small, large) || large.wholeTables.length > 0);
  for (const { small, large } of wrong) {
    say(
      `GROWS: ${large.name}: ${small.buffers} → ${large.buffers} buffers; whole tables: ${large.wholeTables.join(', ') || 'none'}`,
    );
  }
  if (wrong.length > 0) throw new Error(`${wrong.length} statements grow with the tables`);
}
