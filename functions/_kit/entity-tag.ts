/** Entity tags (RFC 9110, section 8.8): the row's version, where there is one, and a hash of what is shown. */
import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { z } from 'zod';
import { fail } from '../../shared/errors.ts';

const versioned = z.looseObject({ version: z.int() });
/** One element of a list of tags, or none: a list may have empty ones (RFC 9110, section 5.6.1.2). */
const ELEMENT = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*")[ \t]*)?(?:,|$)/y;
/** Versions of one thing that a caller may mean at once: each that does not fit is another call of the database. */
const MAX_VERSIONS = 10;
/** No row has it. */
const NO_VERSION = -1;

/** `"7-<hash>"`, or `"<hash>"` of what has no version of its own. */
export function entityTag(body: unknown, text: string): string {
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22); // 132 bits
  const row = versioned.safeParse(body);
  return row.success ? `"${row.data.version}-${hash}"` : `"${hash}"`;
}

/** Whether the caller's If-None-Match names this tag, so that 304 says all. Weak tags are as good as strong ones here. */
export function isKnown(event: APIGatewayProxyEventV2, tag: string): boolean {
  const header = event.headers['if-none-match'];
  if (header === undefined) return false;
  return header.trim() === '*' || (readTags(header) ?? []).some((known) => known.replace(/^W\//, '') === tag);
}

/**
 * The versions that the caller may have seen, of which one must be the row's; null alone without If-Match, or for `*`. A weak
 * tag and one that is of no version fit none: whether that matters the statement says, after rights and existence
 * (RFC 9110, section 13.2.1). Throws `invalid_request` for what is no list of tags.
 */
export function expectedVersions(event: APIGatewayProxyEventV2): readonly (number | null)[] {
  const header = event.headers['if-match'];
  if (header === undefined || header.trim() === '*') return [null];
  const tags = readTags(header);
  if (tags === null) return refuse('if-match', 'must be entity tags as answers gave them, or *');
  const versions = tags.flatMap((tag) => /^"(\d{1,9})-[\w-]+"$/.exec(tag)?.[1] ?? []);
  const distinct = [...new Set(versions.map(Number))];
  if (distinct.length > MAX_VERSIONS) return refuse('if-match', `must be of at most ${MAX_VERSIONS} versions`);
  return distinct.length === 0 ? [NO_VERSION] : distinct;
}

/** A condition that nobody would look at is not passed over: who sends one relies on it. */
export function refuseConditions(event: APIGatewayProxyEventV2, { ifMatch }: { readonly ifMatch?: true }): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = event.headers;
  if (match !== undefined && match.trim() !== '*' && ifMatch !== true) refuse('if-match', 'is not taken here');
  if (noneMatch !== undefined) refuse('if-none-match', 'is taken by reads alone');
}

function refuse(name: string, message: string): never {
  return fail('invalid_request', { fields: [{ pointer: `/headers/${name}`, message }] });
}

/** Null for what is no list of at least one tag. */
function readTags(header: string): string[] | null {
  const tags: string[] = [];
  ELEMENT.lastIndex = 0;
  while (ELEMENT.lastIndex < header.length) {
    const found = ELEMENT.exec(header);
    if (found === null) return null;
    if (found[1] !== undefined) tags.push(found[1]);
  }
  return tags.length === 0 ? null : tags;
}
