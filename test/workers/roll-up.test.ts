import { afterAll, beforeAll, expect, it } from 'vitest';
import { addPerson, addPublication, addTenant } from '../db/seed.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

it('the tick rolls up all that is news, and says how much that was', async () => {
  const tenant = await addTenant(world.sql, (await addPerson(world.sql, 'owner')).userId);
  const publicationId = await addPublication(world.sql, tenant, { state: 'published' });
  await world.sql(
    `insert into analytics (project_id, publication_id, account_id, platform, fetched_at, likes)
     select $1, $2, $3, 'community', '2026-11-02T10:00:00Z'::timestamptz + n * interval '10 minutes', n * n from generate_series(0, 11) n`,
    [tenant.projectId, publicationId, tenant.accountId],
  );
  await world.tick('rollUp');
  expect(JSON.parse(world.logs.at(-1) ?? '{}')).toMatchObject({ operation: 'rollUp', publications: 1 });
  expect(
    await world.sql(
      `select level, period, likes::integer, likes_delta::integer from analytics_rollups
       where level = 'project' or period = 'hourly' and level = 'publication' order by level, period, starts_at`,
    ),
  ).toEqual([
    ...['daily'].map((period) => ({ level: 'project', period, likes: 121, likes_delta: 121 })),
    { level: 'project', period: 'hourly', likes: 25, likes_delta: 25 },
    { level: 'project', period: 'hourly', likes: 121, likes_delta: 96 },
    { level: 'project', period: 'monthly', likes: 121, likes_delta: 121 },
    { level: 'project', period: 'weekly', likes: 121, likes_delta: 121 },
    { level: 'publication', period: 'hourly', likes: 25, likes_delta: 25 },
    { level: 'publication', period: 'hourly', likes: 121, likes_delta: 96 },
  ]);
  await world.tick('rollUp');
  expect(JSON.parse(world.logs.at(-1) ?? '{}')).toMatchObject({ operation: 'rollUp', publications: 0 });
});
