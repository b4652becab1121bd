/** Bluesky on this machine: PLC directory, real PDS, fault proxy before it, AppView behind it, and its accounts. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type RunningAppView, startAppView, tidToMs } from './appview.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { PlatformFaults } from './faults.ts';
import { Refusal, type RunningServer } from './http-server.ts';
import { findLauncher, type RunningPds, startPds } from './pds.ts';
import { type RunningPlc, startPlc } from './plc.ts';
import type { PublishedPost } from './published-post.ts';
import { openStore, type Store } from './store.ts';

const schema = `CREATE TABLE IF NOT EXISTS accounts (did TEXT PRIMARY KEY, handle TEXT NOT NULL UNIQUE, email TEXT NOT NULL,
  password TEXT NOT NULL, app_password TEXT NOT NULL, crowd INTEGER NOT NULL);`;

export interface BlueskyAccount {
  readonly did: string;
  readonly handle: string;
  readonly email: string;
  readonly password: string;
  readonly appPassword: string;
}

export interface RunningBluesky {
  /** Where clients talk to the PDS. */
  readonly proxy: RunningServer;
  readonly appview: RunningAppView;
  readonly plcPort: number;
  pdsPort(): number;
  /** Null when the PDS runs; else one line. */
  unavailable(): string | null;
  createAccount(wanted: { handle?: string | undefined; crowd?: boolean }): Promise<BlueskyAccount>;
  crowd(): readonly BlueskyAccount[];
  revokeAppPasswords(did: string): Promise<void>;
  posts(): Promise<PublishedPost[]>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface BlueskyOptions {
  readonly dataDir: string;
  readonly ports: { readonly bluesky: number; readonly pds: number; readonly plc: number; readonly appview: number };
  readonly enabled: boolean;
  readonly rateLimits: boolean;
  readonly faults: PlatformFaults;
  readonly log: (line: string) => void;
}

interface Parts {
  readonly options: BlueskyOptions;
  readonly store: Store;
  readonly proxy: RunningServer;
  readonly appview: RunningAppView;
  plc: RunningPlc | null;
  pds: RunningPds | null;
  reason: string | null;
}

export async function startBluesky(options: BlueskyOptions): Promise<RunningBluesky> {
  const store = openStore(join(options.dataDir, 'bluesky.sqlite'), schema);
  const target: { parts: Parts | null } = { parts: null };
  const pds = (): RunningPds | null => target.parts?.pds ?? null;
  const appview = await startAppView({
    dataDir: options.dataDir,
    port: options.ports.appview,
    pdsOrigin: () => pds()?.origin ?? null,
    log: options.log,
  });
  const proxy = await startFaultProxy({ port: options.ports.bluesky, target: pds, faults: options.faults });
  const parts: Parts = { options, store, proxy, appview, plc: null, pds: null, reason: null };
  target.parts = parts;
  await launch(parts);
  return {
    proxy,
    appview,
    plcPort: parts.plc?.port ?? options.ports.plc,
    pdsPort: () => parts.pds?.port ?? options.ports.pds,
    unavailable: () => parts.reason,
    createAccount: (wanted) => createAccount(parts, wanted),
    crowd: () => accounts(parts).filter((account) => account.crowd === 1),
    revokeAppPasswords: (did) => revokeAppPasswords(parts, did),
    posts: () => posts(parts),
    reset: () => reset(parts),
    close: async () => {
      await parts.appview.close();
      await parts.proxy.close();
      await stopPds(parts);
      await parts.plc?.close();
      store.close();
    },
  };
}

async function launch(parts: Parts): Promise<void> {
  const { options } = parts;
  if (!options.enabled) {
    parts.reason = 'switched off';
    return;
  }
  try {
    const launcher = await findLauncher();
    if (launcher.kind === 'none') {
      parts.reason = launcher.reason;
      return;
    }
    parts.plc ??= await startPlc({ dataDir: options.dataDir, port: options.ports.plc, log: options.log });
    const pds = await startPds(launcher.node, {
      dataDir: options.dataDir,
      port: options.ports.pds,
      publicUrl: parts.proxy.origin,
      plcUrl: parts.plc.origin,
      rateLimits: options.rateLimits,
    });
    parts.pds = pds;
    parts.reason = null;
    parts.appview.follow();
    void pds.ended.then(() => relaunch(parts, pds));
  } catch (error) {
    const first = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    parts.reason = `the Bluesky PDS cannot start: ${first.slice(0, 300)}`;
    options.log(parts.reason);
  }
}

/** A PDS that ended by itself comes back; whoever asks meanwhile gets 502. */
async function relaunch(parts: Parts, ended: RunningPds): Promise<void> {
  if (parts.pds !== ended) return;
  parts.pds = null;
  parts.options.log('the Bluesky PDS ended and is started again');
  await launch(parts);
}

async function stopPds(parts: Parts): Promise<void> {
  const { pds } = parts;
  parts.pds = null;
  await pds?.stop();
}

async function reset(parts: Parts): Promise<void> {
  parts.appview.reset();
  await stopPds(parts);
  rmSync(join(parts.options.dataDir, 'pds'), { recursive: true, force: true });
  parts.plc?.reset();
  parts.store.run('DELETE FROM accounts');
  await launch(parts);
}

