/** Requests as API Gateway's HTTP API hands them to a function: payload format 2.0. */
import { randomBytes } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { RouteMatch } from './routes.ts';

export interface GatewayRequest {
  readonly method: string;
  /** Request target as it came, such as `/v1/posts?limit=10`. */
  readonly target: string;
  /** `HTTP/1.1` */
  readonly protocol: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly sourceIp: string;
  readonly localPort: number;
}

export interface Target {
  /** Percent-decoded, as an HTTP API routes and delivers it (REST APIs and function URLs keep the encoding). */
  readonly path: string;
  /** Without the question mark, still encoded. */
  readonly query: string;
}

/** Splits and decodes a request target. Null when it is no path or its percent-encoding is broken. */
export function parseTarget(target: string): Target | null {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const [encoded = '', ...rest] = local.split('?');
  const path = encoded === '' ? '/' : encoded;
  if (!path.startsWith('/')) return null;
  try {
    // The real one cuts a path at a decoded question mark: seen in captures of live APIs, documented nowhere.
    const decoded = decodeURIComponent(path).split('?')[0] ?? '/';
    return { path: decoded, query: rest.join('?') };
  } catch {
    return null;
  }
}

/** 16 characters that end in `=`, the form of the `apigw-requestid` header. */
export function newRequestId(): string {
  return `${randomBytes(12).toString('base64url').slice(0, 15)}=`;
}

export function buildEvent(
  request: GatewayRequest,
  target: Target,
  match: RouteMatch,
  context: { readonly body: Buffer; readonly requestId: string; readonly at: Date },
): APIGatewayProxyEventV2 {
  const { headers, cookies } = collectHeaders(request, context.body.length);
  const query = collectQuery(target.query);
  const binary = isBinary(headers['content-type']);
  const domainName = (headers.host ?? 'localhost').replace(/:\d+$/, '');
  return {
    version: '2.0',
    routeKey: match.routeKey,
    rawPath: target.path,
    rawQueryString: target.query,
    ...(cookies.length === 0 ? {} : { cookies }),
    headers,
    ...(query === null ? {} : { queryStringParameters: query }),
    ...(match.pathParameters === null ? {} : { pathParameters: { ...match.pathParameters } }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName,
      domainPrefix: domainName.split('.')[0] ?? domainName,
      http: {
        method: request.method,
        path: target.path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: context.requestId,
      routeKey: match.routeKey,
      stage: '$default',
      time: commonLogTime(context.at),
      timeEpoch: context.at.getTime(),
    },
    ...(context.body.length === 0 ? {} : { body: context.body.toString(binary ? 'base64' : 'utf8') }),
    isBase64Encoded: context.body.length > 0 && binary,
  };
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'te',
  'upgrade',
  'expect',
  'proxy-connection',
]);

function collectHeaders(request: GatewayRequest, bodyBytes: number) {
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (const [name, value] of headerPairs(request.rawHeaders)) {
    if (name === 'cookie') cookies.push(...value.split(';').map((cookie) => cookie.trim()));
    else if (!hopByHop.has(name)) headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  headers['content-length'] = String(bodyBytes);
  const forwarded = headers['x-forwarded-for'];
  headers['x-forwarded-for'] = forwarded === undefined ? request.sourceIp : `${forwarded}, ${request.sourceIp}`;
  headers['x-forwarded-port'] = String(request.localPort);
  headers['x-forwarded-proto'] = 'http';
  headers['x-amzn-trace-id'] = newTraceId();
  return { headers, cookies: cookies.filter((cookie) => cookie !== '') };
}

export function* headerPairs(rawHeaders: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    yield [(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''];
  }
}

function collectQuery(query: string): Record<string, string> | null {
  if (query === '') return null;
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    values[name] = Object.hasOwn(values, name) ? `${values[name]},${value}` : value;
  }
  return values;
}

/**
 * Text are `text/*` and these three; everything else, also a form or no type at all, arrives as base64.
 * The documentation does not list them: measured on live HTTP APIs (ministackorg/ministack, pull request 766).
 */
const textTypes = new Set(['application/json', 'application/xml', 'application/javascript']);

function isBinary(contentType: string | undefined): boolean {
  const essence = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return !essence.startsWith('text/') && !textTypes.has(essence);
}

function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(at: Date): string {
  const day = String(at.getUTCDate()).padStart(2, '0');
  return `${day}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0000`;
}
