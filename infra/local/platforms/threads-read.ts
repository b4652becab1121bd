/** What can be asked of Threads: users, containers, media, lists, insights. */
import type { Answer, Incoming, Route } from './http-server.ts';
import { type GraphCall, graphCall, invalidParameter, noSuchObject } from './threads-auth.ts';
import { childrenOf, containerStatus, requireSelf } from './threads-containers.ts';
import {
  type ContainerRow,
  findContainer,
  findMedia,
  findThreadsUser,
  type Threads,
  type ThreadsMedia,
  type ThreadsUser,
  threadsCountRow,
  threadsMediaRow,
} from './threads-store.ts';

type FieldTable = Readonly<Record<string, () => unknown>>;

export function readRoutes(threads: Threads): Route[] {
  return [
    { method: 'GET', path: '/{user}/threads', handle: (incoming) => list(threads, incoming, 'posts') },
    { method: 'GET', path: '/{user}/replies', handle: (incoming) => replies(threads, incoming) },
    { method: 'GET', path: '/{id}/insights', handle: (incoming) => insights(threads, incoming) },
    { method: 'GET', path: '/{id}', handle: (incoming) => node(threads, incoming) },
  ];
}

async function node(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, []);
  const id = incoming.params.id ?? '';
  const names = (otherwise: string): string => call.fields.get('fields') ?? otherwise;
  if (id === 'me' || id === call.user.id) {
    return { status: 200, body: pick('ThreadsUser', userFields(call.user), names('id')) };
  }
  const container = findContainer(threads, id);
  if (container !== null && container.user_id === call.user.id) {
    return { status: 200, body: pick('ThreadsMediaContainer', containerFields(threads, container), names('id')) };
  }
  const media = findMedia(threads, id);
  if (media === null || media.user_id !== call.user.id) throw noSuchObject(id);
  return { status: 200, body: pick('ThreadsMedia', mediaFields(threads, media), names('id')) };
}

function userFields(user: ThreadsUser): FieldTable {
  return {
    id: () => user.id,
    username: () => user.username,
    name: () => user.display_name,
    threads_profile_picture_url: () => null,
    threads_biography: () => '',
    is_verified: () => false,
  };
}

function containerFields(threads: Threads, container: ContainerRow): FieldTable {
  return {
    id: () => container.id,
    status: () => containerStatus(threads, container),
    error_message: () => container.error,
  };
}

function mediaFields(threads: Threads, media: ThreadsMedia): FieldTable {
  const owner = findThreadsUser(threads, media.user_id);
  return {
    id: () => media.id,
    media_product_type: () => 'THREADS',
    media_type: () => media.media_type,
    media_url: () => (media.file_id === null ? null : `${threads.origin()}/_files/${media.file_id}`),
    permalink: () => permalink(threads, media),
    owner: () => ({ id: media.user_id }),
    username: () => owner?.username ?? null,
    text: () => (media.text === '' ? null : media.text),
    // Whole seconds and no colon in the zone, as Graph writes instants.
    timestamp: () => `${new Date(media.created_ms).toISOString().slice(0, 19)}+0000`,
    shortcode: () => media.shortcode,
    thumbnail_url: () => null,
    children: () => (childrenOf(media).length === 0 ? null : { data: childrenOf(media).map((id) => ({ id })) }),
    is_quote_post: () => false,
    alt_text: () => media.alt_text,
    link_attachment_url: () => media.link,
    has_replies: () => replyCount(threads, media) > 0,
    is_reply: () => media.reply_to_id !== null,
    replied_to: () => (media.reply_to_id === null ? null : { id: media.reply_to_id }),
  };
}

export function permalink(threads: Threads, media: ThreadsMedia): string {
  const owner = findThreadsUser(threads, media.user_id);
  return `${threads.origin()}/@${owner?.username ?? ''}/post/${media.shortcode}`;
}

/** Asked fields, `id` always; absent values are left out, unknown names refused. */
function pick(type: string, table: FieldTable, fields: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of fields.split(',').map((field) => field.trim())) {
    const read = table[name];
    if (read === undefined) {
      throw invalidParameter(`(#100) Tried accessing nonexisting field (${name}) on node type (${type})`);
    }
    const value = read();
    if (value !== null) result[name] = value;
  }
  return { ...result, id: table.id?.() };
}

