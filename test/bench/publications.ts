/**
 * Publications per second from due to published, their lateness, and their Data API calls. `--many` takes 10,000 instead of
 * 1,000; `--projects N` deals them out over so many.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { publishToCommunity } from '../../shared/community/queries.ts';
import * as dispatch from '../../shared/publications/dispatch-queries.ts';
import * as work from '../../shared/publications/work-queries.ts';
import { callsBetween, type HostProcess, startHostProcess, sumOf } from './host-process.ts';
import { type Person, registerPerson } from './person.ts';
import { arrangeBurst, insertAccounts } from './rows.ts';
import { bareClaims, bareInserts } from './rows-alone.ts';
import { type Cell, printTable, say } from './table.ts';

const DEFAULT_PROJECTS = 4;
const ACCOUNTS = 500;
const SINGLES = 20;
const OTHERS = 5;
const SPREAD_S = 20;
const SPREAD = 200;

interface Measured {
  readonly name: string;
  readonly publications: number;
  /** From the first due second to the last published. */
  readonly perS: number | null;
  readonly lateness: Lateness | null;
  readonly calls: ReadonlyMap<string, number>;
}

const latenessRow = z.object({ p50: z.number(), p99: z.number(), max: z.number(), published: z.number() });
type Lateness = z.output<typeof latenessRow>;

const created = z.object({ id: z.string(), publications: z.array(z.object({ id: z.string() })) });

/** Statements of the artery: everything between the claim and the settled row, the community's own commit included. */
const artery = new Set(
  [...Object.values(dispatch), ...Object.values(work), publishToCommunity].flatMap((value) =>
    typeof value === 'object' && 'keys' in value ? [value.name] : [],
  ),
);

export async function benchPublications(options: readonly string[]): Promise<void> {
  const many = options.includes('--many');
  const projects = options.includes('--projects')
    ? Number(options[options.indexOf('--projects') + 1])
    : DEFAULT_PROJECTS;
  if (!Number.isInteger(projects) || projects < 1) throw new Error('--projects needs a number');
  const host = await startHostProcess({ platforms: false });
  try {
    const person = await registerPerson(host.origin);
    const accountIds = await insertAccounts(host.pool, person.projectId, OTHERS);
    const [accountId] = accountIds;
    if (accountId === undefined) throw new Error('there is no account');
    const singles = await single(host, person, accountId);
    const spreadPlan = { name: `${SPREAD} over ${SPREAD_S} s`, publications: SPREAD, spreadS: SPREAD_S, leadS: 5 };
    const [spread] = await burstOf(host, { ...spreadPlan, projects }, async () => null);
    const publications = many ? 10_000 : 1_000;
    const burstPlan = { name: `${publications} in one second`, publications, spreadS: 0, leadS: many ? 60 : 12 };
    const [burst, late] = await burstOf(host, { ...burstPlan, projects }, (dueAt) =>
      others(host, person, accountIds, dueAt),
    );
    const inserts = await bareInserts(host.pool, await baselineProjects(host, publications));
    const claims = await bareClaims(host.pool, publications);
    report({ rows: [singles, spread, burst, together([singles, spread, burst])], late, inserts, claims });
  } finally {
    await host.stop();
  }
}

/** A mixed load: what was published one by one, spread and at once. */
function together(rows: readonly Measured[]): Measured {
  const calls = new Map<string, number>();
  for (const row of rows) for (const [name, count] of row.calls) calls.set(name, (calls.get(name) ?? 0) + count);
  const publications = rows.reduce((sum, row) => sum + row.publications, 0);
  return { name: 'together', publications, perS: null, calls, lateness: null };
}

/** Due now, one after the other: nothing shares a batch. */
async function single(host: HostProcess, person: Person, accountId: string): Promise<Measured> {
  const before = await host.dataApiCalls();
  const ids: string[] = [];
  for (let index = 0; index < SINGLES; index += 1) {
    const post = await create(person, accountId, { type: 'now' });
    ids.push(post);
    await published(host, [post]);
  }
  const calls = callsBetween(before, await host.dataApiCalls());
  return {
    name: `${SINGLES} one by one, due now`,
    publications: SINGLES,
    perS: null,
    calls,
    lateness: await latenessOf(host, ids),
  };
}

interface BurstPlan {
  readonly name: string;
  readonly publications: number;
  readonly projects: number;
  /** 0: all in the same second. */
  readonly spreadS: number;
  /** Seconds between arranging and the first due second: the tick claims and sends meanwhile. */
  readonly leadS: number;
}

/** @param beside begins when all is sent, before the first due second */
async function burstOf<T>(
  host: HostProcess,
  plan: BurstPlan,
  beside: (dueAt: Date) => Promise<T>,
): Promise<[Measured, T]> {
  const { name, publications, projects, spreadS, leadS } = plan;
  const dueAt = new Date(Math.ceil(Date.now() / 1000 + leadS) * 1000);
  const instant = `timestamptz '${dueAt.toISOString()}'`;
  const made = await arrangeBurst(host.pool, {
    projects,
    publications,
    accounts: Math.max(projects, Math.min(publications, ACCOUNTS)),
    dueAt: spreadS === 0 ? instant : `${instant} + make_interval(secs => n % ${spreadS})`,
  });
  const before = await host.dataApiCalls();
  await host.tick('dispatchDue');
  if (Date.now() > dueAt.getTime()) throw new Error(`dispatching ${publications} took longer than ${leadS} s`);
  const { rows } = await host.pool.query<{ id: string }>(
    'select id from post_publications where project_id = any ($1)',
    [made],
  );
  const ids = rows.map(({ id }) => id);
  const [besides, lastMs] = await Promise.all([
    beside(dueAt),
    sleep(Math.max(0, dueAt.getTime() - Date.now())).then(() => published(host, ids)),
  ]);
  const calls = callsBetween(before, await host.dataApiCalls());
  const perS = spreadS === 0 ? publications / ((lastMs - dueAt.getTime()) / 1000) : null;
  return [{ name, publications, perS, calls, lateness: await latenessOf(host, ids) }, besides];
}

