import { z } from 'zod';
import type { Draft, Failure, MediaItem, Prepared, PrepareResult, Session } from '../connector.ts';
import { failed, toFailure, toUploadFailure, unreadable } from '../failures.ts';
import { platformId } from '../json.ts';
import { failures } from './errors.ts';
import { capabilities } from './limits.ts';

const attachment = z.object({ id: platformId });
export const preparedMedia = z.object({
  media: z.array(z.object({ id: z.string(), ready: z.boolean() })).default([]),
});

type Uploaded = z.output<typeof preparedMedia>['media'][number];

const uploadTimeoutMs = 120_000;
const pollS = 1;

/** Uploads one medium after the other, then asks until the instance has processed all of them. */
export async function prepare(session: Session, draft: Draft, prepared: Prepared | null): Promise<PrepareResult> {
  const earlier = preparedMedia.safeParse(prepared ?? {}).data?.media ?? [];
  const media: Uploaded[] = [];
  for (const [index, item] of draft.media.entries()) {
    const known = earlier[index];
    const next = known === undefined ? await upload(session, item) : await check(session, known);
    if ('kind' in next) return next;
    media.push(next);
  }
  const expiresInS = media.length === 0 ? null : capabilities.publishing.preparedTtlS;
  if (media.every(({ ready }) => ready)) return { kind: 'ready', prepared: { media }, expiresInS };
  return { kind: 'waiting', prepared: { media }, waitS: pollS, expiresInS };
}

async function upload({ http, credentials, signal }: Session, item: MediaItem): Promise<Uploaded | Failure> {
  const reply = await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/api/v2/media`,
    bearer: credentials.accessToken,
    multipart: {
      fields: item.altText === null ? {} : { description: item.altText },
      file: { field: 'file', fileName: fileName(item), mimeType: item.mimeType, open: () => item.open() },
    },
    timeoutMs: uploadTimeoutMs,
    signal,
  });
  if (reply.kind === 'no-answer' || (reply.status !== 200 && reply.status !== 202)) {
    const url = `${credentials.baseUrl}/api/v1/accounts/verify_credentials`;
    return toUploadFailure(reply, failures, () =>
      http.request({ method: 'GET', url, bearer: credentials.accessToken, signal }),
    );
  }
  const stored = reply.json(attachment);
  return stored === null ? unreadable(reply) : { id: stored.id, ready: reply.status === 200 };
}

async function check({ http, credentials, signal }: Session, known: Uploaded): Promise<Uploaded | Failure> {
  if (known.ready) return known;
  const reply = await http.request({
    method: 'GET',
    url: `${credentials.baseUrl}/api/v1/media/${encodeURIComponent(known.id)}`,
    bearer: credentials.accessToken,
    signal,
  });
  if (reply.kind === 'answer' && reply.status === 206) return known;
  if (reply.kind === 'answer' && reply.status === 200) return { id: known.id, ready: true };
  if (reply.kind === 'answer' && reply.status === 404) {
    return { ...failed('retry-later', 'http_404', 'The instance no longer has the medium.'), dropPrepared: true };
  }
  return toFailure(reply, failures);
}

function fileName({ id, mimeType }: MediaItem): string {
  return `${id}.${mimeType.slice(mimeType.indexOf('/') + 1)}`;
}
