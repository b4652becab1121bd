/** Statuses of the Mastodon simulator: what may be posted, once per Idempotency-Key. */
import { z } from 'zod';
import { type Fields, readFields } from './form.ts';
import type { Answer, Incoming, Route } from './http-server.ts';
import { authenticate, countNarrow, identify, refuse } from './mastodon-auth.ts';
import {
  findStatus,
  findUser,
  type Mastodon,
  type MediaRow,
  mediaRow,
  type StatusRow,
  statusRow,
  type UserRow,
} from './mastodon-store.ts';
import { countCharacters, maxCharacters } from './mastodon-text.ts';
import { statusView } from './mastodon-views.ts';

export const maxMedia = 4;
const idempotencyMs = 3_600_000;
const visibilities = z.enum(['public', 'unlisted', 'private', 'direct']);

export function mastodonStatusRoutes(mastodon: Mastodon): Route[] {
  return [
    { method: 'POST', path: '/api/v1/statuses', handle: (incoming) => create(mastodon, incoming) },
    { method: 'GET', path: '/api/v1/statuses/{id}', handle: (incoming) => show(mastodon, incoming) },
    { method: 'DELETE', path: '/api/v1/statuses/{id}', handle: (incoming) => remove(mastodon, incoming) },
    { method: 'GET', path: '/api/v1/statuses/{id}/context', handle: (incoming) => context(mastodon, incoming) },
    { method: 'GET', path: '/api/v1/accounts/{id}/statuses', handle: (incoming) => list(mastodon, incoming) },
  ];
}

async function create(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const { user } = authenticate(mastodon, incoming, ['write:statuses']);
  const fields = await readFields(incoming);
  const header = incoming.headers['idempotency-key'];
  const key = typeof header === 'string' && header !== '' ? header : null;
  const earlier = key === null ? null : statusOfKey(mastodon, user, key);
  if (earlier !== null) return { status: 200, body: statusView(mastodon, earlier, user) };

  const media = attachable(mastodon, user, fields);
  const draft = checkedDraft(mastodon, user, fields, media);
  const status = mastodon.store.atomic(() => insert(mastodon, user, draft, media, key));
  return { status: 200, body: statusView(mastodon, status, user) };
}

function statusOfKey(mastodon: Mastodon, user: UserRow, key: string): StatusRow | null {
  const sql = `SELECT statuses.* FROM idempotency JOIN statuses ON statuses.id = idempotency.status_id
    WHERE idempotency.user_id = ? AND idempotency.key = ? AND idempotency.created_ms > ?`;
  const status = mastodon.store.one(statusRow, sql, user.id, key, mastodon.now() - idempotencyMs);
  if (status !== null && status.deleted_ms !== null) throw refuse(404, 'Record not found');
  return status;
}

/** The checks in the order of the server's PostStatusService. */
function attachable(mastodon: Mastodon, user: UserRow, fields: Fields): MediaRow[] {
  const ids = fields.all('media_ids').filter((id) => id !== '');
  if (ids.length > maxMedia || (fields.has('poll') && ids.length > 0)) {
    throw refuse(422, `Cannot attach more than ${maxMedia} files`);
  }
  const sql = 'SELECT * FROM media WHERE id = ? AND user_id = ? AND status_id IS NULL';
  const media = [...new Set(ids)].map((id) => mastodon.store.one(mediaRow, sql, id, user.id));
  const found = media.filter((entry) => entry !== null);
  const missing = ids.filter((id) => !found.some((entry) => entry.id === id));
  if (missing.length > 0)
    throw refuse(422, `Media ${missing.join(', ')} not found or already attached to another post`);
  if (found.length > 1 && found.some((entry) => entry.kind !== 'image')) {
    throw refuse(422, 'Cannot attach a video to a post that already contains images');
  }
  if (found.some((entry) => mastodon.now() < entry.ready_ms || entry.failed === 1)) {
    throw refuse(422, 'Cannot attach files that have not finished processing. Try again in a moment!');
  }
  return found;
}

