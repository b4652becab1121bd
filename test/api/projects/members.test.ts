import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Member, Transfer } from '../../../shared/members/shapes.ts';
import { pageOf } from '../../../shared/paging/rules.ts';
import { Project } from '../../../shared/projects/shapes.ts';
import { addMember, type Cast, castOf, createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let cast: Cast;
let other: Person;
/** A new project of the owner with two members: `viewer`, and `other`, an editor. */
let projectId: string;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  cast = await castOf(world);
  other = await registerUser(world, 'Ed Itor');
});
beforeEach(async () => {
  projectId = (await createProject(world, cast.owner)).id;
  await addMember(world, projectId, cast.viewer, 'viewer');
  await addMember(world, projectId, other, 'editor');
});
afterAll(() => world.close());

const members = () => `/v1/projects/${projectId}/members`;
const list = (person: Person, query = '') => world.call('GET', `${members()}${query}`, { token: person.token });
const get = (asking: Person, { id }: { id: string }) =>
  world.call('GET', `${members()}/${id}`, { token: asking.token });
const change = (asking: Person, { id }: { id: string }, json: unknown, headers = {}) =>
  world.call('PATCH', `${members()}/${id}`, { token: asking.token, json, headers });
const remove = (asking: Person, { id }: { id: string }, headers = {}) =>
  world.call('DELETE', `${members()}/${id}`, { token: asking.token, headers });
const leave = ({ token }: Person) => world.call('POST', `/v1/projects/${projectId}/leave`, { token });
const transfer = ({ token }: Person, json: unknown) =>
  world.call('POST', `/v1/projects/${projectId}/transfer`, { token, json });
const page = pageOf(Member);
const rolesNow = async () => {
  const { data } = (await list(cast.owner)).json(page);
  return Object.fromEntries(data.map(({ userId, role }) => [userId, role]));
};
/** People to whom a project could not be left, and what makes them so. */
const unable = [
  ['is deactivated', `status = 'deactivated'`],
  ['only reads in the installation', `role = 'viewer'`],
  ['is about to be deleted', 'deletion_requested_at = now()'],
] as const;

async function unableTo(state: string, then: () => Promise<void>) {
  await world.sql(`update users set ${state} where id = $1`, [other.id]);
  await then();
  const able = `status = 'active', role = 'user', deletion_requested_at = null`;
  await world.sql(`update users set ${able} where id = $1`, [other.id]);
}

const nobody = { id: '0198b9d0-0000-7000-8000-000000000000' };

describe('the list', () => {
  test('names everybody in the order in which they joined, and shows addresses to owners alone', async () => {
    const { data, nextCursor } = (await list(cast.owner)).json(page);
    expect(data.map(({ displayName, role, email }) => [displayName, role, email])).toEqual([
      ['Olivia Owner', 'owner', cast.owner.email],
      ['Victor Viewer', 'viewer', cast.viewer.email],
      ['Ed Itor', 'editor', other.email],
    ]);
    expect(data[0]).toMatchObject({ permissions: [], active: true, version: 1 });
    expect(nextCursor).toBe(null);
    const seen = (await list(cast.viewer)).json(page).data;
    expect(seen.map(({ displayName, email }) => [displayName, email])).toEqual([
      ['Olivia Owner', null],
      ['Victor Viewer', null],
      ['Ed Itor', null],
    ]);
    expect((await list(cast.viewer)).text).not.toContain('@');
  });

  test('pages, also while somebody joins and somebody goes', async () => {
    const first = (await list(cast.owner, '?limit=2')).json(page);
    const late = await registerUser(world, 'Late Comer');
    await addMember(world, projectId, late, 'viewer');
    expect((await remove(cast.owner, cast.viewer)).status).toBe(204);
    const second = (await list(cast.owner, `?limit=2&cursor=${first.nextCursor}`)).json(page);
    expect(second.data.map(({ userId }) => userId)).toEqual([other.id, late.id]);
    await remove(cast.owner, other);
    await remove(cast.owner, late);
    const gone = (await list(cast.owner, `?limit=2&cursor=${first.nextCursor}`)).json(page);
    expect(gone).toEqual({ data: [], nextCursor: null });
  });

  test('takes no cursor that it did not make', async () => {
    const { nextCursor } = (await list(cast.owner, '?limit=1')).json(page);
    for (const cursor of ['x', `x${nextCursor}`]) {
      expect((await list(cast.owner, `?limit=1&cursor=${cursor}`)).code).toBe('invalid_cursor');
    }
  });

  test('says when an account is deactivated', async () => {
    await world.sql(`update users set status = 'deactivated' where id = $1`, [other.id]);
    expect((await get(cast.owner, other)).json(Member)).toMatchObject({ userId: other.id, active: false });
    await world.sql(`update users set status = 'active' where id = $1`, [other.id]);
  });
});

