/** The main job, end to end, each step through the public HTTP API: connect, upload, schedule, publish, measure, report. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { PlatformOrigins } from '../options.ts';
import { createPlatformsClient } from '../platforms/control-client.ts';
import { react } from '../platforms/reactions.ts';
import { type Connected, connectAccounts } from './accounts.ts';
import { until } from './api.ts';
import { type Evidence, readBack } from './evidence.ts';
import { judge, type Wanted } from './judge.ts';
import { type Person, registerPerson } from './people.ts';
import { say, step, table } from './screen.ts';
import { type Medium, upload } from './uploads.ts';
import { type Publication, post, watch } from './watching.ts';

export interface Stage {
  readonly origin: string;
  readonly platforms: PlatformOrigins;
  /** Why there is no Bluesky; null when there is. */
  readonly blueskyMissing: string | null;
}

const AHEAD_S = 10;
const id = z.object({ id: z.string() });
const validation = z.object({ valid: z.boolean() });
const analytics = z.object({
  publications: z.array(
    z.object({ publicationId: z.string(), likes: z.number().nullable(), comments: z.number().nullable() }),
  ),
});
const report = z.object({ url: z.string() });

interface Reaction {
  readonly likes: number;
  readonly comments: number;
}

/** Tells the story; returns the address of the report page. Throws where a step does not hold. */
export async function tell(stage: Stage): Promise<string> {
  const author = await registerPerson(stage.origin, 'Ada Lovelace');
  step(`registered and verified ${author.email}, logged in`);
  const project = await author.api.call('POST', '/v1/projects', id, { name: 'Demo', timeZone: 'Europe/Berlin' });
  const connected = await connectAccounts(author.api, project.id, stage.platforms, stage.blueskyMissing === null);
  const names = [connected.community, connected.bluesky, connected.mastodon, connected.threads].flatMap((account) =>
    account === null ? [] : [`${account.platform} @${account.handle}`],
  );
  step(`connected ${names.join(', ')}`);
  const [photo, video] = await Promise.all([
    upload(author.api, project.id, new URL('../../../test/media/camera.jpg', import.meta.url), 'image/jpeg'),
    upload(author.api, project.id, new URL('../../../test/media/video.mp4', import.meta.url), 'video/mp4'),
  ]);
  step(
    `uploaded a photo (upright ${photo.width}×${photo.height}) and a video (${video.width}×${video.height}), both ready`,
  );

  const dueAt = new Date(Math.ceil(Date.now() / 1000 + AHEAD_S) * 1000).toISOString();
  const body = compose(project.id, connected, photo, video, dueAt);
  const { valid } = await author.api.call('POST', '/v1/posts/validate', validation, body);
  if (!valid) throw new Error('the post is not valid');
  const created = await author.api.call('POST', '/v1/posts', post, body);
  step(`valid for all ${created.publications.length} accounts, scheduled for ${dueAt.slice(11, 19)} UTC`);
  const done = await watch(author.api, created);
  const rows = await Promise.all(
    done.map(async (one) => ({
      ...one,
      evidence: await readBack(one.platform, one.platformPostId ?? '', connected, stage.platforms, author.api),
    })),
  );
  for (const row of rows) {
    const accountId = created.publications.find((one) => one.id === row.id)?.accountId;
    await judge(row.platform, row.evidence, wantedOf(body, accountId, photo, video));
  }
  step('read every post back from its platform: each has its own text and media, the photo upright and without EXIF');

  const given = new Map<string, Reaction>();
  for (const row of rows) given.set(row.id, { likes: randomInt(1, 5), comments: randomInt(1, 4) });
  await Promise.all(rows.map((row) => reactTo(stage, row, given.get(row.id) ?? { likes: 0, comments: 0 })));
  step('other people liked and commented on each platform');
  const measured = await measure(author, created.id, given);
  step('refreshed the numbers: they came back equal');

  say();
  table(
    ['account', 'published at', 'late', 'likes', 'comments', 'address at the platform'],
    rows.map((row) => {
      const { likes, comments } = measured.get(row.id) ?? { likes: null, comments: null };
      return [
        row.platform,
        row.evidence.at.slice(11, 23),
        `${late(row, row.evidence).toFixed(2)} s`,
        String(likes),
        String(comments),
        row.url ?? '',
      ];
    }),
  );
  const worst = Math.max(...rows.map((row) => late(row, row.evidence)));
  if (worst > 2) throw new Error(`a post was ${worst.toFixed(2)} s late`);
  const early = Math.min(...rows.map((row) => late(row, row.evidence)));
  if (early < 0) throw new Error(`a post was ${(-early).toFixed(2)} s early`);
  return (await author.api.call('POST', `/v1/posts/${created.id}/report-links`, report)).url;
}

