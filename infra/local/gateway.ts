/**
 * API Gateway's HTTP API on one machine: routes, payload format 2.0, throttling, limits and its own error bodies.
 * Limits: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isPreflight, preflight, withCors } from './cors.ts';
import {
  buildEvent,
  type GatewayRequest,
  headerPairs,
  newRequestId,
  parseTarget,
  type Target,
} from './gateway-event.ts';
import {
  badRequest,
  entityTooLarge,
  type HttpAnswer,
  headersTooLarge,
  internalServerError,
  interpretResult,
  notFound,
  serviceUnavailable,
  tooManyRequests,
} from './gateway-response.ts';
import type { Invocation } from './invoke.ts';
import { discardRest, hasUnreadBody, readBody } from './request-body.ts';
import { createRouter, type Route, type RouteMatch, routeKeyOf } from './routes.ts';
import { accountThrottle, createThrottle, type ThrottleSettings } from './throttle.ts';

export interface GatewayOptions {
  readonly routes: readonly Route[];
  readonly invoke: (functionName: string, event: unknown) => Promise<Invocation>;
  /** Serves what exists on one machine only (inbox, start page); false leaves the request to the routes. */
  readonly localPages?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly throttle?: ThrottleSettings;
  /** Origins whose pages may call; `*` is every one. Empty, as by default, is an API without CORS. */
  readonly webOrigins?: readonly string[];
  /** Gets one line per request: the access log of the stage. */
  readonly log?: (line: AccessLine) => void;
  /** Default 30,000: the most that an HTTP API waits for its integration. */
  readonly integrationTimeoutMs?: number;
  /** Default 30,000: a request that is not there by then ends with its connection; nothing answers it. */
  readonly requestTimeoutMs?: number;
}

/** The fields of the access log on AWS. Neither path nor query: pages are opened by an unguessable path. Nor who asked. */
export interface AccessLine {
  readonly requestId: string;
  readonly route: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly functionMs: number | null;
  readonly bytes: number;
  readonly error: string | null;
}

export interface Gateway {
  /** Begins to listen. Port 0 takes a free one. Rejects with the system's error, such as EADDRINUSE. */
  listen(port: number, host?: string): Promise<{ readonly origin: string; readonly port: number }>;
  /** Takes no more requests, lets the running ones end, closes every connection. */
  close(): Promise<void>;
}

const maxHeadBytes = 10_240;
const maxPayloadBytes = 10 * 1024 * 1024;
const defaultIntegrationTimeoutMs = 30_000;
const defaultRequestTimeoutMs = 30_000;
/** How long a connection that was told goodbye may stay half open. */
const lingerMs = 2_000;

export function createGateway(options: GatewayOptions): Gateway {
  const decide = createDecision(options);
  const origins = options.webOrigins ?? [];
  const state = { closing: false };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('finish', () => {
      if (state.closing) setImmediate(() => server.closeIdleConnections());
    });
    if (options.localPages?.(request, response) === true) return;
    const began = performance.now();
    const requestId = newRequestId();
    response.setHeader('apigw-requestid', requestId);
    const outcome = await pass(options, decide(request), request, requestId);
    if (outcome === 'aborted') return;
    const plain = origins.length === 0 || isPreflight(request.method ?? 'GET', request.headers);
    const answer = plain ? outcome.answer : withCors(origins, request.headers.origin, outcome.answer);
    const bytes = send(request, response, answer);
    options.log?.({
      requestId,
      route: outcome.route,
      status: response.statusCode,
      latencyMs: Math.round(performance.now() - began),
      functionMs: outcome.functionMs,
      bytes,
      error: outcome.error,
    });
  }

  const server = createGatewayServer(options.requestTimeoutMs ?? defaultRequestTimeoutMs, (request, response) => {
    serve(request, response).catch(() => {
      if (!response.headersSent) send(request, response, internalServerError());
      else response.destroy();
    });
  });
  return {
    listen: (port, host = '127.0.0.1') => listen(server, port, host),
    close: () => {
      state.closing = true;
      return closeServer(server);
    },
  };
}

type Decision = HttpAnswer | { readonly target: Target; readonly match: RouteMatch };

/** What becomes of a request before its body is read: an answer of the gateway's own, or a route. */
function createDecision(options: GatewayOptions): (request: IncomingMessage) => Decision {
  const router = createRouter(options.routes);
  const takeToken = createThrottle(options.throttle ?? accountThrottle);
  const takeTokenOf = new Map(
    options.routes.flatMap((route) =>
      route.throttle === undefined ? [] : [[routeKeyOf(route), createThrottle(route.throttle)] as const],
    ),
  );
  return (request) => {
    const method = request.method ?? 'GET';
    if (headBytes(request) > maxHeadBytes) return headersTooLarge();
    if (!takeToken()) return tooManyRequests();
    const { webOrigins = [] } = options;
    if (webOrigins.length > 0 && isPreflight(method, request.headers))
      return preflight(webOrigins, request.headers.origin);
    const target = parseTarget(request.url ?? '/');
    if (target === null) return badRequest();
    const match = router(method, target.path);
    if (match === null) return notFound();
    return takeTokenOf.get(match.routeKey)?.() === false ? tooManyRequests() : { target, match };
  };
}

