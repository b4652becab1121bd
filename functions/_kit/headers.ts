/** What every answer carries besides its own header fields, so that no browser makes more of it than it is. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { onlyKnown } from './answer-fields.ts';

type Headers = NonNullable<APIGatewayProxyStructuredResultV2['headers']>;

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};
/** For what is no page; a page brings its own policy. */
const NO_PAGE = { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" };
const PAGE = {
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
};
const TWO_YEARS_S = 63_072_000;

/** What the door itself set comes before ours. */
export function withSafeHeaders(
  result: APIGatewayProxyStructuredResultV2,
  event: APIGatewayProxyEventV2,
): APIGatewayProxyStructuredResultV2 {
  const own: Headers = result.headers ?? {};
  const isPage = String(own['content-type'] ?? '').startsWith('text/html');
  const vary = new Set(['origin', ...String(own.vary ?? '').split(',')].map((name) => name.trim()).filter(Boolean));
  return {
    ...result,
    headers: onlyKnown({
      ...ALWAYS,
      ...(isPage ? PAGE : NO_PAGE),
      // Over plain HTTP a browser must not obey it (RFC 6797, section 7.2).
      ...(event.headers['x-forwarded-proto'] === 'https' && {
        'strict-transport-security': `max-age=${TWO_YEARS_S}; includeSubDomains`,
      }),
      ...own,
      // The gateway adds CORS fields by the origin that asks: a cache keeps one answer for each.
      vary: [...vary].join(', '),
      'x-request-id': event.requestContext.requestId,
    }),
  };
}
