/** Reads each post back from the platform itself: its text, its media, and the instant of the platform's own record. */
import { z } from 'zod';
import type { PlatformOrigins } from '../options.ts';
import { createPlatformsClient } from '../platforms/control-client.ts';
import type { Connected } from './accounts.ts';
import { type Api, createApi } from './api.ts';

export interface Photo {
  /** Where the platform gives the bytes. */
  readonly url: string;
  readonly altText: string | null;
  /** As the platform says it. */
  readonly width: number;
  readonly height: number;
}

export interface Evidence {
  readonly text: string;
  /** ISO. */
  readonly at: string;
  readonly photos: readonly Photo[];
  /** Addresses of videos. */
  readonly films: readonly string[];
}

const size = z.object({ width: z.number(), height: z.number() });

export function readBack(
  platform: string,
  platformPostId: string,
  connected: Connected,
  origins: PlatformOrigins,
  api: Api,
): Promise<Evidence> {
  if (platform === 'mastodon') return readMastodon(origins.mastodon, platformPostId);
  if (platform === 'threads') return readThreads(origins, connected.threads.username, platformPostId);
  if (platform === 'bluesky') return readBluesky(origins.bluesky, platformPostId);
  return readCommunity(api, platformPostId);
}

const attachment = z.object({
  type: z.string(),
  url: z.string(),
  description: z.string().nullable(),
  meta: z.object({ original: size }),
});
const status = z.object({ content: z.string(), created_at: z.string(), media_attachments: z.array(attachment) });

async function readMastodon(origin: string, postId: string): Promise<Evidence> {
  const post = await createApi(origin).call('GET', `/api/v1/statuses/${postId}`, status);
  const isImage = ({ type }: z.output<typeof attachment>) => type === 'image';
  return {
    text: post.content.replaceAll(/<[^>]+>/g, ''),
    at: post.created_at,
    photos: post.media_attachments
      .filter(isImage)
      .map(({ url, description, meta }) => ({ url, altText: description, ...meta.original })),
    films: post.media_attachments.filter((one) => !isImage(one)).map(({ url }) => url),
  };
}

const thread = z.object({
  text: z.string().optional(),
  timestamp: z.string(),
  media_type: z.string(),
  media_url: z.string().optional(),
});

async function readThreads(origins: PlatformOrigins, username: string, postId: string): Promise<Evidence> {
  const control = createPlatformsClient(origins.control);
  const token = await control.issueToken('threads', { username });
  const fields = 'text,timestamp,media_type,media_url';
  const path = `/v1.0/${postId}?fields=${fields}&access_token=${encodeURIComponent(token)}`;
  const post = await createApi(origins.threads).call('GET', path, thread);
  const judged = (await control.posts('threads')).find(({ id }) => id === postId);
  return {
    text: post.text ?? '',
    at: judged?.createdAt ?? post.timestamp,
    photos: [],
    films: post.media_type === 'VIDEO' && post.media_url !== undefined ? [post.media_url] : [],
  };
}

const image = z.object({
  alt: z.string(),
  image: z.object({ ref: z.object({ $link: z.string() }) }),
  aspectRatio: size,
});
const embed = z.object({ $type: z.literal('app.bsky.embed.images'), images: z.array(image) });
const record = z.object({ value: z.object({ text: z.string(), embed: embed.optional() }) });
const commit = z.object({ rev: z.string() });

async function readBluesky(origin: string, uri: string): Promise<Evidence> {
  const [, , did, collection, rkey] = uri.split('/');
  const pds = createApi(origin);
  const path = `/xrpc/com.atproto.repo.getRecord?repo=${did}&collection=${collection}&rkey=${rkey}`;
  const { value } = await pds.call('GET', path, record);
  const { rev } = await pds.call('GET', `/xrpc/com.atproto.sync.getLatestCommit?did=${did}`, commit);
  return {
    text: value.text,
    at: instantOfRev(rev),
    photos: (value.embed?.images ?? []).map(({ alt, image: { ref }, aspectRatio }) => ({
      url: `${origin}/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${ref.$link}`,
      altText: alt,
      ...aspectRatio,
    })),
    films: [],
  };
}

const rendition = size.extend({ url: z.string(), mimeType: z.string() });
const communityMedium = z.object({
  kind: z.string().nullable(),
  altText: z.string().nullable(),
  renditions: z.array(rendition),
});
const communityPost = z.object({ text: z.string(), createdAt: z.string(), media: z.array(communityMedium) });

async function readCommunity(api: Api, postId: string): Promise<Evidence> {
  const post = await api.call('GET', `/v1/community/posts/${postId}`, communityPost);
  const largest = (kind: 'image' | 'video') =>
    post.media
      .filter((medium) => medium.kind === kind)
      .map(({ altText, renditions }) => {
        const [first] = renditions
          .filter(({ mimeType }) => mimeType.startsWith(`${kind}/`))
          .sort((a, b) => b.width - a.width);
        if (first === undefined) throw new Error(`the community post's ${kind} has no file`);
        return { url: first.url, altText, width: first.width, height: first.height };
      });
  return {
    text: post.text,
    at: post.createdAt,
    photos: largest('image'),
    films: largest('video').map(({ url }) => url),
  };
}

/** A commit's rev is a TID: microseconds since 1970 and a clock id of ten bits, in sortable base 32. */
function instantOfRev(rev: string): string {
  const alphabet = '234567abcdefghijklmnopqrstuvwxyz';
  const value = [...rev].reduce((sum, letter) => sum * 32n + BigInt(alphabet.indexOf(letter)), 0n);
  return new Date(Number(value >> 10n) / 1000).toISOString();
}
