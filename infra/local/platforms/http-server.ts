/**
 * The small HTTP server under every simulator: routes by declared path, whole bodies, faults at three moments.
 * Nothing takes effect before a request has arrived completely; what is answered has been stored.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { headOf, type Moment, type PlatformFaults, type SimulatedPlatform, type Struck } from './faults.ts';

export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON; strings and bytes as they are. */
  readonly body?: unknown;
}

export interface Route {
  readonly method: string;
  /** With `{name}` for one segment. */
  readonly path: string;
  readonly handle: (incoming: Incoming) => Answer | Promise<Answer>;
}

export interface SimulatorOptions {
  readonly routes: readonly Route[];
  readonly port: number;
  readonly notFound: Answer;
  readonly broken: Answer;
  readonly maxBodyBytes: number;
  /** Absent for servers without faults (control, PLC). */
  readonly faults?: { readonly platform: SimulatedPlatform; readonly faults: PlatformFaults };
  readonly log: (line: string) => void;
}

export interface RunningServer {
  readonly origin: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Ends a request early with an answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

interface Matcher {
  readonly route: Route;
  readonly name: string;
  readonly pattern: RegExp;
}

/** Listens on 127.0.0.1. Throws EADDRINUSE when the port is taken. */
export async function serve(options: SimulatorOptions): Promise<RunningServer> {
  const matchers = options.routes.map(toMatcher);
  const server = createServer((request, response) => {
    exchange(options, matchers, request, response).catch((error: unknown) => {
      options.log(`${request.method} ${request.url} broke off: ${String(error)}`);
      request.socket.destroy();
    });
  });
  server.requestTimeout = 0;
  return listen(server, options.port);
}

export async function listen(server: Server, port: number): Promise<RunningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function exchange(
  options: SimulatorOptions,
  matchers: readonly Matcher[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const found = match(matchers, request.method ?? 'GET', url.pathname);
  const body = await readBody(request, options.maxBodyBytes);
  if (body === null) return send(response, { status: 413, body: { error: 'Payload Too Large' } });
  if (found === null) return send(response, options.notFound);

  const reach = (when: Moment): Promise<Struck> =>
    options.faults === undefined
      ? Promise.resolve({ kind: 'pass' })
      : options.faults.faults.reach(options.faults.platform, found.name, when);

  const note = (answer: Answer | null): void =>
    options.faults?.faults.note({
      at: new Date().toISOString(),
      platform: options.faults.platform,
      route: found.name,
      status: answer?.status ?? null,
      request: isText(request.headers['content-type']) ? headOf(body.toString()) : null,
      answer: answer === null ? null : headOf(JSON.stringify(answer.body) ?? ''),
    });

  if (!(await survives(await reach('received'), request, response))) return note(null);
  const answer = await handled(options, found, {
    method: request.method ?? 'GET',
    url,
    headers: request.headers,
    body,
  });
  note(answer);
  const hadEffect = answer.status < 400;
  if (hadEffect && !(await survives(await reach('applied'), request, response))) return;
  await send(response, answer);
  if (hadEffect && (await reach('answered')).kind === 'cut') request.socket.destroy();
}

function isText(type = ''): boolean {
  return /^application\/(?:json|x-www-form-urlencoded)/.test(type);
}

async function handled(
  options: SimulatorOptions,
  found: { readonly route: Route; readonly params: Record<string, string> },
  incoming: Omit<Incoming, 'params'>,
): Promise<Answer> {
  try {
    return await found.route.handle({ ...incoming, params: found.params });
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    options.log(`${incoming.method} ${incoming.url.pathname} failed: ${error instanceof Error ? error.stack : error}`);
    return options.broken;
  }
}

/** Obeys a fault; false when the exchange is over. */
async function survives(struck: Struck, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  switch (struck.kind) {
    case 'pass':
      return true;
    case 'cut':
      request.socket.destroy();
      return false;
    case 'silence':
      return false;
    case 'answer':
      await send(response, struck);
      return false;
  }
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  const headers: Record<string, string> = { ...answer.headers };
  const has = (name: string): boolean => Object.keys(headers).some((key) => key.toLowerCase() === name);
  let bytes: Buffer;
  if (typeof answer.body === 'string') bytes = Buffer.from(answer.body);
  else if (answer.body instanceof Uint8Array) bytes = Buffer.from(answer.body);
  else {
    bytes = answer.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(answer.body));
    if (!has('content-type')) headers['content-type'] = 'application/json; charset=utf-8';
  }
  headers['content-length'] = String(bytes.length);
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    response.writeHead(answer.status, headers);
    response.end(bytes, resolve);
  });
}

/** Null when the body is larger than allowed. Rejects when the client breaks off. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length <= maxBytes) chunks.push(bytes);
  }
  return length > maxBytes ? null : Buffer.concat(chunks);
}

function toMatcher(route: Route): Matcher {
  const source = route.path
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      return name === undefined ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : `(?<${name}>[^/]+)`;
    })
    .join('');
  return { route, name: `${route.method} ${route.path}`, pattern: new RegExp(`^${source}$`) };
}

function match(
  matchers: readonly Matcher[],
  method: string,
  path: string,
): { readonly route: Route; readonly name: string; readonly params: Record<string, string> } | null {
  for (const { route, name, pattern } of matchers) {
    if (route.method !== method) continue;
    const groups = pattern.exec(path);
    if (groups === null) continue;
    const params: Record<string, string> = {};
    for (const [key, value] of Object.entries(groups.groups ?? {})) {
      const decoded = decodeSegment(value);
      if (decoded !== null) params[key] = decoded;
    }
    return { route, name, params };
  }
  return null;
}

function decodeSegment(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