interface Outcome {
  readonly answer: HttpAnswer;
  readonly route: string;
  readonly functionMs: number | null;
  readonly error: string | null;
}

async function pass(
  options: GatewayOptions,
  decided: Decision,
  request: IncomingMessage,
  requestId: string,
): Promise<Outcome | 'aborted'> {
  const own = (answer: HttpAnswer, route = '-'): Outcome => ({ answer, route, functionMs: null, error: null });
  if ('status' in decided) return own(decided);
  const { target, match } = decided;
  const body = await readBody(request, maxPayloadBytes);
  if (body === 'aborted') return body;
  if (body === 'too-large') return own(entityTooLarge(), match.routeKey);
  const event = buildEvent(describe(request), target, match, { body, requestId, at: new Date() });
  const began = performance.now();
  const { answer, error } = await integrate(options, match.functionName, event);
  return { answer, route: match.routeKey, functionMs: Math.round(performance.now() - began), error };
}

function createGatewayServer(
  requestTimeoutMs: number,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const timeouts = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
  };
  // Above our own limit, so that it is counted as the gateway counts (request line and values, without names).
  const server = createServer({ maxHeaderSize: 8 * maxHeadBytes, keepAliveTimeout: 60_000, ...timeouts }, serve);
  server.on('checkContinue', (request, response) => {
    if (Number(request.headers['content-length'] ?? 0) <= maxPayloadBytes) response.writeContinue();
    serve(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      socket.destroy();
      return;
    }
    refuse(socket, error.code === 'HPE_HEADER_OVERFLOW' ? headersTooLarge() : badRequest());
  });
  // We are no proxy.
  server.on('connect', (_, socket: Socket) => refuse(socket, badRequest()));
  return server;
}

/** Answers where there is no response to write to, and ends the connection. */
function refuse(socket: Socket, { status, body }: HttpAnswer): void {
  socket.on('error', () => socket.destroy());
  const head = `HTTP/1.1 ${status} \r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`;
  socket.end(`${head}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

async function integrate(
  options: GatewayOptions,
  functionName: string,
  event: unknown,
): Promise<{ answer: HttpAnswer; error: string | null }> {
  const timeoutMs = options.integrationTimeoutMs ?? defaultIntegrationTimeoutMs;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'timeout');
  });
  const invocation = await Promise.race([options.invoke(functionName, event), timeout]).finally(() => {
    clearTimeout(timer);
  });
  if (invocation === 'timeout') return { answer: serviceUnavailable(), error: 'Endpoint request timed out' };
  switch (invocation.kind) {
    case 'ok':
      return { answer: interpretResult(invocation.payload), error: null };
    case 'failed':
      return { answer: internalServerError(), error: invocation.errorType };
    case 'too-large':
      return { answer: entityTooLarge(), error: invocation.kind };
    case 'throttled':
      return { answer: serviceUnavailable(), error: invocation.kind };
  }
}

function describe(request: IncomingMessage): GatewayRequest {
  return {
    method: request.method ?? 'GET',
    target: request.url ?? '/',
    protocol: `HTTP/${request.httpVersion}`,
    rawHeaders: request.rawHeaders,
    sourceIp: (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, ''),
    localPort: request.socket.localPort ?? 0,
  };
}

/** Request line and header values, which is what the quota counts. */
function headBytes(request: IncomingMessage): number {
  let bytes = `${request.method} ${request.url} HTTP/${request.httpVersion}`.length;
  for (const [, value] of headerPairs(request.rawHeaders)) bytes += value.length;
  return bytes;
}

/** Returns the bytes of the body. */
function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): number {
  const sent = setHeaders(response, answer) ? answer : internalServerError();
  if (sent !== answer) setHeaders(response, sent);
  const empty = sent.status === 204 || sent.status === 304;
  if (empty) response.removeHeader('content-type');
  else response.setHeader('content-length', sent.body.length);
  response.statusCode = sent.status;
  if (!hasUnreadBody(request)) {
    response.end(empty ? undefined : sent.body);
    return sent.body.length;
  }
  // The rest of the body would be taken for the next request; ending now would cut the sender off before it reads.
  response.setHeader('connection', 'close');
  if (empty) response.flushHeaders();
  else response.write(sent.body);
  discardRest(request, () => response.end());
  return sent.body.length;
}

/** False, and none set, when a function gave a header that HTTP cannot carry. */
function setHeaders(response: ServerResponse, answer: HttpAnswer): boolean {
  try {
    for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
    if (answer.cookies.length > 0) response.setHeader('set-cookie', [...answer.cookies]);
    return true;
  } catch {
    for (const name of [...Object.keys(answer.headers), 'set-cookie']) response.removeHeader(name);
    return false;
  }
}

function listen(server: Server, port: number, host: string): Promise<{ origin: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address: AddressInfo | string | null = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({ origin: `http://${host}:${bound}`, port: bound });
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
