/** Rows as Mastodon's API shows them. */
import {
  countRow,
  findStatus,
  findUser,
  type Mastodon,
  type MediaRow,
  mediaOf,
  type StatusRow,
  type UserRow,
} from './mastodon-store.ts';
import { toHtml } from './mastodon-text.ts';

export function accountView(mastodon: Mastodon, user: UserRow): Record<string, unknown> {
  const url = `${mastodon.origin()}/@${user.username}`;
  const statuses = mastodon.store.one(
    countRow,
    'SELECT count(*) AS n FROM statuses WHERE user_id = ? AND deleted_ms IS NULL',
    user.id,
  );
  return {
    id: user.id,
    username: user.username,
    acct: user.username,
    display_name: user.display_name,
    locked: false,
    bot: false,
    discoverable: true,
    group: false,
    created_at: `${new Date(user.created_ms).toISOString().slice(0, 10)}T00:00:00.000Z`,
    note: '',
    url,
    uri: `${mastodon.origin()}/users/${user.username}`,
    avatar: `${mastodon.origin()}/avatars/original/missing.png`,
    avatar_static: `${mastodon.origin()}/avatars/original/missing.png`,
    header: `${mastodon.origin()}/headers/original/missing.png`,
    header_static: `${mastodon.origin()}/headers/original/missing.png`,
    followers_count: 0,
    following_count: 0,
    statuses_count: statuses?.n ?? 0,
    last_status_at: null,
    emojis: [],
    fields: [],
  };
}

export function mediaView(mastodon: Mastodon, media: MediaRow): Record<string, unknown> {
  const ready = mastodon.now() >= media.ready_ms && media.failed === 0;
  const url = `${mastodon.origin()}/system/media_attachments/files/${media.id}/original.${media.extension}`;
  const original =
    media.width === null || media.height === null
      ? {}
      : {
          width: media.width,
          height: media.height,
          size: `${media.width}x${media.height}`,
          aspect: media.width / media.height,
        };
  return {
    id: media.id,
    type: ready ? media.kind : media.kind === 'image' ? 'image' : 'video',
    url: ready ? url : null,
    preview_url: ready ? url : null,
    remote_url: null,
    preview_remote_url: null,
    text_url: null,
    meta: ready ? { original } : {},
    description: media.description,
    blurhash: null,
  };
}

export function statusUrl(mastodon: Mastodon, status: StatusRow, author: UserRow): string {
  return `${mastodon.origin()}/@${author.username}/${status.id}`;
}

/** `viewer` null for strangers. */
export function statusView(mastodon: Mastodon, status: StatusRow, viewer: UserRow | null): Record<string, unknown> {
  const author = findUser(mastodon, status.user_id);
  if (author === null) throw new Error(`status ${status.id} has no author`);
  const { store } = mastodon;
  const count = (sql: string): number => store.one(countRow, sql, status.id)?.n ?? 0;
  const parent = status.in_reply_to_id === null ? null : findStatus(mastodon, status.in_reply_to_id);
  const original = status.reblog_of_id === null ? null : findStatus(mastodon, status.reblog_of_id);
  const view: Record<string, unknown> = {
    id: status.id,
    created_at: new Date(status.created_ms).toISOString(),
    in_reply_to_id: status.in_reply_to_id,
    in_reply_to_account_id: parent?.user_id ?? null,
    sensitive: status.sensitive === 1,
    spoiler_text: status.spoiler_text,
    visibility: status.visibility,
    language: status.language,
    uri: `${mastodon.origin()}/users/${author.username}/statuses/${status.id}`,
    url: statusUrl(mastodon, status, author),
    replies_count: count('SELECT count(*) AS n FROM statuses WHERE in_reply_to_id = ? AND deleted_ms IS NULL'),
    reblogs_count: count('SELECT count(*) AS n FROM statuses WHERE reblog_of_id = ? AND deleted_ms IS NULL'),
    favourites_count: count('SELECT count(*) AS n FROM favourites WHERE status_id = ?'),
    quotes_count: 0,
    edited_at: null,
    content: toHtml(status.text, mastodon.origin()),
    reblog: original === null ? null : statusView(mastodon, original, viewer),
    application: { name: 'Web', website: null },
    account: accountView(mastodon, author),
    media_attachments: mediaOf(mastodon, status.id).map((media) => mediaView(mastodon, media)),
    mentions: [],
    tags: [],
    emojis: [],
    card: null,
    poll: null,
  };
  if (viewer !== null) {
    const own = 'SELECT count(*) AS n FROM favourites WHERE status_id = ? AND user_id = ?';
    view.favourited = (store.one(countRow, own, status.id, viewer.id)?.n ?? 0) > 0;
    view.reblogged = false;
    view.muted = false;
    view.bookmarked = false;
  }
  return view;
}
