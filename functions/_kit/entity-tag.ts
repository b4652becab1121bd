/** Entity tags (RFC 9110, section 8.8): the row's version, where there is one, and a hash of what is shown. */
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { z } from 'zod';
import { fail } from '../../shared/errors.ts';

const versioned = z.looseObject({ version: z.int() });
const LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/;

/** `"7-<hash>"`, or `"<hash>"` of what has no version of its own. */
export function entityTag(body: unknown, text: string): string {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22); // 132 bits
  const row = versioned.safeParse(body);
  return row.success ? `"${row.data.version}-${hash}"` : `"${hash}"`;
}

/** Whether the caller's If-None-Match names this tag, so that 304 says all. */
export function isKnown(event: APIGatewayProxyEventV2, tag: string): boolean {
  const header = event.headers['if-none-match'];
  if (header === undefined) return false;
  return header.trim() === '*' || tags(header).includes(tag);
}

/** The version that the caller saw; null without If-Match, or for `*`. Throws `stale` for a tag that is of no version. */
export function expectedVersion(event: APIGatewayProxyEventV2): number | null {
  const header = event.headers['if-match'];
  if (header === undefined || header.trim() === '*') return null;
  if (!LIST.test(header) || tags(header).length > 1) {
    const message = 'must be one entity tag as an answer gave it, or *';
    fail('invalid_request', { fields: [{ pointer: '/headers/if-match', message }] });
  }
  // A weak tag never matches: two that are only alike may be edited apart.
  const version = /^\s*"(\d{1,9})-[\w-]+"\s*$/.exec(header)?.[1];
  return version === undefined ? fail('stale') : Number(version);
}

/** As they are compared: without the mark of the weak ones. */
function tags(header: string): string[] {
  return [...header.matchAll(/(?:W\/)?("[\x21\x23-\x7e]*")/g)].map(([, tag]) => tag ?? '');
}