describe('a stranger', () => {
  test('is told of nothing, by any door', async () => {
    const { stranger } = cast;
    const answers = await Promise.all([
      list(stranger),
      get(stranger, cast.owner),
      change(stranger, other, { role: 'viewer' }),
      remove(stranger, other),
      leave(stranger),
      transfer(stranger, { userId: stranger.id }),
    ]);
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [404, 'not_found']));
    // Nor do members hear of who is no member.
    expect((await get(cast.owner, stranger)).code).toBe('not_found');
    expect((await change(cast.owner, nobody, { role: 'viewer' })).code).toBe('not_found');
    expect((await remove(cast.owner, nobody)).code).toBe('not_found');
  });
});

describe.each(['editor', 'approver', 'reviewer', 'viewer'])('a member who is %s', (role) => {
  test('reads, changes nobody, and may go', async () => {
    await world.sql('update project_collaborators set role = $3 where project_id = $1 and user_id = $2', [
      projectId,
      cast.viewer.id,
      role,
    ]);
    const before = await rolesNow();
    expect((await get(cast.viewer, other)).json(Member).role).toBe('editor');
    const refused = [
      await change(cast.viewer, other, { role: 'viewer' }),
      await change(cast.viewer, cast.viewer, { role: 'owner' }),
      await remove(cast.viewer, other),
      await remove(cast.viewer, cast.owner),
      await transfer(cast.viewer, { userId: cast.viewer.id }),
    ];
    expect(refused.map(({ status, code }) => [status, code])).toEqual(refused.map(() => [403, 'forbidden']));
    expect(await rolesNow()).toEqual(before);
    expect((await leave(cast.viewer)).status).toBe(204);
    expect((await leave(cast.viewer)).code).toBe('not_found');
    expect((await list(cast.viewer)).code).toBe('not_found');
  });
});

describe('an owner', () => {
  test('changes role and permissions, each by itself, and the next request knows', async () => {
    const rename = () =>
      world.call('PATCH', `/v1/projects/${projectId}`, { token: other.token, json: { description: 'x' } });
    expect((await rename()).code).toBe('forbidden');
    const changed = (await change(cast.owner, other, { permissions: ['approve', 'review', 'approve'] })).json(Member);
    expect(changed).toMatchObject({ role: 'editor', permissions: ['approve', 'review'], version: 2 });
    expect((await change(cast.owner, other, { role: 'owner' })).json(Member)).toMatchObject({
      role: 'owner',
      permissions: ['approve', 'review'],
      version: 3,
    });
    expect((await rename()).status).toBe(200);
    await change(cast.owner, other, { role: 'viewer', permissions: [] });
    expect((await rename()).code).toBe('forbidden');
  });

  test('is refused what is no role and no permission, field by field', async () => {
    const answer = await change(cast.owner, other, { role: 'king', permissions: ['manage'], projectId });
    expect([answer.status, answer.code]).toEqual([422, 'invalid_request']);
    expect(answer.pointers.toSorted()).toEqual(['/body/permissions/0', '/body/projectId', '/body/role']);
  });

  test('does not overwrite what somebody else changed meanwhile', async () => {
    const etag = (await get(cast.owner, other)).headers.get('etag') ?? '';
    await change(cast.owner, other, { role: 'reviewer' });
    const late = await change(cast.owner, other, { role: 'owner' }, { 'if-match': etag });
    expect([late.status, late.code]).toEqual([412, 'stale']);
    const gone = await remove(cast.owner, other, { 'if-match': etag });
    expect([gone.status, gone.code]).toEqual([412, 'stale']);
    const now = (await get(cast.owner, other)).headers.get('etag') ?? '';
    expect((await change(cast.owner, other, { role: 'viewer' }, { 'if-match': now })).status).toBe(200);
    expect((await rolesNow())[other.id]).toBe('viewer');
  });

  test('who is the last one neither leaves nor is sent away nor steps down', async () => {
    const before = await rolesNow();
    const refused = [
      await leave(cast.owner),
      await remove(cast.owner, cast.owner),
      await change(cast.owner, cast.owner, { role: 'editor' }),
    ];
    expect(refused.map(({ status, code }) => [status, code])).toEqual(refused.map(() => [409, 'last_owner']));
    expect(await rolesNow()).toEqual(before);
    await change(cast.owner, other, { role: 'owner' });
    expect((await change(cast.owner, cast.owner, { role: 'editor' })).status).toBe(200);
    expect((await leave(cast.owner)).status).toBe(204);
  });

  test('does not leave the project to who may do nothing with it', async () => {
    await change(cast.owner, other, { role: 'owner' });
    for (const [, state] of unable) {
      await unableTo(state, async () => {
        const refused = [
          await leave(cast.owner),
          await remove(cast.owner, cast.owner),
          await change(cast.owner, cast.owner, { role: 'editor' }),
        ];
        expect(refused.map(({ status, code }) => [status, code])).toEqual(refused.map(() => [409, 'last_owner']));
      });
    }
    expect((await leave(cast.owner)).status).toBe(204);
  });

  test.each(unable)('makes nobody owner who %s', async (_, state) => {
    await unableTo(state, async () => {
      const answer = await change(cast.owner, other, { role: 'owner' });
      expect([answer.status, answer.code]).toEqual([409, 'wrong_state']);
      expect((await change(cast.owner, other, { role: 'reviewer' })).json(Member).role).toBe('reviewer');
    });
    expect((await change(cast.owner, other, { role: 'owner' })).status).toBe(200);
  });
});

