/** What the engine makes of a platform's answers, and of none: the platform itself is counted afterwards. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectorOf } from '../../shared/platforms/registry.ts';
import { upload } from '../support/media.ts';
import { ahead } from '../support/posts.ts';
import { type ConnectedAccount, openStage, outside, type Stage } from '../support/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterEach(async () => {
  await stage.world.platforms.clearFaults();
  await stage.world.moveClock(0);
});
afterAll(() => stage?.close());

const outcomesOf = async (publicationId: string) =>
  (await stage.read(publicationId)).attempts.map(({ kind, outcome }) => `${kind}: ${outcome}`);

/** Lets the looks and waits that a connector asks for pass, by the clock and the sweep. */
async function passTime(publicationId: string, done: string): Promise<void> {
  const minuteMs = 60_000;
  for (let minutes = 1; minutes <= 12; minutes += 1) {
    if ((await stage.read(publicationId)).state === done) return;
    await stage.world.moveClock(minutes * minuteMs);
    await stage.world.tick('sweep');
    await stage.world.tick('dispatchDue');
    await stage.until(publicationId, ({ state }) => state === done, 2_500).catch(() => null);
  }
  throw new Error(`not ${done}: ${JSON.stringify(await stage.read(publicationId))}`);
}

describe.each(outside)('on %s', (platform) => {
  let account: ConnectedAccount;
  beforeEach(async () => {
    account = await stage.connect(platform);
  });
  const commits = async () => (await stage.calls(platform, 'commit')).length;

  test('a limit is waited out as long as the platform says, and is no failure', async () => {
    const headers = { 'retry-after': '7' };
    const body = { error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' };
    const limit = { when: 'received', action: 'status', status: 429, headers, body } as const;
    await stage.strike(platform, 'commit', limit);
    const publicationId = await stage.publish(account);
    const held = await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'refused');
    expect(['scheduled', 'queued']).toContain(held.state);
    expect(held.failure).toMatchObject({ class: 'rate-limited' });
    const done = await stage.published(publicationId, 20_000);
    const [first, second] = await stage.calls(platform, 'commit');
    expect(Date.parse(second?.at ?? '') - Date.parse(first?.at ?? '')).toBeGreaterThanOrEqual(7_000);
    expect(done.failure).toBeNull();
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test('a post that the platform refuses has failed, in its words, without our secrets', async () => {
    const body = {
      error:
        platform === 'threads'
          ? { message: 'Text is spam. access_token=TH0123456789abcdef', code: 36000 }
          : 'InvalidRequest',
      message: 'Text is spam. access_token=TH0123456789abcdef',
      error_description: 'Text is spam. access_token=TH0123456789abcdef',
    };
    const status = platform === 'mastodon' ? 422 : 400;
    await stage.strike(platform, 'commit', { when: 'received', action: 'status', status, body });
    const publicationId = await stage.publish(account);
    const failed = await stage.until(publicationId, ({ state }) => state === 'failed');
    expect(failed.failure).toMatchObject({ class: 'invalid-content' });
    expect(failed.failure?.message).toContain('Text is spam.');
    expect(JSON.stringify(failed)).not.toContain('TH0123456789abcdef');
    expect(await commits()).toBe(1);
    expect(await stage.shown(account)).toEqual([]);
  });

  test.each([
    ['503', { action: 'status', status: 503 }],
    ['a broken connection', { action: 'drop' }],
  ] as const)('%s before the commit is tried again', async (_name, fault) => {
    const { projectId } = account;
    const medium = await upload(stage.world, stage.owner, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
    await stage.strike(platform, 'upload', { when: 'received', ...fault });
    const publicationId = await stage.publish(account, { media: [{ mediaId: medium.id }] });
    await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'retry');
    await passTime(publicationId, 'published');
    const done = await stage.read(publicationId);
    expect(done.attempts[0]).toMatchObject({ kind: 'publish', outcome: 'retry', failureClass: 'retry-later' });
    expect(done.attempts[0]?.commitStartedAt).toBeNull();
    expect(await commits()).toBe(1);
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test.each([
    ['the connection breaks', { action: 'drop' }],
    ['the answer is 503', { action: 'status', status: 503 }],
  ] as const)(
    'when the post is public and %s, it is found and not repeated',
    async (_name, fault) => {
      await stage.strike(platform, 'commit', { when: 'applied', ...fault });
      const publicationId = await stage.publish(account);
      const unknown = await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'unknown');
      expect(unknown.attempts[0]?.commitStartedAt).not.toBeNull();
      await passTime(publicationId, 'published');
      expect((await outcomesOf(publicationId)).at(-1)).toBe('reconcile: published');
      const [shown] = await stage.shown(account);
      expect((await stage.read(publicationId)).platformPostId).toBe(shown?.id);
      expect(await stage.shown(account)).toHaveLength(1);
      expect(await commits()).toBe(1);
    },
    60_000,
  );

  test('when the commit never came, it is looked for as often and as long as declared, then published once', async () => {
    const { absentAfterLooks, absentAfterS } = connectorOf(platform).capabilities.publishing;
    await stage.strike(platform, 'commit', { when: 'received', action: 'drop' });
    const publicationId = await stage.publish(account);
    await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'unknown');
    await passTime(publicationId, 'published');
    const { attempts } = await stage.read(publicationId);
    const looks = attempts.filter(({ kind }) => kind === 'reconcile');
    expect(looks.length).toBeGreaterThanOrEqual(absentAfterLooks);
    expect(looks.at(-1)?.outcome).toBe('absent');
    expect(looks.slice(0, -1).every(({ outcome }) => outcome === 'unknown')).toBe(true);
    const waitedMs = Date.parse(looks.at(-1)?.startedAt ?? '') - Date.parse(attempts[0]?.commitStartedAt ?? '');
    expect(waitedMs).toBeGreaterThanOrEqual(absentAfterS * 1000);
    expect(await commits()).toBe(2);
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test('while the platform cannot be asked, the outcome stays unknown and nothing is sent again', async () => {
    await stage.strike(platform, 'commit', { when: 'applied', action: 'drop' });
    await stage.strike(platform, 'look', { when: 'received', action: 'status', status: 503, times: 100 });
    const publicationId = await stage.publish(account);
    await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'unknown');
    await stage.world.moveClock(60_000);
    await stage.world.tick('sweep');
    const seen = await stage.until(
      publicationId,
      ({ attempts }) =>
        attempts.filter(({ kind, outcome }) => kind === 'reconcile' && outcome === 'unknown').length >= 1,
      45_000,
    );
    expect(seen.state).toBe('unknown');
    expect(await commits()).toBe(1);
    await stage.world.platforms.clearFaults();
    await passTime(publicationId, 'published');
    expect(await commits(), 'since the faults ended').toBe(0);
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test('an account over its quota of the day publishes later', async () => {
    const { postsPerDay } = connectorOf(platform).capabilities;
    if (postsPerDay === null) {
      expect(platform, 'has no quota by the day').toBe('mastodon');
      return;
    }
    const earlier = await stage.publish(account);
    await stage.published(earlier);
    await stage.world.sql(
      `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, commit_started_at, finished_at, outcome)
       select project_id, id, account_id, 'publish', 1, uuidv7(), app.now(), app.now(), 'published'
       from post_publications, generate_series(1, $2) where id = $1`,
      [earlier, postsPerDay],
    );
    const publicationId = await stage.publish(account);
    const held = await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'retry');
    expect(held).toMatchObject({ state: 'scheduled', failure: { class: 'rate-limited', code: 'account_quota' } });
    expect(Date.parse(held.nextAttemptAt ?? '')).toBeGreaterThan(Date.now() + 300_000);
    expect(await stage.shown(account)).toHaveLength(1);
    await stage.world.sql(`delete from publication_attempts where publication_id = $1`, [earlier]);
    await stage.world.moveClock(1_200_000);
    await stage.world.tick('dispatchDue');
    await stage.published(publicationId);
    expect(await stage.shown(account)).toHaveLength(2);
  });
});

describe('Mastodon', () => {
  test('tells when its limit ends, and is asked again then', async () => {
    const account = await stage.connect('mastodon');
    const windowMs = 300_000;
    const leftMs = windowMs - (Date.now() % windowMs);
    // Both posts in the same window of the limit.
    if (leftMs < 15_000) await new Promise((resolve) => setTimeout(resolve, leftMs));
    await stage.world.platforms.configureMastodon({ callsPer5Min: 1 });
    const first = await stage.publish(account);
    const second = await stage.publish(account);
    const held = await Promise.all(
      [first, second].map((id) =>
        stage.until(id, ({ attempts }) => attempts[0]?.outcome !== null && attempts.length > 0),
      ),
    );
    const limited = held.find(({ failure }) => failure?.class === 'rate-limited');
    const refusedAt = Date.parse(limited?.attempts[0]?.finishedAt ?? '');
    const resetAt = Math.ceil(refusedAt / windowMs) * windowMs;
    expect(Math.abs(Date.parse(limited?.nextAttemptAt ?? '') - resetAt)).toBeLessThan(6_000);
    await stage.world.platforms.configureMastodon({ callsPer5Min: 300 });
    for (const publicationId of [first, second]) await passTime(publicationId, 'published');
    expect(await stage.shown(account)).toHaveLength(2);
  });

  test('that has lost the uploaded media gets them anew', async () => {
    const account = await stage.connect('mastodon');
    const { projectId } = account;
    const medium = await upload(stage.world, stage.owner, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
    const at = ahead(3600);
    const publicationId = await stage.publish(account, {
      media: [{ mediaId: medium.id }],
      schedule: { type: 'at', at },
    });
    await stage.world.sql(
      `update post_publications set prepared = '{"media":[{"id":"99","ready":true}]}', prepared_ready = true,
        prepared_expires_at = app.now() + interval '2 hours', due_at = app.now() where id = $1`,
      [publicationId],
    );
    await stage.world.tick('dispatchDue');
    await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'unknown');
    await passTime(publicationId, 'published');
    expect(await stage.calls('mastodon', 'upload')).toHaveLength(1);
    expect(await stage.shown(account)).toHaveLength(1);
  });
});

describe('Threads', () => {
  test.each([true, false])('gets another container for one that has expired (known to be ready: %s)', async (ready) => {
    const account = await stage.connect('threads');
    const { projectId } = account;
    const medium = await upload(stage.world, stage.owner, { projectId, file: 'camera.jpg', mimeType: 'image/jpeg' });
    const publicationId = await stage.publish(account, {
      media: [{ mediaId: medium.id }],
      schedule: { type: 'at', at: ahead(600) },
    });
    await stage.world.tick('dispatchDue');
    await stage.until(publicationId, () => true);
    await expect
      .poll(
        async () =>
          (await stage.world.sql('select prepared_ready from post_publications where id = $1', [publicationId]))[0],
        {
          timeout: 10_000,
        },
      )
      .toEqual({ prepared_ready: true });
    expect(await stage.calls('threads', 'upload')).toHaveLength(1);
    await stage.world.platforms.configureThreads({ clockOffsetMs: 25 * 3_600_000 });
    try {
      await stage.world.sql('update post_publications set due_at = app.now(), prepared_ready = $2 where id = $1', [
        publicationId,
        ready,
      ]);
      await stage.world.tick('dispatchDue');
      await stage.published(publicationId, 25_000);
      expect(await stage.calls('threads', 'upload')).toHaveLength(2);
      expect(await stage.shown(account)).toHaveLength(1);
    } finally {
      await stage.world.platforms.configureThreads({ clockOffsetMs: 0 });
    }
  });

  test('that cannot process a video fails the publication with its reason', async () => {
    const account = await stage.connect('threads');
    const { projectId } = account;
    const medium = await upload(stage.world, stage.owner, { projectId, file: 'video.mp4', mimeType: 'video/mp4' });
    await stage.world.platforms.configureThreads({ failVideoWith: 'INVALID_BIT_RATE', videoProcessingMs: 0 });
    const publicationId = await stage.publish(account, { media: [{ mediaId: medium.id }] });
    const failed = await stage.until(publicationId, ({ state }) => state === 'failed');
    await stage.world.platforms.configureThreads({ failVideoWith: null, videoProcessingMs: 2500 });
    expect(failed.failure).toMatchObject({ class: 'invalid-content', code: 'INVALID_BIT_RATE' });
  });
});