/**
 * Posts of another project, due in the same second, each on an account of its own, made after the burst has been sent. A delay
 * is whole seconds, so a message comes up to one second late, by the fraction at which it was sent: they are sent at several.
 */
async function others(
  host: HostProcess,
  person: Person,
  accountIds: readonly string[],
  dueAt: Date,
): Promise<Lateness> {
  const ids: string[] = [];
  for (const accountId of accountIds) {
    ids.push(await create(person, accountId, { type: 'at', at: dueAt.toISOString() }));
    await sleep(1_000 / accountIds.length);
  }
  if (Date.now() > dueAt.getTime()) throw new Error('the posts of the other project were made too late');
  await sleep(Math.max(0, dueAt.getTime() - Date.now()));
  await published(host, ids);
  return latenessOf(host, ids);
}

async function create({ api, projectId }: Person, accountId: string, schedule: unknown): Promise<string> {
  const body = { projectId, text: 'Alone', schedule, publications: [{ accountId }] };
  const [publication] = (await api.call('POST', '/v1/posts', created, body)).publications;
  if (publication === undefined) throw new Error('the post has no publication');
  return publication.id;
}

const WITHIN_MS = 180_000;

/** Waits until all are published; returns the instant of the last one in milliseconds. */
async function published({ pool }: HostProcess, ids: readonly string[]): Promise<number> {
  const giveUpAt = performance.now() + WITHIN_MS;
  for (;;) {
    const { rows } = await pool.query<{ done: boolean; last: Date }>(
      `select count(*) = $2 as done, max(published_at) as last from post_publications where id = any ($1) and state = 'published'`,
      [ids, ids.length],
    );
    const [row] = rows;
    if (row?.done === true) return row.last.getTime();
    if (performance.now() > giveUpAt)
      throw new Error(`not all of ${ids.length} were published within ${WITHIN_MS / 1000} s`);
    await sleep(ids.length > 100 ? 250 : 10);
  }
}

/** Seconds between due instant and the beginning of the commit. */
async function latenessOf({ pool }: HostProcess, ids: readonly string[]): Promise<Lateness> {
  const { rows } = await pool.query(
    `select percentile_cont(0.5) within group (order by s)::float8 as p50, percentile_cont(0.99) within group (order by s)::float8 as p99,
       max(s)::float8 as max, count(*)::integer as published
     from (select extract(epoch from commit_started_at - due_at) as s from post_publications where id = any ($1) and state = 'published') l`,
    [ids],
  );
  return latenessRow.parse(rows[0]);
}

/** As many publications as the burst had, of nobody: what the bare INSERTs belong to. */
function baselineProjects({ pool }: HostProcess, publications: number): Promise<string[]> {
  return arrangeBurst(pool, {
    projects: DEFAULT_PROJECTS,
    accounts: DEFAULT_PROJECTS,
    publications,
    dueAt: `timestamptz '2099-01-01'`,
  });
}

interface Results {
  readonly rows: readonly Measured[];
  readonly late: Lateness;
  /** Per second. */
  readonly inserts: number;
  readonly claims: number;
}

function report({ rows, late, inserts, claims }: Results): void {
  const ofArtery = ({ calls }: Measured) => new Map([...calls].filter(([name]) => artery.has(name)));
  printTable(
    'publications: from due to published (community: its commit is a Data API call too)',
    ['what', 'per s', 'late p50 s', 'p99 s', 'max s', 'calls each', 'commit apart', ': bare INSERT', ': bare claim'],
    [
      ...rows.map((measured): Cell[] => {
        const { name, publications, perS, lateness } = measured;
        const calls = sumOf(ofArtery(measured));
        const commits = measured.calls.get(publishToCommunity.name) ?? 0;
        return [
          ...[
            name,
            perS,
            lateness?.p50 ?? null,
            lateness?.p99 ?? null,
            lateness?.max ?? null,
            calls / publications,
            (calls - commits) / publications,
          ],
          ...[perS === null ? null : perS / inserts, perS === null ? null : perS / claims],
        ];
      }),
      [`${OTHERS} of another project in that second`, null, late.p50, late.p99, late.max, null, null, null, null],
      ['bare INSERT of community posts over pg', inserts, null, null, null, null, null, null, null],
      ['bare SKIP LOCKED claims of 10 over pg', claims, null, null, null, null, null, null, null],
    ],
  );
  const names = [...new Set(rows.flatMap((measured) => [...ofArtery(measured).keys()]))].sort();
  printTable(
    'Data API calls per publication, by statement',
    ['statement', ...rows.map(({ name }) => name)],
    names.map((name) => [name, ...rows.map(({ calls, publications }) => (calls.get(name) ?? 0) / publications)]),
  );
  say(`"commit apart" leaves out the community's own commit, which is an HTTP call on any other platform.`);
}
