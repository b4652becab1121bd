import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PostAnalytics, RefreshAccepted } from '../../shared/analytics/shapes.ts';
import { addMember, createProject, type Person, registerUser } from '../support/people.ts';
import { connectCommunity, createPost, eventually, getPublication } from '../support/posts.ts';
import { connectByScreen, openSocialWorld, type SocialWorld } from '../support/social.ts';

let world: SocialWorld;
let ada: Person;
let projectId: string;
let accounts: { community: string; mastodon: string; threads: string };
let mastodonUser: string;
let threadsUser: string;

beforeAll(async () => {
  world = await openSocialWorld({ workers: true });
  ada = await registerUser(world);
  projectId = (await createProject(world, ada)).id;
  const mastodon = await connectByScreen(world, ada, { platform: 'mastodon', projectId });
  const threads = await connectByScreen(world, ada, { platform: 'threads', projectId });
  mastodonUser = mastodon.username;
  threadsUser = threads.username;
  accounts = {
    community: (await connectCommunity(world, ada, projectId)).id,
    mastodon: mastodon.id,
    threads: threads.id,
  };
});
afterAll(() => world.close());
beforeEach(() => world.platforms.clearFaults());

/** A post that is out on all three. */
async function published() {
  const post = await createPost(world, ada, {
    projectId,
    text: `Numbers ${randomUUID()}`,
    schedule: { type: 'now' },
    publications: Object.values(accounts).map((accountId) => ({ accountId })),
  });
  const publications = await Promise.all(
    post.publications.map(({ id }) =>
      eventually(
        () => getPublication(world, ada, id),
        ({ state }) => state === 'published',
        20_000,
      ),
    ),
  );
  return { postId: post.id, publications };
}

const read = async (postId: string) =>
  (await world.call('GET', `/v1/posts/${postId}/analytics`, { token: ada.token })).json(PostAnalytics);
const refresh = (postId: string, who = ada) =>
  world.call('POST', `/v1/posts/${postId}/analytics/refresh`, { token: who.token });

async function refreshed(postId: string) {
  const { requestedAt } = (await refresh(postId)).json(RefreshAccepted);
  return eventually(
    () => read(postId),
    ({ publications }) => publications.every(({ metricsAt }) => metricsAt !== null && metricsAt > requestedAt),
  );
}

