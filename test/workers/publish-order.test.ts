/** Posts of one account follow each other; a stuck one holds up the next for a minute at most. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ahead, createPost } from '../support/posts.ts';
import { openStage, type Stage } from '../support/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(() => stage.world.platforms.clearFaults());
afterAll(() => stage?.close());

test('posts of one account that fall due in one second go out one after the other, the first one first', async () => {
  const account = await stage.connect('mastodon');
  const slowMs = 300;
  await stage.strike('mastodon', 'commit', { when: 'received', action: 'delay', delayMs: slowMs, times: 6 });
  const at = ahead(3600);
  const texts = ['one', 'two', 'three', 'four', 'five', 'six'];
  const ids: string[] = [];
  for (const text of texts) ids.push(await stage.publish(account, { text, schedule: { type: 'at', at } }));
  // Claimed together, as the tick does it with what was scheduled long ago.
  await stage.world.sql('update post_publications set due_at = $2 where id = any ($1)', [ids, ahead(2)]);
  await stage.world.tick('dispatchDue');
  const done = await Promise.all(ids.map((id) => stage.published(id, 30_000)));
  const shown = await stage.shown(account);
  expect(shown.map(({ text }) => text)).toEqual(texts);
  const instants = shown.map(({ createdAt }) => Date.parse(createdAt));
  // The platform waits before it takes a post: two at once would be public at the same instant.
  for (const [index, instant] of instants.entries()) {
    if (index > 0) expect(instant - (instants[index - 1] ?? 0)).toBeGreaterThanOrEqual(slowMs - 20);
  }
  expect(done.every(({ latenessMs }) => (latenessMs ?? -1) >= 0)).toBe(true);
});

test('an earlier post that hangs is waited for, but no longer than a minute', async () => {
  const account = await stage.connect('mastodon');
  await stage.strike('mastodon', 'commit', { when: 'received', action: 'hang' });
  const first = await stage.publish(account);
  await stage.until(first, ({ commitStartedAt }) => commitStartedAt !== null);
  const second = await stage.publish(account);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await stage.read(second)).toMatchObject({ state: 'queued', attempts: [] });
  await stage.world.sql(
    `update post_publications set publishing_at = app.now() - interval '61 seconds' where id = $1`,
    [first],
  );
  await stage.published(second, 20_000);
  expect((await stage.read(first)).state).toBe('publishing');
  expect(await stage.shown(account)).toHaveLength(1);
});

test('another account does not wait for one that hangs', async () => {
  const [slow, quick] = [await stage.connect('mastodon'), await stage.connect('bluesky')];
  await stage.strike('mastodon', 'commit', { when: 'received', action: 'hang' });
  const stuck = await stage.publish(slow);
  await stage.until(stuck, ({ commitStartedAt }) => commitStartedAt !== null);
  await stage.published(await stage.publish(quick), 20_000);
  expect((await stage.read(stuck)).state).toBe('publishing');
});

test('each account of a post says its own words', async () => {
  const { world, owner } = stage;
  const account = await stage.connect('mastodon');
  const community = await world.call('POST', '/v1/accounts', {
    token: owner.token,
    json: { projectId: account.projectId, platform: 'community' },
  });
  const { id } = JSON.parse(community.text).account;
  const post = await createPost(world, owner, {
    projectId: account.projectId,
    text: 'For all',
    schedule: { type: 'now' },
    publications: [{ accountId: account.id, text: 'For Mastodon' }, { accountId: id }],
  });
  const done = await Promise.all(post.publications.map((publication) => stage.published(publication.id)));
  expect(done.map(({ text }) => text).sort()).toEqual(['For Mastodon', 'For all']);
  expect((await stage.shown(account)).map(({ text }) => text)).toEqual(['For Mastodon']);
});
