/**
 * API Gateway's HTTP API on one machine: routes, payload format 2.0, throttling, limits and its own error bodies.
 * Limits: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
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
import { createRouter, type Route, type RouteMatch } from './routes.ts';
import { accountThrottle, createThrottle, type ThrottleSettings } from './throttle.ts';

export interface GatewayOptions {
  readonly routes: readonly Route[];
  readonly invoke: (functionName: string, event: unknown) => Promise<Invocation>;
  /** Serves what exists on one machine only (inbox, start page); false leaves the request to the routes. */
  readonly localPages?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly throttle?: ThrottleSettings;
  /** Default 30,000: the most that an HTTP API waits for its integration. */
  readonly integrationTimeoutMs?: number;
  /** Default 30,000: a request that is not there by then ends with its connection; nothing answers it. */
  readonly requestTimeoutMs?: number;
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
  const router = createRouter(options.routes);
  const takeToken = createThrottle(options.throttle ?? accountThrottle);
  const state = { closing: false };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('finish', () => {
      if (state.closing) setImmediate(() => server.closeIdleConnections());
    });
    if (options.localPages?.(request, response) === true) return;
    const requestId = newRequestId();
    response.setHeader('apigw-requestid', requestId);
    const decided = decide(request);
    if ('status' in decided) return send(request, response, decided);
    const body = await readBody(request, maxPayloadBytes);
    if (body === 'aborted') return;
    if (body === 'too-large') return send(request, response, entityTooLarge());
    const event = buildEvent(describe(request), decided.target, decided.match, { body, requestId, at: new Date() });
    send(request, response, await integrate(options, decided.match.functionName, event));
  }

  function decide(request: IncomingMessage): HttpAnswer | { readonly target: Target; readonly match: RouteMatch } {
    if (headBytes(request) > maxHeadBytes) return headersTooLarge();
    if (!takeToken()) return tooManyRequests();
    const target = parseTarget(request.url ?? '/');
    if (target === null) return badRequest();
    const match = router(request.method ?? 'GET', target.path);
    return match === null ? notFound() : { target, match };
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
    const { status, body } = error.code === 'HPE_HEADER_OVERFLOW' ? headersTooLarge() : badRequest();
    const head = `HTTP/1.1 ${status} \r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`;
    socket.end(`${head}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), lingerMs).unref();
  });
  return server;
}

async function integrate(options: GatewayOptions, functionName: string, event: unknown): Promise<HttpAnswer> {
  const timeoutMs = options.integrationTimeoutMs ?? defaultIntegrationTimeoutMs;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'timeout');
  });
  const invocation = await Promise.race([options.invoke(functionName, event), timeout]).finally(() => {
    clearTimeout(timer);
  });
  if (invocation === 'timeout') return serviceUnavailable();
  switch (invocation.kind) {
    case 'ok':
      return interpretResult(invocation.payload);
    case 'failed':
      return internalServerError();
    case 'too-large':
      return entityTooLarge();
    case 'throttled':
      return serviceUnavailable();
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

function send(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const sent = setHeaders(response, answer) ? answer : internalServerError();
  if (sent !== answer) setHeaders(response, sent);
  const empty = sent.status === 204 || sent.status === 304;
  if (empty) response.removeHeader('content-type');
  else response.setHeader('content-length', sent.body.length);
  response.statusCode = sent.status;
  if (!hasUnreadBody(request)) {
    response.end(empty ? undefined : sent.body);
    return;
  }
  // The rest of the body would be taken for the next request; ending now would cut the sender off before it reads.
  response.setHeader('connection', 'close');
  response.write(sent.body);
  discardRest(request, () => response.end());
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
