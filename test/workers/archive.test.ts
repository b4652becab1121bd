/**
 * Months past their time leave the database for the archive: every row once, whoever is killed whenever, and nothing is
 * dropped that the archive does not hold.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { archivePartitions, Manifest } from '../../shared/archive/archive-partitions.ts';
import { readPart } from '../../shared/archive/part.ts';
import { config } from '../../shared/config/config.ts';
import { connect, type Db } from '../../shared/db/client.ts';
import { addPerson, addPublication, addTenant, type Tenant } from '../db/seed.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let db: Db;
let tenant: Tenant;
let other: Tenant;
let s3: S3Client;
const publications: string[] = [];

beforeAll(async () => {
  world = await openWorld();
  db = connect({ caller: { kind: 'worker', name: 'test' }, requestId: 'archive', patienceMs: () => 3_000 });
  s3 = new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' });
  tenant = await addTenant(world.sql, (await addPerson(world.sql, 'one')).userId);
  other = await addTenant(world.sql, (await addPerson(world.sql, 'two')).userId);
  for (const one of [tenant, other]) publications.push(await addPublication(world.sql, one, { state: 'published' }));
  await world.sql("update partitioned_tables set keep_months = 1000 where name <> 'analytics'");
});
afterAll(() => world.close());

beforeEach(async () => {
  await world.sql('delete from analytics');
  await world.sql('delete from partition_archives');
});

const longTime = () => 600_000;

/** So many snapshots in a month, those of the second tenant among them. Returns all rows as PostgreSQL writes them. */
async function fillMonth(month: string, rows: number): Promise<string[]> {
  await world.sql(
    `insert into analytics (project_id, publication_id, account_id, platform, fetched_at, likes, raw)
     select pp.project_id, pp.id, pp.account_id, 'community', $1::timestamptz + n * interval '1 minute', n, jsonb_build_object('says', 'a "word" \\n' || n)
     from generate_series(1, $2::integer) n join post_publications pp on pp.id = ($3::uuid[])[1 + n % 2]`,
    [`${month}-01T00:00:00Z`, rows, publications],
  );
  await world.sql('select * from app.ensure_partitions(1)');
  return (
    await world.sql("select row_to_json(a)::text as line from analytics a where fetched_at < '2021-01-01' order by id")
  ).map(({ line }) => String(line));
}

async function archived(partition: string): Promise<string[]> {
  const [row] = await world.sql(
    'select manifest_key from partition_archives where partition_name = $1 order by id desc limit 1',
    [partition],
  );
  const answer = await s3.send(
    new GetObjectCommand({ Bucket: config('archive').ARCHIVE_BUCKET, Key: String(row?.manifest_key) }),
  );
  const manifest = Manifest.parse(JSON.parse((await answer.Body?.transformToString()) ?? ''));
  const lines: string[] = [];
  for (const { key } of manifest.parts) for await (const line of readPart(key)) lines.push(line);
  expect(lines).toHaveLength(manifest.rows);
  return lines;
}

async function objects(prefix: string): Promise<string[]> {
  const answer = await s3.send(
    new ListObjectsV2Command({ Bucket: config('archive').ARCHIVE_BUCKET, Prefix: `analytics/${prefix}/` }),
  );
  return (answer.Contents ?? []).map(({ Key }) => Key ?? '').filter((key) => key.endsWith('.gz'));
}

const isThere = async (name: string) =>
  (
    await world.sql(`select to_regclass($1) is not null or to_regclass('archive.' || $1) is not null as there`, [name])
  )[0]?.there;

it('the schedule takes away what is past its time, and nothing else', async () => {
  const old = await fillMonth('2020-01', 300);
  const [kept] = await world.sql(
    `insert into analytics (project_id, publication_id, account_id, platform) values ($1, $2, $3, 'community') returning id`,
    [tenant.projectId, publications[0], tenant.accountId],
  );
  await world.tick('archive');
  expect(await archived('analytics_y2020m01')).toEqual(old);
  expect(await isThere('analytics_y2020m01')).toBe(false);
  expect(await world.sql('select id from analytics')).toEqual([kept]);
  expect(await world.sql(`select dropped_at is not null as dropped from partition_archives`)).toEqual([
    { dropped: true },
  ]);
  // A row that comes for that month later finds its place again.
  const late = await fillMonth('2020-01', 2);
  await world.tick('archive');
  expect(await archived('analytics_y2020m01')).toEqual(late);
});

