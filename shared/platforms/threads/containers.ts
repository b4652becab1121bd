/**
 * What is published on Threads is a container that the platform has finished: for several media one per medium, then
 * one around them. A container that was made twice costs nothing.
 */
import { z } from 'zod';
import type { Draft, Failure, MediaItem, Prepared, PrepareResult, Session } from '../connector.ts';
import { failed, failureOfCode } from '../failures.ts';
import type { Parameters } from '../http.ts';
import { platformId } from '../json.ts';
import { containerRules } from './errors.ts';
import { readGraph } from './graph.ts';
import { capabilities } from './limits.ts';
import { readOptions } from './options.ts';

export const preparedContainers = z.object({
  children: z.array(z.string()).default([]),
  container: z.string().nullable().default(null),
});

type Containers = z.output<typeof preparedContainers>;

const created = z.object({ id: platformId });
const state = z.object({
  status: z.enum(['IN_PROGRESS', 'FINISHED', 'PUBLISHED', 'ERROR', 'EXPIRED']),
  error_message: z.string().nullish(),
});

const pollImageS = 1;
const pollVideoS = 5;

/** Creates what is missing and asks for the state of what is there. */
export async function prepare(session: Session, draft: Draft, prepared: Prepared | null): Promise<PrepareResult> {
  const known = preparedContainers.safeParse(prepared ?? {}).data ?? { children: [], container: null };
  if (known.container !== null) return settle(session, draft, known, known.container);
  if (draft.media.length <= 1) return createLast(session, draft, known, singleOf);

  const children = known.children.length > 0 ? known.children : await createChildren(session, draft);
  if ('kind' in children) return children;
  const held = { children, container: null };
  for (const child of children) {
    const waiting = await stateOf(session, draft, held, child);
    if (waiting !== null) return waiting;
  }
  return createLast(session, draft, held, () =>
    Promise.resolve({ media_type: 'CAROUSEL', children: children.join(',') }),
  );
}

async function createLast(
  session: Session,
  draft: Draft,
  held: Containers,
  describe: (draft: Draft) => Promise<Parameters>,
): Promise<PrepareResult> {
  const { replyControl, topicTag } = readOptions(draft.options);
  const container = await create(session, {
    ...(await describe(draft)),
    text: draft.text === '' ? undefined : draft.text,
    reply_control: replyControl,
    topic_tag: topicTag,
  });
  if (typeof container !== 'string') return container;
  return settle(session, draft, { ...held, container }, container);
}

async function settle(session: Session, draft: Draft, held: Containers, container: string): Promise<PrepareResult> {
  const waiting = await stateOf(session, draft, held, container);
  return waiting ?? { kind: 'ready', prepared: held, expiresInS: capabilities.publishing.preparedTtlS };
}

async function createChildren(session: Session, draft: Draft): Promise<string[] | Failure> {
  const children: string[] = [];
  for (const item of draft.media) {
    const child = await create(session, { ...(await mediumOf(item)), is_carousel_item: true });
    if (typeof child !== 'string') return child;
    children.push(child);
  }
  return children;
}

async function create(session: Session, parameters: Parameters): Promise<string | Failure> {
  const path = `${encodeURIComponent(session.credentials.platformAccountId)}/threads`;
  const result = await readGraph(session, { method: 'POST', path, parameters }, created);
  return result.kind === 'failed' ? result : result.value.id;
}

/** Null when finished. */
async function stateOf(
  session: Session,
  draft: Draft,
  held: Containers,
  container: string,
): Promise<Extract<PrepareResult, { kind: 'waiting' }> | Failure | null> {
  const asked = await askState(session, container);
  if (asked.kind === 'failed') return asked;
  const { status, error_message } = asked.value;
  if (status === 'FINISHED' || status === 'PUBLISHED') return null;
  if (status === 'EXPIRED')
    return { ...failed('retry-later', status, 'The container has expired.'), dropPrepared: true };
  if (status === 'ERROR') {
    const code = error_message ?? 'UNKNOWN';
    return { ...failureOfCode(code, code, containerRules), dropPrepared: true };
  }
  const waitS = draft.media.some(({ kind }) => kind === 'video') ? pollVideoS : pollImageS;
  return { kind: 'waiting', prepared: held, waitS, expiresInS: capabilities.publishing.preparedTtlS };
}

export function askState(session: Session, container: string) {
  const path = encodeURIComponent(container);
  return readGraph(session, { method: 'GET', path, parameters: { fields: 'status,error_message' } }, state);
}

async function singleOf(draft: Draft): Promise<Parameters> {
  const [item] = draft.media;
  return item === undefined ? { media_type: 'TEXT' } : mediumOf(item);
}

async function mediumOf(item: MediaItem): Promise<Parameters> {
  const url = await item.url();
  const alt = { alt_text: item.altText };
  return item.kind === 'video'
    ? { media_type: 'VIDEO', video_url: url, ...alt }
    : { media_type: 'IMAGE', image_url: url, ...alt };
}
