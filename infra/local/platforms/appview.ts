/**
 * A small AppView: follows the PDS's firehose and counts what the repositories say. Everything it knows can be read
 * again from the firehose, whose history the PDS keeps; the cursor only saves that work.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { followFirehose, type RecordChange } from './firehose.ts';
import { type Answer, type Incoming, Refusal, type RunningServer, serve } from './http-server.ts';
import { openStore, type Store } from './store.ts';

const schema = `CREATE TABLE IF NOT EXISTS cursor (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (uri TEXT PRIMARY KEY, did TEXT NOT NULL, collection TEXT NOT NULL, cid TEXT NOT NULL,
  rev TEXT NOT NULL, subject TEXT, parent TEXT, quoted TEXT, record TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_subject ON records (subject);
CREATE INDEX IF NOT EXISTS records_parent ON records (parent);
CREATE INDEX IF NOT EXISTS records_quoted ON records (quoted);
CREATE INDEX IF NOT EXISTS records_did ON records (did);`;

const strongRef = z.object({ uri: z.string() });
const references = z.object({
  subject: z.union([strongRef, z.string()]).optional(),
  reply: z.object({ parent: strongRef }).optional(),
  embed: z.object({ record: z.union([strongRef, z.object({ record: strongRef })]).optional() }).optional(),
});
const recordRow = z.object({
  uri: z.string(),
  did: z.string(),
  cid: z.string(),
  rev: z.string(),
  record: z.string(),
});
const countRow = z.object({ n: z.number() });
const describedRepo = z.object({ handle: z.string() });
const profileRow = z.object({ displayName: z.string().optional(), description: z.string().optional() });

interface View {
  readonly store: Store;
  readonly pdsOrigin: () => string | null;
  readonly handles: Map<string, string>;
}

export interface RunningAppView extends RunningServer {
  /** Begins to follow the PDS; a second call follows another one. */
  follow(): void;
  /** The revision of the commit that made each post: a TID, whose clock is the PDS's. */
  revOf(uri: string): string | null;
  reset(): void;
}

export async function startAppView(options: {
  dataDir: string;
  port: number;
  pdsOrigin: () => string | null;
  log: (line: string) => void;
}): Promise<RunningAppView> {
  const store = openStore(join(options.dataDir, 'appview.sqlite'), schema);
  const view: View = { store, pdsOrigin: options.pdsOrigin, handles: new Map() };
  let following: { stop(): void } | null = null;
  const server = await serve({
    routes: [
      { method: 'GET', path: '/xrpc/app.bsky.feed.getPosts', handle: (incoming) => getPosts(view, incoming) },
      { method: 'GET', path: '/xrpc/app.bsky.actor.getProfile', handle: (incoming) => getProfile(view, incoming) },
      { method: 'GET', path: '/xrpc/_health', handle: () => ({ status: 200, body: { version: 'local' } }) },
    ],
    port: options.port,
    notFound: { status: 501, body: { error: 'MethodNotImplemented', message: 'Method Not Implemented' } },
    broken: { status: 500, body: { error: 'InternalServerError', message: 'Internal Server Error' } },
    maxBodyBytes: 100_000,
    log: (line) => options.log(`appview: ${line}`),
  });
  return {
    ...server,
    follow: () => {
      following?.stop();
      following = followFirehose({
        origin: options.pdsOrigin,
        cursor: () => store.one(z.object({ seq: z.number() }), 'SELECT seq FROM cursor WHERE id = 1')?.seq ?? 0,
        apply: (seq, changes) => apply(view, seq, changes),
        log: (line) => options.log(`appview: ${line}`),
      });
    },
    revOf: (uri) => store.one(recordRow, 'SELECT * FROM records WHERE uri = ?', uri)?.rev ?? null,
    reset: () => {
      following?.stop();
      following = null;
      view.handles.clear();
      store.run('DELETE FROM records');
      store.run('DELETE FROM cursor');
    },
    close: async () => {
      following?.stop();
      await server.close();
      store.close();
    },
  };
}

function apply(view: View, seq: number, changes: readonly RecordChange[]): void {
  view.store.atomic(() => {
    for (const change of changes) applyOne(view.store, change);
    view.store.run('INSERT OR REPLACE INTO cursor (id, seq) VALUES (1, ?)', seq);
  });
}

