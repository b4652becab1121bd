/**
 * Stands before the real PDS. Requests pass through untouched; faults strike before, between and after, so that a
 * publisher meets lost answers although the record is in the repository. WebSockets are tunnelled.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { headOf, type Moment, type PlatformFaults, type Struck } from './faults.ts';
import { listen, type RunningServer } from './http-server.ts';

export interface FaultProxyOptions {
  readonly port: number;
  /** Null while there is no PDS: 502 for everything. */
  readonly target: () => { readonly port: number } | null;
  readonly faults: PlatformFaults;
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<RunningServer> {
  const server: Server = createServer((incoming, outgoing) => {
    pass(options, incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.requestTimeout = 0;
  server.on('upgrade', (incoming, socket, head) => tunnel(options, incoming, socket, head));
  return listen(server, options.port);
}

async function pass(options: FaultProxyOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const route = `${incoming.method} ${new URL(incoming.url ?? '/', 'http://127.0.0.1').pathname}`;
  const reach = (when: Moment): Promise<Struck> => options.faults.reach('bluesky', route, when);
  const note = (status: number | null): void =>
    options.faults.note({
      at: new Date().toISOString(),
      platform: 'bluesky',
      route,
      status,
      request: small === null ? null : headOf(small.toString()),
      answer: null,
    });

  const small = await readSmall(incoming);
  if (!(await survives(await reach('received'), incoming, outgoing))) return note(null);
  const answer = await forward(options, incoming, small);
  if (answer === null) {
    outgoing.writeHead(502, { 'content-type': 'application/json' });
    outgoing.end(JSON.stringify({ error: 'UpstreamFailure', message: 'The PDS does not answer' }));
    return note(502);
  }
  note(answer.statusCode ?? null);
  const hadEffect = (answer.statusCode ?? 500) < 400;
  if (hadEffect && !(await survives(await reach('applied'), incoming, outgoing))) {
    answer.destroy();
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  await new Promise<void>((resolve) => {
    outgoing.once('finish', resolve);
    outgoing.once('close', resolve);
    answer.pipe(outgoing);
  });
  if (hadEffect && (await reach('answered')).kind === 'cut') incoming.socket.destroy();
}

/** Resolves with the head of the PDS's answer: by then a write is in its repository. */
function forward(
  options: FaultProxyOptions,
  incoming: IncomingMessage,
  small: Buffer | null,
): Promise<IncomingMessage | null> {
  const target = options.target();
  if (target === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const upstream = request(
      {
        host: '127.0.0.1',
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.rawHeaders,
        agent: false,
      },
      resolve,
    );
    upstream.on('error', () => resolve(null));
    // A client that breaks off must not leave half an upload waiting at the PDS.
    incoming.once('close', () => {
      if (!incoming.complete) upstream.destroy();
    });
    if (small === null) incoming.pipe(upstream);
    else upstream.end(small);
  });
}

const smallBytes = 256 * 1024;

/** The whole body where it is a small JSON of known length, so that the judge can tell whose it is; else null. */
async function readSmall(incoming: IncomingMessage): Promise<Buffer | null> {
  const length = Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  const isJson = (incoming.headers['content-type'] ?? '').startsWith('application/json');
  if (!isJson || length > smallBytes) return null;
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function survives(struck: Struck, incoming: IncomingMessage, outgoing: ServerResponse): Promise<boolean> {
  switch (struck.kind) {
    case 'pass':
      return true;
    case 'cut':
      incoming.socket.destroy();
      return false;
    case 'silence':
      return false;
    case 'answer':
      incoming.resume();
      outgoing.writeHead(struck.status, { 'content-type': 'application/json', ...struck.headers });
      outgoing.end(typeof struck.body === 'string' ? struck.body : JSON.stringify(struck.body));
      return false;
  }
}

function tunnel(options: FaultProxyOptions, incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
  const target = options.target();
  if (target === null) {
    socket.destroy();
    return;
  }
  const upstream: Socket = connect(target.port, '127.0.0.1', () => {
    const headers: string[] = [];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
      headers.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    }
    upstream.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
}
