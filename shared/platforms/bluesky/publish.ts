import { z } from 'zod';
import type {
  CommitResult,
  Draft,
  Evidence,
  Failure,
  MediaItem,
  Prepared,
  PrepareResult,
  ReconcileResult,
  Session,
} from '../connector.ts';
import { failed, toCommitFailure, toFailure, toUploadFailure, unreadable } from '../failures.ts';
import { failures } from './errors.ts';
import { facetsOf } from './facets.ts';
import { capabilities, collection } from './limits.ts';
import { readOptions } from './options.ts';
import { instantOf, recordKey } from './tid.ts';
import { uploadVideo, usesVideoService } from './video.ts';

const blob = z.looseObject({ $type: z.literal('blob'), mimeType: z.string(), size: z.number() });
const uploaded = z.object({ blob });
const created = z.object({ uri: z.string().startsWith('at://'), commit: z.object({ rev: z.string() }).optional() });
const fetched = z.object({ uri: z.string().startsWith('at://') });
const ready = z.object({ rkey: z.string(), record: z.record(z.string(), z.unknown()) });
const refused = z.object({ error: z.string() });

interface Uploaded {
  readonly kind: 'blob';
  readonly blob: z.output<typeof blob>;
}

const uploadTimeoutMs = 120_000;

/** Uploads the media and builds the record, down to its last byte, so that every attempt writes the same. */
export async function prepare(session: Session, draft: Draft, prepared: Prepared | null): Promise<PrepareResult> {
  const done = ready.safeParse(prepared);
  if (done.success) return { kind: 'ready', prepared: done.data, expiresInS: capabilities.publishing.preparedTtlS };

  const facets = await facetsOf(session, draft.text);
  if ('kind' in facets) return facets;
  const embedded = await embedOf(session, draft, prepared);
  if (embedded.kind !== 'embed') return embedded;
  const { langs } = readOptions(draft.options);
  const record = {
    $type: collection,
    text: draft.text,
    createdAt: new Date(draft.dueAt).toISOString(),
    ...(langs === undefined ? {} : { langs }),
    ...(facets.length === 0 ? {} : { facets }),
    ...(embedded.embed === null ? {} : { embed: embedded.embed }),
  };
  return {
    kind: 'ready',
    prepared: { rkey: recordKey(draft.idempotencyKey, draft.dueAt), record },
    expiresInS: draft.media.length === 0 ? null : capabilities.publishing.preparedTtlS,
  };
}

type Embedded =
  | { readonly kind: 'embed'; readonly embed: Readonly<Record<string, unknown>> | null }
  | Exclude<PrepareResult, { kind: 'ready' }>;

async function embedOf(session: Session, draft: Draft, prepared: Prepared | null): Promise<Embedded> {
  const [first] = draft.media;
  if (first === undefined) return { kind: 'embed', embed: null };
  if (first.kind === 'video') return videoEmbed(session, draft, first, prepared);

  const images: unknown[] = [];
  for (const item of draft.media) {
    const image = await uploadBlob(session, item);
    if (image.kind !== 'blob') return image;
    images.push({
      image: image.blob,
      alt: item.altText ?? '',
      aspectRatio: { width: item.width, height: item.height },
    });
  }
  return { kind: 'embed', embed: { $type: 'app.bsky.embed.images', images } };
}

async function videoEmbed(
  session: Session,
  draft: Draft,
  item: MediaItem,
  prepared: Prepared | null,
): Promise<Embedded> {
  const upload = usesVideoService(session)
    ? await uploadVideo(session, draft.publicationId, item, prepared)
    : await uploadBlob(session, item);
  if (upload.kind !== 'blob') return upload;
  const embed = {
    $type: 'app.bsky.embed.video',
    video: upload.blob,
    ...(item.altText === null ? {} : { alt: item.altText }),
    aspectRatio: { width: item.width, height: item.height },
  };
  return { kind: 'embed', embed };
}