function applyOne(store: Store, change: RecordChange): void {
  switch (change.kind) {
    case 'account-gone':
      store.run('DELETE FROM records WHERE did = ?', change.did);
      return;
    case 'deleted':
      store.run('DELETE FROM records WHERE uri = ?', change.uri);
      return;
    case 'written': {
      const known = references.safeParse(change.record);
      const { subject, reply, embed } = known.success ? known.data : {};
      const quoted = embed?.record === undefined || 'uri' in embed.record ? embed?.record : embed.record.record;
      store.run(
        `INSERT OR REPLACE INTO records (uri, did, collection, cid, rev, subject, parent, quoted, record)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        change.uri,
        change.did,
        change.collection,
        change.cid,
        change.rev,
        typeof subject === 'string' ? subject : (subject?.uri ?? null),
        reply?.parent.uri ?? null,
        quoted?.uri ?? null,
        JSON.stringify(change.record),
      );
    }
  }
}

const maxUris = 25;

async function getPosts(view: View, incoming: Incoming): Promise<Answer> {
  const uris = incoming.url.searchParams.getAll('uris');
  if (uris.length === 0) throw invalid('Error: Params must have the property "uris"');
  if (uris.length > maxUris) throw invalid(`Error: uris must not have more than ${maxUris} elements`);
  for (const uri of uris) {
    if (!/^at:\/\/did:[a-z]+:[\w.:%-]+\/[\w.-]+\/[\w.:~-]+$/.test(uri))
      throw invalid('Error: uris/0 must be a valid at-uri');
  }
  const sql = "SELECT * FROM records WHERE uri = ? AND collection = 'app.bsky.feed.post'";
  const rows = [...new Set(uris)].map((uri) => view.store.one(recordRow, sql, uri)).filter((row) => row !== null);
  const posts = await Promise.all(
    rows.map(async (row) => ({
      uri: row.uri,
      cid: row.cid,
      author: { did: row.did, handle: await handleOf(view, row.did), ...profileOf(view, row.did) },
      record: JSON.parse(row.record),
      ...countsOf(view.store, row.uri),
      indexedAt: new Date(tidToMs(row.rev)).toISOString(),
      labels: [],
    })),
  );
  return { status: 200, body: { posts } };
}

function countsOf(store: Store, uri: string): Record<string, number> {
  const count = (sql: string): number => store.one(countRow, sql, uri)?.n ?? 0;
  const bySubject = (collection: string): number =>
    count(`SELECT count(DISTINCT did) AS n FROM records WHERE subject = ? AND collection = '${collection}'`);
  return {
    bookmarkCount: 0,
    replyCount: count('SELECT count(*) AS n FROM records WHERE parent = ?'),
    repostCount: bySubject('app.bsky.feed.repost'),
    likeCount: bySubject('app.bsky.feed.like'),
    quoteCount: count('SELECT count(*) AS n FROM records WHERE quoted = ?'),
  };
}

async function getProfile(view: View, incoming: Incoming): Promise<Answer> {
  const actor = incoming.url.searchParams.get('actor');
  if (actor === null) throw invalid('Error: Params must have the property "actor"');
  const described = await describeRepo(view, actor);
  if (described === null) throw invalid('Profile not found');
  const { did, handle } = described;
  const count = (sql: string): number => view.store.one(countRow, sql, did)?.n ?? 0;
  return {
    status: 200,
    body: {
      did,
      handle,
      ...profileOf(view, did),
      followersCount: count(
        "SELECT count(DISTINCT did) AS n FROM records WHERE subject = ? AND collection = 'app.bsky.graph.follow'",
      ),
      followsCount: count("SELECT count(*) AS n FROM records WHERE did = ? AND collection = 'app.bsky.graph.follow'"),
      postsCount: count("SELECT count(*) AS n FROM records WHERE did = ? AND collection = 'app.bsky.feed.post'"),
      labels: [],
    },
  };
}

function profileOf(view: View, did: string): z.output<typeof profileRow> {
  const uri = `at://${did}/app.bsky.actor.profile/self`;
  const row = view.store.one(recordRow, 'SELECT * FROM records WHERE uri = ?', uri);
  return row === null ? {} : profileRow.parse(JSON.parse(row.record));
}

async function handleOf(view: View, did: string): Promise<string> {
  return view.handles.get(did) ?? (await describeRepo(view, did))?.handle ?? 'handle.invalid';
}

async function describeRepo(view: View, actor: string): Promise<{ did: string; handle: string } | null> {
  const origin = view.pdsOrigin();
  if (origin === null) return null;
  const response = await fetch(`${origin}/xrpc/com.atproto.repo.describeRepo?repo=${encodeURIComponent(actor)}`);
  if (!response.ok) return null;
  const repo = describedRepo.extend({ did: z.string() }).parse(await response.json());
  view.handles.set(repo.did, repo.handle);
  return repo;
}

function invalid(message: string): Refusal {
  return new Refusal({ status: 400, body: { error: 'InvalidRequest', message } });
}

const tidAlphabet = '234567abcdefghijklmnopqrstuvwxyz';

/** The clock of a TID, milliseconds with a fraction: 53 bits of microseconds, then 10 bits of clock id. */
export function tidToMs(tid: string): number {
  let micros = 0;
  for (const character of tid.slice(0, 11)) micros = micros * 32 + tidAlphabet.indexOf(character);
  return micros / 1000;
}
