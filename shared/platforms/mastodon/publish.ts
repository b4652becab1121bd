import { z } from 'zod';
import type { CommitResult, Draft, Evidence, Failure, Prepared, Session } from '../connector.ts';
import { toCommitFailure, toFailure, unreadable } from '../failures.ts';
import { platformId } from '../json.ts';
import { failures } from './errors.ts';
import { capabilities } from './limits.ts';
import { preparedMedia } from './media.ts';
import { readOptions } from './options.ts';

export const status = z.object({
  id: platformId,
  url: z.string().nullable(),
  uri: z.string(),
  created_at: z.string(),
});

/** The one call that makes the post public. */
export async function commit(session: Session, draft: Draft, prepared: Prepared): Promise<CommitResult> {
  const { http, credentials, signal } = session;
  const { media } = preparedMedia.parse(prepared);
  const { visibility, sensitive, spoilerText, language } = readOptions(draft.options);
  const reply = await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/api/v1/statuses`,
    bearer: credentials.accessToken,
    headers: { 'idempotency-key': draft.idempotencyKey },
    json: {
      status: draft.text,
      media_ids: media.map(({ id }) => id),
      visibility,
      sensitive,
      spoiler_text: spoilerText,
      language,
    },
    timeoutMs: capabilities.publishing.commitTimeoutS * 1000,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toCommitFailure(reply, failures);
  const posted = reply.json(status);
  if (posted === null) return { kind: 'unknown', message: unreadable(reply).message };
  return { kind: 'published', evidence: evidenceOf(posted) };
}

export async function confirm(
  { http, credentials, signal }: Session,
  _draft: Draft,
  platformPostId: string,
): Promise<{ kind: 'published'; evidence: Evidence } | Failure> {
  const reply = await http.request({
    method: 'GET',
    url: `${credentials.baseUrl}/api/v1/statuses/${encodeURIComponent(platformPostId)}`,
    bearer: credentials.accessToken,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const posted = reply.json(status);
  return posted === null ? unreadable(reply) : { kind: 'published', evidence: evidenceOf(posted) };
}

export async function remove(
  { http, credentials, signal }: Session,
  platformPostId: string,
): Promise<{ kind: 'removed' } | Failure> {
  const reply = await http.request({
    method: 'DELETE',
    url: `${credentials.baseUrl}/api/v1/statuses/${encodeURIComponent(platformPostId)}`,
    bearer: credentials.accessToken,
    signal,
  });
  if (reply.kind === 'answer' && (reply.status === 200 || reply.status === 404)) return { kind: 'removed' };
  return toFailure(reply, failures);
}

export function evidenceOf({ id, url, uri, created_at }: z.output<typeof status>): Evidence {
  return { platformPostId: id, url: url ?? uri, publishedAt: new Date(created_at).toISOString() };
}
