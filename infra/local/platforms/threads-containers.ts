/** Containers of the Threads simulator: made, processed, asked about. */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Fields } from './form.ts';
import type { Answer, Incoming, Route } from './http-server.ts';
import { type GraphCall, graphCall, graphRefusal, invalidParameter, noSuchObject } from './threads-auth.ts';
import { fetchImage, fileOfContainer } from './threads-fetch.ts';
import { type ContainerRow, findContainer, findMedia, graphId, idList, type Threads } from './threads-store.ts';
import { countLinks, countThreadsChars, maxLinks, maxThreadsChars } from './threads-text.ts';

export type ContainerStatus = 'IN_PROGRESS' | 'FINISHED' | 'PUBLISHED' | 'ERROR' | 'EXPIRED';

const containerLifeMs = 86_400_000;
const mediaTypes = z.enum(['TEXT', 'IMAGE', 'VIDEO', 'CAROUSEL']);
const replyControls = [
  'everyone',
  'accounts_you_follow',
  'mentioned_only',
  'parent_post_author_only',
  'followers_only',
];
const maxAltText = 1000;

export function containerRoutes(threads: Threads): Route[] {
  return [{ method: 'POST', path: '/{user}/threads', handle: (incoming) => create(threads, incoming) }];
}

export function containerStatus(threads: Threads, container: ContainerRow): ContainerStatus {
  if (container.media_id !== null) return 'PUBLISHED';
  if (container.error !== null) return 'ERROR';
  if (threads.now() - container.created_ms >= containerLifeMs) return 'EXPIRED';
  return container.ready_ms !== null && threads.now() >= container.ready_ms ? 'FINISHED' : 'IN_PROGRESS';
}

/** `me` or the id of the token's own user. */
export function requireSelf(call: GraphCall, id: string | undefined): void {
  if (id !== 'me' && id !== call.user.id) throw noSuchObject(id ?? '');
}

async function create(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, ['threads_content_publish']);
  requireSelf(call, incoming.params.user);
  const draft = checkedDraft(threads, call);
  const container = await withMedia(threads, draft);
  return { status: 200, body: { id: container.id } };
}

function checkedDraft(threads: Threads, call: GraphCall): ContainerRow {
  const { fields, user } = call;
  const type = mediaTypes.safeParse(fields.get('media_type'));
  if (!type.success) throw invalidParameter('Param media_type must be one of {TEXT, IMAGE, VIDEO, CAROUSEL}');
  const isItem = fields.get('is_carousel_item') === 'true';
  if (isItem && type.data !== 'IMAGE' && type.data !== 'VIDEO') {
    throw invalidParameter('Param is_carousel_item is only valid for IMAGE and VIDEO');
  }
  const now = threads.now();
  const { textProcessingMs } = threads.settings.get();
  return {
    id: graphId(),
    user_id: user.id,
    media_type: type.data,
    ...checkedText(fields, type.data, isItem),
    url: checkedUrl(fields, type.data),
    alt_text: checkedAltText(fields, type.data),
    is_carousel_item: isItem ? 1 : 0,
    children: JSON.stringify(type.data === 'CAROUSEL' ? checkedChildren(threads, call) : []),
    reply_to_id: checkedReplyTo(threads, fields),
    fetched: type.data === 'IMAGE' || type.data === 'VIDEO' ? 0 : 1,
    mime: null,
    error: null,
    ready_ms: type.data === 'TEXT' || type.data === 'CAROUSEL' ? now + textProcessingMs : null,
    media_id: null,
    created_ms: now,
  };
}

function checkedText(fields: Fields, type: string, isItem: boolean): { text: string; link: string | null } {
  const text = fields.get('text') ?? '';
  const link = fields.get('link_attachment') ?? null;
  if (type === 'TEXT' && text.trim() === '' && link === null) throw invalidParameter('The parameter text is required');
  if (isItem && text !== '') throw invalidParameter('Param text is not allowed for carousel items');
  if (countThreadsChars(text) > maxThreadsChars) {
    throw invalidParameter(`Param text must be at most ${maxThreadsChars} characters long.`);
  }
  if (link !== null && (type !== 'TEXT' || !isHttpUrl(link))) {
    throw invalidParameter('Param link_attachment must be a valid URI and is only allowed for TEXT');
  }
  if (countLinks(text, link) > maxLinks) throw invalidParameter('THREADS_API__LINK_LIMIT_EXCEEDED');
  const topic = fields.get('topic_tag');
  if (topic !== undefined && !/^[^.&]{1,50}$/u.test(topic)) throw invalidParameter('Param topic_tag is invalid');
  const control = fields.get('reply_control');
  if (control !== undefined && !replyControls.includes(control)) {
    throw invalidParameter(`Param reply_control must be one of {${replyControls.join(', ')}}`);
  }
  if (fields.get('auto_publish_text') === 'true') {
    throw invalidParameter('Param auto_publish_text is not simulated: it takes away the safe second step');
  }
  return { text, link };
}