describe('two owners who act at once', () => {
  beforeEach(() => change(cast.owner, other, { role: 'owner' }));

  test.each([1, 2, 3, 4, 5])('on each other: exactly one gets their way (%i)', async () => {
    const answers = await Promise.all([
      change(cast.owner, other, { role: 'editor' }),
      change(other, cast.owner, { role: 'editor' }),
    ]);
    const codes = answers.map(({ status, code }) => code ?? status).toSorted();
    expect(codes).toEqual([200, 'forbidden']);
    const roles = await world.sql(
      `select from project_collaborators where project_id = $1 and role = 'owner' and user_id = any ($2)`,
      [projectId, [cast.owner.id, other.id]],
    );
    expect(roles).toHaveLength(1);
  });

  test('with a third owner there the second one may no more either', async () => {
    await change(cast.owner, cast.viewer, { role: 'owner' });
    const answers = await Promise.all([remove(cast.owner, other), remove(other, cast.owner)]);
    const codes = answers.map(({ status, code }) => code ?? status);
    expect(codes).toContain(204);
    expect(codes.filter((code) => code === 'not_found')).toHaveLength(1);
    expect((await list(cast.viewer)).json(page).data).toHaveLength(2);
  });

  test('by leaving: one stays', async () => {
    const answers = await Promise.all([leave(cast.owner), leave(other)]);
    expect(answers.map(({ status, code }) => code ?? status).toSorted()).toEqual([204, 'last_owner']);
  });
});

