/**
 * Looks through the account's own statuses, newest first, back to the start of the commit. Media ids are proof;
 * without media, text and time decide.
 */
import { z } from 'zod';
import type { Draft, Prepared, ReconcileResult, Session } from '../connector.ts';
import { toFailure } from '../failures.ts';
import { platformId } from '../json.ts';
import { clockSkewS, findOurs, htmlToText } from '../match.ts';
import { failures } from './errors.ts';
import { preparedMedia } from './media.ts';
import { evidenceOf, status } from './publish.ts';

const listed = status.extend({ content: z.string(), media_attachments: z.array(z.object({ id: platformId })) });
const page = z.array(listed);

type Status = z.output<typeof listed>;

const pageSize = 40;
const maxPages = 5;

export async function reconcile(
  session: Session,
  draft: Draft,
  prepared: Prepared | null,
  since: string,
): Promise<ReconcileResult> {
  const ids = preparedMedia.safeParse(prepared ?? {}).data?.media.map(({ id }) => id) ?? [];
  const fromMs = Date.parse(since) - clockSkewS * 1000;
  let before: string | null = null;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const statuses: readonly Status[] | string = await list(session, before);
    if (typeof statuses === 'string') return { kind: 'cannot-tell', message: statuses };
    // With media ids at hand, other ids mean another post, whatever its text.
    const ours = ids.length > 0 ? findByMedia(statuses, ids) : findByText(session, draft, statuses, since);
    if (ours !== null) return { kind: 'found', evidence: evidenceOf(ours) };
    const last = statuses.at(-1);
    if (last === undefined || statuses.length < pageSize || Date.parse(last.created_at) < fromMs) {
      return { kind: 'absent', ...((await someAreLost(session, ids)) && { dropPrepared: true }) };
    }
    before = last.id;
  }
  return { kind: 'cannot-tell', message: `more than ${maxPages * pageSize} statuses since the attempt` };
}

/** An instance sweeps media that no status took; without them every further attempt is refused. */
async function someAreLost({ http, credentials, signal }: Session, ids: readonly string[]): Promise<boolean> {
  const replies = await Promise.all(
    ids.map((id) =>
      http.request({
        method: 'GET',
        url: `${credentials.baseUrl}/api/v1/media/${encodeURIComponent(id)}`,
        bearer: credentials.accessToken,
        signal,
      }),
    ),
  );
  return replies.some((reply) => reply.kind === 'answer' && reply.status === 404);
}

function findByMedia(statuses: readonly Status[], ids: readonly string[]): Status | null {
  return statuses.find((one) => one.media_attachments.some(({ id }) => ids.includes(id))) ?? null;
}

function findByText(session: Session, draft: Draft, statuses: readonly Status[], since: string): Status | null {
  const candidates = statuses.map((one) => ({
    id: one.id,
    text: htmlToText(one.content),
    createdAt: one.created_at,
    mediaCount: one.media_attachments.length,
    status: one,
  }));
  const knownPostIds = session.knownPostIds ?? [];
  const wanted = { text: draft.text, since, mediaCount: draft.media.length, knownPostIds };
  return findOurs(candidates, wanted)?.status ?? null;
}

async function list({ http, credentials, signal }: Session, before: string | null): Promise<Status[] | string> {
  const reply = await http.request({
    method: 'GET',
    url: `${credentials.baseUrl}/api/v1/accounts/${encodeURIComponent(credentials.platformAccountId)}/statuses`,
    query: { exclude_reblogs: true, limit: pageSize, max_id: before },
    bearer: credentials.accessToken,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures).message;
  return reply.json(page) ?? 'unreadable list of statuses';
}
