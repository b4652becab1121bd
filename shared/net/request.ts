/**
 * One guarded HTTP exchange with a streamed answer. Connections are not reused: a kept socket that the other side has
 * just closed looks like a lost answer, and a lost answer to a publishing call costs a reconciliation.
 */
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GuardPolicy } from './guard.ts';
import { guardUrl, isRefusal } from './guard.ts';

export interface OutgoingBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Exact, in bytes. */
  readonly length: number;
}

export interface OutgoingRequest {
  readonly method: string;
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: OutgoingBody;
  readonly connectTimeoutMs?: number;
  /** From the start to the last byte of the answer. */
  readonly timeoutMs?: number;
  /** Largest answer, counted on the stream; what `Content-Length` says is not believed. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  /** GET only: redirects to follow, each checked like the first address. Default 0. */
  readonly maxRedirects?: 0 | 1 | 2 | 3;
}

export interface IncomingAnswer {
  readonly status: number;
  /** Names in lower case, repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The address that answered, after redirects. */
  readonly url: URL;
  /** Must be read to its end or destroyed. Fails with a RequestError past `maxBytes` or the time limit. */
  readonly body: Readable;
}

export type RequestTrouble = 'refused' | 'name' | 'tls' | 'timeout' | 'aborted' | 'broken' | 'too-large' | 'redirects';

/** Network trouble. The message names the trouble and the origin, never path, query, headers or body. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly trouble: RequestTrouble;
  /** Bytes of the request may have reached the other side. */
  readonly sent: boolean;

  constructor(trouble: RequestTrouble, sent: boolean, detail: string) {
    super(`${trouble}: ${detail}`);
    this.trouble = trouble;
    this.sent = sent;
  }
}

const defaultConnectTimeoutMs = 5_000;
const defaultTimeoutMs = 60_000;

/** Throws RequestError, or AppError `address_not_allowed`. Any HTTP status is an answer. */
export async function sendRequest(request: OutgoingRequest, policy: GuardPolicy): Promise<IncomingAnswer> {
  const deadline = AbortSignal.timeout(request.timeoutMs ?? defaultTimeoutMs);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
  let hop = request;
  for (let left = request.maxRedirects ?? 0; ; left -= 1) {
    const answer = await exchange(hop, policy, signal, deadline);
    const location = answer.headers.location;
    const redirected = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined;
    if (!redirected || request.method !== 'GET' || (request.maxRedirects ?? 0) === 0) return answer;
    answer.body.destroy();
    if (left === 0) throw new RequestError('redirects', true, `too many redirects at ${answer.url.origin}`);
    hop = nextHop(hop, answer.url, location);
  }
}

function nextHop(request: OutgoingRequest, from: URL, location: string): OutgoingRequest {
  const to = URL.parse(location, from.href);
  if (to === null) throw new RequestError('redirects', true, `malformed redirect at ${from.origin}`);
  if (to.origin === from.origin) return { ...request, url: to };
  const kept = Object.entries(request.headers ?? {}).filter(([name]) => !/^(authorization|cookie)$/i.test(name));
  return { ...request, url: to, headers: Object.fromEntries(kept) };
}

function exchange(
  request: OutgoingRequest,
  policy: GuardPolicy,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<IncomingAnswer> {
  const { url, lookup } = guardUrl(request.url, policy);
  return new Promise((resolve, reject) => {
    const progress = { connected: false };
    const rejectAs = (cause: unknown): void => reject(asRequestError(cause, url, progress.connected, signal, deadline));
    const secure = url.protocol === 'https:';
    const outgoing = (secure ? https : http).request(url, {
      method: request.method,
      headers: {
        'accept-encoding': 'identity',
        ...request.headers,
        ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
      },
      agent: false,
      lookup,
      signal,
    });
    const connectTimer = setTimeout(
      () => outgoing.destroy(new RequestError('timeout', false, `no connection to ${url.origin} in time`)),
      request.connectTimeoutMs ?? defaultConnectTimeoutMs,
    );
    outgoing.once('socket', (socket) =>
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        progress.connected = true;
        clearTimeout(connectTimer);
      }),
    );
    outgoing.once('close', () => clearTimeout(connectTimer));
    outgoing.on('error', rejectAs);
    outgoing.once('response', (incoming) => resolve(asAnswer(incoming, request, url, signal, deadline)));
    if (request.body === undefined) outgoing.end();
    else sendBody(request.body, outgoing, rejectAs);
  });
}

function sendBody(body: OutgoingBody, outgoing: http.ClientRequest, onTrouble: (cause: unknown) => void): void {
  pipeline(Readable.from(exactly(body)), outgoing).catch(onTrouble);
}

async function* exactly(body: OutgoingBody): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of body.stream) {
    sent += chunk.byteLength;
    if (sent > body.length) throw new Error('the body is longer than declared');
    yield chunk;
  }
  if (sent < body.length) throw new Error('the body is shorter than declared');
}

function asAnswer(
  incoming: http.IncomingMessage,
  request: OutgoingRequest,
  url: URL,
  signal: AbortSignal,
  deadline: AbortSignal,
): IncomingAnswer {
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  return {
    status: incoming.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    url,
    body: Readable.from(counted(incoming, request.maxBytes, url, signal, deadline), { objectMode: false }),
  };
}

async function* counted(
  incoming: http.IncomingMessage,
  maxBytes: number,
  url: URL,
  signal: AbortSignal,
  deadline: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of incoming) {
      received += chunk.length;
      if (received > maxBytes)
        throw new RequestError('too-large', true, `more than ${maxBytes} bytes from ${url.origin}`);
      yield chunk;
    }
  } catch (cause) {
    throw asRequestError(cause, url, true, signal, deadline);
  } finally {
    incoming.destroy();
  }
}

function asRequestError(cause: unknown, url: URL, sent: boolean, signal: AbortSignal, deadline: AbortSignal): unknown {
  if (cause instanceof RequestError || isRefusal(cause)) return cause;
  if (deadline.aborted) return new RequestError('timeout', sent, `no complete answer from ${url.origin} in time`);
  if (signal.aborted) return new RequestError('aborted', sent, `call to ${url.origin} was given up`);
  const code = codeOf(cause);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new RequestError('name', false, `no address for ${url.host}`);
  if (sent) return new RequestError('broken', true, `connection to ${url.origin} broke (${code})`);
  if (/CERT|TLS|SSL|EPROTO/.test(code)) return new RequestError('tls', false, `no secure connection to ${url.origin}`);
  return new RequestError('refused', false, `no connection to ${url.origin} (${code})`);
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  // With several addresses Node wraps the single failures.
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