describe('who leaves at that moment', () => {
  /** The member has gone, and it is not written yet when the owner asks. */
  async function whileGoing(ask: () => ReturnType<typeof transfer>) {
    const elsewhere = await world.database.connect();
    try {
      await elsewhere.query('begin');
      await elsewhere.query('delete from project_collaborators where project_id = $1 and user_id = $2', [
        projectId,
        other.id,
      ]);
      let answered = false;
      const asked = ask().finally(() => {
        answered = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(answered).toBe(false);
      await elsewhere.query('commit');
      const { status, code } = await asked;
      return [status, code];
    } finally {
      await elsewhere.end();
    }
  }

  test('is not found by whoever changes them', async () => {
    expect(await whileGoing(() => change(cast.owner, other, { role: 'approver' }))).toEqual([404, 'not_found']);
  });

  test('does not become the owner, and the owner stays', async () => {
    expect(await whileGoing(() => transfer(cast.owner, { userId: other.id }))).toEqual([404, 'not_found']);
    expect(await rolesNow()).toEqual({ [cast.owner.id]: 'owner', [cast.viewer.id]: 'viewer' });
  });
});

describe('a transfer', () => {
  test('makes the member owner and the owner an editor, in one step', async () => {
    const done = (await transfer(cast.owner, { userId: cast.viewer.id })).json(Transfer);
    expect(done).toEqual({ projectId, ownerId: cast.viewer.id, role: 'editor' });
    const { data } = (await list(cast.viewer)).json(page);
    expect(data.map(({ userId, role }) => [userId, role])).toEqual([
      [cast.owner.id, 'editor'],
      [cast.viewer.id, 'owner'],
      [other.id, 'editor'],
    ]);
    const again = await transfer(cast.owner, { userId: cast.viewer.id });
    expect([again.status, again.code]).toEqual([403, 'forbidden']);
    const project = await world.call('GET', `/v1/projects/${projectId}`, { token: cast.owner.token });
    expect(project.json(Project).role).toBe('editor');
  });

  test('leaves the old owner what they ask for, and no permission of before', async () => {
    await change(cast.owner, cast.owner, { permissions: ['write'] });
    await transfer(cast.owner, { userId: other.id, role: 'viewer' });
    const { role, permissions } = (await get(other, cast.owner)).json(Member);
    expect([role, permissions]).toEqual(['viewer', []]);
    const king = await transfer(other, { userId: cast.viewer.id, role: 'owner' });
    expect([king.code, king.pointers]).toEqual(['invalid_request', ['/body/role']]);
  });

  test('is to a member, and to another', async () => {
    expect((await transfer(cast.owner, { userId: cast.stranger.id })).code).toBe('not_found');
    const self = await transfer(cast.owner, { userId: cast.owner.id });
    expect([self.status, self.code]).toEqual([409, 'wrong_state']);
  });

  test.each(unable)('is not to who %s, whoever else owns it', async (_, state) => {
    await change(cast.owner, cast.viewer, { role: 'owner' });
    const before = await rolesNow();
    await unableTo(state, async () => {
      const answer = await transfer(cast.owner, { userId: other.id });
      expect([answer.status, answer.code]).toEqual([409, 'wrong_state']);
    });
    expect(await rolesNow()).toEqual(before);
  });

  test('needs a session that has proven itself lately', async () => {
    await world.sql(`update user_sessions set elevated_until = now() - interval '1 second' where user_id = $1`, [
      cast.owner.id,
    ]);
    const answer = await transfer(cast.owner, { userId: other.id });
    expect([answer.status, answer.code]).toEqual([403, 'step_up_needed']);
    await world.sql(`update user_sessions set elevated_until = now() + interval '1 hour' where user_id = $1`, [
      cast.owner.id,
    ]);
  });
});

test('who was given the permission to write writes, whatever the role', async () => {
  const connect = () =>
    world.call('POST', '/v1/accounts', { token: cast.viewer.token, json: { projectId, platform: 'community' } });
  expect((await connect()).code).toBe('forbidden');
  await change(cast.owner, cast.viewer, { permissions: ['write'] });
  expect((await connect()).status).toBe(201);
  await change(cast.owner, cast.viewer, { permissions: [] });
  expect((await connect()).code).toBe('forbidden');
});

test('what a removed member made stays, and what they scheduled goes out', async () => {
  const account = await connectCommunity(world, other, projectId);
  const post = await createPost(world, other, {
    projectId,
    text: 'After I am gone',
    schedule: { type: 'at', at: ahead(3_600) },
    publications: [{ accountId: account.id }],
  });
  expect((await remove(cast.owner, other)).status).toBe(204);
  const read = await world.call('GET', `/v1/posts/${post.id}`, { token: other.token });
  expect(read.code).toBe('not_found');
  const publicationId = post.publications[0]?.id ?? '';
  expect((await getPublication(world, cast.owner, publicationId)).state).toBe('scheduled');
  await world.moveClock(3_601_000);
  await world.tick('dispatchDue');
  const sent = await eventually(
    () => getPublication(world, cast.owner, publicationId),
    ({ state }) => state === 'published',
  );
  expect(sent.platformPostId).not.toBe(null);
  await world.moveClock(0);
  const withId = pageOf(z.looseObject({ id: z.string() }));
  const accounts = await world.call('GET', `/v1/accounts?projectId=${projectId}`, { token: cast.owner.token });
  expect(accounts.json(withId).data.map(({ id }) => id)).toEqual([account.id]);
});

test('who only reads in the installation makes no project', async () => {
  const reader = await registerUser(world, 'Rea Der');
  await world.sql(`update users set role = 'viewer' where id = $1`, [reader.id]);
  const answer = await world.call('POST', '/v1/projects', { token: reader.token, json: { name: 'Mine' } });
  expect([answer.status, answer.code]).toEqual([403, 'forbidden']);
});

test('no door fell over on the way', () => {
  expect(world.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
