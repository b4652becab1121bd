/**
 * What the rollups say is what one would count by hand from every snapshot, whatever came late, fell or was missing, and in
 * however many steps it was rolled up.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addAccount, addPerson, addPublication, addTenant } from './seed.ts';

const metrics = ['likes', 'comments', 'shares', 'views', 'impressions', 'reach', 'saves', 'clicks'] as const;
type Metric = (typeof metrics)[number];
type Snapshot = { id: string; publication: string; account: string; at: number } & Record<Metric, number | null>;
type Figures = Record<string, number | null>;

const HOUR_MS = 3_600_000;
const periods = {
  hourly: (at: number) => Math.floor(at / HOUR_MS) * HOUR_MS,
  daily: (at: number) => new Date(at).setUTCHours(0, 0, 0, 0),
  weekly: (at: number) => {
    const day = new Date(at);
    return new Date(at).setUTCHours(-24 * ((day.getUTCDay() + 6) % 7), 0, 0, 0);
  },
  monthly: (at: number) => Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth()),
} as const;

let open: OpenDatabase;
let projectId: string;
const publications: { id: string; account: string }[] = [];
const snapshots: Snapshot[] = [];
const random = generator(20_261_121);

beforeAll(async () => {
  open = await openDatabase();
  const owner = await addPerson(open.sql, 'owner');
  const tenant = await addTenant(open.sql, owner.userId);
  projectId = tenant.projectId;
  const accounts = [tenant.accountId, await addAccount(open.sql, projectId)];
  for (let n = 0; n < 6; n += 1) {
    const accountId = accounts[n % 2] ?? '';
    const id = await addPublication(open.sql, { projectId, accountId }, { state: 'published' });
    publications.push({ id, account: accountId });
  }
});
afterAll(() => open.close());

describe('rollups', () => {
  it('are what is counted by hand, after each of many rounds with late snapshots and falling counters', async () => {
    const begin = Date.UTC(2026, 9, 20);
    for (let round = 0; round < 8; round += 1) {
      // Each round is later than the one before, and a third of its snapshots belongs anywhere before.
      for (let n = 0; n < 40; n += 1) {
        const late = random() < 0.33;
        const day = late ? random() * (round + 1) * 5 : round * 5 + random() * 5;
        await add(begin + Math.floor(day * 24 * HOUR_MS));
      }
      await rollUpAll(2 + (round % 3));
      expect(await stored()).toEqual(counted());
    }
  });

  it('stay as they are when nothing came', async () => {
    const before = await open.sql('select max(updated_at)::text as at, count(*) from analytics_rollups');
    expect(await open.sql('select app.roll_up(10) as rolled')).toEqual([{ rolled: 0 }]);
    expect(await open.sql('select max(updated_at)::text as at, count(*) from analytics_rollups')).toEqual(before);
  });

  it('lose no snapshot that comes while they are made, and are made by one at a time', async () => {
    const first = await open.login('worker');
    const second = await open.login('worker');
    await add(Date.UTC(2026, 10, 29, 12));
    await first.query('begin');
    expect((await first.query('select app.roll_up(10) as n')).rows).toEqual([{ n: 1 }]);
    expect((await second.query('select app.roll_up(10) as n')).rows).toEqual([{ n: null }]);
    const last = snapshots.at(-1);
    const meanwhile = add(Date.UTC(2026, 10, 29, 13), last?.publication);
    await first.query('commit');
    await meanwhile;
    await rollUpAll(10);
    expect(await stored()).toEqual(counted());
  });

  it('know nothing of what was taken back', async () => {
    const before = await stored();
    await open.sql('begin');
    await add(Date.UTC(2026, 10, 30), undefined, false);
    await open.sql('rollback');
    await rollUpAll(10);
    expect(await stored()).toEqual(before);
  });
});

it('the engagement rate is of reach, else of impressions, else of views, and a percentage', async () => {
  const [rates] = await open.sql(`select
    app.engagement_rate(5, 3, 1, 1, 200, 1000, 5000)::float as reach, app.engagement_rate(5, null, null, null, 0, 100, 5000)::float as impressions,
    app.engagement_rate(5, null, null, null, null, null, 50)::float as views, app.engagement_rate(5, 5, 5, 5, null, null, 2)::float as most,
    app.engagement_rate(5, 5, 5, 5, null, null, 0)::float as unknown`);
  expect(rates).toEqual({ reach: 5, impressions: 5, views: 10, most: 100, unknown: null });
});

async function add(at: number, publication?: string, remember = true): Promise<void> {
  const chosen =
    publications.find(({ id }) => id === publication) ?? publications[Math.floor(random() * publications.length)];
  if (chosen === undefined) throw new Error('no publication');
  const values = metrics.map((_, place) => (random() < 0.25 || place === 7 ? null : Math.floor(random() * 1_000)));
  const [row] = await open.sql(
    `insert into analytics (project_id, publication_id, account_id, platform, fetched_at, ${metrics.join(', ')})
     values ($1, $2, $3, 'community', to_timestamp($4::double precision / 1000), ${metrics.map((_, n) => `$${n + 5}`).join(', ')}) returning id`,
    [projectId, chosen.id, chosen.account, at, ...values],
  );
  const named = Object.fromEntries(metrics.map((metric, place) => [metric, values[place] ?? null]));
  if (remember)
    snapshots.push({
      ...(named as Record<Metric, number | null>),
      id: String(row?.id),
      publication: chosen.id,
      account: chosen.account,
      at,
    });
}

async function rollUpAll(batch: number): Promise<void> {
  while (((await open.sql('select app.roll_up($1) as n', [batch]))[0]?.n ?? 0) !== 0);
}

async function stored(): Promise<Record<string, Figures>> {
  const rows = await open.sql(`select coalesce(publication_id, account_id, project_id) || ' ' || period || ' '
      || to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24"h"') as key, to_jsonb(r) as figures
    from analytics_rollups r order by 1`);
  return Object.fromEntries(
    rows.map(({ key, figures }) => [
      String(key),
      Object.fromEntries(
        Object.entries(figures as Figures).filter(([name]) => metrics.some((m) => name.startsWith(m))),
      ),
    ]),
  );
}

/** The same from all snapshots, with no thought of speed. */
function counted(): Record<string, Figures> {
  const answer: Record<string, Figures> = {};
  const order = [...snapshots].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const known = (publication: string, metric: Metric, until: number): number | null =>
    order.filter((one) => one.publication === publication && one.at < until && one[metric] !== null).at(-1)?.[metric] ??
    null;
  const sum = (of: typeof publications, metric: Metric, until: number): number | null => {
    const values = of.flatMap(({ id }) => known(id, metric, until) ?? []);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
  };
  const targets = [
    ...publications.map((one) => ({ id: one.id, of: [one], single: true })),
    ...[...new Set(publications.map(({ account }) => account))].map((account) => ({
      id: account,
      of: publications.filter((one) => one.account === account),
      single: false,
    })),
    { id: projectId, of: publications, single: false },
  ];
  for (const { id, of, single } of targets) {
    const own = order.filter((one) => of.some((publication) => publication.id === one.publication));
    for (const [period, startOf] of Object.entries(periods)) {
      for (const start of new Set(own.map(({ at }) => startOf(at)))) {
        const inside = own.filter(({ at }) => startOf(at) === start);
        const end = Math.max(...inside.map(({ at }) => periods.hourly(at))) + HOUR_MS;
        const figures: Figures = {};
        for (const metric of metrics) {
          const last = sum(of, metric, end);
          const before = sum(of, metric, start);
          const ends = [...new Set(inside.map(({ at }) => periods.hourly(at) + HOUR_MS))];
          const seen = single
            ? inside.flatMap((one) => one[metric] ?? [])
            : ends.flatMap((hour) => sum(of, metric, hour) ?? []);
          figures[metric] = last;
          figures[`${metric}_delta`] = gain({ of, metric, before, last, inside });
          figures[`${metric}_min`] = seen.length === 0 ? null : Math.min(...seen);
          figures[`${metric}_max`] = seen.length === 0 ? null : Math.max(...seen);
        }
        answer[`${id} ${period} ${new Date(start).toISOString().slice(0, 13)}h`] = figures;
      }
    }
  }
  return Object.fromEntries(Object.entries(answer).sort(([a], [b]) => (a < b ? -1 : 1)));

  /** Null where none of the publications that have a snapshot in the bucket ever told the metric. */
  function gain(about: {
    of: typeof publications;
    metric: Metric;
    before: number | null;
    last: number | null;
    inside: Snapshot[];
  }) {
    const told = about.inside.some(
      ({ publication, at }) => known(publication, about.metric, periods.hourly(at) + HOUR_MS) !== null,
    );
    return told && about.last !== null ? about.last - (about.before ?? 0) : null;
  }
}

/** The same numbers on every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
