/** Reads each post back from the platform itself, with the instant of the platform's own record. */
import { z } from 'zod';
import type { PlatformOrigins } from '../options.ts';
import { createPlatformsClient } from '../platforms/control-client.ts';
import type { Connected } from './accounts.ts';
import { type Api, createApi } from './api.ts';

export interface Evidence {
  readonly text: string;
  /** ISO. */
  readonly at: string;
}

const status = z.object({ content: z.string(), created_at: z.string() });
const thread = z.object({ text: z.string().optional(), timestamp: z.string() });
const record = z.object({ value: z.object({ text: z.string() }) });
const commit = z.object({ rev: z.string() });
const community = z.object({ text: z.string(), createdAt: z.string() });

export async function readBack(
  platform: string,
  platformPostId: string,
  connected: Connected,
  origins: PlatformOrigins,
  api: Api,
): Promise<Evidence> {
  switch (platform) {
    case 'mastodon': {
      const post = await createApi(origins.mastodon).call('GET', `/api/v1/statuses/${platformPostId}`, status);
      return { text: post.content.replaceAll(/<[^>]+>/g, ''), at: post.created_at };
    }
    case 'threads': {
      const token = await createPlatformsClient(origins.control).issueToken('threads', {
        username: connected.threads.username,
      });
      const path = `/v1.0/${platformPostId}?fields=text,timestamp&access_token=${encodeURIComponent(token)}`;
      const post = await createApi(origins.threads).call('GET', path, thread);
      const [judged] = (await createPlatformsClient(origins.control).posts('threads')).filter(
        ({ id }) => id === platformPostId,
      );
      return { text: post.text ?? '', at: judged?.createdAt ?? post.timestamp };
    }
    case 'bluesky': {
      const [, , did, collection, rkey] = platformPostId.split('/');
      const pds = createApi(origins.bluesky);
      const post = await pds.call(
        'GET',
        `/xrpc/com.atproto.repo.getRecord?repo=${did}&collection=${collection}&rkey=${rkey}`,
        record,
      );
      const { rev } = await pds.call('GET', `/xrpc/com.atproto.sync.getLatestCommit?did=${did}`, commit);
      return { text: post.value.text, at: instantOfRev(rev) };
    }
    default: {
      const post = await api.call('GET', `/v1/community/posts/${platformPostId}`, community);
      return { text: post.text, at: post.createdAt };
    }
  }
}

/** A commit's rev is a TID: microseconds since 1970 and a clock id of ten bits, in sortable base 32. */
export function instantOfRev(rev: string): string {
  const alphabet = '234567abcdefghijklmnopqrstuvwxyz';
  const value = [...rev].reduce((sum, letter) => sum * 32n + BigInt(alphabet.indexOf(letter)), 0n);
  return new Date(Number(value >> 10n) / 1000).toISOString();
}