it('an operator lists what left, and reads it back as it was', async () => {
  const old = await fillMonth('2019-07', 25);
  expect(await operator('run')).toBe('1 partitions archived; 25 rows written in 1 parts\n');
  const listed = await operator('list');
  const [, manifest = ''] = /^dropped +analytics_y2019m07 25 rows, \d+ bytes (\S+)$/m.exec(listed) ?? [];
  expect(await operator('read', manifest)).toBe(`${old.join('\n')}\n`);
  const [part = ''] = await objects('analytics_y2019m07');
  expect(await operator('read', part)).toBe(`${old.join('\n')}\n`);
  const looks = await world.sql(
    `select actor, operation, new_values ->> 'object' as object from audit_log where table_name = 'archive.object' order by id`,
  );
  const look = { actor: 'worker', operation: 'access' };
  expect(looks).toEqual([manifest, part].map((object) => ({ ...look, object })));
  await s3.send(new PutObjectCommand({ Bucket: config('archive').ARCHIVE_BUCKET, Key: part, Body: gzipSync('{}\n') }));
  await expect(operator('read', manifest)).rejects.toThrow(/is not what was written/);
});

it('whoever is killed at any call is followed by somebody who loses nothing and doubles nothing', async () => {
  const rows = await fillMonth('2020-02', 9_000);
  let runs = 0;
  for (let calls = 1; (await isThere('analytics_y2020m02')) === true; calls = 1 + (calls % 7)) {
    await archivePartitions(dying(db, calls), longTime, 3_000).catch(() => undefined);
    runs += 1;
    if (runs > 500) throw new Error('it never ends');
  }
  expect(runs).toBeGreaterThan(5);
  expect(await archived('analytics_y2020m02')).toEqual(rows);
  expect((await objects('analytics_y2020m02')).length).toBeGreaterThan(2);
});

it('a row that is purged on the way is in no archive', async () => {
  await fillMonth('2020-03', 40);
  await archivePartitions(dying(db, 8), longTime, 100).catch(() => undefined);
  const before = await objects('analytics_y2020m03');
  expect(before.length).toBeGreaterThan(0);
  const [gone] = await world.sql(
    'select project_id from archive.analytics_y2020m03 where publication_id = $1 limit 1',
    [publications[1]],
  );
  await world.sql('delete from archive.analytics_y2020m03 where publication_id = $1', [publications[1]]);
  const left = (
    await world.sql('select row_to_json(a)::text as line from archive.analytics_y2020m03 a order by id')
  ).map(({ line }) => String(line));
  await archivePartitions(db, longTime);
  expect(await archived('analytics_y2020m03')).toEqual(left);
  expect(left.join()).not.toContain(String(gone?.project_id));
  expect((await objects('analytics_y2020m03')).filter((key) => before.includes(key))).toEqual([]);
});

it('nothing is dropped while the archive does not hold it as it was written', async () => {
  await fillMonth('2020-04', 50);
  await archivePartitions(dying(db, 6), longTime).catch(() => undefined);
  const [key] = await objects('analytics_y2020m04');
  await s3.send(
    new PutObjectCommand({ Bucket: config('archive').ARCHIVE_BUCKET, Key: key, Body: gzipSync('{}\n'.repeat(50)) }),
  );
  await expect(archivePartitions(db, longTime)).rejects.toThrow();
  expect(await isThere('analytics_y2020m04')).toBe(true);
});

/** What `npm run db -- archive` prints, with the environment of the world. */
async function operator(...args: string[]): Promise<string> {
  const tool = fileURLToPath(new URL('../../infra/tools/db.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [tool, 'archive', ...args]);
  return stdout;
}

/** The same database, whose caller is killed after so many calls. */
function dying(real: Db, calls: number): Db {
  let left = calls;
  const count = () => {
    left -= 1;
    if (left < 0) throw new Error('killed');
  };
  return {
    ...real,
    many: async (statement, args) => {
      count();
      return real.many(statement, args);
    },
    maybe: async (statement, args) => {
      count();
      return real.maybe(statement, args);
    },
    one: async (statement, args) => {
      count();
      return real.one(statement, args);
    },
  };
}
