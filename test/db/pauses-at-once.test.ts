/** Nobody waits for accounts to be paused, and what could not be done at once is done by the sweep. */
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json } from '../../shared/db/parameters.ts';
import { claimDue } from '../../shared/publications/dispatch-queries.ts';
import {
  guardCommits,
  leaseLooks,
  leasePublications,
  settlePublications,
} from '../../shared/publications/work-queries.ts';
import { keepPauses } from '../../shared/quotas/keep-pauses.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { addAccount, addPerson, addPublication, addTenant } from './seed.ts';

let open: OpenDatabase;
/** Another transaction, under way. */
let slow: pg.Client;
let ownerId: string;

beforeAll(async () => {
  open = await openDatabase();
  slow = await open.database.connect();
  ownerId = (await addPerson(open.sql, 'owner')).userId;
  // Whoever had to wait would fail here.
  await open.sql("set lock_timeout = '500ms'");
});
afterAll(async () => {
  await slow.end();
  await open.close();
});

async function project(accounts: number) {
  const { projectId, accountId } = await addTenant(open.sql, ownerId);
  const ids = [accountId];
  while (ids.length < accounts) ids.push(await addAccount(open.sql, projectId, 'mastodon'));
  return { projectId, ids };
}
const limitProject = (projectId: string, most: number | null) =>
  open.sql(
    `insert into quota_overrides (scope, name, project_id, most) values ('project', 'accounts', $1, $2)
     on conflict on constraint quota_overrides_one_key do update set most = excluded.most`,
    [projectId, most],
  );
async function pausedOf(projectId: string): Promise<unknown[]> {
  const rows = await open.sql(
    'select id from social_accounts where project_id = $1 and paused_at is not null order by created_at, id',
    [projectId],
  );
  return rows.map(({ id }) => id);
}
const connectOne = () => addTenant(open.sql, ownerId);

test('while an erasure, a deletion or a change of quotas is under way, others connect, and have their quotas changed', async () => {
  const [mine, theirs] = [await project(3), await project(2)];
  const leaver = (await addPerson(open.sql, 'leaver')).userId;
  await open.sql('update social_accounts set connected_by = $2 where id = $1', [mine.ids[0], leaver]);
  await slow.query('begin');
  await slow.query("update quotas set most = 100 where scope = 'project' and name = 'accounts'");
  await slow.query('delete from users where id = $1', [leaver]);
  await slow.query('delete from projects where id = $1', [theirs.projectId]);
  await slow.query(
    `insert into quota_overrides (scope, name, project_id, most) values ('project', 'accounts', $1, 1)`,
    [mine.projectId],
  );
  await connectOne();
  const other = await project(2);
  await limitProject(other.projectId, 1);
  expect(await pausedOf(other.projectId)).toEqual([other.ids[1]]);
  await open.sql("update social_accounts set status = 'disconnected', disconnected_at = app.now() where id = $1", [
    other.ids[0],
  ]);
  expect(await pausedOf(other.projectId)).toEqual([]);
  expect(await keepPauses(open.worker)).toBe(0);
  await slow.query('commit');
  expect(await pausedOf(mine.projectId)).toEqual(mine.ids.slice(1));
});

test('an account that somebody holds is not waited for; the sweep pauses it', async () => {
  const { projectId, ids } = await project(3);
  await slow.query('begin');
  await slow.query('update social_accounts set last_posted_at = app.now() where id = $1', [ids[1]]);
  await limitProject(projectId, 1);
  expect(await pausedOf(projectId)).toEqual([ids[2]]);
  await slow.query('commit');
  expect(await keepPauses(open.worker)).toBe(1);
  expect(await pausedOf(projectId)).toEqual([ids[1], ids[2]]);
  expect(await keepPauses(open.worker)).toBe(0);
});

