/** Quotas: what would be too much is refused where it is made, what is there stays, and everybody sees where they stand. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../../functions/_kit/problem.ts';
import { AdminUserDetails } from '../../../shared/admin/shapes.ts';
import { UsageList } from '../../../shared/quotas/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';
import { refusedOf, type Staff, staffOf } from './staff.ts';

let world: World;
let staff: Staff;
let owner: Person;
let projectId: string;
beforeAll(async () => {
  world = await openWorld();
  staff = await staffOf(world);
});
beforeEach(async () => {
  owner = await registerUser(world, 'Quentin Quota');
  projectId = (await createProject(world, owner)).id;
});
afterAll(() => world.close());

const asOwner = (method: string, path: string, json?: unknown) =>
  world.call(method, path, { token: owner.token, ...(json !== undefined && { json }) });

async function limit(path: string, limits: object) {
  const answer = await world.call('PUT', `/v1/admin/${path}/quotas`, { token: staff.admin.token, json: limits });
  expect([answer.status, answer.code]).toEqual([200, null]);
  return answer.json(UsageList).data;
}
const limitProject = (limits: object) => limit(`projects/${projectId}`, limits);
const limitOwner = (limits: object) => limit(`users/${owner.id}`, limits);

const upload = (bytes = 100) =>
  asOwner('POST', '/v1/media', { projectId, fileName: 'a.jpg', mimeType: 'image/jpeg', bytes });
const makeProject = () => asOwner('POST', '/v1/projects', { name: randomUUID() });

async function makePost(accountId: string, at: string) {
  return asOwner('POST', '/v1/posts', {
    projectId,
    text: 'x',
    schedule: { type: 'at', at },
    publications: [{ accountId }],
  });
}

const day = (days: number, hour = 12) => {
  const at = new Date(Date.now() + days * 86_400_000);
  at.setUTCHours(hour, 0, 0, 0);
  return at.toISOString();
};

const quotaOf = (text: string) => Problem.parse(JSON.parse(text)).quota;
const countsOf = (codes: readonly (string | number)[]) =>
  Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((other) => other === code).length]));

async function usage(path: string) {
  const { data } = (await asOwner('GET', path)).json(UsageList);
  return Object.fromEntries(data.map(({ quota, limit: most, used }) => [quota, [used, most]]));
}

describe('fifty at once never make more than there may be', () => {
  test('projects of a person', async () => {
    await limitOwner({ projects: 4 });
    const answers = await Promise.all(Array.from({ length: 50 }, makeProject));
    expect(countsOf(answers.map(({ status, code }) => code ?? status))).toEqual({ 201: 3, quota_exceeded: 47 });
    const refused = answers.find(({ code }) => code === 'quota_exceeded');
    expect(refused?.status).toBe(409);
    const about = quotaOf(refused?.text ?? '');
    expect(about).toEqual({ quota: 'projects', scope: 'user', limit: 4, used: 4, resetsAt: null });
    expect(await usage('/v1/me/usage')).toMatchObject({ projects: [4, 4] });
  });

  test('bytes of a project', async () => {
    await limitProject({ storageBytes: 1_050 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => upload(100)));
    expect(countsOf(answers.map(({ status, code }) => code ?? status))).toEqual({ 201: 10, quota_exceeded: 40 });
    expect((await upload(50)).status).toBe(201);
    const over = await upload(1);
    expect(quotaOf(over.text)).toMatchObject({ quota: 'storageBytes', scope: 'project', limit: 1_050, used: 1_050 });
    expect(await usage(`/v1/projects/${projectId}/usage`)).toMatchObject({ storageBytes: [1_050, 1_050] });
  });

  test('posts of a day', async () => {
    const { id: accountId } = await connectCommunity(world, owner, projectId);
    await limitProject({ postsPerDay: 3 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => makePost(accountId, day(3))));
    expect(countsOf(answers.map(({ status, code }) => code ?? status))).toEqual({ 201: 3, quota_exceeded: 47 });
    const refused = answers.find(({ code }) => code === 'quota_exceeded');
    const resetsAt = `${day(4).slice(0, 10)}T00:00:00Z`;
    expect(quotaOf(refused?.text ?? '')).toMatchObject({ quota: 'postsPerDay', scope: 'project', resetsAt });
    // Another day has room, and so has this one once a post of it is called off.
    expect((await makePost(accountId, day(4, 1))).status).toBe(201);
    const post = answers.find(({ status }) => status === 201)?.json(z.looseObject({ id: z.string() }));
    expect((await asOwner('POST', `/v1/posts/${post?.id}/cancel`)).status).toBe(200);
    expect((await makePost(accountId, day(3))).status).toBe(201);
    expect((await makePost(accountId, day(3))).code).toBe('quota_exceeded');
  });

  test('accounts', async () => {
    await limitProject({ accounts: 0 });
    const refused = await asOwner('POST', '/v1/accounts', { platform: 'community', projectId });
    expect([refused.status, refused.code]).toEqual([409, 'quota_exceeded']);
    await limitProject({ accounts: 1 });
    const account = await connectCommunity(world, owner, projectId);
    // Connecting the same one again is no second one; disconnected it counts no more, and coming back it does.
    expect((await asOwner('POST', '/v1/accounts', { platform: 'community', projectId })).status).toBe(201);
    expect((await asOwner('DELETE', `/v1/accounts/${account.id}`)).status).toBeLessThan(300);
    expect(await usage(`/v1/projects/${projectId}/usage`)).toMatchObject({ accounts: [0, 1] });
    await limitProject({ accounts: 0 });
    expect((await asOwner('POST', '/v1/accounts', { platform: 'community', projectId })).code).toBe('quota_exceeded');
  });
});

test('a full project takes no more members, and the invitation stays good', async () => {
  await limitProject({ members: 1 });
  const guest = await registerUser(world, 'Gus Guest');
  const invited = await asOwner('POST', `/v1/projects/${projectId}/invitations`, {
    email: guest.email,
    role: 'viewer',
  });
  expect(invited.status).toBe(201);
  const token = /\/invitations\/([\w-]{43})\s/.exec(world.mails(guest.email)[0]?.text ?? '')?.[1];
  const accept = () => world.call('POST', '/v1/invitations/accept', { token: guest.token, json: { token } });
  const refused = await accept();
  expect([refused.code, quotaOf(refused.text)]).toMatchObject([
    'quota_exceeded',
    { quota: 'members', limit: 1, used: 1 },
  ]);
  await limitProject({ members: 2 });
  expect((await accept()).status).toBe(200);
});

test('a refused creation leaves nothing behind', async () => {
  await limitProject({ storageBytes: 10 });
  const counts = 'select (select count(*) from media) as media, (select count(*) from projects) as projects';
  const before = await world.sql(counts);
  await upload(11);
  await limitOwner({ projects: 1 });
  await makeProject();
  expect(await world.sql(counts)).toEqual(before);
});

test('a limit below what is used takes nothing away and refuses only more', async () => {
  const { id: accountId } = await connectCommunity(world, owner, projectId);
  for (let n = 0; n < 3; n += 1) expect((await makePost(accountId, day(2))).status).toBe(201);
  expect((await upload(500)).status).toBe(201);
  const after = await limitProject({ postsPerDay: 1, storageBytes: 100, accounts: 1, members: 0 });
  expect(after.find(({ quota }) => quota === 'storageBytes')).toMatchObject({ used: 500, limit: 100, own: true });
  const [posts] = await world.sql(
    "select count(*)::integer as waiting from post_publications where project_id = $1 and state = 'scheduled'",
    [projectId],
  );
  expect(posts?.waiting).toBe(3);
  for (const answer of [await makePost(accountId, day(2)), await upload(1)]) expect(answer.code).toBe('quota_exceeded');
  expect((await makePost(accountId, day(5))).status).toBe(201);
});

test('the person’s own limit holds over all their projects, beside the project’s', async () => {
  await limitOwner({ storageBytes: 300 });
  const other = (await createProject(world, owner, 'Other')).id;
  expect((await upload(200)).status).toBe(201);
  const more = { projectId: other, fileName: 'b.jpg', mimeType: 'image/jpeg', bytes: 200 };
  const refused = await asOwner('POST', '/v1/media', more);
  expect(quotaOf(refused.text)).toMatchObject({ scope: 'user', used: 200, limit: 300 });
  // A colleague has their own.
  const friend = await registerUser(world, 'Fred Friend');
  await addMember(world, other, friend, 'editor');
  expect((await world.call('POST', '/v1/media', { token: friend.token, json: more })).status).toBe(201);
});

test('everybody’s limits hold where there are none of one’s own; what is left out is everybody’s again', async () => {
  const settings = (limits: object) =>
    world.call('PATCH', '/v1/admin/settings', { token: staff.admin.token, json: { quotas: limits } });
  await settings({ user: { projects: 1 } });
  expect((await makeProject()).code).toBe('quota_exceeded');
  await limitOwner({ projects: 2 });
  expect((await makeProject()).status).toBe(201);
  await limitOwner({ projects: null });
  for (let n = 0; n < 3; n += 1) expect((await makeProject()).status).toBe(201);
  const [projects] = await limitOwner({});
  expect(projects).toMatchObject({ quota: 'projects', limit: 1, own: false, used: 5 });
  await settings({ user: { projects: null } });
  expect((await makeProject()).status).toBe(201);
});

test('members see their project’s, administrators anybody’s, strangers nobody’s', async () => {
  const path = `/v1/projects/${projectId}/usage`;
  const viewer = await registerUser(world, 'Vic Viewer');
  await addMember(world, projectId, viewer, 'viewer');
  for (const [token, status] of [
    [viewer.token, 200],
    [staff.admin.token, 200],
    [staff.moderator.token, 404],
    [staff.user.token, 404],
  ] as const)
    expect((await world.call('GET', path, { token })).status).toBe(status);
  expect(await usage(path)).toEqual({
    members: [2, null],
    accounts: [0, null],
    storageBytes: [0, null],
    postsPerDay: [0, null],
  });
  const details = await world.call('GET', `/v1/admin/users/${owner.id}`, { token: staff.admin.token });
  expect(details.json(AdminUserDetails).quotas).toContainEqual(
    expect.objectContaining({ quota: 'projects', used: 1, limit: null }),
  );
});

test('only administrators set limits, of what there is, and each is in the log', async () => {
  for (const [token, status] of refusedOf(staff))
    for (const path of [`users/${owner.id}`, `projects/${projectId}`])
      expect((await world.call('PUT', `/v1/admin/${path}/quotas`, { token, json: { accounts: 1 } })).status).toBe(
        status,
      );
  const put = (path: string, json: object) =>
    world.call('PUT', `/v1/admin/${path}/quotas`, { token: staff.admin.token, json });
  expect((await put(`projects/${randomUUID()}`, {})).status).toBe(404);
  expect((await put(`users/${randomUUID()}`, {})).status).toBe(404);
  expect((await put(`projects/${projectId}`, { projects: 1 })).status).toBe(422);
  expect((await put(`users/${owner.id}`, { members: 1 })).status).toBe(422);
  await limitProject({ accounts: 7 });
  const [row] = await world.sql(
    "select user_id, project_id, new_values from audit_log where table_name = 'quota_overrides' order by id desc limit 1",
  );
  expect(row).toEqual({ user_id: staff.admin.id, project_id: projectId, new_values: { name: 'accounts', most: 7 } });
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
