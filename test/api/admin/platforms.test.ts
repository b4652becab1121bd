/** Our apps at the platforms: entered without a deployment, kept apart from each other, and never shown again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { PlatformSettings } from '../../../shared/admin/platform-shapes.ts';
import { changeSecret, readSecretNow } from '../../../shared/aws/secrets.ts';
import { config } from '../../../shared/config/config.ts';
import { createProject } from '../../support/people.ts';
import { openWorld, type World } from '../../support/world.ts';
import { refusedOf, type Staff, staffOf } from './staff.ts';

let world: World;
let staff: Staff;
beforeAll(async () => {
  world = await openWorld();
  staff = await staffOf(world);
});
afterAll(() => world.close());

const asAdmin = (method: string, path: string, json?: unknown) =>
  world.call(method, path, { token: staff.admin.token, ...(json !== undefined && { json }) });
const app = '/v1/admin/platforms/threads/app';
const secret = { clientId: 'app-1', clientSecret: 'very-secret-1' };

async function threads() {
  const answer = await asAdmin('GET', '/v1/admin/platforms');
  const { data } = answer.json(z.object({ data: z.array(PlatformSettings) }));
  expect(answer.text).not.toContain('secret');
  return data.find(({ platform }) => platform === 'threads');
}

async function connect(platform = 'threads') {
  const { id: projectId } = await createProject(world, staff.user);
  return world.call('POST', '/v1/accounts', { token: staff.user.token, json: { projectId, platform } });
}

test('to everybody but administrators the doors lead nowhere', async () => {
  for (const [token, status] of refusedOf(staff))
    for (const [method, path, json] of [
      ['GET', '/v1/admin/platforms', undefined],
      ['PATCH', '/v1/admin/platforms/threads', { enabled: false }],
      ['PUT', app, secret],
      ['DELETE', app, undefined],
    ] as const)
      expect([method, (await world.call(method, path, { token, json })).status]).toEqual([method, status]);
});

test('an app is entered, used at once, never shown, and taken away', async () => {
  await asAdmin('DELETE', app);
  expect(await threads()).toMatchObject({ needsApp: true, clientId: null });
  expect((await connect()).code).toBe('platform_disabled');
  const put = await asAdmin('PUT', app, secret);
  expect([put.status, put.text.includes('very-secret')]).toEqual([200, false]);
  expect(put.json(PlatformSettings)).toMatchObject({ platform: 'threads', clientId: 'app-1' });
  await new Promise((resolve) => setTimeout(resolve, 2_100)); // another process would look again after two seconds
  const begun = await connect();
  expect([begun.status, begun.code]).toEqual([201, null]);
  expect(begun.text).toContain('client_id=app-1');
  expect((await asAdmin('DELETE', app)).json(PlatformSettings).clientId).toBeNull();
  expect((await asAdmin('DELETE', app)).status).toBe(200);
  const rows = await world.sql(
    "select distinct new_values from audit_log where table_name = 'platform_app' and user_id = $1",
    [staff.admin.id],
  );
  expect(rows.map(({ new_values }) => new_values)).toEqual(
    expect.arrayContaining([
      { action: 'set', platform: 'threads' },
      { action: 'delete', platform: 'threads' },
      { action: 'read' },
    ]),
  );
  const [log] = await world.sql("select count(*)::integer as rows from audit_log a where a::text like '%very-secret%'");
  expect([log?.rows, world.logs.some((line) => line.includes('very-secret'))]).toEqual([0, false]);
});

test('only where the platform knows such apps, only what could be one, only by who has proven themselves', async () => {
  expect((await asAdmin('PUT', '/v1/admin/platforms/bluesky/app', secret)).code).toBe('wrong_state');
  expect((await asAdmin('DELETE', '/v1/admin/platforms/community/app')).code).toBe('wrong_state');
  expect((await asAdmin('PUT', '/v1/admin/platforms/nowhere/app', secret)).status).toBe(404);
  for (const json of [{ clientId: 'a' }, { ...secret, clientSecret: 'a b' }, { ...secret, more: 1 }])
    expect((await asAdmin('PUT', app, json)).status).toBe(422);
  await world.sql('update user_sessions set elevated_until = now() where user_id = $1', [staff.admin.id]);
  for (const [method, json] of [
    ['PUT', secret],
    ['DELETE', undefined],
  ] as const)
    expect((await asAdmin(method, app, json)).code).toBe('step_up_needed');
  await world.sql("update user_sessions set elevated_until = now() + interval '1 hour' where user_id = $1", [
    staff.admin.id,
  ]);
});

test('of eight who change different parts at once, none loses what another wrote', async () => {
  const arn = config('platformApps').PLATFORM_APPS_SECRET_ARN;
  const shape = z.record(z.string(), z.unknown());
  const before = await readSecretNow(arn, shape);
  const names = Array.from({ length: 8 }, (_, n) => `part${n}`);
  await Promise.all(names.map((name) => changeSecret(arn, shape, (value) => ({ ...value, [name]: true }))));
  const after = await readSecretNow(arn, shape);
  expect(
    Object.keys(after ?? {})
      .filter((name) => name.startsWith('part'))
      .toSorted(),
  ).toEqual(names);
  await changeSecret(arn, shape, () => before ?? {});
});

test('switched off, nothing new is connected; switched on again it is', async () => {
  expect(
    (await asAdmin('PATCH', '/v1/admin/platforms/community', { enabled: false })).json(PlatformSettings),
  ).toMatchObject({
    platform: 'community',
    enabled: false,
    needsApp: false,
  });
  expect((await connect('community')).code).toBe('platform_disabled');
  await asAdmin('PATCH', '/v1/admin/platforms/community', { enabled: true });
  expect((await connect('community')).status).toBe(201);
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
