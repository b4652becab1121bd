/**
 * CORS as an HTTP API does it once it is configured: preflights are answered by the gateway itself and reach no function,
 * and what a function says of CORS is thrown away.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import { cors } from '../cors.ts';
import type { HttpAnswer } from './gateway-response.ts';

/** A browser asks before it sends: without both fields OPTIONS is a method like any other. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** @param origins those that may call; `*` is every one */
export function preflight(origins: readonly string[], origin: string | undefined): HttpAnswer {
  const allowed = allowedOrigin(origins, origin);
  const headers =
    allowed === null
      ? {}
      : {
          'access-control-allow-origin': allowed,
          'access-control-allow-methods': cors.allowMethods.join(','),
          'access-control-allow-headers': cors.allowHeaders.join(','),
          'access-control-expose-headers': cors.exposeHeaders.join(','),
          'access-control-max-age': String(cors.maxAgeS),
        };
  return { status: 204, headers, cookies: [], body: Buffer.alloc(0) };
}

/** The answer as a page of that origin gets it. */
export function withCors(origins: readonly string[], origin: string | undefined, answer: HttpAnswer): HttpAnswer {
  const own = Object.entries(answer.headers).filter(([name]) => !name.startsWith('access-control-'));
  const allowed = allowedOrigin(origins, origin);
  const added =
    allowed === null
      ? {}
      : {
          'access-control-allow-origin': allowed,
          'access-control-expose-headers': cors.exposeHeaders.join(','),
        };
  return { ...answer, headers: { ...Object.fromEntries(own), ...added } };
}

function allowedOrigin(origins: readonly string[], origin: string | undefined): string | null {
  if (origin === undefined) return null;
  if (origins.includes('*')) return '*';
  return origins.includes(origin) ? origin : null;
}