const created = z.object({ did: z.string(), handle: z.string(), accessJwt: z.string() });

async function createAccount(
  parts: Parts,
  wanted: { handle?: string | undefined; crowd?: boolean },
): Promise<BlueskyAccount> {
  const name = `u${randomBytes(6).toString('hex')}`;
  const handle = wanted.handle ?? `${name}.test`;
  const email = `${name}@example.test`;
  const password = randomBytes(12).toString('base64url');
  const session = created.parse(
    await call(parts, 'POST', 'com.atproto.server.createAccount', { body: { handle, email, password } }),
  );
  const app = z.object({ password: z.string() }).parse(
    await call(parts, 'POST', 'com.atproto.server.createAppPassword', {
      body: { name: 'posthaste' },
      token: session.accessJwt,
    }),
  );
  const sql = 'INSERT INTO accounts (did, handle, email, password, app_password, crowd) VALUES (?, ?, ?, ?, ?, ?)';
  parts.store.run(sql, session.did, handle, email, password, app.password, wanted.crowd === true ? 1 : 0);
  return { did: session.did, handle, email, password, appPassword: app.password };
}

const accountRow = z.object({
  did: z.string(),
  handle: z.string(),
  email: z.string(),
  password: z.string(),
  app_password: z.string(),
  crowd: z.number(),
});

function accounts(parts: Parts) {
  return parts.store
    .all(accountRow, 'SELECT * FROM accounts')
    .map(({ app_password: appPassword, ...account }) => ({ ...account, appPassword }));
}

/** Ends the refresh tokens that came from app passwords; access tokens live on for their two hours, as they would. */
async function revokeAppPasswords(parts: Parts, did: string): Promise<void> {
  const account = accounts(parts).find((entry) => entry.did === did);
  if (account === undefined) throw new Refusal({ status: 404, body: { error: `no account ${did}` } });
  const session = created.parse(
    await call(parts, 'POST', 'com.atproto.server.createSession', {
      body: { identifier: did, password: account.password },
    }),
  );
  const token = session.accessJwt;
  const listed = await call(parts, 'GET', 'com.atproto.server.listAppPasswords', { token });
  const { passwords } = z.object({ passwords: z.array(z.object({ name: z.string() })) }).parse(listed);
  for (const { name } of passwords) {
    await call(parts, 'POST', 'com.atproto.server.revokeAppPassword', { body: { name }, token });
  }
}

const repos = z.object({ cursor: z.string().optional(), repos: z.array(z.object({ did: z.string() })) });
const replyRef = z.object({ parent: z.object({ uri: z.string() }) });
const records = z.object({
  cursor: z.string().optional(),
  records: z.array(
    z.object({ uri: z.string(), value: z.looseObject({ text: z.string().default(''), reply: replyRef.optional() }) }),
  ),
});

/** From the repositories themselves; the instant is the commit's, which the author cannot choose. */
async function posts(parts: Parts): Promise<PublishedPost[]> {
  if (parts.pds === null) return [];
  const found: { uri: string; did: string; text: string; replyTo: string | null }[] = [];
  for (const did of await allDids(parts)) {
    let cursor: string | undefined;
    do {
      const query = new URLSearchParams({ repo: did, collection: 'app.bsky.feed.post', limit: '100' });
      if (cursor !== undefined) query.set('cursor', cursor);
      const page = records.parse(await call(parts, 'GET', `com.atproto.repo.listRecords?${query}`, {}));
      for (const { uri, value } of page.records) {
        found.push({ uri, did, text: value.text, replyTo: value.reply?.parent.uri ?? null });
      }
      cursor = page.records.length === 0 ? undefined : page.cursor;
    } while (cursor !== undefined);
  }
  return Promise.all(
    found.map(async ({ uri, did, text, replyTo }) => ({
      platform: 'bluesky' as const,
      id: uri,
      account: did,
      text,
      createdAt: new Date(tidToMs(await revOf(parts, uri))).toISOString(),
      url: `https://bsky.app/profile/${did}/post/${uri.split('/').at(-1)}`,
      replyTo,
    })),
  );
}

const revWaitMs = 5000;

async function revOf(parts: Parts, uri: string): Promise<string> {
  const until = Date.now() + revWaitMs;
  for (;;) {
    const rev = parts.appview.revOf(uri);
    if (rev !== null) return rev;
    if (Date.now() > until) throw new Error(`the firehose never told of ${uri}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function allDids(parts: Parts): Promise<string[]> {
  const dids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = repos.parse(await call(parts, 'GET', `com.atproto.sync.listRepos?limit=1000${query}`, {}));
    dids.push(...page.repos.map((repo) => repo.did));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return dids;
}

async function call(
  parts: Parts,
  method: 'GET' | 'POST',
  path: string,
  request: { readonly body?: unknown; readonly token?: string },
): Promise<unknown> {
  if (parts.pds === null) throw new Refusal({ status: 503, body: { error: parts.reason ?? 'the PDS does not run' } });
  const headers: Record<string, string> = {};
  if (request.token !== undefined) headers.authorization = `Bearer ${request.token}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(`${parts.pds.origin}/xrpc/${path}`, {
    method,
    headers,
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Refusal({ status: response.status, body: { error: `${path}: ${text.slice(0, 300)}` } });
  return text === '' ? null : JSON.parse(text);
}
