/** The engine, on the community: no outside platform, the whole artery. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Post } from '../../shared/posts/shapes.ts';
import { createProject, type Person, registerUser } from '../support/people.ts';
import { ahead, connectCommunity, createPost, eventually, getPublication } from '../support/posts.ts';
import { sqsEvent } from '../support/queue-event.ts';
import { openWorld, type World } from '../support/world.ts';

let world: World;
let owner: Person;
let stranger: Person;
let projectId: string;
let accountId: string;

beforeAll(async () => {
  world = await openWorld({ workers: true });
  [owner, stranger] = await Promise.all([registerUser(world, 'Olivia Owner'), registerUser(world, 'Sam Stranger')]);
});
beforeEach(async () => {
  await world.moveClock(0);
  projectId = (await createProject(world, owner)).id;
  accountId = (await connectCommunity(world, owner, projectId)).id;
});
afterAll(() => world.close());

const publish = async (schedule: unknown, change: Record<string, unknown> = {}) => {
  const post = await createPost(world, owner, {
    projectId,
    text: 'Hello',
    schedule,
    publications: [{ accountId }],
    ...change,
  });
  const [publication] = post.publications;
  if (publication === undefined) throw new Error('a post has a publication');
  return { postId: post.id, publicationId: publication.id };
};
const state = (publicationId: string) => getPublication(world, owner, publicationId);
const settled = (publicationId: string) =>
  eventually(
    () => state(publicationId),
    (one) => ['published', 'failed', 'unknown', 'cancelled'].includes(one.state),
  );
const onPlatform = async (publicationId: string) =>
  Number(
    (
      await world.sql('select count(*)::integer as n from community_posts where publication_id = $1', [publicationId])
    )[0]?.n,
  );

describe('a publication', () => {
  test('goes out now, with its evidence, its attempt and its instants', async () => {
    const { postId, publicationId } = await publish({ type: 'now' });
    const done = await settled(publicationId);
    expect(done).toMatchObject({
      state: 'published',
      failure: null,
      generation: 1,
      attempts: [{ kind: 'publish', outcome: 'published' }],
    });
    expect(done.url).toBe(`${world.origin}/v1/community/posts/${done.platformPostId}`);
    expect(done.latenessMs).toBeGreaterThanOrEqual(0);
    expect(await onPlatform(publicationId)).toBe(1);
    expect((await world.call('GET', `/v1/posts/${postId}`, { token: owner.token })).json(Post).status).toBe(
      'published',
    );
    expect((await world.call('GET', `/v1/publications/${publicationId}`, { token: stranger.token })).code).toBe(
      'not_found',
    );
    expect(world.logs.some((line) => line.includes('publication.committed') && line.includes(publicationId))).toBe(
      true,
    );
  });

  test('is never early and at most a second and a bit late', async () => {
    const at = ahead(2);
    const { publicationId } = await publish({ type: 'at', at });
    const done = await settled(publicationId);
    const lateMs = Date.parse(done.platformPublishedAt ?? '') - Date.parse(at);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(10_000);
  });

  test('far ahead waits for the tick that finds it due', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.tick('dispatchDue');
    expect((await state(publicationId)).state).toBe('scheduled');
    await world.moveClock(3_700_000);
    await world.tick('dispatchDue');
    expect((await settled(publicationId)).state).toBe('published');
  });

  test('that was cancelled does not go out, although its message comes', async () => {
    const { postId, publicationId } = await publish({ type: 'at', at: ahead(120) });
    const { generation } = await state(publicationId);
    expect((await world.call('POST', `/v1/posts/${postId}/cancel`, { token: owner.token })).status).toBe(200);
    await world.moveClock(120_000);
    await world.invoke('publish', sqsEvent({ kind: 'publish', publicationId, generation }));
    expect((await state(publicationId)).state).toBe('cancelled');
    expect(await onPlatform(publicationId)).toBe(0);
  });

  test('whose message comes twice, or is of another generation, goes out once', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.moveClock(3_700_000);
    const send = (generation: number) =>
      world.invoke('publish', sqsEvent({ kind: 'publish', publicationId, generation }));
    await send(1);
    expect((await state(publicationId)).state, 'nobody has claimed it').toBe('scheduled');
    await world.tick('dispatchDue');
    await Promise.all([send(1), send(1), send(2), send(0)]);
    await settled(publicationId);
    await send(1);
    expect(await onPlatform(publicationId)).toBe(1);
    expect((await state(publicationId)).attempts).toHaveLength(1);
  });
});

describe('a worker that died', () => {
  const kill = async (publicationId: string, committed: boolean) => {
    await world.sql(
      `update post_publications set state = 'queued', generation = generation + 1 where id = $1 and state = 'scheduled'`,
      [publicationId],
    );
    await world.sql(
      `update post_publications set state = 'publishing', lease_token = uuidv7(), lease_until = app.now() - interval '1 second',
        commit_started_at = case when $2 then app.now() end where id = $1`,
      [publicationId, committed],
    );
  };

  test('before its commit leaves a publication that the sweep sends again', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.moveClock(3_700_000);
    await kill(publicationId, false);
    await world.tick('sweep');
    expect((await settled(publicationId)).state).toBe('published');
    expect(await onPlatform(publicationId)).toBe(1);
  });

  test('after its commit leaves one that is looked for first: absent, then sent again', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.moveClock(3_700_000);
    await kill(publicationId, true);
    await world.tick('sweep');
    const looked = await eventually(
      () => state(publicationId),
      (one) => one.attempts.some(({ kind }) => kind === 'reconcile'),
    );
    expect(['unknown', 'scheduled', 'queued', 'publishing', 'published']).toContain(looked.state);
    await world.moveClock(3_720_000);
    await world.tick('sweep');
    expect(
      (
        await eventually(
          () => state(publicationId),
          (one) => one.state === 'published',
        )
      ).attempts.map(({ outcome }) => outcome),
    ).toContain('absent');
    expect(await onPlatform(publicationId)).toBe(1);
  });

  test('after the platform took it leaves one that is found, and not sent again', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.moveClock(3_700_000);
    await kill(publicationId, true);
    await world.sql(
      `insert into community_posts (project_id, publication_id, account_id, text) select project_id, id, account_id, 'Hello' from post_publications where id = $1`,
      [publicationId],
    );
    await world.tick('sweep');
    const done = await settledAfterLook(publicationId);
    expect(done).toMatchObject({ state: 'published', attempts: [{ kind: 'reconcile', outcome: 'published' }] });
    expect(await onPlatform(publicationId)).toBe(1);
  });

  const settledAfterLook = (publicationId: string) =>
    eventually(
      () => state(publicationId),
      (one) => one.state === 'published',
    );

  test('with its message leaves one that the sweep claims anew', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.moveClock(3_700_000);
    await world.sql(`update post_publications set state = 'queued', generation = generation + 1 where id = $1`, [
      publicationId,
    ]);
    await world.tick('sweep');
    expect((await state(publicationId)).state, 'its message may still come').toBe('queued');
    await world.moveClock(3_760_000);
    await world.tick('sweep');
    expect((await settled(publicationId)).state).toBe('published');
    expect(await onPlatform(publicationId)).toBe(1);
  });
});

describe('an outcome that nobody knows', () => {
  const unknown = async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.moveClock(3_700_000);
    await world.sql(`update post_publications set state = 'queued' where id = $1`, [publicationId]);
    await world.sql(
      `update post_publications set state = 'publishing', lease_token = uuidv7(), lease_until = app.now() + interval '1 minute', commit_started_at = app.now() where id = $1`,
      [publicationId],
    );
    await world.sql(
      `update post_publications set state = 'unknown', lease_token = null, lease_until = null where id = $1`,
      [publicationId],
    );
    return publicationId;
  };
  const resolve = (publicationId: string, json: unknown, person = owner) =>
    world.call('POST', `/v1/publications/${publicationId}/resolve`, { token: person.token, json });

  test('is settled by its user as live at a URL', async () => {
    const publicationId = await unknown();
    expect((await resolve(publicationId, { outcome: 'live', url: 'https://example.com/p/1' }, stranger)).code).toBe(
      'not_found',
    );
    expect((await resolve(publicationId, { outcome: 'live' })).pointers).toEqual(['/body/url']);
    const answer = await resolve(publicationId, { outcome: 'live', url: 'https://example.com/p/1' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { id: publicationId, state: 'published' }]);
    expect(await state(publicationId)).toMatchObject({
      state: 'published',
      url: 'https://example.com/p/1',
      attempts: [{ kind: 'resolve', outcome: 'published' }],
    });
    expect((await resolve(publicationId, { outcome: 'not_live' })).code).toBe('wrong_state');
  });

  test('is settled by its user as not live, and goes again', async () => {
    const publicationId = await unknown();
    expect((await resolve(publicationId, { outcome: 'not_live' })).status).toBe(200);
    expect((await settled(publicationId)).state).toBe('published');
    expect(await onPlatform(publicationId)).toBe(1);
  });
});

describe('a failure', () => {
  test('of its account is named, and a retry goes out once the account is back', async () => {
    const { publicationId } = await publish({ type: 'at', at: ahead(3600) });
    await world.sql(`update social_accounts set status = 'reauthorization_needed' where id = $1`, [accountId]);
    await world.moveClock(3_700_000);
    await world.tick('dispatchDue');
    const failed = await settled(publicationId);
    expect(failed).toMatchObject({ state: 'failed', failure: { class: 'reauthorize', code: 'account_not_connected' } });
    const retry = (person: Person) =>
      world.call('POST', `/v1/publications/${publicationId}/retry`, { token: person.token });
    expect((await retry(stranger)).code).toBe('not_found');
    await world.sql(`update social_accounts set status = 'connected' where id = $1`, [accountId]);
    expect((await retry(owner)).status).toBe(202);
    expect(
      (
        await eventually(
          () => state(publicationId),
          (one) => one.state === 'published',
        )
      ).failure,
    ).toBeNull();
    expect((await retry(owner)).code).toBe('wrong_state');
  });

  test('of the database under way loses nothing and repeats nothing', async () => {
    world.faults.arm({ point: 'data-api:publishToCommunity:after', action: 'drop', times: 1 });
    world.faults.arm({
      point: 'data-api:settlePublications:before',
      action: 'error',
      error: 'DatabaseUnavailableException',
      times: 2,
    });
    const { publicationId } = await publish({ type: 'now' });
    const done = await settled(publicationId);
    world.faults.clear();
    expect(done.state).toBe('published');
    expect(await onPlatform(publicationId)).toBe(1);
  });
});
