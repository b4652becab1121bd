/** RFC 9457 problem details: the one place where an error becomes an answer. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { z } from 'zod';
import { errors } from '../../shared/error-table.ts';
import { AppError, type ErrorCode, type ErrorKind } from '../../shared/errors.ts';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  'bad-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'precondition-failed': 412,
  'too-large': 413,
  'unsupported-media-type': 415,
  invalid: 422,
  'too-many': 429,
  internal: 500,
  platform: 502,
  unavailable: 503,
};

export const Problem = z
  .object({
    type: z.string().describe('`urn:posthaste:problem:<code>`'),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().describe('The path of the request, percent-encoded.'),
    code: z.string(),
    actor: z.enum(['you', 'platform', 'us']).describe('Who can fix it.'),
    retryable: z.boolean().describe('The same request may succeed later.'),
    requestId: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string(), code: z.string().optional() }))
      .optional()
      .describe('The fields that are wrong, at most 100 of them, by JSON pointer: `/body/text`, `/query/limit`.'),
    quota: z
      .object({
        quota: z.string(),
        scope: z.enum(['user', 'project']),
        limit: z.number(),
        used: z.number().describe('Not counting this request.'),
        resetsAt: z.string().nullable(),
      })
      .optional()
      .describe(
        'With `quota_exceeded`: which limit, and when it allows more; null if something has to be removed first.',
      ),
  })
  .meta({ id: 'Problem' });

export function statusOf(code: ErrorCode): number {
  return STATUS[errors[code].kind];
}

/** All codes with their statuses, by status and name. */
export function statusesOf(): readonly { readonly code: ErrorCode; readonly status: number }[] {
  const codes = Object.keys(errors) as ErrorCode[];
  return codes
    .map((code) => ({ code, status: statusOf(code) }))
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1));
}

/** Anything that was thrown as the error it is; what nobody foresaw is `internal` and says nothing of itself. */
export function asAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('internal', { cause: error });
}

export function problem(
  error: AppError,
  { instance, requestId, headers = {} }: { instance: string; requestId: string; headers?: Record<string, string> },
): APIGatewayProxyStructuredResultV2 {
  const entry = errors[error.code];
  const { detail, fields, quota, retryAfterS, allow } = error.detail;
  const body: z.input<typeof Problem> = {
    type: `urn:posthaste:problem:${error.code}`,
    title: entry.title,
    status: statusOf(error.code),
    ...(detail !== undefined && { detail }),
    // A URI reference (RFC 9457, section 3.1.5), while the gateway hands the path over decoded.
    instance: encodeURI(instance.toWellFormed()).replaceAll('#', '%23'),
    code: error.code,
    actor: entry.actor,
    retryable: entry.retryable,
    requestId,
    ...(fields !== undefined && { errors: [...fields] }),
    ...(quota !== undefined && { quota }),
  };
  return {
    statusCode: body.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      link: `</errors#${error.code}>; rel="help"`,
      ...(entry.kind === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
      ...headers,
      ...(retryAfterS !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterS))) }),
      ...(allow !== undefined && { allow: allow.join(', ') }),
    },
    body: JSON.stringify(body),
  };
}