test('the numbers come back equal to what happened on each platform', async () => {
  const { postId, publications } = await published();
  const of = (platform: string) => publications.find((publication) => publication.platform === platform);
  const communityPostId = of('community')?.platformPostId;
  await world.call('PUT', `/v1/community/posts/${communityPostId}/like`, { token: ada.token });
  for (const text of ['one', 'two']) {
    await world.call('POST', `/v1/community/posts/${communityPostId}/comments`, { token: ada.token, json: { text } });
  }
  for (const { accessToken } of await world.platforms.mastodonCrowd(3)) {
    const favourite = await fetch(
      `${world.origins.mastodon}/api/v1/statuses/${of('mastodon')?.platformPostId}/favourite`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}` },
      },
    );
    expect(favourite.status).toBe(200);
  }
  await world.platforms.setThreadsLikes(of('threads')?.platformPostId ?? '', 7);
  const numbers = await refreshed(postId);
  const likes = Object.fromEntries(
    numbers.publications.map((entry) => [entry.platform, [entry.likes, entry.comments]]),
  );
  expect(likes).toEqual({ community: [1, 2], mastodon: [3, 0], threads: [7, 0] });
  expect(numbers.totals).toMatchObject({ likes: 11, comments: 2 });
  expect(numbers.publications.every(({ history }) => history.length === 1 && history[0]?.source === 'refresh')).toBe(
    true,
  );
});

test('a post is refreshed once in ten seconds, whoever asks', async () => {
  const { postId } = await published();
  const answers = await Promise.all([refresh(postId), refresh(postId), refresh(postId)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([202, 429, 429]);
  const late = answers.find(({ status }) => status === 429);
  expect(late?.code).toBe('refresh_too_soon');
  expect(Number(late?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  await world.moveClock(11_000);
  expect((await refresh(postId)).status).toBe(202);
  await world.moveClock(0);
});

test('the tick sends what is due, and looks more seldom as a post grows older', async () => {
  const { postId } = await published();
  const ages: Record<string, number> = {
    '2 minutes': 60,
    '30 minutes': 300,
    '3 hours': 900,
    '20 hours': 3600,
    '3 days': 21_600,
    '20 days': 86_400,
  };
  for (const [age, waitS] of Object.entries(ages)) {
    await world.sql(
      `update post_publications set published_at = now() - $2::interval, next_metrics_at = now(), metrics_at = null, metrics_lease_until = null where post_id = $1`,
      [postId, age],
    );
    await world.tick('pollAnalytics');
    await eventually(
      () => read(postId),
      ({ publications }) => publications.every(({ metricsAt }) => metricsAt !== null),
    );
    const rows = await world.sql(
      'select extract(epoch from next_metrics_at - metrics_at)::int as wait from post_publications where post_id = $1',
      [postId],
    );
    expect(
      rows.map(({ wait }) => wait),
      age,
    ).toEqual([waitS, waitS, waitS]);
  }
});

test('a platform in trouble postpones its numbers and no others; the account stays connected', async () => {
  const { postId } = await published();
  await world.platforms.armFault({
    platform: 'mastodon',
    route: 'GET /api/v1/statuses/{id}',
    when: 'received',
    action: 'status',
    status: 503,
    times: 5,
  });
  await refresh(postId);
  const numbers = await eventually(
    () => read(postId),
    ({ publications }) => publications.filter(({ metricsAt }) => metricsAt !== null).length === 2,
  );
  expect(numbers.publications.find(({ platform }) => platform === 'mastodon')).toMatchObject({
    metricsAt: null,
    history: [],
  });
  await eventually(
    () =>
      world.sql(
        `select 1 from post_publications where post_id = $1 and platform = 'mastodon' and metrics_lease_until is null and next_metrics_at > now()`,
        [postId],
      ),
    (rows) => rows.length === 1,
  );
  expect((await world.sql('select status from social_accounts where id = $1', [accounts.mastodon]))[0]?.status).toBe(
    'connected',
  );
});

test('the numbers of a paused account go on being read, when they are due and when somebody asks', async () => {
  const { postId } = await published();
  await world.sql(`insert into quota_overrides (scope, name, most, user_id) values ('user', 'accounts', 0, $1)`, [
    ada.id,
  ]);
  const paused = () =>
    world.sql('select platform from social_accounts where paused_at is not null and project_id = $1', [projectId]);
  expect(await paused()).toHaveLength(3);
  await world.sql(
    `update post_publications set next_metrics_at = now(), metrics_at = null, metrics_lease_until = null where post_id = $1`,
    [postId],
  );
  await world.tick('pollAnalytics');
  const { publications } = await eventually(
    () => read(postId),
    (numbers) => numbers.publications.every(({ metricsAt }) => metricsAt !== null),
  );
  expect(publications.map(({ history }) => history.map(({ source }) => source))).toEqual([
    ['poll'],
    ['poll'],
    ['poll'],
  ]);
  const numbers = await refreshed(postId);
  expect(numbers.publications.map(({ history }) => history.at(-1)?.source)).toEqual(['refresh', 'refresh', 'refresh']);
  expect(await paused()).toHaveLength(3);
  await world.sql(`delete from quota_overrides where user_id = $1`, [ada.id]);
  expect(await paused()).toEqual([]);
});

test('an account whose token was taken back is marked, with the reason', async () => {
  const { postId } = await published();
  await world.platforms.revokeTokens('mastodon', mastodonUser);
  await refresh(postId);
  const [account] = await eventually(
    () => world.sql('select status, status_reason from social_accounts where id = $1', [accounts.mastodon]),
    (rows) => rows[0]?.status !== 'connected',
  );
  expect(account).toMatchObject({ status: 'reauthorization_needed', status_reason: expect.stringMatching(/./) });
  expect(threadsUser).not.toBe('');
});

test('a post that is not out has nothing to refresh; strangers find none, viewers may look', async () => {
  const draft = await createPost(world, ada, {
    projectId,
    text: 'x',
    schedule: { type: 'draft' },
    publications: [{ accountId: accounts.community }],
  });
  expect((await refresh(draft.id)).code).toBe('wrong_state');
  expect((await read(draft.id)).totals).toEqual({ likes: null, comments: null, shares: null, views: null });
  const eve = await registerUser(world, 'Eve');
  expect((await refresh(draft.id, eve)).code).toBe('not_found');
  expect((await world.call('GET', `/v1/posts/${draft.id}/analytics`, { token: eve.token })).code).toBe('not_found');
  await addMember(world, projectId, eve, 'viewer');
  expect((await world.call('GET', `/v1/posts/${draft.id}/analytics`, { token: eve.token })).status).toBe(200);
  expect((await refresh(draft.id, eve)).code).toBe('forbidden');
});
