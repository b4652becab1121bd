/** Starts and stops the real Bluesky PDS: its own process, its own folder, no outside network. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const childFile = fileURLToPath(new URL('./pds-child.js', import.meta.url));
const startTimeoutMs = 60_000;
const secretsFile = z.object({ jwt: z.string(), admin: z.string(), plcRotationKey: z.string(), dpop: z.string() });
const readyMessage = z.object({ port: z.int() });

export interface RunningPds {
  readonly origin: string;
  readonly port: number;
  /** Resolves when the process is gone, for whatever reason. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export type Launcher =
  | { readonly kind: 'found'; readonly node: string }
  /** One line that says why no Node at hand can run it. */
  | { readonly kind: 'none'; readonly reason: string };

/** The first Node that can load the PDS's SQLite addon: the one npm ran on, this one, the one on PATH. */
export async function findLauncher(): Promise<Launcher> {
  const candidates = new Set([process.env.npm_node_execpath, process.execPath, ...nodesOnPath()]);
  let reason = 'no Node found';
  for (const node of candidates) {
    if (node === undefined) continue;
    const failure = await probe(node);
    if (failure === null) return { kind: 'found', node };
    reason = failure;
  }
  return { kind: 'none', reason: `the Bluesky PDS cannot start: ${reason}` };
}

function nodesOnPath(): string[] {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'node')).filter((file) => existsSync(file));
}

function probe(node: string): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(node, [childFile, '--probe'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString('utf8');
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? null : explainProbe(errors)));
  });
}

/** What stands behind a failed probe, for people. */
export function explainProbe(errors: string): string {
  if (errors.includes('NODE_MODULE_VERSION')) return 'better-sqlite3 was built for another Node than those at hand';
  if (/Could not locate the bindings file/.test(errors)) {
    return 'better-sqlite3 was not built: there was neither a prebuilt addon nor a compiler';
  }
  if (/Cannot find (module|package) '(@atproto\/pds|better-sqlite3)'/.test(errors)) {
    return '@atproto/pds, an optional dependency, is not installed';
  }
  const line = errors.split('\n').find((entry) => /Error/.test(entry));
  return (line ?? 'its SQLite addon does not load').trim().slice(0, 200);
}

export interface PdsOptions {
  readonly dataDir: string;
  /** 0 = free. */
  readonly port: number;
  /** The origin that clients use: the fault proxy. */
  readonly publicUrl: string;
  readonly plcUrl: string;
  readonly rateLimits: boolean;
}

/** Rejects with one line when the PDS does not come up within a minute. */
export async function startPds(node: string, options: PdsOptions): Promise<RunningPds> {
  const folder = join(options.dataDir, 'pds');
  mkdirSync(join(folder, 'blobs'), { recursive: true });
  const log = openSync(join(options.dataDir, 'pds.log'), 'a');
  const child = spawn(node, [childFile], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment(folder, options) },
    stdio: ['ignore', log, log, 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await readyPort(child, join(options.dataDir, 'pds.log'));
  return { origin: `http://127.0.0.1:${port}`, port, ended, stop: () => stopChild(child, ended) };
}

function environment(folder: string, options: PdsOptions): Record<string, string> {
  const secrets = keptSecrets(join(folder, 'secrets.json'));
  return {
    PDS_PORT: String(options.port),
    PDS_HOSTNAME: 'localhost',
    PDS_PUBLIC_URL: options.publicUrl,
    PDS_DATA_DIRECTORY: folder,
    PDS_BLOBSTORE_DISK_LOCATION: join(folder, 'blobs'),
    PDS_BLOBSTORE_DISK_TMP_LOCATION: join(folder, 'blobs-tmp'),
    PDS_DID_PLC_URL: options.plcUrl,
    PDS_SERVICE_HANDLE_DOMAINS: '.test',
    PDS_INVITE_REQUIRED: 'false',
    PDS_DEV_MODE: 'true',
    PDS_BLOB_UPLOAD_LIMIT: '52428800',
    PDS_RATE_LIMITS_ENABLED: String(options.rateLimits),
    // The judge reads the whole history, not only the last day's.
    PDS_REPO_BACKFILL_LIMIT_MS: String(10 * 365 * 86_400_000),
    PDS_ENABLE_DID_DOC_WITH_SESSION: 'true',
    PDS_DISABLE_SSRF_PROTECTION: 'true',
    PDS_JWT_SECRET: secrets.jwt,
    PDS_DPOP_SECRET: secrets.dpop,
    PDS_ADMIN_PASSWORD: secrets.admin,
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: secrets.plcRotationKey,
    LOG_ENABLED: 'true',
    LOG_LEVEL: 'warn',
  };
}

function keptSecrets(file: string): z.output<typeof secretsFile> {
  if (existsSync(file)) return secretsFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  const hex = (): string => randomBytes(32).toString('hex');
  const fresh = { jwt: hex(), admin: hex(), plcRotationKey: hex(), dpop: hex() };
  writeFileSync(file, JSON.stringify(fresh), { mode: 0o600 });
  return fresh;
}

async function readyPort(child: ChildProcess, logFile: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the Bluesky PDS did not start within ${startTimeoutMs / 1000} s, see ${logFile}`));
    }, startTimeoutMs);
    child.once('message', (message) => {
      clearTimeout(late);
      const ready = readyMessage.safeParse(message);
      if (ready.success) resolve(ready.data.port);
      else reject(new Error('the Bluesky PDS sent something unexpected'));
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the Bluesky PDS ended with ${code} while starting, see ${logFile}`));
    });
  });
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(impatient);
}