function checkedUrl(fields: Fields, type: string): string | null {
  if (type !== 'IMAGE' && type !== 'VIDEO') {
    if (fields.has('image_url') || fields.has('video_url')) {
      throw invalidParameter(`Params image_url and video_url are not allowed for ${type}`);
    }
    return null;
  }
  const name = type === 'IMAGE' ? 'image_url' : 'video_url';
  const url = fields.get(name);
  if (url === undefined) throw invalidParameter(`The parameter ${name} is required`);
  if (!isHttpUrl(url)) throw invalidParameter(`Param ${name} must be a valid URI`);
  return url;
}

function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function checkedAltText(fields: Fields, type: string): string | null {
  const altText = fields.get('alt_text');
  if (altText === undefined) return null;
  if (type !== 'IMAGE' && type !== 'VIDEO') throw invalidParameter(`Param alt_text is not allowed for ${type}`);
  if ([...altText].length > maxAltText) {
    throw invalidParameter(`Param alt_text must be at most ${maxAltText} characters long.`);
  }
  return altText;
}

function checkedReplyTo(threads: Threads, fields: Fields): string | null {
  const id = fields.get('reply_to_id') ?? null;
  if (id !== null && findMedia(threads, id) === null)
    throw invalidParameter('Param reply_to_id is not a valid media id');
  return id;
}

function checkedChildren(threads: Threads, call: GraphCall): string[] {
  const ids = call.fields
    .all('children')
    .flatMap((value) => value.split(','))
    .map((id) => id.trim())
    .filter((id) => id !== '');
  if (ids.length < 2 || ids.length > 20 || new Set(ids).size !== ids.length) {
    throw graphRefusal({ message: 'A carousel needs 2 to 20 items.', code: 100, subcode: 2207028 });
  }
  for (const id of ids) {
    const child = findContainer(threads, id);
    if (child === null || child.user_id !== call.user.id || child.is_carousel_item === 0) {
      throw invalidParameter(`Param children: ${id} is not a carousel item`);
    }
    if (containerStatus(threads, child) !== 'FINISHED') throw notReady();
  }
  return ids;
}

export function notReady(): Error {
  return graphRefusal({
    message: 'The media is not ready for publishing, please wait for a moment',
    code: 9007,
    subcode: 2207027,
    title: 'Media Not Ready',
    userMessage: 'The media is not ready to be published. Please wait a moment.',
  });
}

/** An image is fetched before the answer, a video after it. */
async function withMedia(threads: Threads, draft: ContainerRow): Promise<ContainerRow> {
  if (draft.media_type !== 'IMAGE') {
    insert(threads, draft);
    if (draft.media_type === 'VIDEO') threads.process(draft);
    return draft;
  }
  const fetched = await fetchImage(draft.url ?? '');
  if (fetched.kind === 'refused') throw graphRefusal(fetched.error);
  writeFileSync(fileOfContainer(threads, draft.id), fetched.bytes);
  const readyMs = threads.now() + threads.settings.get().imageProcessingMs;
  const container: ContainerRow = { ...draft, fetched: 1, mime: fetched.mime, ready_ms: readyMs };
  insert(threads, container);
  return container;
}

function insert(threads: Threads, row: ContainerRow): void {
  threads.store.run(
    `INSERT INTO containers (id, user_id, media_type, text, url, alt_text, is_carousel_item, children, reply_to_id, link,
       fetched, mime, error, ready_ms, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.user_id,
    row.media_type,
    row.text,
    row.url,
    row.alt_text,
    row.is_carousel_item,
    row.children,
    row.reply_to_id,
    row.link,
    row.fetched,
    row.mime,
    row.error,
    row.ready_ms,
    row.created_ms,
  );
}

export function childrenOf(container: { readonly children: string }): string[] {
  return idList.parse(JSON.parse(container.children));
}
