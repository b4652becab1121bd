/**
 * Bluesky's own hosts take videos through a transcoding service, which then puts the blob on the account's server.
 * A server that someone runs for themselves takes the file directly.
 */
import { z } from 'zod';
import type { Failure, MediaItem, Prepared, PrepareResult, Session } from '../connector.ts';
import { failureOfCode, toFailure, unreadable } from '../failures.ts';
import type { PlatformReply } from '../http.ts';
import { failures, videoJobRules } from './errors.ts';
import { publicVideoService } from './limits.ts';

const blob = z.looseObject({ $type: z.literal('blob'), mimeType: z.string(), size: z.number() });
const job = z.object({
  jobId: z.string(),
  state: z.string().default('JOB_STATE_CREATED'),
  blob: blob.optional(),
  failureCode: z.string().optional(),
  error: z.string().optional(),
  message: z.string().optional(),
});
// The lexicon wraps the job, the service itself answers an upload without the wrapper.
const jobAnswer = z.union([z.object({ jobStatus: job }).transform(({ jobStatus }) => jobStatus), job]);
const serviceToken = z.object({ token: z.string() });
const limits = z.object({ canUpload: z.boolean(), message: z.string().optional() });
const waiting = z.object({ videoJobId: z.string() });

type VideoUpload =
  | { readonly kind: 'blob'; readonly blob: z.output<typeof blob> }
  | Failure
  | Extract<PrepareResult, { kind: 'waiting' }>;

const pollS = 2;
const uploadTimeoutMs = 300_000;
const tokenLifeS = 1800;

export function usesVideoService({ credentials: { baseUrl }, videoServiceUrl }: Session): boolean {
  if (videoServiceUrl !== undefined) return true;
  return /^https:\/\/([a-z0-9.-]+\.)?(bsky\.social|bsky\.network)$/.test(baseUrl);
}

/** Starts the upload, or asks how far it is when `prepared` names its job. */
export async function uploadVideo(
  session: Session,
  publicationId: string,
  item: MediaItem,
  prepared: Prepared | null,
): Promise<VideoUpload> {
  const started = waiting.safeParse(prepared);
  return started.success ? poll(session, started.data.videoJobId) : start(session, publicationId, item);
}

async function start(session: Session, publicationId: string, item: MediaItem): Promise<VideoUpload> {
  const { http, credentials, signal } = session;
  const service = session.videoServiceUrl ?? publicVideoService;
  const allowed = await serviceAuth(session, `did:web:${new URL(service).host}`, 'app.bsky.video.getUploadLimits');
  if ('kind' in allowed) return allowed;
  const asked = await http.request({
    method: 'GET',
    url: `${service}/xrpc/app.bsky.video.getUploadLimits`,
    bearer: allowed.token,
    signal,
  });
  const verdict = asked.kind === 'answer' && asked.status === 200 ? asked.json(limits) : null;
  if (verdict?.canUpload === false) {
    return {
      kind: 'failed',
      class: 'rate-limited',
      code: 'canUpload',
      message: verdict.message ?? 'No more videos today.',
    };
  }

  const token = await serviceAuth(
    session,
    `did:web:${new URL(credentials.baseUrl).host}`,
    'com.atproto.repo.uploadBlob',
  );
  if ('kind' in token) return token;
  const reply = await http.request({
    method: 'POST',
    url: `${service}/xrpc/app.bsky.video.uploadVideo`,
    query: { did: credentials.platformAccountId, name: `${publicationId}.mp4` },
    bearer: token.token,
    body: { type: item.mimeType, open: () => item.open() },
    timeoutMs: uploadTimeoutMs,
    signal,
  });
  return jobOf(reply);
}

async function poll({ http, signal, videoServiceUrl }: Session, jobId: string): Promise<VideoUpload> {
  const reply = await http.request({
    method: 'GET',
    url: `${videoServiceUrl ?? publicVideoService}/xrpc/app.bsky.video.getJobStatus`,
    query: { jobId },
    signal,
  });
  return jobOf(reply);
}

/** A repeated upload of the same file is refused with the finished job, which is as good. */
function jobOf(reply: PlatformReply): VideoUpload {
  const known =
    reply.kind === 'answer' && (reply.status === 200 || reply.status === 409) ? reply.json(jobAnswer) : null;
  if (known === null) {
    if (reply.kind === 'answer' && reply.status === 200) return unreadable(reply);
    return toFailure(reply, failures);
  }
  if (known.blob !== undefined) return { kind: 'blob', blob: known.blob };
  if (known.state === 'JOB_STATE_FAILED') {
    const code = known.failureCode ?? known.error ?? 'JOB_STATE_FAILED';
    return failureOfCode(code, known.message ?? code, videoJobRules);
  }
  return { kind: 'waiting', prepared: { videoJobId: known.jobId }, waitS: pollS, expiresInS: null };
}

async function serviceAuth(
  { http, credentials, signal }: Session,
  audience: string,
  method: string,
): Promise<{ token: string } | Failure> {
  const reply = await http.request({
    method: 'GET',
    url: `${credentials.baseUrl}/xrpc/com.atproto.server.getServiceAuth`,
    query: { aud: audience, lxm: method, exp: Math.floor(Date.now() / 1000) + tokenLifeS },
    bearer: credentials.accessToken,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  return reply.json(serviceToken) ?? unreadable(reply);
}
