/** The container tells whether it was published; which post it became must be found in the list of own posts. */
import { z } from 'zod';
import type { Draft, Prepared, ReconcileResult, Session } from '../connector.ts';
import { clockSkewS, findOurs } from '../match.ts';
import { askState, preparedContainers } from './containers.ts';
import { readGraph } from './graph.ts';
import { evidenceOf, instant, media } from './publish.ts';

const listed = media.extend({ text: z.string().nullish(), media_type: z.string() });
const page = z.object({
  data: z.array(listed),
  paging: z.object({ cursors: z.object({ after: z.string().optional() }).optional() }).optional(),
});

type Post = z.output<typeof listed>;

const pageSize = 100;
const maxPages = 5;

export async function reconcile(
  session: Session,
  draft: Draft,
  prepared: Prepared | null,
  since: string,
): Promise<ReconcileResult> {
  const container = preparedContainers.safeParse(prepared ?? {}).data?.container ?? null;
  const status = container === null ? null : await askState(session, container);
  if (status?.kind === 'failed') return { kind: 'cannot-tell', message: status.message };
  // FINISHED waits to be published, IN_PROGRESS cannot be yet; ERROR and EXPIRED never can be any more.
  const state = status?.value.status ?? null;
  if (state === 'FINISHED' || state === 'IN_PROGRESS') return { kind: 'absent' };
  if (state === 'ERROR') return { kind: 'absent', dropPrepared: true };

  const found = await findPost(session, draft, since);
  if (typeof found === 'string') return { kind: 'cannot-tell', message: found };
  if (found !== null) return { kind: 'found', evidence: evidenceOf(found) };
  return state === 'PUBLISHED'
    ? { kind: 'cannot-tell', message: 'The container is published, but its post is not listed yet.' }
    : { kind: 'absent', ...(state === 'EXPIRED' && { dropPrepared: true }) };
}

/** Null when no post is ours, a text when the list could not be read. */
async function findPost(session: Session, draft: Draft, since: string): Promise<Post | string | null> {
  let after: string | undefined;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const result = await list(session, since, after);
    if (result.kind === 'failed') return result.message;
    const ours = match(session, draft, result.value.data, since);
    if (ours !== null) return ours;
    after = result.value.paging?.cursors?.after;
    if (after === undefined || result.value.data.length < pageSize) return null;
  }
  return `more than ${maxPages * pageSize} posts since the attempt`;
}

function list(session: Session, since: string, after: string | undefined) {
  const parameters = {
    fields: 'id,permalink,timestamp,text,media_type',
    since: Math.floor(Date.parse(since) / 1000) - clockSkewS,
    limit: pageSize,
    after,
  };
  const path = `${encodeURIComponent(session.credentials.platformAccountId)}/threads`;
  return readGraph(session, { method: 'GET', path, parameters }, page);
}

function match(session: Session, draft: Draft, posts: readonly Post[], since: string): Post | null {
  const candidates = posts
    .filter(({ media_type }) => media_type === typeOf(draft))
    .map((post) => ({
      id: post.id,
      text: post.text ?? '',
      createdAt: instant(post.timestamp) ?? '',
      mediaCount: null,
      post,
    }));
  const wanted = {
    text: draft.text,
    since,
    mediaCount: draft.media.length,
    knownPostIds: session.knownPostIds ?? [],
  };
  return findOurs(candidates, wanted)?.post ?? null;
}

function typeOf({ media: items }: Draft): string {
  const [first] = items;
  if (first === undefined) return 'TEXT_POST';
  if (items.length > 1) return 'CAROUSEL_ALBUM';
  return first.kind === 'video' ? 'VIDEO' : 'IMAGE';
}
