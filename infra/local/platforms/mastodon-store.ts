/** What a Mastodon instance remembers. Times are milliseconds of the simulator's clock. */
import { z } from 'zod';
import type { RateWindows } from './rate-window.ts';
import { type MastodonSettings, type Settings, settingsSchema } from './settings.ts';
import type { Store } from './store.ts';

export const mastodonSchema = `${settingsSchema}
CREATE TABLE IF NOT EXISTS apps (client_id TEXT PRIMARY KEY, client_secret TEXT NOT NULL, name TEXT NOT NULL,
  redirect_uris TEXT NOT NULL, scopes TEXT NOT NULL, website TEXT);
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
  display_name TEXT NOT NULL, created_ms INTEGER NOT NULL, disabled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL, challenge TEXT, created_ms INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT,
  scopes TEXT NOT NULL, created_ms INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS media (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, kind TEXT NOT NULL, mime TEXT NOT NULL,
  extension TEXT NOT NULL, width INTEGER, height INTEGER, description TEXT, ready_ms INTEGER NOT NULL,
  failed INTEGER NOT NULL DEFAULT 0, status_id TEXT, position INTEGER, created_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS statuses (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, text TEXT NOT NULL,
  spoiler_text TEXT NOT NULL, visibility TEXT NOT NULL, language TEXT, sensitive INTEGER NOT NULL,
  in_reply_to_id TEXT, reblog_of_id TEXT, idempotency_key TEXT, created_ms INTEGER NOT NULL, deleted_ms INTEGER);
CREATE INDEX IF NOT EXISTS statuses_user ON statuses (user_id, id);
CREATE INDEX IF NOT EXISTS statuses_reply ON statuses (in_reply_to_id);
CREATE INDEX IF NOT EXISTS statuses_reblog ON statuses (reblog_of_id);
CREATE TABLE IF NOT EXISTS idempotency (user_id TEXT NOT NULL, key TEXT NOT NULL, status_id TEXT NOT NULL,
  created_ms INTEGER NOT NULL, PRIMARY KEY (user_id, key));
CREATE TABLE IF NOT EXISTS favourites (status_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (status_id, user_id));
`;

export const mastodonTables = ['apps', 'users', 'codes', 'tokens', 'media', 'statuses', 'idempotency', 'favourites'];

export const userRow = z.object({
  id: z.string(),
  username: z.string(),
  password: z.string(),
  display_name: z.string(),
  created_ms: z.number(),
  disabled: z.number(),
});
export type UserRow = z.output<typeof userRow>;

export const appRow = z.object({
  client_id: z.string(),
  client_secret: z.string(),
  name: z.string(),
  redirect_uris: z.string(),
  scopes: z.string(),
  website: z.string().nullable(),
});
export type AppRow = z.output<typeof appRow>;

export const tokenRow = z.object({
  token: z.string(),
  client_id: z.string(),
  user_id: z.string().nullable(),
  scopes: z.string(),
  created_ms: z.number(),
  revoked: z.number(),
});
export type TokenRow = z.output<typeof tokenRow>;

export const mediaRow = z.object({
  id: z.string(),
  user_id: z.string(),
  kind: z.enum(['image', 'gifv', 'video', 'audio']),
  mime: z.string(),
  extension: z.string(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  description: z.string().nullable(),
  ready_ms: z.number(),
  failed: z.number(),
  status_id: z.string().nullable(),
  created_ms: z.number(),
});
export type MediaRow = z.output<typeof mediaRow>;

export const statusRow = z.object({
  id: z.string(),
  user_id: z.string(),
  text: z.string(),
  spoiler_text: z.string(),
  visibility: z.enum(['public', 'unlisted', 'private', 'direct']),
  language: z.string().nullable(),
  sensitive: z.number(),
  in_reply_to_id: z.string().nullable(),
  reblog_of_id: z.string().nullable(),
  idempotency_key: z.string().nullable(),
  created_ms: z.number(),
  deleted_ms: z.number().nullable(),
});
export type StatusRow = z.output<typeof statusRow>;

export const countRow = z.object({ n: z.number() });

export interface Mastodon {
  readonly store: Store;
  readonly settings: Settings<MastodonSettings>;
  readonly windows: RateWindows;
  readonly filesDir: string;
  origin(): string;
  now(): number;
  /** Milliseconds shifted by 16 bits and a sequence, as Mastodon makes them. */
  nextId(): string;
}

/** Snowflake-like ids that also grow within one millisecond and after a clock that went back. */
export function createIds(now: () => number): () => string {
  let last = 0n;
  return () => {
    const wanted = BigInt(now()) << 16n;
    last = wanted > last ? wanted : last + 1n;
    return String(last);
  };
}

export function findUser(mastodon: Mastodon, id: string): UserRow | null {
  return mastodon.store.one(userRow, 'SELECT * FROM users WHERE id = ?', id);
}

export function findStatus(mastodon: Mastodon, id: string): StatusRow | null {
  return mastodon.store.one(statusRow, 'SELECT * FROM statuses WHERE id = ? AND deleted_ms IS NULL', id);
}

export function mediaOf(mastodon: Mastodon, statusId: string): MediaRow[] {
  return mastodon.store.all(mediaRow, 'SELECT * FROM media WHERE status_id = ? ORDER BY position', statusId);
}
