/** Likes and comments by other users of each platform, done through the platforms' own APIs. */
import { z } from 'zod';
import type { PlatformsClient } from './control-client.ts';
import type { SimulatedPlatform } from './faults.ts';

export interface Reactions {
  readonly platform: SimulatedPlatform;
  /** Status id, media id or at-uri. */
  readonly postId: string;
  readonly likes: number;
  readonly comments: number;
  /** Texts of the comments, used in turn. */
  readonly texts?: readonly string[];
}

export interface ReactionOrigins {
  readonly mastodon: string;
  readonly threads: string;
  readonly bluesky: string;
  readonly appview: string;
}

/**
 * Adds likes and comments of as many different users, and resolves once the platform counts them.
 * Threads has no API to like: there `likes` is set by a control call and replaces what was.
 */
export async function react(client: PlatformsClient, origins: ReactionOrigins, reactions: Reactions): Promise<void> {
  switch (reactions.platform) {
    case 'mastodon':
      return reactOnMastodon(client, origins, reactions);
    case 'threads':
      return reactOnThreads(client, origins, reactions);
    case 'bluesky':
      return reactOnBluesky(client, origins, reactions);
  }
}

function textOf(reactions: Reactions, index: number): string {
  const texts = reactions.texts ?? ['Well done!'];
  return texts[index % texts.length] ?? 'Well done!';
}

async function reactOnMastodon(client: PlatformsClient, origins: ReactionOrigins, reactions: Reactions): Promise<void> {
  const crowd = await client.mastodonCrowd(Math.max(reactions.likes, reactions.comments));
  for (const [index, { accessToken }] of crowd.entries()) {
    if (index < reactions.likes) {
      await send(`${origins.mastodon}/api/v1/statuses/${reactions.postId}/favourite`, accessToken, {});
    }
    if (index < reactions.comments) {
      const body = { status: textOf(reactions, index), in_reply_to_id: reactions.postId };
      await send(`${origins.mastodon}/api/v1/statuses`, accessToken, body);
    }
  }
}

const created = z.object({ id: z.string() });

async function reactOnThreads(client: PlatformsClient, origins: ReactionOrigins, reactions: Reactions): Promise<void> {
  await client.setThreadsLikes(reactions.postId, reactions.likes);
  for (const [index, { userId, accessToken }] of (await client.threadsCrowd(reactions.comments)).entries()) {
    const draft = { media_type: 'TEXT', text: textOf(reactions, index), reply_to_id: reactions.postId };
    const container = created.parse(await send(`${origins.threads}/v1.0/${userId}/threads`, accessToken, draft));
    const publish = `${origins.threads}/v1.0/${userId}/threads_publish`;
    await until('the comment to be published', async () => {
      const response = await post(publish, accessToken, { creation_id: container.id });
      await response.body?.cancel();
      return response.ok;
    });
  }
}

const session = z.object({ did: z.string(), accessJwt: z.string() });
const ref = z.object({ uri: z.string(), cid: z.string() });
const repliedTo = ref.extend({
  value: z.looseObject({ reply: z.object({ root: ref }).optional() }),
});
const counted = z.object({ posts: z.array(z.object({ likeCount: z.int(), replyCount: z.int() })) });

async function reactOnBluesky(client: PlatformsClient, origins: ReactionOrigins, reactions: Reactions): Promise<void> {
  const xrpc = `${origins.bluesky}/xrpc`;
  const [repo, collection, rkey] = reactions.postId.replace('at://', '').split('/');
  const query = new URLSearchParams({ repo: repo ?? '', collection: collection ?? '', rkey: rkey ?? '' });
  const found = repliedTo.parse(await read(`${xrpc}/com.atproto.repo.getRecord?${query}`));
  const parent = { uri: found.uri, cid: found.cid };
  const before = await countsOf(origins, parent.uri);
  const crowd = await client.blueskyCrowd(Math.max(reactions.likes, reactions.comments));
  for (const [index, login] of crowd.entries()) {
    const body = { identifier: login.did, password: login.appPassword };
    const { did, accessJwt } = session.parse(await send(`${xrpc}/com.atproto.server.createSession`, null, body));
    const write = (name: string, record: object): Promise<unknown> =>
      send(`${xrpc}/com.atproto.repo.createRecord`, accessJwt, {
        repo: did,
        collection: name,
        record: { $type: name, createdAt: new Date().toISOString(), ...record },
      });
    if (index < reactions.likes) await write('app.bsky.feed.like', { subject: parent });
    if (index < reactions.comments) {
      const root = found.value.reply?.root ?? parent;
      await write('app.bsky.feed.post', { text: textOf(reactions, index), reply: { root, parent } });
    }
  }
  await until('the AppView to count', async () => {
    const now = await countsOf(origins, parent.uri);
    return now.replyCount >= before.replyCount + reactions.comments && now.likeCount >= reactions.likes;
  });
}

async function countsOf(origins: ReactionOrigins, uri: string): Promise<{ likeCount: number; replyCount: number }> {
  const url = `${origins.appview}/xrpc/app.bsky.feed.getPosts?uris=${encodeURIComponent(uri)}`;
  return counted.parse(await read(url)).posts[0] ?? { likeCount: 0, replyCount: 0 };
}

const untilMs = 15_000;

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + untilMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`waited ${untilMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function read(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function post(url: string, token: string | null, body: object): Promise<Response> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function send(url: string, token: string | null, body: object): Promise<unknown> {
  const response = await post(url, token, body);
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