type Draft = Pick<StatusRow, 'text' | 'spoiler_text' | 'visibility' | 'language' | 'sensitive' | 'in_reply_to_id'>;

function checkedDraft(mastodon: Mastodon, user: UserRow, fields: Fields, media: readonly MediaRow[]): Draft {
  if (fields.has('scheduled_at') || fields.has('poll')) {
    throw refuse(422, 'Validation failed: this instance takes neither polls nor scheduled posts');
  }
  const text = fields.get('status') ?? '';
  const spoiler = fields.get('spoiler_text') ?? '';
  if (text.trim() === '' && spoiler.trim() === '' && media.length === 0) {
    throw refuse(422, "Validation failed: Text can't be blank");
  }
  if (countCharacters(text, spoiler) > maxCharacters) {
    throw refuse(422, `Validation failed: Text character limit of ${maxCharacters} exceeded`);
  }
  const visibility = visibilities.safeParse(fields.get('visibility') ?? 'public');
  if (!visibility.success) throw refuse(422, 'Validation failed: Visibility is not included in the list');
  const language = fields.get('language') ?? 'en';
  if (!/^[a-z]{2,3}(-[A-Za-z]+)?$/.test(language)) throw refuse(422, 'Validation failed: Language is invalid');
  const parentId = fields.get('in_reply_to_id') ?? null;
  if (parentId !== null && visibleStatus(mastodon, parentId, user) === null) {
    throw refuse(404, 'The post you are trying to reply to does not appear to exist.');
  }
  return {
    text: text.trim(),
    spoiler_text: spoiler.trim(),
    visibility: visibility.data,
    language,
    sensitive: fields.get('sensitive') === 'true' || spoiler !== '' ? 1 : 0,
    in_reply_to_id: parentId,
  };
}

