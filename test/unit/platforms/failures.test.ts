import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { failures as bluesky, rules as blueskyRules } from '../../../shared/platforms/bluesky/errors.ts';
import type { FailureTable } from '../../../shared/platforms/failures.ts';
import { failureOfCode, retryAfterS, toCommitFailure, toFailure } from '../../../shared/platforms/failures.ts';
import type { PlatformAnswer } from '../../../shared/platforms/http.ts';
import { parseJson } from '../../../shared/platforms/json.ts';
import { failures as mastodon } from '../../../shared/platforms/mastodon/errors.ts';
import { redact } from '../../../shared/platforms/redact.ts';
import { containerRules, failures as threads } from '../../../shared/platforms/threads/errors.ts';

const receivedAtMs = Date.parse('2026-11-21T10:00:00Z');

function answer(status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    kind: 'answer',
    status,
    headers,
    text,
    receivedAtMs,
    json: (schema) => schema.safeParse(parseJson(text)).data ?? null,
    redact: (words) => redact(words, ['SECRET-TOKEN']),
  };
}

const graph = (code: number, message: string, error_subcode?: number) => ({
  error: { message, type: 'OAuthException', code, error_subcode, is_transient: false, fbtrace_id: 'A1' },
});
const xrpc = (error: string, message = error) => ({ error, message });
const html = '<html><h1>502 Bad Gateway</h1></html>';

const samples: readonly [string, FailureTable, number, unknown, string, string, string][] = [
  // platform, table, status, body, class, code, outcome of a commit
  ['threads', threads, 401, graph(190, 'Error validating access token', 463), 'reauthorize', '190', 'failed'],
  ['threads', threads, 400, graph(190, 'checkpoint', 459), 'account-restricted', '190', 'failed'],
  ['threads', threads, 403, graph(10, 'no permission'), 'reauthorize', '10', 'failed'],
  ['threads', threads, 403, graph(250, 'no permission'), 'reauthorize', '250', 'failed'],
  ['threads', threads, 400, graph(-1, 'blocked', 2207051), 'account-restricted', '-1', 'failed'],
  ['threads', threads, 400, graph(4279013, 'restricted'), 'account-restricted', '4279013', 'failed'],
  ['threads', threads, 403, graph(4, 'Application request limit reached'), 'rate-limited', '4', 'failed'],
  [
    'threads',
    threads,
    400,
    graph(100, 'Param text must be at most 500 characters long.'),
    'invalid-content',
    '100',
    'failed',
  ],
  ['threads', threads, 400, graph(-1, 'THREADS_API__LINK_LIMIT_EXCEEDED'), 'invalid-content', '-1', 'failed'],
  [
    'threads',
    threads,
    400,
    graph(9004, 'The media could not be fetched from this URI'),
    'retry-later',
    '9004',
    'unknown',
  ],
  ['threads', threads, 500, graph(1, 'An unknown error occurred'), 'retry-later', '1', 'unknown'],
  ['threads', threads, 400, graph(2, 'Service temporarily unavailable'), 'retry-later', '2', 'unknown'],
  ['threads', threads, 400, graph(506, 'Duplicate status'), 'duplicate-content', '506', 'failed'],
  ['threads', threads, 200, graph(368, 'temporarily blocked'), 'account-restricted', '368', 'unknown'],
  [
    'threads',
    threads,
    400,
    { error_type: 'OAuthException', code: 400, error_message: 'used' },
    'reauthorize',
    'OAuthException',
    'failed',
  ],
  ['bluesky', bluesky, 400, xrpc('ExpiredToken', 'Token has expired'), 'reauthorize', 'ExpiredToken', 'failed'],
  [
    'bluesky',
    bluesky,
    401,
    xrpc('AuthenticationRequired', 'Invalid identifier or password'),
    'reauthorize',
    'AuthenticationRequired',
    'failed',
  ],
  ['bluesky', bluesky, 401, xrpc('AccountTakedown'), 'account-restricted', 'AccountTakedown', 'failed'],
  [
    'bluesky',
    bluesky,
    400,
    xrpc('InvalidRequest', 'Record/text must not be longer than 300 graphemes'),
    'invalid-content',
    'InvalidRequest',
    'failed',
  ],
  ['bluesky', bluesky, 413, html, 'invalid-content', 'http_413', 'unknown'],
  ['bluesky', bluesky, 429, xrpc('RateLimitExceeded'), 'rate-limited', 'RateLimitExceeded', 'failed'],
  ['bluesky', bluesky, 500, xrpc('InternalServerError'), 'retry-later', 'InternalServerError', 'unknown'],
  ['bluesky', bluesky, 502, xrpc('UpstreamFailure'), 'retry-later', 'UpstreamFailure', 'unknown'],
  ['bluesky', bluesky, 400, xrpc('BlobNotFound'), 'retry-later', 'BlobNotFound', 'failed'],
  ['bluesky', bluesky, 400, xrpc('SomethingNew'), 'unknown', 'SomethingNew', 'failed'],
  ['mastodon', mastodon, 401, { error: 'The access token is invalid' }, 'reauthorize', 'http_401', 'failed'],
  ['mastodon', mastodon, 401, { error: 'The access token was revoked' }, 'reauthorize', 'http_401', 'failed'],
  [
    'mastodon',
    mastodon,
    400,
    { error: 'invalid_grant', error_description: 'expired' },
    'reauthorize',
    'invalid_grant',
    'failed',
  ],
  [
    'mastodon',
    mastodon,
    403,
    { error: 'This action is outside the authorized scopes' },
    'reauthorize',
    'http_403',
    'failed',
  ],
  [
    'mastodon',
    mastodon,
    403,
    { error: 'Your login is currently disabled' },
    'account-restricted',
    'http_403',
    'failed',
  ],
  [
    'mastodon',
    mastodon,
    422,
    { error: 'Validation failed: Text character limit of 500 exceeded' },
    'invalid-content',
    'http_422',
    'failed',
  ],
  [
    'mastodon',
    mastodon,
    422,
    { error: 'Cannot attach files that have not finished processing. Try again in a moment!' },
    'retry-later',
    'http_422',
    'failed',
  ],
  [
    'mastodon',
    mastodon,
    422,
    { error: 'Media 1 not found or already attached to another post' },
    'unknown',
    'http_422',
    'unknown',
  ],
  ['mastodon', mastodon, 429, { error: 'Too many requests' }, 'rate-limited', 'http_429', 'failed'],
  ['mastodon', mastodon, 503, html, 'retry-later', 'http_503', 'unknown'],
  ['mastodon', mastodon, 400, html, 'unknown', 'http_400', 'unknown'],
  ['mastodon', mastodon, 302, '', 'unknown', 'http_302', 'unknown'],
  ['mastodon', mastodon, 408, { error: 'timeout' }, 'unknown', 'timeout', 'unknown'],
];