interface Body {
  readonly publications: readonly {
    readonly accountId: string;
    readonly text: string;
    readonly media: readonly { readonly mediaId: string; readonly altText?: string }[];
  }[];
}

function compose(projectId: string, connected: Connected, photo: Medium, video: Medium, dueAt: string) {
  const picture = { mediaId: photo.id, altText: 'Four coloured corners, photographed upright' };
  const film = { mediaId: video.id };
  const { community, bluesky, mastodon, threads } = connected;
  return {
    projectId,
    text: 'Posthaste publishes at the very second.',
    schedule: { type: 'at', at: dueAt },
    publications: [
      { accountId: community.id, text: 'For our own community: the photo and the film.', media: [picture, film] },
      ...(bluesky === null
        ? []
        : [{ accountId: bluesky.id, text: 'Hello Bluesky, here is the photo. #posthaste', media: [picture] }]),
      { accountId: mastodon.id, text: 'Hello Mastodon, here is the photo.', media: [picture] },
      { accountId: threads.id, text: 'Hello Threads, here is the film.', media: [film] },
    ],
    externalId: `demo-${Date.now()}`,
  };
}

/** What the account was to get, as the request said it. */
function wantedOf(body: Body, accountId: string | undefined, photo: Medium, video: Medium): Wanted {
  const asked = body.publications.find((one) => one.accountId === accountId);
  if (asked === undefined) throw new Error(`a publication is for an account that was not asked for: ${accountId}`);
  if (photo.width === null || photo.height === null || photo.width >= photo.height)
    throw new Error(`the photo does not stand upright: ${photo.width}×${photo.height}`);
  return {
    text: asked.text,
    altTexts: asked.media.flatMap((one) => (one.mediaId === photo.id ? [one.altText ?? ''] : [])),
    films: asked.media.filter(({ mediaId }) => mediaId === video.id).length,
    upright: photo.width / photo.height,
  };
}

function late({ dueAt }: Publication, { at }: Evidence): number {
  return (Date.parse(at) - Date.parse(dueAt)) / 1000;
}

async function reactTo(
  stage: Stage,
  { platform, platformPostId }: Publication,
  { likes, comments }: Reaction,
): Promise<void> {
  const texts = ['Well done!', 'On the second.', 'More of this, please.'];
  const postId = platformPostId ?? '';
  if (platform === 'mastodon' || platform === 'threads' || platform === 'bluesky') {
    return react(createPlatformsClient(stage.platforms.control), stage.platforms, {
      platform,
      postId,
      likes,
      comments,
      texts,
    });
  }
  for (let index = 0; index < Math.max(likes, comments); index += 1) {
    const fan = await registerPerson(stage.origin, 'Fan');
    if (index < likes) await fan.api.call('PUT', `/v1/community/posts/${postId}/like`, z.unknown());
    if (index < comments)
      await fan.api.call('POST', `/v1/community/posts/${postId}/comments`, z.unknown(), {
        text: texts[index % texts.length],
      });
  }
}

/** Asks for a refresh until every number is the one that was given. */
async function measure(author: Person, postId: string, given: Map<string, Reaction>): Promise<Map<string, Reaction>> {
  await author.api.call('POST', `/v1/posts/${postId}/analytics/refresh`, z.unknown());
  const get = () => author.api.call('GET', `/v1/posts/${postId}/analytics`, analytics);
  const matches = (now: z.output<typeof analytics>['publications'][number]) => {
    const wanted = given.get(now.publicationId);
    return now.likes === wanted?.likes && now.comments === wanted?.comments;
  };
  const { publications } = await until('equal numbers', 20_000, get, (answer) => answer.publications.every(matches));
  return new Map(
    publications.map((one) => [one.publicationId, { likes: one.likes ?? 0, comments: one.comments ?? 0 }]),
  );
}
