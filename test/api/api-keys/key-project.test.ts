/** An API key brings its project along: requests may leave it out, and reach no other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Connection } from '../../../shared/accounts/shapes.ts';
import { NewApiKey } from '../../../shared/api-keys/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { Post, Validation } from '../../../shared/posts/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../../support/people.ts';
import { connectCommunity } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let owner: Person;
let projectId: string;
let other: string;
let key: string;
let accountId: string;
beforeAll(async () => {
  world = await openWorld();
  owner = await registerUser(world, 'Olivia Owner');
  projectId = (await createProject(world, owner)).id;
  other = (await createProject(world, owner)).id;
  const json = {
    name: 'Everything',
    scopes: ['accounts:write', 'media:write', 'posts:write', 'content:read', 'projects:read'],
  };
  const made = await world.call('POST', `/v1/projects/${projectId}/api-keys`, { token: owner.token, json });
  key = made.json(NewApiKey).key;
  const connected = await post('/v1/accounts', { platform: 'community', handle: 'by-the-key' });
  const connection = connected.json(Connection);
  if (connection.status !== 'connected') throw new Error('the community connects at once');
  accountId = connection.account.id;
});
afterAll(() => world.close());

const post = (path: string, json: object, token = key) => world.call('POST', path, { token, json });
const list = (path: string, token = key) => world.call('GET', path, { token });
const upload = { fileName: 'cat.jpg', mimeType: 'image/jpeg', bytes: 1_000 };
const draft = () => ({ text: 'From a program', schedule: { type: 'draft' }, publications: [{ accountId }] });
const ofProject = z.looseObject({ id: z.string(), projectId: z.string() });

test('a key makes things in its project without naming it', async () => {
  const media = await post('/v1/media', upload);
  expect(media.json(z.looseObject({ media: ofProject })).media.projectId).toBe(projectId);
  expect((await post('/v1/posts/validate', draft())).json(Validation)).toMatchObject({ valid: true, errors: [] });
  const made = (await post('/v1/posts', draft())).json(Post);
  expect(made).toMatchObject({ projectId, createdBy: owner.id, status: 'draft' });
  // The zone of a wall time that brings none is the project's.
  await world.sql(`update projects set time_zone = 'Asia/Tokyo' where id = $1`, [projectId]);
  const schedule = { type: 'at', at: '2999-07-01T18:00:00' };
  const timed = (await post('/v1/posts', { ...draft(), schedule })).json(Post);
  expect(timed).toMatchObject({ timeZone: 'Asia/Tokyo', dueAt: '2999-07-01T09:00:00Z' });
});

test('a key may name its own project, and no other', async () => {
  expect((await post('/v1/media', { ...upload, projectId })).status).toBe(201);
  const foreign = await Promise.all([
    post('/v1/media', { ...upload, projectId: other }),
    post('/v1/posts', { ...draft(), projectId: other }),
    post('/v1/posts/validate', { ...draft(), projectId: other }),
    post('/v1/accounts', { platform: 'community', projectId: other }),
    list(`/v1/projects/${other}`),
  ]);
  expect(foreign.map(({ status, code }) => [status, code])).toEqual(foreign.map(() => [404, 'not_found']));
});

test('lists show a key its project alone, named or not', async () => {
  await connectCommunity(world, owner, other);
  await post('/v1/media', { ...upload, projectId: other }, owner.token);
  for (const path of ['/v1/accounts', '/v1/media', '/v1/posts']) {
    const own = (await list(path)).json(pageOf(ofProject)).data;
    expect(own.length).toBeGreaterThan(0);
    expect(new Set(own.map((thing) => thing.projectId))).toEqual(new Set([projectId]));
    expect((await list(`${path}?projectId=${other}`)).json(pageOf(ofProject)).data).toEqual([]);
  }
  await world.sql(`insert into content (project_id, created_by, title, body) values ($1, $2, 'Plan', 'x')`, [
    projectId,
    owner.id,
  ]);
  const newest = (await list('/v1/content/newest-by-author')).json(z.object({ data: z.array(z.unknown()) })).data;
  expect(newest).toHaveLength(1);
});

test('a person has many projects, and says which', async () => {
  const answers = await Promise.all([
    post('/v1/media', upload, owner.token),
    post('/v1/posts', draft(), owner.token),
    post('/v1/posts/validate', draft(), owner.token),
    post('/v1/accounts', { platform: 'community' }, owner.token),
  ]);
  for (const { status, code, pointers } of answers) {
    expect([status, code, pointers]).toEqual([422, 'invalid_request', ['/body/projectId']]);
  }
  const listed = await list('/v1/content/newest-by-author', owner.token);
  expect([listed.status, listed.pointers]).toEqual([422, ['/query/projectId']]);
});

test.each<[string, (userId: string) => Promise<unknown>]>([
  [
    'in the project',
    async (userId) => {
      const viewer = { token: owner.token, json: { role: 'viewer' } };
      expect((await world.call('PATCH', `/v1/projects/${projectId}/members/${userId}`, viewer)).status).toBe(200);
    },
  ],
  ['in the installation', (userId) => world.sql(`update users set role = 'viewer' where id = $1`, [userId])],
])('the next write by a key whose creator became a mere viewer %s is refused, and it reads on', async (_, lower) => {
  const maker = await registerUser(world, 'Mara Maker');
  await addMember(world, projectId, maker, 'owner');
  const json = { name: 'Of the maker', scopes: ['accounts:write', 'media:write', 'posts:write', 'projects:write'] };
  const made = await world.call('POST', `/v1/projects/${projectId}/api-keys`, { token: maker.token, json });
  const theirs = made.json(NewApiKey).key;
  const schedule = { type: 'at', at: '2999-07-01T18:00:00Z' };
  const before = (await post('/v1/posts', { ...draft(), schedule }, theirs)).json(Post);
  expect((await post('/v1/media', upload, theirs)).status).toBe(201);
  const state = `select (select count(*)::integer from posts) as posts, (select count(*)::integer from media) as media,
    (select state from post_publications where post_id = $1) as post, (select status from social_accounts where id = $2) as account,
    (select name from projects where id = $3) as project`;
  const was = await world.sql(state, [before.id, accountId, projectId]);
  await lower(maker.id);
  const refused = [
    await post('/v1/posts', draft(), theirs),
    await post(`/v1/posts/${before.id}/cancel`, {}, theirs),
    await post('/v1/media', upload, theirs),
    await world.call('DELETE', `/v1/accounts/${accountId}`, { token: theirs }),
    await world.call('PATCH', `/v1/projects/${projectId}`, { token: theirs, json: { name: 'Of a viewer' } }),
  ];
  expect(refused.map(({ status, code }) => [status, code])).toEqual(refused.map(() => [403, 'forbidden']));
  expect(await world.sql(state, [before.id, accountId, projectId])).toEqual(was);
  expect((await list(`/v1/posts/${before.id}`, theirs)).status).toBe(200);
});
