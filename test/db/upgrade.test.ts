/** A database with rows is brought up from the first eight migrations: nothing is lost, and what is new knows of what was there. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listMigrations, migrateDown, migrateUp } from '../../infra/tools/migrate.ts';
import { loginOf, type OpenDatabase, openDatabase } from './database.ts';

const OLD = 8;
const passwords = {
  api: loginOf('api').password,
  worker: loginOf('worker').password,
  reporting: loginOf('reporting').password,
};

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
  const migrations = await listMigrations();
  await migrateDown(open.target, migrations.filter(({ version }) => version > OLD).length);
});
afterAll(() => open.close());

it('snapshots of before are rolled up, once, and are what they were', async () => {
  await open.sql(
    `with person as (insert into users (email, password_hash, display_name) values ('ada@example.com', 'x', 'Ada') returning id),
     project as (insert into projects (name, created_by) select 'Ada', id from person returning id, created_by),
     owner as (insert into project_collaborators (project_id, user_id, role) select id, created_by, 'owner' from project),
     account as (insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
       select id, 'bluesky', 'did', 'ada', 'https://example.com' from project returning id, project_id),
     post as (insert into posts (project_id, text, schedule_type, due_at)
       select id, 'Hello #spring', 'at', now() from project, generate_series(1, 3) returning id, project_id),
     publication as (insert into post_publications (project_id, post_id, account_id, platform, state, due_at, platform_post_id)
       select p.project_id, p.id, a.id, 'bluesky', 'published', now(), 'x' from post p cross join account a returning id, project_id, account_id)
     insert into analytics (project_id, publication_id, account_id, platform, fetched_at, likes)
     select p.project_id, p.id, p.account_id, 'bluesky', timestamptz '2026-01-01 10:00Z' + g * interval '10 days', g
     from publication p, generate_series(1, 5) g`,
  );
  const snapshots = () => open.sql('select id, fetched_at, likes from analytics order by id');
  const before = await snapshots();
  await migrateUp(open.target, passwords);
  expect(await snapshots()).toEqual(before);
  const waiting = () => open.sql('select distinct from_at from analytics_touched');
  expect(await waiting()).toEqual([{ from_at: new Date('2026-01-11T10:00:00Z') }]);
  while (Number((await open.sql('select app.roll_up(100) as done'))[0]?.done) > 0);
  const [sum] = await open.sql(
    `select count(*)::integer as hours, sum(likes)::integer as likes from analytics_rollups
     where level = 'publication' and period = 'hourly'`,
  );
  expect(sum).toMatchObject({ hours: 15 });
  expect(await waiting()).toEqual([]);

  // Killed before it was written down as applied, it is run again and finds nothing to do.
  const { up } = (await listMigrations()).find(({ name }) => name === '0075-snapshots-of-old') ?? { up: '' };
  await open.sql(up);
  expect(await waiting()).toEqual([]);
});