test('the very first quota finds also who connects in the same moment', async () => {
  await open.sql('delete from quota_overrides');
  await open.sql("update quotas set most = null where name = 'accounts'");
  await keepPauses(open.worker);
  const { projectId, ids } = await project(1);
  await slow.query('begin');
  await slow.query("select pg_advisory_xact_lock(hashtextextended('app.keep_pauses', 0))");
  await slow.query(
    `insert into quota_overrides (scope, name, project_id, most) values ('project', 'accounts', $1, 1)`,
    [projectId],
  );
  // The one waits for the other's last step, which does not see it yet.
  await open.sql("set lock_timeout = '10s'");
  const connecting = addAccount(open.sql, projectId, 'mastodon');
  const waits =
    "select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())";
  while ((await slow.query(waits)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await slow.query('commit');
  const second = await connecting;
  await open.sql("set lock_timeout = '500ms'");
  await keepPauses(open.worker);
  expect(await pausedOf(projectId)).toEqual([second]);
  expect(ids).not.toContain(second);
});

test('two who change accounts of each other’s projects at once never wait in a ring', async () => {
  const [first, second] = [await project(3), await project(3)];
  const person = (await addPerson(open.sql, 'both')).userId;
  await open.sql('update social_accounts set connected_by = $2 where id = any ($1)', [
    [...first.ids, ...second.ids],
    person,
  ]);
  await open.sql("insert into quota_overrides (scope, name, user_id, most) values ('user', 'accounts', $1, 2)", [
    person,
  ]);
  const drop = "update social_accounts set status = 'disconnected', disconnected_at = app.now() where id = $1";
  await slow.query('begin');
  await slow.query(drop, [first.ids[0]]);
  await open.sql(drop, [second.ids[2]]);
  await slow.query('commit');
  await keepPauses(open.worker);
  expect(await pausedOf(first.projectId)).toEqual([]);
  expect(await pausedOf(second.projectId)).toEqual([second.ids[0], second.ids[1]]);
});

test('everybody’s quota reaches a hundred projects and more within the sweep, and lets go of them again', async () => {
  const made = await open.sql(
    `with p as (insert into projects (name, created_by) select 'Crowd ' || n, $1::uuid from generate_series(1, 150) n returning id)
     insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
     select p.id, 'mastodon', n::text, 'crowd', '' from p, generate_series(1, 3) n returning project_id`,
    [ownerId],
  );
  const all = [...new Set(made.map((row) => row.project_id))];
  const paused = async () =>
    (
      await open.sql(
        'select count(*)::integer as n from social_accounts where project_id = any ($1) and paused_at is not null',
        [all],
      )
    )[0]?.n;
  const everybody = (most: number | null) =>
    open.sql("update quotas set most = $1 where scope = 'project' and name = 'accounts'", [most]);
  await everybody(1);
  expect(await paused()).toBe(0);
  expect(await keepPauses(open.worker)).toBeGreaterThanOrEqual(150);
  expect(await paused()).toBe(300);
  await everybody(null);
  await keepPauses(open.worker);
  expect(await paused()).toBe(0);
});

test('connecting an account anew, when its grant has ended, does not make it the newest', async () => {
  const { projectId, ids } = await project(2);
  await limitProject(projectId, 1);
  await open.sql("update social_accounts set status = 'reauthorization_needed' where id = $1", [ids[0]]);
  await open.sql("update social_accounts set status = 'connected', connected_at = app.now() where id = $1", [ids[0]]);
  expect(await pausedOf(projectId)).toEqual([ids[1]]);
});

test('what workers write of an account asks for nothing', async () => {
  const { ids } = await project(1);
  await slow.query('begin');
  await slow.query(
    `update social_accounts set last_posted_at = app.now(), health = 'healthy', followers_count = 1,
       status = 'reauthorization_needed', status_reason = 'x' where id = $1`,
    [ids[0]],
  );
  const { rows } = await slow.query('select 1 from pause_checks');
  expect(rows).toEqual([]);
  await slow.query('rollback');
});

test('what waited for forty days is published, and neither late nor given up while it is looked for', async () => {
  const { projectId, ids } = await project(1);
  const id = await addPublication(
    open.sql,
    { projectId, accountId: ids[0] ?? '' },
    { state: 'scheduled', dueInS: -40 * 86_400 },
  );
  await limitProject(projectId, 0);
  expect(await open.worker.many(claimDue, { limit: 10 })).toEqual([]);
  await limitProject(projectId, null);
  const [claimed] = await open.worker.many(claimDue, { limit: 10 });
  expect(claimed).toMatchObject({ id });
  const [leased] = await open.worker.many(leasePublications, {
    messages: json([{ id, generation: claimed?.generation }]),
    leaseS: 60,
  });
  const leaseToken = leased?.job?.leaseToken ?? '';
  const lease = { id, leaseToken, generation: claimed?.generation, needsS: 10 };
  expect(await open.worker.many(guardCommits, { leases: json([lease]) })).toHaveLength(1);
  const settle = async (token: string, state: string) =>
    (
      await open.worker.many(settlePublications, {
        results: json([
          {
            id,
            leaseToken: token,
            state,
            outcome: state,
            platformPostId: 'p1',
            ...(state === 'unknown' && { waitS: 0 }),
          },
        ]),
      })
    )[0];
  await settle(leaseToken, 'unknown');
  const [look] = await open.worker.many(leaseLooks, { ids: [id], leaseS: 60 });
  expect(look?.overdueS).toBeLessThan(60);
  expect((await settle(look?.leaseToken ?? '', 'published'))?.latenessMs).toBeLessThan(60_000);
});