async function list(threads: Threads, incoming: Incoming, what: 'posts' | 'replies'): Promise<Answer> {
  const call = await graphCall(threads, incoming, []);
  requireSelf(call, incoming.params.user);
  const own = `SELECT * FROM media WHERE user_id = ? AND deleted_ms IS NULL AND reply_to_id IS ${what === 'posts' ? 'NULL' : 'NOT NULL'}
    ORDER BY created_ms DESC, id DESC`;
  return paged(threads, call, threads.store.all(threadsMediaRow, own, call.user.id));
}

/** `{user}/replies` and `{media}/replies` are one path. */
async function replies(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, ['threads_read_replies']);
  const id = incoming.params.user ?? '';
  if (id === 'me' || id === call.user.id) return list(threads, incoming, 'replies');
  const media = findMedia(threads, id);
  if (media === null || media.user_id !== call.user.id) throw noSuchObject(id);
  const sql = 'SELECT * FROM media WHERE reply_to_id = ? AND deleted_ms IS NULL ORDER BY created_ms DESC, id DESC';
  return paged(threads, call, threads.store.all(threadsMediaRow, sql, id));
}

function paged(threads: Threads, call: GraphCall, rows: readonly ThreadsMedia[]): Answer {
  const since = instant(call, 'since') ?? Number.NEGATIVE_INFINITY;
  const until = instant(call, 'until') ?? Number.POSITIVE_INFINITY;
  const limit = Math.min(100, Number.parseInt(call.fields.get('limit') ?? '25', 10) || 25);
  const within = rows.filter((media) => media.created_ms >= since && media.created_ms <= until);
  const after = call.fields.get('after');
  const from = after === undefined ? 0 : within.findIndex((media) => media.id === after) + 1;
  const shown = within.slice(from, from + limit);
  const names = call.fields.get('fields') ?? 'id';
  const data = shown.map((media) => pick('ThreadsMedia', mediaFields(threads, media), names));
  const [first, last] = [shown.at(0), shown.at(-1)];
  const paging =
    first === undefined || last === undefined ? {} : { paging: { cursors: { before: first.id, after: last.id } } };
  return { status: 200, body: { data, ...paging } };
}

/** Unix seconds or anything a date parser reads. */
function instant(call: GraphCall, name: string): number | null {
  const value = call.fields.get(name);
  if (value === undefined) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (Number.isNaN(ms)) throw invalidParameter(`(#100) param ${name} must be a valid timestamp`);
  return ms;
}

function replyCount(threads: Threads, media: ThreadsMedia): number {
  const sql = 'SELECT count(*) AS n FROM media WHERE reply_to_id = ? AND deleted_ms IS NULL';
  return threads.store.one(threadsCountRow, sql, media.id)?.n ?? 0;
}

async function insights(threads: Threads, incoming: Incoming): Promise<Answer> {
  const call = await graphCall(threads, incoming, ['threads_manage_insights']);
  const media = findMedia(threads, incoming.params.id ?? '');
  if (media === null || media.user_id !== call.user.id) throw noSuchObject(incoming.params.id ?? '');
  const table: Readonly<Record<string, number>> = {
    views: media.views,
    likes: media.likes,
    replies: replyCount(threads, media),
    reposts: 0,
    quotes: 0,
    shares: 0,
  };
  const metric = call.fields.get('metric');
  if (metric === undefined) throw invalidParameter('(#100) The parameter metric is required');
  const data = metric.split(',').map((name) => {
    const value = table[name];
    if (value === undefined) {
      throw invalidParameter(`(#100) metric[0] must be one of the following values: ${Object.keys(table).join(', ')}`);
    }
    const title = name.charAt(0).toUpperCase() + name.slice(1);
    return {
      name,
      period: 'lifetime',
      values: [{ value }],
      title,
      description: '',
      id: `${media.id}/insights/${name}/lifetime`,
    };
  });
  return { status: 200, body: { data } };
}
