/** Header fields of answers in the document: what each stands for, and which come with an answer of which kind. */

import type { AnswerField } from '../../../functions/_kit/answer-fields.ts';
import type { EndpointContract } from '../../../functions/_kit/contract.ts';
import { HTML, isForPeople } from '../../../functions/_kit/page.ts';
import { errors } from '../../../shared/error-table.ts';
import type { JsonSchema } from './schemas.ts';

type Code = EndpointContract['errors'][number];

const text = { type: 'string' };
const requestId = {
  description: 'Identifies the request in our logs; also `requestId` in a problem.',
  schema: text,
  example: 'Zk3Tqg2wIAMEVkQ=',
};

/** Components of the document. */
export const headers: Readonly<Record<string, JsonSchema>> = {
  RequestId: { ...requestId, required: true },
  RequestIdOfFunction: {
    ...requestId,
    description: `${requestId.description} Answers of the gateway itself come without it.`,
  },
  GatewayRequestId: {
    description: 'The same id in the gateway’s own field, also where the gateway itself answers.',
    schema: text,
    example: 'Zk3Tqg2wIAMEVkQ=',
  },
  ETag: {
    description: 'For `If-None-Match`, and for `If-Match` where an edit accepts it.',
    required: true,
    schema: { type: 'string', pattern: '^"[\\x21\\x23-\\x7e]+"$' },
    example: '"3-Qm1uK0f0yJmC2w0xqk1b9A"',
  },
  RateLimit: {
    description:
      'What is left for this class of operations: `r` requests for the next `t` seconds (draft-ietf-httpapi-ratelimit-headers).',
    schema: text,
    example: '"write";r=58;t=42',
  },
  RateLimitPolicy: {
    description: 'The limit for this class of operations: `q` requests in `w` seconds.',
    schema: text,
    example: '"write";q=60;w=60',
  },
  RetryAfter: {
    description:
      'In seconds. Sent with every problem that knows a time; answers of the gateway itself come without it.',
    schema: { type: 'integer', minimum: 1 },
    example: 2,
  },
  Elsewhere: {
    description: 'Where the browser is sent.',
    required: true,
    schema: text,
    example: 'https://example.com/done',
  },
  Location: {
    description: 'Path of the new resource.',
    schema: { type: 'string', format: 'uri-reference' },
    example: '/v1/posts/019b4c2e-8f3a-7c61-9d2b-5e0f4a1b6c7d',
  },
  IdempotencyReplayed: {
    description: '`true` if the `Idempotency-Key` was used before: this is the answer given then.',
    schema: { enum: ['true'] },
    example: 'true',
  },
  WwwAuthenticate: { description: '`Bearer`.', required: true, schema: text, example: 'Bearer' },
  Help: {
    description: 'With rel="help": the row of the problem’s code in `/errors` (RFC 8288).',
    schema: text,
    example: '</errors#not_found>; rel="help"',
  },
  NextPart: {
    description: 'With rel="next": where the next part begins; absent with the last one (RFC 8288).',
    schema: text,
    example: '<https://example.com/v1/audit/export.csv?after=019b4c2e-8f3a-7c61-9d2b-5e0f4a1b6c7d>; rel="next"',
  },
  ContentDisposition: {
    description: 'Name of the file to save it as.',
    schema: text,
    example: 'attachment; filename="audit.csv"',
  },
  ContentEncoding: {
    description: '`gzip` where `Accept-Encoding` allows it, else absent.',
    schema: { enum: ['gzip'] },
    example: 'gzip',
  },
  CacheControl: { description: 'Who may keep the answer, and for how long.', schema: text, example: 'no-store' },
  Vary: { description: 'Fields of the request that the answer depends on.', schema: text, example: 'origin' },
  SetCookie: {
    description: 'Ties a sign-in at a provider to the browser that began it; for browsers alone.',
    schema: text,
    example: '__Host-posthaste-sign-in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
  },
  ContentTypeOptions: { description: 'Browsers do not guess another type.', schema: text, example: 'nosniff' },
  ReferrerPolicy: { description: 'Browsers tell nobody this address.', schema: text, example: 'no-referrer' },
  ResourcePolicy: { description: 'Pages of other sites do not embed it.', schema: text, example: 'same-origin' },
  SecurityPolicy: {
    description: 'What a browser may load and run for this answer.',
    schema: text,
    example: "default-src 'none'; frame-ancestors 'none'",
  },
  TransportSecurity: {
    description: 'Over HTTPS: browsers come back over HTTPS alone.',
    schema: text,
    example: 'max-age=63072000; includeSubDomains',
  },
  OpenerPolicy: { description: 'With a page.', schema: text, example: 'same-origin' },
  PermissionsPolicy: {
    description: 'With a page: what it may not ask of a browser.',
    schema: text,
    example: 'camera=()',
  },
};

