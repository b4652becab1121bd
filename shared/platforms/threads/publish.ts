import { z } from 'zod';
import type { CommitResult, Draft, Evidence, Failure, Prepared, Session } from '../connector.ts';
import { failed, toCommitFailure, unreadable } from '../failures.ts';
import { platformId } from '../json.ts';
import { preparedContainers } from './containers.ts';
import { commitFailures } from './errors.ts';
import { callGraph, readGraph, succeeded } from './graph.ts';
import { capabilities } from './limits.ts';

const published = z.object({ id: platformId });
export const media = z.object({ id: platformId, permalink: z.string().nullish(), timestamp: z.string() });

const confirmAgainS = 2;

/** The one call that makes the post public. */
export async function commit(session: Session, _draft: Draft, prepared: Prepared): Promise<CommitResult> {
  const { container } = preparedContainers.parse(prepared);
  if (container === null) return failed('retry-later', 'no_container', 'Nothing was prepared.');
  const reply = await callGraph(session, {
    method: 'POST',
    path: `${encodeURIComponent(session.credentials.platformAccountId)}/threads_publish`,
    parameters: { creation_id: container },
    timeoutMs: capabilities.publishing.commitTimeoutS * 1000,
  });
  if (reply.kind === 'no-answer' || !succeeded(reply)) return toCommitFailure(reply, commitFailures);
  const answer = reply.json(published);
  if (answer === null) return { kind: 'unknown', message: unreadable(reply).message };
  return { kind: 'accepted', platformPostId: answer.id };
}

export async function confirm(
  session: Session,
  _draft: Draft,
  platformPostId: string,
): Promise<{ kind: 'published'; evidence: Evidence } | { kind: 'waiting'; waitS: number } | Failure> {
  const path = encodeURIComponent(platformPostId);
  const parameters = { fields: 'id,permalink,timestamp' };
  const result = await readGraph(session, { method: 'GET', path, parameters }, media);
  if (result.kind === 'failed') return result;
  const evidence = evidenceOf(result.value);
  return evidence.url === null ? { kind: 'waiting', waitS: confirmAgainS } : { kind: 'published', evidence };
}

export async function remove(session: Session, platformPostId: string): Promise<{ kind: 'removed' } | Failure> {
  const path = encodeURIComponent(platformPostId);
  const result = await readGraph(session, { method: 'DELETE', path }, z.object({ success: z.literal(true) }));
  return result.kind === 'failed' ? result : { kind: 'removed' };
}

/** Timestamps come as `2026-11-21T10:00:00+0000`. */
export function evidenceOf({ id, permalink, timestamp }: z.output<typeof media>): Evidence {
  return { platformPostId: id, url: permalink ?? null, publishedAt: instant(timestamp) };
}

export function instant(timestamp: string): string | null {
  const ms = Date.parse(timestamp.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
