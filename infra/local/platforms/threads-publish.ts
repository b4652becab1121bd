/** The one call that makes a container public, and its opposite. */
import { randomBytes } from 'node:crypto';
import type { Answer, Incoming, Route } from './http-server.ts';
import { type GraphCall, graphCall, graphRefusal, invalidParameter, noSuchObject } from './threads-auth.ts';
import { childrenOf, containerStatus, notReady, requireSelf } from './threads-containers.ts';
import {
  type ContainerRow,
  findContainer,
  findMedia,
  graphId,
  type Threads,
  type ThreadsUser,
  threadsCountRow,
} from './threads-store.ts';

const dayMs = 86_400_000;

export function publishRoutes(threads: Threads): Route[] {
  return [
    { method: 'POST', path: '/{user}/threads_publish', handle: (incoming) => publish(threads, incoming) },
    { method: 'GET', path: '/{user}/threads_publishing_limit', handle: (incoming) => quota(threads, incoming) },
    { method: 'DELETE', path: '/{id}', handle: (incoming) => remove(threads, incoming) },
  ];
}

async function publish(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, ['threads_content_publish']);
  requireSelf(call, incoming.params.user);
  if (call.user.restricted === 1) {
    throw graphRefusal({ message: 'The user is restricted from posting.', code: 4279013, status: 403 });
  }
  const container = publishable(threads, call);
  const isReply = container.reply_to_id !== null;
  const { postsPerDay, repliesPerDay } = threads.settings.get();
  if (used(threads, call.user, isReply ? 'replies' : 'posts') >= (isReply ? repliesPerDay : postsPerDay)) {
    throw graphRefusal({
      message: 'Application request limit reached',
      code: 9,
      subcode: 2207042,
      title: 'The user has reached the maximum number of posts per day',
      userMessage: 'You reached the maximum number of posts that is allowed to be published in 24 hours.',
    });
  }
  const id = threads.store.atomic(() => makePublic(threads, container));
  return { status: 200, body: { id } };
}

function publishable(threads: Threads, call: GraphCall): ContainerRow {
  const id = call.fields.get('creation_id');
  if (id === undefined) throw invalidParameter('The parameter creation_id is required');
  const container = findContainer(threads, id);
  const gone = {
    message: 'The requested resource does not exist',
    code: 24,
    subcode: 4279009,
    title: 'Media Not Found',
  };
  if (container === null || container.user_id !== call.user.id) {
    throw graphRefusal({ ...gone, userMessage: `The media with id ${id} cannot be found.` });
  }
  if (container.is_carousel_item === 1) throw invalidParameter('A carousel item cannot be published on its own');
  switch (containerStatus(threads, container)) {
    case 'FINISHED':
      return container;
    case 'IN_PROGRESS':
      throw notReady();
    case 'PUBLISHED':
      throw invalidParameter('Param creation_id refers to a container that was already published');
    case 'EXPIRED':
      throw graphRefusal({ message: 'The media container has expired', code: 24, subcode: 2207008 });
    case 'ERROR':
      throw graphRefusal({ message: `Media processing failed: ${container.error}`, code: -1, subcode: 2207032 });
  }
}

const publishedTypes = { TEXT: 'TEXT_POST', IMAGE: 'IMAGE', VIDEO: 'VIDEO', CAROUSEL: 'CAROUSEL_ALBUM' } as const;

function makePublic(threads: Threads, container: ContainerRow): string {
  const id = graphId();
  const claimed = threads.store.run(
    'UPDATE containers SET media_id = ? WHERE id = ? AND media_id IS NULL',
    id,
    container.id,
  );
  if (claimed === 0) throw invalidParameter('Param creation_id refers to a container that was already published');
  threads.store.run(
    `INSERT INTO media (id, user_id, container_id, shortcode, media_type, text, alt_text, link, file_id, children, reply_to_id, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    container.user_id,
    container.id,
    randomBytes(8).toString('base64url'),
    publishedTypes[container.media_type],
    container.text,
    container.alt_text,
    container.link,
    container.media_type === 'IMAGE' || container.media_type === 'VIDEO' ? container.id : null,
    JSON.stringify(childrenOf(container)),
    container.reply_to_id,
    threads.now(),
  );
  return id;
}

/** In the last 24 hours; what was deleted since still counts. */
function used(threads: Threads, user: ThreadsUser, what: 'posts' | 'replies' | 'deletes'): number {
  const since = threads.now() - dayMs;
  const statements = {
    posts: 'SELECT count(*) AS n FROM media WHERE user_id = ? AND created_ms > ? AND reply_to_id IS NULL',
    replies: 'SELECT count(*) AS n FROM media WHERE user_id = ? AND created_ms > ? AND reply_to_id IS NOT NULL',
    deletes: 'SELECT count(*) AS n FROM media WHERE user_id = ? AND deleted_ms > ?',
  };
  return threads.store.one(threadsCountRow, statements[what], user.id, since)?.n ?? 0;
}

async function quota(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, ['threads_content_publish']);
  requireSelf(call, incoming.params.user);
  const { postsPerDay, repliesPerDay, deletesPerDay } = threads.settings.get();
  const config = (total: number): Record<string, number> => ({ quota_total: total, quota_duration: 86_400 });
  const known: Record<string, () => unknown> = {
    quota_usage: () => used(threads, call.user, 'posts'),
    config: () => config(postsPerDay),
    reply_quota_usage: () => used(threads, call.user, 'replies'),
    reply_config: () => config(repliesPerDay),
    delete_quota_usage: () => used(threads, call.user, 'deletes'),
    delete_config: () => config(deletesPerDay),
  };
  const entry: Record<string, unknown> = {};
  for (const name of (call.fields.get('fields') ?? 'quota_usage').split(',')) {
    const value = known[name];
    if (value === undefined) throw invalidParameter(`(#100) Tried accessing nonexisting field (${name})`);
    entry[name] = value();
  }
  return { status: 200, body: { data: [entry] } };
}

async function remove(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, ['threads_delete']);
  const media = findMedia(threads, incoming.params.id ?? '');
  if (media === null || media.user_id !== call.user.id) throw noSuchObject(incoming.params.id ?? '');
  if (used(threads, call.user, 'deletes') >= threads.settings.get().deletesPerDay) {
    throw graphRefusal({ message: 'Application request limit reached', code: 9, subcode: 2207042 });
  }
  threads.store.run('UPDATE media SET deleted_ms = ? WHERE id = ?', threads.now(), media.id);
  return { status: 200, body: { success: true, deleted_id: media.id } };
}
