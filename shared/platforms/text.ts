/** Lengths as platforms count them, and what they find in a text. Positions are UTF-16 indices. */
import type { TextLimit } from './connector.ts';

export interface Found {
  /** The link itself, the tag without `#`, the mention without the first `@`. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Longer ones are no links to anybody. Code units. */
const maxLinkLength = 2048;
const maxHandleLength = 253;
/** A text so many times as long as allowed is not counted to its end. */
export const farOver = 4;

// Each of these looks at every character a bounded number of times: whoever writes a text may write it against us.
const linkPattern = /\bhttps?:\/\/[^\s<>"'`\p{Cc}]+/giu;
// A tag begins after a space, a bracket or the start, and holds something besides digits.
const hashtagPattern = /(?<![\p{L}\p{N}\p{M}_&/#＃])[#＃]([\p{L}\p{M}\p{N}_]+)/gu;
const remoteMentionPattern =
  /(?<![\w=/.@])@([a-z0-9_](?:[a-z0-9_.-]{0,253}[a-z0-9_])?)@[a-z0-9](?:[a-z0-9.:-]{0,253}[a-z0-9])?/gi;
const handlePattern = /(?<![\w=/.@])@([a-z0-9][a-z0-9.-]*)([_@]?)/gi;
const labelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const emojiPattern = /\p{RGI_Emoji}|\p{Emoji_Presentation}/v;
const brackets: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Length of a text in the platform's own unit; in code points once it is far over the limit. */
export function countText(text: string, limit: TextLimit): number {
  const named = limit.mentionsWithoutHost === true ? text.replace(remoteMentionPattern, '@$1') : text;
  if (limit.urlWeight === null) return countUnits(named, limit);
  const links = findLinks(named);
  const rest = replaceFound(named, links, () => '');
  return countUnits(rest, limit) + links.length * limit.urlWeight;
}

function countUnits(text: string, { unit, max }: TextLimit): number {
  if (unit === 'characters') return countCodePoints(text);
  let length = 0;
  for (const { segment } of graphemes(text)) {
    length += unit === 'graphemes' ? 1 : emojiPattern.test(segment) ? countBytes(segment) : countCodePoints(segment);
    if (length > max * farOver) return countCodePoints(text);
  }
  return length;
}

export function countBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

export function splitGraphemes(text: string): string[] {
  return Array.from(graphemes(text), ({ segment }) => segment);
}

function graphemes(text: string): Intl.Segments {
  return new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text);
}

function countCodePoints(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

/** Links with a scheme, without the punctuation that ends the sentence. */
export function findLinks(text: string): Found[] {
  return Array.from(text.matchAll(linkPattern), (match) => {
    const value = withoutClosing(match[0]);
    return { value, start: match.index, end: match.index + value.length };
  }).filter(({ value }) => value.length <= maxLinkLength && URL.canParse(value));
}

function withoutClosing(link: string): string {
  const left = new Map(Array.from('()[]{}', (bracket) => [bracket, link.split(bracket).length - 1]));
  let end = link.length;
  for (; end > 0; end -= 1) {
    const last = link.charAt(end - 1);
    const closing = left.get(last) ?? 0;
    const opening = brackets[last];
    const unbalanced = opening !== undefined && closing > (left.get(opening) ?? 0);
    if (!unbalanced && !/[.,;:!?*_~…]/.test(last)) break;
    left.set(last, closing - 1);
  }
  return link.slice(0, end);
}

/** The text with something else in place of what was found in it. */
export function replaceFound(text: string, found: readonly Found[], replace: (one: Found) => string): string {
  const parts: string[] = [];
  let at = 0;
  for (const one of found) {
    parts.push(text.slice(at, one.start), replace(one));
    at = one.end;
  }
  return [...parts, text.slice(at)].join('');
}

/** Hashtags outside of links. */
export function findHashtags(text: string): Found[] {
  return outsideLinks(text, hashtagPattern, (name) => (/[\p{L}\p{M}]/u.test(name) ? name : null));
}

/** `@name.example` as Bluesky writes handles, outside of links. */
export function findHandles(text: string): Found[] {
  return outsideLinks(text, handlePattern, handleIn);
}

/** Without the dots that end the sentence; null when it is no host name. */
function handleIn(run: string): string | null {
  const dots = run.indexOf('..');
  const cut = dots === -1 ? run : run.slice(0, dots);
  const handle = cut.endsWith('.') ? cut.slice(0, -1) : cut;
  if (handle.length > maxHandleLength) return null;
  const labels = handle.split('.');
  const named = labels.length > 1 && labels.every((label) => labelPattern.test(label));
  return named && /^[a-z]/i.test(labels.at(-1) ?? '') ? handle : null;
}

/** What a sign and a name make, where the name is one; the sign is one code unit. */
function outsideLinks(text: string, pattern: RegExp, nameIn: (run: string) => string | null): Found[] {
  const links = findLinks(text);
  const found: Found[] = [];
  let next = 0;
  for (const match of text.matchAll(pattern)) {
    const value = match[2] ? null : nameIn(match[1] ?? '');
    if (value === null) continue;
    const start = match.index;
    const end = start + 1 + value.length;
    while ((links[next]?.end ?? Number.POSITIVE_INFINITY) <= start) next += 1;
    if ((links[next]?.start ?? Number.POSITIVE_INFINITY) >= end) found.push({ value, start, end });
  }
  return found;
}
