/** The platforms in their own process and a temporary folder, and an outside client that only speaks HTTP. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { createPlatformsClient, type PlatformsClient } from '../../../infra/local/platforms/control-client.ts';
import { type Platforms, type StartPlatforms, startPlatforms } from '../../../infra/local/platforms/process.ts';

export interface World {
  readonly dataDir: string;
  readonly client: PlatformsClient;
  platforms: Platforms;
  start(): Promise<Platforms>;
  end(): Promise<void>;
}

export async function startWorld(options: Omit<StartPlatforms, 'dataDir'> = {}): Promise<World> {
  const dataDir = await mkdtemp(join(tmpdir(), 'posthaste-platforms-'));
  const start = (): Promise<Platforms> => startPlatforms({ ...options, dataDir });
  const platforms = await start();
  const world: World = {
    dataDir,
    client: createPlatformsClient(platforms.origins.control),
    platforms,
    start: async () => {
      world.platforms = await start();
      return world.platforms;
    },
    end: async () => {
      await world.platforms.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return world;
}

const json = z.looseObject({});
export type Json = z.output<typeof json>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON object of the body; `{}` where there is none. */
  readonly body: Json;
  /** The JSON list of the body. */
  readonly list: readonly Json[];
}

export interface Call {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly multipart?: FormData;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function call(url: string, options: Call = {}): Promise<Reply> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
  if (options.json !== undefined) headers['content-type'] = 'application/json';
  const body =
    options.json !== undefined
      ? JSON.stringify(options.json)
      : options.form !== undefined
        ? new URLSearchParams(options.form)
        : (options.multipart ?? options.bytes);
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  const response = await fetch(url, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  const parsed = parse(text);
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: json.catch({}).parse(parsed),
    list: z.array(json).catch([]).parse(parsed),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function stringOf(value: unknown): string {
  return z.string().parse(value);
}

/** The object, `{}` for anything else. */
export function objectOf(value: unknown): Json {
  return json.catch({}).parse(value);
}

export function listOf(value: unknown): readonly Json[] {
  return z.array(json).parse(value);
}

export async function testMedia(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(fileURLToPath(new URL(`../../media/${name}`, import.meta.url))));
}

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export async function eventually<T>(look: () => Promise<T | null>, withinMs = 10_000): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

export interface FileServer {
  readonly origin: string;
  readonly fetched: string[];
  close(): Promise<void>;
}

/** What a bucket with signed URLs is to Threads: somewhere to fetch from. */
export async function serveFiles(
  files: Readonly<Record<string, { type: string; bytes: Uint8Array }>>,
): Promise<FileServer> {
  const fetched: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    fetched.push(path);
    const file = files[path];
    if (file === undefined) {
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end('<Error><Code>AccessDenied</Code></Error>');
      return;
    }
    response.writeHead(200, { 'content-type': file.type, 'content-length': file.bytes.length });
    response.end(file.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = z.object({ port: z.int() }).parse(server.address());
  return {
    origin: `http://127.0.0.1:${address.port}`,
    fetched,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
