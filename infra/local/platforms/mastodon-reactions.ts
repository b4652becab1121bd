/** What other users do with a status. */
import type { Answer, Incoming, Route } from './http-server.ts';
import { authenticate, type Caller, refuse } from './mastodon-auth.ts';
import { visibleStatus } from './mastodon-statuses.ts';
import { type Mastodon, type StatusRow, statusRow } from './mastodon-store.ts';
import { statusView } from './mastodon-views.ts';

type Action = 'favourite' | 'unfavourite' | 'reblog' | 'unreblog';

export function mastodonReactionRoutes(mastodon: Mastodon): Route[] {
  const actions: readonly Action[] = ['favourite', 'unfavourite', 'reblog', 'unreblog'];
  return actions.map((action) => ({
    method: 'POST',
    path: `/api/v1/statuses/{id}/${action}`,
    handle: (incoming) => react(mastodon, incoming, action),
  }));
}

function react(mastodon: Mastodon, incoming: Incoming, action: Action): Answer {
  const scope = action.endsWith('favourite') ? 'write:favourites' : 'write:statuses';
  const caller = authenticate(mastodon, incoming, [scope]);
  const status = visibleStatus(mastodon, incoming.params.id ?? '', caller.user);
  if (status === null) throw refuse(404, 'Record not found');
  const shown = act(mastodon, caller, status, action);
  return { status: 200, body: statusView(mastodon, shown, caller.user) };
}

function act(mastodon: Mastodon, caller: Caller, status: StatusRow, action: Action): StatusRow {
  const { store } = mastodon;
  switch (action) {
    case 'favourite':
      store.run('INSERT OR IGNORE INTO favourites (status_id, user_id) VALUES (?, ?)', status.id, caller.user.id);
      return status;
    case 'unfavourite':
      store.run('DELETE FROM favourites WHERE status_id = ? AND user_id = ?', status.id, caller.user.id);
      return status;
    case 'reblog':
      return reblog(mastodon, caller, status);
    case 'unreblog': {
      const sql = 'UPDATE statuses SET deleted_ms = ? WHERE reblog_of_id = ? AND user_id = ? AND deleted_ms IS NULL';
      store.run(sql, mastodon.now(), status.id, caller.user.id);
      return status;
    }
  }
}

function reblog(mastodon: Mastodon, caller: Caller, status: StatusRow): StatusRow {
  if (status.visibility === 'private' || status.visibility === 'direct')
    throw refuse(403, 'This action is not allowed');
  const existing = 'SELECT * FROM statuses WHERE reblog_of_id = ? AND user_id = ? AND deleted_ms IS NULL';
  const known = mastodon.store.one(statusRow, existing, status.id, caller.user.id);
  if (known !== null) return known;
  const row: StatusRow = {
    id: mastodon.nextId(),
    user_id: caller.user.id,
    text: '',
    spoiler_text: '',
    visibility: 'public',
    language: status.language,
    sensitive: 0,
    in_reply_to_id: null,
    reblog_of_id: status.id,
    idempotency_key: null,
    created_ms: mastodon.now(),
    deleted_ms: null,
  };
  mastodon.store.run(
    `INSERT INTO statuses (id, user_id, text, spoiler_text, visibility, language, sensitive, reblog_of_id, created_ms)
     VALUES (?, ?, '', '', ?, ?, 0, ?, ?)`,
    row.id,
    row.user_id,
    row.visibility,
    row.language,
    status.id,
    row.created_ms,
  );
  return row;
}
