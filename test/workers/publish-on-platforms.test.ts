/** The engine on Bluesky's own server and on the simulators: what goes out, when, and what is ready beforehand. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { react } from '../../infra/local/platforms/reactions.ts';
import { PostAnalytics, RefreshAccepted } from '../../shared/analytics/shapes.ts';
import { Granted, sendForm, upload } from '../support/media.ts';
import { ahead, eventually } from '../support/posts.ts';
import { type ConnectedAccount, openStage, outside, type Stage } from '../support/stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
beforeEach(() => stage.world.platforms.clearFaults());
afterEach(async () => {
  await stage.world.platforms.configureThreads({ imageProcessingMs: 500, videoProcessingMs: 2500 });
  await stage.world.platforms.configureMastodon({ videoProcessingMs: 1500 });
});
afterAll(() => stage?.close());

const mediumOf = async (account: ConnectedAccount, file: string, mimeType: string) => {
  const { projectId } = account;
  const medium = await upload(stage.world, stage.owner, { projectId, file, mimeType });
  expect(medium).toMatchObject({ status: 'ready', failure: null });
  return [{ mediaId: medium.id, altText: 'Four colours' }];
};

describe.each(outside)('on %s', (platform) => {
  let account: ConnectedAccount;
  beforeEach(async () => {
    account = await stage.connect(platform);
  });

  test('a text goes out at once, with the evidence that the platform has', async () => {
    const publicationId = await stage.publish(account);
    const done = await stage.published(publicationId);
    const shown = await stage.shown(account);
    expect(shown.map(({ id, text }) => [id, text])).toEqual([[done.platformPostId, done.text]]);
    expect(Date.parse(done.platformPublishedAt ?? '')).toBeCloseTo(Date.parse(shown[0]?.createdAt ?? ''), -4);
    expect((await fetch(done.url ?? '')).status).toBe(200);
    expect(done.attempts.filter(({ kind }) => kind === 'publish')).toMatchObject([{ kind: 'publish' }]);
    expect(await stage.calls(platform, 'commit')).toHaveLength(1);
  });

  test('a photo is there before the due second, and the post not before it', async () => {
    const media = await mediumOf(account, 'camera.jpg', 'image/jpeg');
    const at = ahead(8);
    const publicationId = await stage.publish(account, { media, schedule: { type: 'at', at } });
    const done = await stage.published(publicationId);
    const [uploads, commits] = [await stage.calls(platform, 'upload'), await stage.calls(platform, 'commit')];
    expect(uploads.map(({ status }) => status)).toEqual([200]);
    expect(Date.parse(uploads[0]?.at ?? '')).toBeLessThan(Date.parse(at));
    expect(commits).toHaveLength(1);
    const lateMs = Date.parse(commits[0]?.at ?? '') - Date.parse(at);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(10_000);
    expect(done.latenessMs).toBeGreaterThanOrEqual(0);
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test('what others did with it comes back as its numbers, once they are asked for', async () => {
    const publicationId = await stage.publish(account);
    const { postId, platformPostId } = await stage.published(publicationId);
    await react(stage.world.platforms, stage.world.origins, {
      platform,
      postId: platformPostId ?? '',
      likes: 3,
      comments: 2,
    });
    const token = { token: stage.owner.token };
    const path = `/v1/posts/${postId}/analytics`;
    const { requestedAt } = (await stage.world.call('POST', `${path}/refresh`, token)).json(RefreshAccepted);
    const read = async () => (await stage.world.call('GET', path, token)).json(PostAnalytics);
    const counted = await eventually(read, ({ publications }) => (publications[0]?.metricsAt ?? '') >= requestedAt);
    expect(counted.publications).toMatchObject([{ publicationId, likes: 3, comments: 2 }]);
    expect(counted.totals).toMatchObject({ likes: 3, comments: 2 });
    expect((await stage.read(publicationId)).metrics).toMatchObject({ likes: 3, comments: 2 });
  });

  test('what waits for the account forbids its disconnection, by name', async () => {
    const publicationId = await stage.publish(account, { schedule: { type: 'at', at: ahead(3600) } });
    const path = `/v1/accounts/${account.id}`;
    const refused = await stage.world.call('DELETE', path, { token: stage.owner.token });
    expect([refused.status, refused.code]).toEqual([409, 'in_use']);
    expect(refused.pointers).toEqual([`/publications/${publicationId}`]);
    expect((await stage.read(publicationId)).state).toBe('scheduled');
    expect((await stage.world.call('DELETE', `${path}?cancelWaiting=true`, { token: stage.owner.token })).status).toBe(
      204,
    );
    expect((await stage.read(publicationId)).state).toBe('cancelled');
  });
});

describe.each(['mastodon', 'threads'] as const)('a video on %s', (platform) => {
  test('is processed before the due second, and the post is on time', async () => {
    const account = await stage.connect(platform);
    const media = await mediumOf(account, 'video.mp4', 'video/mp4');
    const at = ahead(16);
    const publicationId = await stage.publish(account, { media, schedule: { type: 'at', at } });
    const done = await stage.published(publicationId, 40_000);
    const uploads = await stage.calls(platform, 'upload');
    expect(uploads).toHaveLength(1);
    expect(Date.parse(uploads[0]?.at ?? '')).toBeLessThan(Date.parse(at) - 4_000);
    const [commit] = await stage.calls(platform, 'commit');
    expect(Date.parse(commit?.at ?? '') - Date.parse(at)).toBeLessThan(10_000);
    expect(done.attempts.filter(({ kind }) => kind === 'publish')).toHaveLength(1);
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test('that is still being processed at the due second goes out when it is ready, from the same upload', async () => {
    const account = await stage.connect(platform);
    const media = await mediumOf(account, 'video.mp4', 'video/mp4');
    await stage.world.platforms.configureThreads({ videoProcessingMs: 6_000 });
    await stage.world.platforms.configureMastodon({ videoProcessingMs: 6_000 });
    const publicationId = await stage.publish(account, { media, schedule: { type: 'now' } });
    const waiting = await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'waiting');
    expect(['scheduled', 'queued', 'publishing']).toContain(waiting.state);
    expect(waiting.failure).toBeNull();
    await stage.published(publicationId, 25_000);
    expect(await stage.calls(platform, 'upload')).toHaveLength(1);
    expect(await stage.calls(platform, 'commit')).toHaveLength(1);
    expect(await stage.shown(account)).toHaveLength(1);
  });
});

describe('a medium of ours', () => {
  test('that comes after the due second is waited for', async () => {
    const account = await stage.connect('mastodon');
    const bytes = await readFile(new URL('../media/camera.jpg', import.meta.url));
    const asked = await stage.world.call('POST', '/v1/media', {
      token: stage.owner.token,
      json: { projectId: account.projectId, fileName: 'late.jpg', mimeType: 'image/jpeg', bytes: bytes.length },
    });
    const granted = asked.json(Granted);
    const publicationId = await stage.publish(account, { media: [{ mediaId: granted.media.id }] });
    await stage.until(publicationId, ({ attempts }) => attempts[0]?.outcome === 'waiting');
    expect(await stage.calls('mastodon', 'upload')).toEqual([]);
    await sendForm(granted.upload, bytes, 'image/jpeg');
    await stage.published(publicationId, 20_000);
    expect(await stage.shown(account)).toHaveLength(1);
  });

  test('that turns out broken fails the publication, with the reason', async () => {
    const account = await stage.connect('mastodon');
    const bytes = await readFile(new URL('../media/truncated.jpg', import.meta.url));
    const asked = await stage.world.call('POST', '/v1/media', {
      token: stage.owner.token,
      json: { projectId: account.projectId, fileName: 'broken.jpg', mimeType: 'image/jpeg', bytes: bytes.length },
    });
    const granted = asked.json(Granted);
    const publicationId = await stage.publish(account, { media: [{ mediaId: granted.media.id }] });
    await sendForm(granted.upload, bytes, 'image/jpeg');
    const failed = await stage.until(publicationId, ({ state }) => state === 'failed', 20_000);
    expect(failed.failure).toEqual({
      class: 'invalid-content',
      code: 'media_failed',
      message: 'The JPEG ends in the middle.',
    });
    expect(await stage.shown(account)).toEqual([]);
  });

  test('goes to each platform in a file that it takes', async () => {
    const account = await stage.connect('bluesky');
    const media = await mediumOf(account, 'animated.gif', 'image/gif');
    const publicationId = await stage.publish(account, { media });
    await stage.published(publicationId);
    expect((await stage.calls('bluesky', 'upload')).map(({ status }) => status)).toEqual([200]);
  });
});