describe('what a platform answers', () => {
  it.each(samples)(
    '%s %#: who must act, and whether a commit may have happened',
    (_name, table, status, body, kind, code, outcome) => {
      expect(toFailure(answer(status, body), table)).toMatchObject({ kind: 'failed', class: kind, code });
      expect(toCommitFailure(answer(status, body), table).kind).toBe(outcome);
    },
  );

  it('keeps the platform’s words without the secrets in them, in at most 500 characters', () => {
    const body = xrpc(
      'InvalidRequest',
      `bad SECRET-TOKEN at https://x.example/?access_token=abc123&a=b ${'x'.repeat(900)}`,
    );
    const { message } = toFailure(answer(400, body), bluesky);
    expect(message).toContain('bad [redacted] at https://x.example/?access_token=[redacted]&a=b');
    expect(message).toHaveLength(500);
  });

  it('lets spent containers be dropped and names their own reasons', () => {
    expect(failureOfCode('INVALID_ASPEC_RATIO', 'INVALID_ASPEC_RATIO', containerRules).class).toBe('invalid-content');
    expect(failureOfCode('FAILED_DOWNLOADING_VIDEO', '', containerRules).class).toBe('retry-later');
    expect(failureOfCode('SOMETHING_NEW', '', containerRules).class).toBe('unknown');
    expect(toFailure(answer(400, xrpc('BlobNotFound')), bluesky).dropPrepared).toBe(true);
  });

  it('treats a commit without an answer as unknown only when it may have arrived', () => {
    expect(toCommitFailure({ kind: 'no-answer', sent: true, reason: 'broken' }, bluesky).kind).toBe('unknown');
    const unsent = toCommitFailure({ kind: 'no-answer', sent: false, reason: 'refused' }, bluesky);
    expect(unsent).toMatchObject({ kind: 'failed', class: 'retry-later', code: 'not_sent' });
  });

  it('has no rule that an earlier one hides', () => {
    const keys = blueskyRules.map(({ http, code, subcode, match }) => JSON.stringify([http, code, subcode, match]));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('when the platform may be asked again', () => {
  const wait = (headers: Record<string, string>) => retryAfterS({ headers, receivedAtMs });
  it.each([
    [{ 'retry-after': '17' }, 17],
    [{ 'retry-after': 'Sat, 21 Nov 2026 10:01:00 GMT' }, 60],
    [{ 'x-ratelimit-reset': '2026-11-21T10:05:00.000000Z' }, 300],
    [{ 'ratelimit-reset': String(receivedAtMs / 1000 + 42) }, 42],
    [{ 'ratelimit-reset': '30' }, 30],
    [{ 'ratelimit-reset': String(receivedAtMs / 1000 - 5) }, 0],
    [{ 'x-business-use-case-usage': '{"17":[{"type":"threads","estimated_time_to_regain_access":3}]}' }, 180],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('%j is %s seconds', (headers, seconds) => {
    expect(wait(headers)).toBe(seconds);
  });

  it('is told with the failure', () => {
    const limited = answer(429, { error: 'Too many requests' }, { 'x-ratelimit-reset': '2026-11-21T10:05:00Z' });
    expect(toFailure(limited, mastodon)).toMatchObject({ class: 'rate-limited', retryAfterS: 300 });
  });
});

describe('JSON from outside', () => {
  it('keeps every digit of an id', () => {
    const shape = z.object({ id: z.union([z.string(), z.number()]), n: z.number(), list: z.array(z.string()) });
    const text = '{"id":17841400000000123456,"n":42,"list":[9007199254740993]}';
    expect(shape.parse(parseJson(text))).toEqual({ id: '17841400000000123456', n: 42, list: ['9007199254740993'] });
    expect(parseJson('<html>')).toBeNull();
  });
});
