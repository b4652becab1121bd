/** More accounts than a quota allows: the newest are paused, nothing of theirs is lost, and they resume once there is room. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { Problem } from '../../../functions/_kit/problem.ts';
import { Account } from '../../../shared/accounts/shapes.ts';
import { Validation } from '../../../shared/posts/shapes.ts';
import { createProject, type Person, registerUser } from '../../support/people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from '../../support/posts.ts';
import { openWorld, type World } from '../../support/world.ts';
import { type Staff, staffOf } from '../admin/staff.ts';

let world: World;
let staff: Staff;
let owner: Person;
/** Each of a project of its own. */
let oldest: z.output<typeof Account>;
let newest: z.output<typeof Account>;
beforeAll(async () => {
  world = await openWorld({ workers: true });
  staff = await staffOf(world);
});
beforeEach(async () => {
  owner = await registerUser(world, 'Paula Pause');
  oldest = await connectCommunity(world, owner, (await createProject(world, owner, 'First')).id);
  newest = await connectCommunity(world, owner, (await createProject(world, owner, 'Second')).id);
});
afterAll(() => world.close());

const asOwner = (method: string, path: string, json?: unknown) =>
  world.call(method, path, { token: owner.token, ...(json !== undefined && { json }) });

async function limitOwner(limits: object) {
  const path = `/v1/admin/users/${owner.id}/quotas`;
  expect((await world.call('PUT', path, { token: staff.admin.token, json: limits })).status).toBe(200);
}
async function listed(query = ''): Promise<Record<string, boolean>> {
  const { data } = (await asOwner('GET', `/v1/accounts${query}`)).json(z.object({ data: z.array(Account) }));
  return Object.fromEntries(
    data.map(({ id, pausedAt }) => [id === oldest.id ? 'oldest' : 'newest', pausedAt !== null]),
  );
}
const postFor = (account: z.output<typeof Account>, at = ahead(86_400)) => ({
  projectId: account.projectId,
  text: 'Worth waiting for',
  schedule: { type: 'at', at },
  publications: [{ accountId: account.id }],
});

test('everybody sees which are paused; the oldest runs, and no more are connected', async () => {
  expect([oldest.pausedAt, newest.pausedAt]).toEqual([null, null]);
  await limitOwner({ accounts: 1 });
  expect(await listed()).toEqual({ oldest: false, newest: true });
  expect(await listed('?paused=true')).toEqual({ newest: true });
  expect(await listed('?paused=false')).toEqual({ oldest: false });
  expect((await asOwner('GET', '/v1/accounts?paused=perhaps')).status).toBe(422);
  const one = (await asOwner('GET', `/v1/accounts/${newest.id}`)).json(Account);
  expect(one).toMatchObject({ status: 'connected', pausedAt: expect.any(String) });
  const third = await createProject(world, owner, 'Third');
  const more = await asOwner('POST', '/v1/accounts', { platform: 'community', projectId: third.id });
  expect(more.code).toBe('quota_exceeded');
});

test('who posts to a paused account is told so, before and when; the others post on', async () => {
  await limitOwner({ accounts: 1 });
  const refusal = { pointer: '/body/publications/0/accountId', code: 'account_paused' };
  const asked = (await asOwner('POST', '/v1/posts/validate', postFor(newest))).json(Validation);
  expect(asked).toMatchObject({ valid: false, errors: [refusal] });
  const refused = await asOwner('POST', '/v1/posts', postFor(newest));
  expect(refused.status).toBe(422);
  expect(Problem.parse(JSON.parse(refused.text)).errors).toMatchObject([refusal]);
  expect((await asOwner('POST', '/v1/posts/validate', postFor(oldest))).json(Validation).valid).toBe(true);
  await createPost(world, owner, postFor(oldest));
});

test('room resumes them: a higher limit, and an account that goes', async () => {
  await limitOwner({ accounts: 0 });
  expect(await listed()).toEqual({ oldest: true, newest: true });
  await limitOwner({ accounts: 1 });
  expect(await listed()).toEqual({ oldest: false, newest: true });
  expect((await asOwner('DELETE', `/v1/accounts/${oldest.id}`)).status).toBe(204);
  expect(await listed()).toEqual({ newest: false });
  await createPost(world, owner, postFor(newest));
});

test('what was scheduled waits, also where it was on its way already, and is published once it may', async () => {
  const { publications } = await createPost(world, owner, postFor(newest, ahead(3)));
  const id = publications[0]?.id ?? '';
  const stateOf = async () => (await getPublication(world, owner, id)).state;
  // Its message is under way: the worker gives it back.
  expect(await stateOf()).toBe('queued');
  await limitOwner({ accounts: 1 });
  expect(await eventually(stateOf, (state) => state !== 'queued')).toBe('scheduled');
  await world.tick('dispatchDue');
  await world.tick('sweep');
  expect(await getPublication(world, owner, id)).toMatchObject({ state: 'scheduled', attempts: [], publishedAt: null });
  await limitOwner({});
  await world.tick('dispatchDue');
  expect(await eventually(stateOf, (state) => !['scheduled', 'queued', 'publishing'].includes(state))).toBe(
    'published',
  );
  expect((await getPublication(world, owner, id)).attempts).toHaveLength(1);
});

test('nothing of a paused account is taken away: what was posted is seen, and what waits can be called off', async () => {
  const { id } = await createPost(world, owner, postFor(newest));
  await limitOwner({ accounts: 1 });
  expect((await asOwner('GET', `/v1/posts/${id}`)).status).toBe(200);
  expect((await asOwner('POST', `/v1/posts/${id}/cancel`)).status).toBe(200);
  expect((await asOwner('DELETE', `/v1/accounts/${newest.id}`)).status).toBe(204);
});
