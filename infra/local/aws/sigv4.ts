/**
 * Checks Signature Version 4 of a request that came in: in the Authorization header, in a presigned URL, or of a POST
 * policy. Codes are those of S3; `json-protocol.ts` has the names that the JSON services use.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isSameText } from '../../../shared/text/same-text.ts';
import { ServiceError } from './service-error.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RequestTarget {
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** Decoded pairs in the order sent. */
  readonly query: ReadonlyArray<readonly [string, string]>;
}

interface Scope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

interface Check {
  readonly credentials: Credentials;
  readonly nowMs: number;
  /** Hex SHA-256 of the body, or the word that stands for it. */
  readonly payloadHash: string;
}

const maxSkewMs = 15 * 60_000;
const maxExpiresS = 7 * 24 * 3600;

/** Splits the request line; throws InvalidURI for broken percent-encoding. */
export function targetOf(req: IncomingMessage): RequestTarget {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const pairs = mark === -1 ? [] : url.slice(mark + 1).split('&');
  try {
    const query = pairs
      .filter((pair) => pair !== '')
      .map((pair) => {
        const at = pair.indexOf('=');
        const [name, value] = at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
        return [decodeURIComponent(name), decodeURIComponent(value)] as const;
      });
    decodeURIComponent(path);
    return { path, query };
  } catch {
    throw new ServiceError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

export function queryValue(target: RequestTarget, name: string): string | undefined {
  return target.query.find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** Service name in the credential scope of the request, wherever that stands. */
export function signedService(req: IncomingMessage, target: RequestTarget): string | undefined {
  const header = /Credential=([^,\s]+)/.exec(req.headers.authorization ?? '')?.[1];
  return (header ?? queryValue(target, 'X-Amz-Credential'))?.split('/')[3];
}

/** Throws a ServiceError unless the Authorization header signs this request with the known key. */
export function verifyHeader(req: IncomingMessage, target: RequestTarget, check: Check): void {
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
    req.headers.authorization ?? '',
  );
  const [, credential, signedHeaders, signature] = parts ?? [];
  if (credential === undefined || signedHeaders === undefined || signature === undefined) {
    throw new ServiceError('AuthorizationHeaderMalformed', 'The authorization header is malformed.');
  }
  const scope = parseScope(credential, 'AuthorizationHeaderMalformed');
  const stamp = headerText(req, 'x-amz-date');
  const signedAtMs = parseStamp(stamp);
  if (signedAtMs === undefined || Math.abs(signedAtMs - check.nowMs) > maxSkewMs) {
    throw new ServiceError(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { status: 403 },
    );
  }
  requireSigned(req, signedHeaders, 'host');
  const canonical = canonicalRequest(req, target, signedHeaders, scope.service, check.payloadHash);
  compare(signature, canonical, { scope, stamp, credentials: check.credentials });
}

/** Throws a ServiceError unless the query string is a presigned URL of this very request that has not expired. */
export function verifyPresigned(req: IncomingMessage, target: RequestTarget, check: Check): void {
  const [algorithm, credential, stamp, expires, signedHeaders, signature] = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-SignedHeaders',
    'X-Amz-Signature',
  ].map((name) => queryValue(target, name) ?? '');
  const expiresS = Number(expires);
  const signedAtMs = parseStamp(stamp ?? '');
  if (!credential || !stamp || !signedHeaders || !signature || algorithm !== 'AWS4-HMAC-SHA256') {
    throw queryError('Query-string authentication version 4 requires the X-Amz-Algorithm, … parameters.');
  }
  if (!Number.isInteger(expiresS) || expiresS < 1 || expiresS > maxExpiresS || signedAtMs === undefined) {
    throw queryError('X-Amz-Expires must be less than a week (in seconds); X-Amz-Date must be an ISO8601 basic stamp.');
  }
  const scope = parseScope(credential, 'AuthorizationQueryParametersError');
  if (check.nowMs > signedAtMs + expiresS * 1000) {
    const extra = {
      'X-Amz-Expires': String(expiresS),
      Expires: new Date(signedAtMs + expiresS * 1000).toISOString(),
      ServerTime: new Date(check.nowMs).toISOString(),
    };
    throw new ServiceError('AccessDenied', 'Request has expired', { status: 403, extra });
  }
  if (signedAtMs > check.nowMs + maxSkewMs) {
    throw new ServiceError('AccessDenied', 'Request is not valid yet', { status: 403 });
  }
  requireSigned(req, signedHeaders, 'host', ...Object.keys(req.headers).filter((name) => name.startsWith('x-amz-')));
  const unsigned: RequestTarget = {
    path: target.path,
    query: target.query.filter(([name]) => name.toLowerCase() !== 'x-amz-signature'),
  };
  const canonical = canonicalRequest(req, unsigned, signedHeaders, scope.service, check.payloadHash);
  compare(signature, canonical, { scope, stamp, credentials: check.credentials });
}

/** Throws unless `signature` signs the base64 policy of a POST form. */
export function verifyPolicySignature(
  form: { readonly policy: string; readonly credential: string; readonly signature: string },
  credentials: Credentials,
): void {
  const scope = parseScope(form.credential, 'InvalidArgument');
  checkKey(scope, credentials);
  const expected = createHmac('sha256', signingKey(scope, credentials)).update(form.policy).digest('hex');
  if (!isSameText(expected, form.signature)) throw mismatch();
}

/** `20261121T015250Z` as milliseconds since 1970. */
function parseStamp(stamp: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

function compare(
  signature: string,
  canonical: string,
  by: { readonly scope: Scope; readonly stamp: string; readonly credentials: Credentials },
): void {
  const { scope, stamp, credentials } = by;
  checkKey(scope, credentials);
  if (!stamp.startsWith(scope.date)) throw mismatch();
  const toSign = [
    'AWS4-HMAC-SHA256',
    stamp,
    `${scope.date}/${scope.region}/${scope.service}/aws4_request`,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const expected = createHmac('sha256', signingKey(scope, credentials)).update(toSign).digest('hex');
  if (!isSameText(expected, signature)) throw mismatch();
}

function canonicalRequest(
  req: IncomingMessage,
  target: RequestTarget,
  signedHeaders: string,
  service: string,
  payloadHash: string,
): string {
  // S3 alone signs the path encoded once; the other services encode the sent path again.
  const path = service === 's3' ? encodePath(decodeURIComponent(target.path)) : encodePath(target.path);
  const query = target.query
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signedHeaders.split(';').map((name) => `${name}:${headerText(req, name)}\n`);
  return [req.method ?? 'GET', path, query, headers.join(''), signedHeaders, payloadHash].join('\n');
}

function requireSigned(req: IncomingMessage, signedHeaders: string, ...names: string[]): void {
  const signed = new Set(signedHeaders.split(';'));
  const missing = names.filter((name) => !signed.has(name) && req.headers[name] !== undefined);
  if (missing.length === 0) return;
  throw new ServiceError('AccessDenied', 'There were headers present in the request which were not signed', {
    status: 403,
    extra: { HeadersNotSigned: missing.join(', ') },
  });
}

function parseScope(credential: string, code: string): Scope {
  const [accessKeyId, date, region, service, end, ...rest] = credential.split('/');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || rest.length > 0) {
    throw new ServiceError(code, 'The Credential must be <key>/<yyyymmdd>/<region>/<service>/aws4_request.');
  }
  return { accessKeyId, date, region, service };
}

function checkKey(scope: Scope, credentials: Credentials): void {
  if (scope.accessKeyId === credentials.accessKeyId) return;
  throw new ServiceError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', {
    status: 403,
  });
}

function signingKey(scope: Scope, credentials: Credentials): Buffer {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
}

function headerText(req: IncomingMessage, name: string): string {
  const value = req.headers[name] ?? '';
  return (Array.isArray(value) ? value.join(',') : value).trim().replace(/ +/g, ' ');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function encodePath(path: string): string {
  return path.split('/').map(encode).join('/');
}

function queryError(message: string): ServiceError {
  return new ServiceError('AuthorizationQueryParametersError', message);
}

function mismatch(): ServiceError {
  return new ServiceError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { status: 403 },
  );
}
