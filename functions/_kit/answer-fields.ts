/**
 * Every header field that an answer may carry: one that does not stand here does not leave the house, so that none is
 * forgotten where pages of other origins are told what they may read (`infra/cors.ts`).
 */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

/** `exposed`: a page reads it where it is told so. `plain`: it reads it always (Fetch, section 2.2.2). `browser`: it is none of a page's business. */
export const answerFields = {
  allow: 'exposed',
  'cache-control': 'plain',
  'content-disposition': 'exposed',
  'content-encoding': 'browser',
  'content-security-policy': 'browser',
  'content-type': 'plain',
  'cross-origin-opener-policy': 'browser',
  'cross-origin-resource-policy': 'browser',
  etag: 'exposed',
  'idempotency-replayed': 'exposed',
  link: 'exposed',
  location: 'exposed',
  'permissions-policy': 'browser',
  ratelimit: 'exposed',
  'ratelimit-policy': 'exposed',
  'referrer-policy': 'browser',
  'retry-after': 'exposed',
  'set-cookie': 'browser',
  'strict-transport-security': 'browser',
  vary: 'browser',
  'www-authenticate': 'exposed',
  'x-content-type-options': 'browser',
  'x-request-id': 'exposed',
} as const satisfies Readonly<Record<string, 'exposed' | 'plain' | 'browser'>>;

export type AnswerField = keyof typeof answerFields;
export type AnswerHeaders = { readonly [Name in AnswerField]?: string };
type Headers = NonNullable<APIGatewayProxyStructuredResultV2['headers']>;

export const exposedFields: readonly string[] = Object.entries(answerFields)
  .filter(([, who]) => who === 'exposed')
  .map(([name]) => name);

export function onlyKnown(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => Object.hasOwn(answerFields, name)));
}