function insert(
  mastodon: Mastodon,
  user: UserRow,
  draft: Draft,
  media: readonly MediaRow[],
  key: string | null,
): StatusRow {
  const now = mastodon.now();
  const id = mastodon.nextId();
  mastodon.store.run(
    `INSERT INTO statuses (id, user_id, text, spoiler_text, visibility, language, sensitive, in_reply_to_id, idempotency_key, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    user.id,
    draft.text,
    draft.spoiler_text,
    draft.visibility,
    draft.language,
    draft.sensitive,
    draft.in_reply_to_id,
    key,
    now,
  );
  for (const [position, entry] of media.entries()) {
    mastodon.store.run('UPDATE media SET status_id = ?, position = ? WHERE id = ?', id, position, entry.id);
  }
  if (key !== null) {
    const sql = 'INSERT OR REPLACE INTO idempotency (user_id, key, status_id, created_ms) VALUES (?, ?, ?, ?)';
    mastodon.store.run(sql, user.id, key, id, now);
  }
  return {
    id,
    user_id: user.id,
    ...draft,
    reblog_of_id: null,
    idempotency_key: key,
    created_ms: now,
    deleted_ms: null,
  };
}

function show(mastodon: Mastodon, incoming: Incoming): Answer {
  const viewer = reader(mastodon, incoming);
  const status = visibleStatus(mastodon, incoming.params.id ?? '', viewer);
  if (status === null) throw refuse(404, 'Record not found');
  return { status: 200, body: statusView(mastodon, status, viewer) };
}

function remove(mastodon: Mastodon, incoming: Incoming): Answer {
  const { user } = authenticate(mastodon, incoming, ['write:statuses']);
  const status = findStatus(mastodon, incoming.params.id ?? '');
  if (status === null || status.user_id !== user.id) throw refuse(404, 'Record not found');
  countNarrow(mastodon, 'deletes', user);
  const body = { ...statusView(mastodon, status, user), text: status.text };
  mastodon.store.atomic(() => {
    mastodon.store.run('UPDATE statuses SET deleted_ms = ? WHERE id = ?', mastodon.now(), status.id);
    mastodon.store.run('UPDATE statuses SET deleted_ms = ? WHERE reblog_of_id = ?', mastodon.now(), status.id);
    mastodon.store.run('UPDATE media SET status_id = NULL WHERE status_id = ?', status.id);
  });
  return { status: 200, body };
}

function context(mastodon: Mastodon, incoming: Incoming): Answer {
  const viewer = reader(mastodon, incoming);
  const status = visibleStatus(mastodon, incoming.params.id ?? '', viewer);
  if (status === null) throw refuse(404, 'Record not found');
  const ancestors: StatusRow[] = [];
  for (let id = status.in_reply_to_id; id !== null; ) {
    const parent = visibleStatus(mastodon, id, viewer);
    if (parent === null) break;
    ancestors.unshift(parent);
    id = parent.in_reply_to_id;
  }
  const view = (entry: StatusRow): Record<string, unknown> => statusView(mastodon, entry, viewer);
  return {
    status: 200,
    body: { ancestors: ancestors.map(view), descendants: descendantsOf(mastodon, status.id, viewer).map(view) },
  };
}

function descendantsOf(mastodon: Mastodon, id: string, viewer: UserRow | null): StatusRow[] {
  const sql = 'SELECT * FROM statuses WHERE in_reply_to_id = ? AND deleted_ms IS NULL ORDER BY created_ms, id';
  return mastodon.store
    .all(statusRow, sql, id)
    .filter((reply) => mayRead(reply, viewer))
    .flatMap((reply) => [reply, ...descendantsOf(mastodon, reply.id, viewer)]);
}

function list(mastodon: Mastodon, incoming: Incoming): Answer {
  const viewer = reader(mastodon, incoming);
  const owner = findUser(mastodon, incoming.params.id ?? '');
  if (owner === null) throw refuse(404, 'Record not found');
  const query = incoming.url.searchParams;
  const limit = Math.min(40, Math.max(1, Number.parseInt(query.get('limit') ?? '20', 10) || 20));
  const bound = (name: string, otherwise: string): string => {
    const value = query.get(name);
    return value !== null && /^\d+$/.test(value) ? value : otherwise;
  };
  const sql = `SELECT * FROM statuses WHERE user_id = ? AND deleted_ms IS NULL
    AND CAST(id AS INTEGER) < CAST(? AS INTEGER) AND CAST(id AS INTEGER) > CAST(? AS INTEGER) ORDER BY CAST(id AS INTEGER) DESC`;
  const rows = mastodon.store
    .all(statusRow, sql, owner.id, bound('max_id', '9223372036854775807'), bound('since_id', '0'))
    .filter((status) => mayRead(status, viewer))
    .filter((status) => query.get('exclude_reblogs') !== 'true' || status.reblog_of_id === null)
    .filter((status) => query.get('exclude_replies') !== 'true' || status.in_reply_to_id === null)
    .slice(0, limit);
  const last = rows.at(-1);
  const next = `${mastodon.origin()}${incoming.url.pathname}?limit=${limit}&max_id=${last?.id ?? ''}`;
  return {
    status: 200,
    headers: last === undefined ? {} : { link: `<${next}>; rel="next"` },
    body: rows.map((status) => statusView(mastodon, status, viewer)),
  };
}

function reader(mastodon: Mastodon, incoming: Incoming): UserRow | null {
  if (identify(mastodon, incoming) === null) return null;
  return authenticate(mastodon, incoming, ['read:statuses']).user;
}

function mayRead(status: StatusRow, viewer: UserRow | null): boolean {
  return status.visibility === 'public' || status.visibility === 'unlisted' || status.user_id === viewer?.id;
}

export function visibleStatus(mastodon: Mastodon, id: string, viewer: UserRow | null): StatusRow | null {
  const status = findStatus(mastodon, id);
  return status !== null && mayRead(status, viewer) ? status : null;
}
