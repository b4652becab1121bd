/** Lengths as platforms count them, and what they find in a text. Positions are UTF-16 indices. */
import type { TextLimit } from './connector.ts';

export interface Found {
  /** The link itself, the tag without `#`, the mention without the first `@`. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const linkPattern = /\bhttps?:\/\/[^\s<>"'`\p{Cc}]+/giu;
// A tag begins after a space, a bracket or the start, and holds something besides digits.
const hashtagPattern = /(?<![\p{L}\p{N}\p{M}_&/#＃])[#＃](?=[\p{N}_]*[\p{L}\p{M}])([\p{L}\p{M}\p{N}_]+)/gu;
const remoteMentionPattern = /(?<![\w=/.@])@([a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_])?)@[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?/gi;
const handlePattern =
  /(?<![\w=/.@])@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)(?![\w@-])/gi;
const emojiPattern = /\p{RGI_Emoji}|\p{Emoji_Presentation}/v;
const brackets: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Length of a text in the platform's own unit. */
export function countText(text: string, limit: TextLimit): number {
  const named = limit.mentionsWithoutHost === true ? text.replace(remoteMentionPattern, '@$1') : text;
  if (limit.urlWeight === null) return countUnits(named, limit.unit);
  const links = findLinks(named);
  const rest = links.reduceRight((left, link) => left.slice(0, link.start) + left.slice(link.end), named);
  return countUnits(rest, limit.unit) + links.length * limit.urlWeight;
}

function countUnits(text: string, unit: TextLimit['unit']): number {
  if (unit === 'characters') return countCodePoints(text);
  const graphemes = splitGraphemes(text);
  if (unit === 'graphemes') return graphemes.length;
  return graphemes.reduce((sum, one) => sum + (emojiPattern.test(one) ? countBytes(one) : countCodePoints(one)), 0);
}

export function countBytes(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

export function splitGraphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text), ({ segment }) => segment);
}

function countCodePoints(text: string): number {
  return Array.from(text).length;
}

/** Links with a scheme, without the punctuation that ends the sentence. */
export function findLinks(text: string): Found[] {
  return Array.from(text.matchAll(linkPattern), (match) => {
    const value = withoutClosing(match[0]);
    return { value, start: match.index, end: match.index + value.length };
  }).filter(({ value }) => URL.canParse(value));
}

function withoutClosing(link: string): string {
  const last = link.at(-1) ?? '';
  const opening = brackets[last];
  const unbalanced = opening !== undefined && count(link, last) > count(link, opening);
  return unbalanced || /[.,;:!?*_~…]/.test(last) ? withoutClosing(link.slice(0, -1)) : link;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Hashtags outside of links. */
export function findHashtags(text: string): Found[] {
  return outsideLinks(text, hashtagPattern);
}

/** `@name.example` as Bluesky writes handles, outside of links. */
export function findHandles(text: string): Found[] {
  return outsideLinks(text, handlePattern);
}

function outsideLinks(text: string, pattern: RegExp): Found[] {
  const links = findLinks(text);
  return Array.from(text.matchAll(pattern), (match) => ({
    value: match[1] ?? '',
    start: match.index,
    end: match.index + match[0].length,
  })).filter((found) => !links.some((link) => found.start < link.end && link.start < found.end));
}