async function uploadBlob({ http, credentials, signal }: Session, item: MediaItem): Promise<Uploaded | Failure> {
  const limit = capabilities.media[item.kind];
  if (limit !== null && item.bytes > limit.maxBytes) {
    return failed('invalid-content', 'BlobTooLarge', `Bluesky takes ${item.kind}s of at most ${limit.maxBytes} bytes.`);
  }
  const reply = await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/xrpc/com.atproto.repo.uploadBlob`,
    bearer: credentials.accessToken,
    body: { type: item.mimeType, open: () => item.open() },
    timeoutMs: uploadTimeoutMs,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) {
    const url = `${credentials.baseUrl}/xrpc/com.atproto.server.getSession`;
    return toUploadFailure(reply, failures, () =>
      http.request({ method: 'GET', url, bearer: credentials.accessToken, signal }),
    );
  }
  const stored = reply.json(uploaded);
  return stored === null ? unreadable(reply) : { kind: 'blob', blob: stored.blob };
}

/** The one call that makes the post public. */
export async function commit(session: Session, _draft: Draft, prepared: Prepared): Promise<CommitResult> {
  const { http, credentials, signal } = session;
  const { rkey, record } = ready.parse(prepared);
  const reply = await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/xrpc/com.atproto.repo.createRecord`,
    bearer: credentials.accessToken,
    json: { repo: credentials.platformAccountId, collection, rkey, record },
    timeoutMs: capabilities.publishing.commitTimeoutS * 1000,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toCommitFailure(reply, failures);
  const answer = reply.json(created);
  if (answer === null) return { kind: 'unknown', message: unreadable(reply).message };
  return { kind: 'published', evidence: evidenceOf(session, answer.uri, answer.commit?.rev) };
}

/** Looks whether the record is there under its own key. */
export async function reconcile(
  session: Session,
  draft: Draft,
  prepared: Prepared | null,
  _since: string,
): Promise<ReconcileResult> {
  const rkey = ready.safeParse(prepared).data?.rkey ?? recordKey(draft.idempotencyKey, draft.dueAt);
  const { http, credentials, signal } = session;
  const reply = await http.request({ method: 'GET', url: recordUrl(session, rkey), signal });
  if (reply.kind === 'no-answer') return { kind: 'cannot-tell', message: reply.reason };
  if (reply.status === 400 && reply.json(refused)?.error === 'RecordNotFound') return { kind: 'absent' };
  const record = reply.status === 200 ? reply.json(fetched) : null;
  if (record === null || !record.uri.startsWith(`at://${credentials.platformAccountId}/`)) {
    return { kind: 'cannot-tell', message: toFailure(reply, failures).message };
  }
  return { kind: 'found', evidence: evidenceOf(session, record.uri, undefined) };
}

export async function remove(
  { http, credentials, signal }: Session,
  platformPostId: string,
): Promise<{ kind: 'removed' } | Failure> {
  const reply = await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/xrpc/com.atproto.repo.deleteRecord`,
    bearer: credentials.accessToken,
    json: { repo: credentials.platformAccountId, collection, rkey: rkeyOf(platformPostId) },
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  return { kind: 'removed' };
}

export function evidenceOf(session: Session, uri: string, rev: string | undefined): Evidence {
  return {
    platformPostId: uri,
    url: permalink(session, uri),
    publishedAt: rev === undefined ? null : instantOf(rev),
  };
}

/** A server without TLS is not part of the public network; there the record itself is what can be opened. */
function permalink(session: Session, uri: string): string {
  const { baseUrl, platformAccountId } = session.credentials;
  if (baseUrl.startsWith('https:')) return `https://bsky.app/profile/${platformAccountId}/post/${rkeyOf(uri)}`;
  return recordUrl(session, rkeyOf(uri));
}

function recordUrl({ credentials }: Session, rkey: string): string {
  const query = new URLSearchParams({ repo: credentials.platformAccountId, collection, rkey });
  return `${credentials.baseUrl}/xrpc/com.atproto.repo.getRecord?${query}`;
}

function rkeyOf(uri: string): string {
  return uri.slice(uri.lastIndexOf('/') + 1);
}