/** Field → as it is spelled in the document, and its component. */
const NAMED: Readonly<Record<Exclude<AnswerField, 'allow' | 'content-type'>, readonly [string, string]>> = {
  'cache-control': ['Cache-Control', 'CacheControl'],
  'content-disposition': ['Content-Disposition', 'ContentDisposition'],
  'content-encoding': ['Content-Encoding', 'ContentEncoding'],
  'content-security-policy': ['Content-Security-Policy', 'SecurityPolicy'],
  'cross-origin-opener-policy': ['Cross-Origin-Opener-Policy', 'OpenerPolicy'],
  'cross-origin-resource-policy': ['Cross-Origin-Resource-Policy', 'ResourcePolicy'],
  etag: ['ETag', 'ETag'],
  'idempotency-replayed': ['Idempotency-Replayed', 'IdempotencyReplayed'],
  link: ['Link', 'NextPart'],
  location: ['Location', 'Location'],
  'permissions-policy': ['Permissions-Policy', 'PermissionsPolicy'],
  ratelimit: ['RateLimit', 'RateLimit'],
  'ratelimit-policy': ['RateLimit-Policy', 'RateLimitPolicy'],
  'referrer-policy': ['Referrer-Policy', 'ReferrerPolicy'],
  'retry-after': ['Retry-After', 'RetryAfter'],
  'set-cookie': ['Set-Cookie', 'SetCookie'],
  'strict-transport-security': ['Strict-Transport-Security', 'TransportSecurity'],
  vary: ['Vary', 'Vary'],
  'www-authenticate': ['WWW-Authenticate', 'WwwAuthenticate'],
  'x-content-type-options': ['X-Content-Type-Options', 'ContentTypeOptions'],
  'x-request-id': ['x-request-id', 'RequestId'],
};
type Named = keyof typeof NAMED;

const GATEWAY = 'apigw-requestid';
/** `headers.ts` adds them to every answer of a function. */
const SAFE: readonly Named[] = [
  'vary',
  'x-content-type-options',
  'referrer-policy',
  'cross-origin-resource-policy',
  'content-security-policy',
  'strict-transport-security',
];
const PAGE: readonly Named[] = ['cross-origin-opener-policy', 'permissions-policy'];
const COUNTED: readonly Named[] = ['ratelimit', 'ratelimit-policy'];

const header = (component: string) => ({ $ref: `#/components/headers/${component}` });

function named(fields: readonly Named[]): JsonSchema {
  return Object.fromEntries(
    fields.map((field) => {
      const [name, component] = NAMED[field];
      return [name, header(component)];
    }),
  );
}

function commonFields({ uses }: EndpointContract): JsonSchema {
  const counted = uses.database === undefined ? [] : COUNTED;
  return { ...named(['x-request-id', ...counted, ...SAFE]), [GATEWAY]: header('GatewayRequestId') };
}

export function successFields(contract: EndpointContract, isTagged: boolean): JsonSchema {
  const { method, uses, status, location, content, cached, fields = [] } = contract;
  const isPage = [content].flat().includes(HTML);
  const own: Named[] = [
    ...(status === 204 ? [] : (['cache-control'] as const)),
    ...(method === 'POST' && uses.database !== undefined ? (['idempotency-replayed'] as const) : []),
    ...(location === undefined ? [] : (['location'] as const)),
    ...(isTagged ? (['etag'] as const) : []),
    ...(cached === true ? (['content-encoding'] as const) : []),
    ...(isPage ? PAGE : []),
    ...fields,
  ];
  const elsewhere = status === 302 && { Location: header('Elsewhere') };
  return { ...commonFields(contract), ...named(own), ...elsewhere };
}

export function notModifiedFields(contract: EndpointContract): JsonSchema {
  return { ...commonFields(contract), ...named(['etag', 'cache-control']) };
}

export interface ProblemKind {
  readonly counted: boolean;
  /** A browser gets its problems as pages. */
  readonly forPeople: boolean;
}

export function kindOf(contract: EndpointContract): ProblemKind {
  return { counted: contract.uses.database !== undefined, forPeople: isForPeople(contract) };
}

/** @param fromGateway the gateway answers with this status as well */
export function problemFields(
  codes: readonly Code[],
  { counted, forPeople, fromGateway }: ProblemKind & { readonly fromGateway: boolean },
): JsonSchema {
  const gateway = { [GATEWAY]: header('GatewayRequestId') };
  if (codes.length === 0) return gateway;
  const fields: Named[] = [
    'cache-control',
    ...(counted ? COUNTED : []),
    ...(codes.some((code) => errors[code].retryable) ? (['retry-after'] as const) : []),
    ...(codes.some((code) => errors[code].kind === 'unauthenticated') ? (['www-authenticate'] as const) : []),
    ...SAFE,
    ...(forPeople ? PAGE : []),
  ];
  return {
    'x-request-id': header(fromGateway ? 'RequestIdOfFunction' : 'RequestId'),
    Link: header('Help'),
    ...named(fields),
    ...gateway,
  };
}
