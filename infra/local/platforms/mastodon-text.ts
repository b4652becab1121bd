/** How Mastodon counts and shows a text. */
import { escapeHtml } from './html.ts';

export const maxCharacters = 500;
export const charactersPerUrl = 23;

const urls = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/g;
const remoteMentions = /(?<![\w/])@([a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)@[\w.-]+[\w]/gi;
const parts = /(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])|(?<![\w&/])#([\p{L}\p{N}_]*[\p{L}_][\p{L}\p{N}_]*)/gu;
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Grapheme clusters of text and content warning; a URL counts 23, a remote mention without its host. */
export function countCharacters(text: string, spoilerText: string): number {
  const countable = text.replace(urls, 'x'.repeat(charactersPerUrl)).replace(remoteMentions, '@$1');
  return graphemes(countable) + graphemes(spoilerText);
}

function graphemes(text: string): number {
  return [...segmenter.segment(text)].length;
}

export function toHtml(text: string, origin: string): string {
  if (text === '') return '';
  return text
    .split(/\n{2,}/)
    .map(
      (paragraph) =>
        `<p>${paragraph
          .split('\n')
          .map((line) => lineToHtml(line, origin))
          .join('<br />')}</p>`,
    )
    .join('');
}

function lineToHtml(line: string, origin: string): string {
  let result = '';
  let at = 0;
  for (const found of line.matchAll(parts)) {
    result += escapeHtml(line.slice(at, found.index));
    const [whole, url, tag] = found;
    result += url === undefined ? hashtag(tag ?? '', origin) : link(url);
    at = found.index + whole.length;
  }
  return result + escapeHtml(line.slice(at));
}

function link(url: string): string {
  const prefix = /^https?:\/\/(?:www\.)?/.exec(url)?.[0] ?? '';
  const rest = url.slice(prefix.length);
  const shown = rest.slice(0, 30);
  const hidden = rest.slice(30);
  const ellipsis = hidden === '' ? '' : 'ellipsis';
  return (
    `<a href="${escapeHtml(url)}" target="_blank" rel="nofollow noopener" translate="no">` +
    `<span class="invisible">${escapeHtml(prefix)}</span><span class="${ellipsis}">${escapeHtml(shown)}</span>` +
    `<span class="invisible">${escapeHtml(hidden)}</span></a>`
  );
}

function hashtag(tag: string, origin: string): string {
  const href = `${origin}/tags/${encodeURIComponent(tag.toLowerCase())}`;
  return `<a href="${href}" class="mention hashtag" rel="tag">#<span>${escapeHtml(tag)}</span></a>`;
}
