/** What Threads remembers. Times are milliseconds of the simulator's clock. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { RateWindows } from './rate-window.ts';
import { type Settings, settingsSchema, type ThreadsSettings } from './settings.ts';
import type { Store } from './store.ts';

export const threadsSchema = `${settingsSchema}
CREATE TABLE IF NOT EXISTS redirect_uris (uri TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
  display_name TEXT NOT NULL, created_ms INTEGER NOT NULL, restricted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY, user_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
  scopes TEXT NOT NULL, created_ms INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, user_id TEXT NOT NULL, scopes TEXT NOT NULL,
  kind TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS containers (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, media_type TEXT NOT NULL,
  text TEXT NOT NULL, url TEXT, alt_text TEXT, is_carousel_item INTEGER NOT NULL, children TEXT NOT NULL,
  reply_to_id TEXT, link TEXT, fetched INTEGER NOT NULL, mime TEXT, error TEXT, ready_ms INTEGER, media_id TEXT,
  created_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS media (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, container_id TEXT NOT NULL UNIQUE,
  shortcode TEXT NOT NULL UNIQUE, media_type TEXT NOT NULL, text TEXT NOT NULL, alt_text TEXT, link TEXT,
  file_id TEXT, children TEXT NOT NULL, reply_to_id TEXT, likes INTEGER NOT NULL DEFAULT 0, views INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL, deleted_ms INTEGER);
CREATE INDEX IF NOT EXISTS media_user ON media (user_id, created_ms);
CREATE INDEX IF NOT EXISTS media_reply ON media (reply_to_id);
`;

export const threadsTables = ['redirect_uris', 'users', 'codes', 'tokens', 'containers', 'media'];

export const threadsUserRow = z.object({
  id: z.string(),
  username: z.string(),
  password: z.string(),
  display_name: z.string(),
  created_ms: z.number(),
  restricted: z.number(),
});
export type ThreadsUser = z.output<typeof threadsUserRow>;

export const threadsTokenRow = z.object({
  token: z.string(),
  user_id: z.string(),
  scopes: z.string(),
  kind: z.enum(['short', 'long']),
  created_ms: z.number(),
  expires_ms: z.number(),
  revoked: z.number(),
});
export type ThreadsToken = z.output<typeof threadsTokenRow>;

export const containerRow = z.object({
  id: z.string(),
  user_id: z.string(),
  media_type: z.enum(['TEXT', 'IMAGE', 'VIDEO', 'CAROUSEL']),
  text: z.string(),
  url: z.string().nullable(),
  alt_text: z.string().nullable(),
  is_carousel_item: z.number(),
  children: z.string(),
  reply_to_id: z.string().nullable(),
  link: z.string().nullable(),
  fetched: z.number(),
  mime: z.string().nullable(),
  error: z.string().nullable(),
  ready_ms: z.number().nullable(),
  media_id: z.string().nullable(),
  created_ms: z.number(),
});
export type ContainerRow = z.output<typeof containerRow>;

export const threadsMediaRow = z.object({
  id: z.string(),
  user_id: z.string(),
  container_id: z.string(),
  shortcode: z.string(),
  media_type: z.enum(['TEXT_POST', 'IMAGE', 'VIDEO', 'CAROUSEL_ALBUM']),
  text: z.string(),
  alt_text: z.string().nullable(),
  link: z.string().nullable(),
  file_id: z.string().nullable(),
  children: z.string(),
  reply_to_id: z.string().nullable(),
  likes: z.number(),
  views: z.number(),
  created_ms: z.number(),
  deleted_ms: z.number().nullable(),
});
export type ThreadsMedia = z.output<typeof threadsMediaRow>;

export const idList = z.array(z.string());
export const threadsCountRow = z.object({ n: z.number() });

export interface ThreadsApp {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Threads {
  readonly store: Store;
  readonly settings: Settings<ThreadsSettings>;
  readonly windows: RateWindows;
  readonly filesDir: string;
  readonly app: ThreadsApp;
  origin(): string;
  now(): number;
  /** Fetches what a container still waits for. Never rejects. */
  process(container: ContainerRow): void;
}

/** Seventeen digits: past 2^53, as Meta's are. */
export function graphId(): string {
  const rest = String(randomInt(0, 2 ** 40)).padStart(13, '0');
  return `1${String(randomInt(7000, 9999))}${rest.slice(-12)}`;
}

export function findContainer(threads: Threads, id: string): ContainerRow | null {
  return threads.store.one(containerRow, 'SELECT * FROM containers WHERE id = ?', id);
}

export function findMedia(threads: Threads, id: string): ThreadsMedia | null {
  return threads.store.one(threadsMediaRow, 'SELECT * FROM media WHERE id = ? AND deleted_ms IS NULL', id);
}

export function findThreadsUser(threads: Threads, id: string): ThreadsUser | null {
  return threads.store.one(threadsUserRow, 'SELECT * FROM users WHERE id = ?', id);
}
