/**
 * Finding our own post in a list that a platform shows. Platforms trim, collapse white space, return HTML, drop the
 * host of a mention or append a slash to a link; nothing else may differ.
 */
import { Parser } from 'htmlparser2';
import { findLinks, replaceFound } from './text.ts';

export interface Listed {
  readonly id: string;
  readonly text: string;
  /** ISO instant. */
  readonly createdAt: string;
  readonly mediaCount: number | null;
}

export interface Wanted {
  readonly text: string;
  /** ISO instant at which the commit began. */
  readonly since: string;
  readonly mediaCount: number;
  readonly knownPostIds: readonly string[];
}

/** Clocks of platforms are trusted this far. */
export const clockSkewS = 60;

/** The earliest listed post that is ours; null when none is. */
export function findOurs<L extends Listed>(listed: readonly L[], wanted: Wanted): L | null {
  const fromMs = Date.parse(wanted.since) - clockSkewS * 1000;
  const ours = listed
    .filter((post) => !wanted.knownPostIds.includes(post.id))
    .filter((post) => Date.parse(post.createdAt) >= fromMs)
    .filter((post) => post.mediaCount === null || post.mediaCount === wanted.mediaCount)
    .filter((post) => sameText(post.text, wanted.text));
  return ours.toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt))[0] ?? null;
}

export function sameText(one: string, other: string): boolean {
  return normalise(one) === normalise(other);
}

function normalise(text: string): string {
  const named = replaceFound(text, findLinks(text), ({ value }) => new URL(value).href.replace(/\/$/, ''));
  return named
    .normalize('NFC')
    .replace(/(?<![\w=/.@])@([a-z0-9_.-]*[a-z0-9_])@[a-z0-9.:-]*[a-z0-9]/gi, '@$1')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The text of an HTML fragment, with a line for each paragraph and break. */
export function htmlToText(html: string): string {
  const parts: string[] = [];
  const parser = new Parser({
    ontext: (text) => parts.push(text),
    onopentagname: (name) => {
      if (name === 'br') parts.push('\n');
    },
    onclosetag: (name) => {
      if (name === 'p' || name === 'li' || name === 'blockquote') parts.push('\n\n');
    },
  });
  parser.end(html);
  return parts.join('').trim();
}
