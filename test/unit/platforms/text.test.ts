import { describe, expect, it } from 'vitest';
import { capabilities as mastodon } from '../../../shared/platforms/mastodon/limits.ts';
import { htmlToText, sameText } from '../../../shared/platforms/match.ts';
import { countText, findHandles, findHashtags, findLinks } from '../../../shared/platforms/text.ts';
import { capabilities as threads } from '../../../shared/platforms/threads/limits.ts';

const plain = { max: 10, maxBytes: null, urlWeight: null } as const;
const family = '👨‍👩‍👧‍👦';

describe('length of a text', () => {
  it.each([
    ['characters', 'naïve', 5],
    ['characters', family, 7],
    ['graphemes', family, 1],
    ['graphemes', 'e\u0301', 1],
    ['graphemes', 'ab\r\n', 3],
    ['threads_chars', 'abc', 3],
    ['threads_chars', 'ü漢', 2],
    ['threads_chars', '😀', 4],
    ['threads_chars', family, 25],
    ['threads_chars', '1 # ©', 5],
    ['threads_chars', '❤️', 6],
  ] as const)('in %s of %s', (unit, text, length) => {
    expect(countText(text, { ...plain, unit })).toBe(length);
  });

  it('counts 23 for a link and only the user of a remote mention on Mastodon', () => {
    const link = `https://example.com/${'x'.repeat(100)}`;
    expect(countText(`a ${link} b`, mastodon.text)).toBe(4 + 23);
    expect(countText('https://a.de, https://b.de!', mastodon.text)).toBe(23 + 2 + 23 + 1);
    expect(countText('hi @ann@social.example!', mastodon.text)).toBe('hi @ann!'.length);
    expect(countText('mail ann@social.example', mastodon.text)).toBe('mail ann@social.example'.length);
    expect(countText(link, threads.text)).toBe(link.length);
  });
});

describe('what a text holds', () => {
  const values = (found: { value: string }[]) => found.map(({ value }) => value);

  it('finds links without the sentence around them', () => {
    const text =
      'See https://a.example/x?y=1#z, (https://b.example/p_(q)) and “http://c.example/”. Not https:// or ftp://d.example';
    expect(values(findLinks(text))).toEqual([
      'https://a.example/x?y=1#z',
      'https://b.example/p_(q)',
      'http://c.example/”',
    ]);
    for (const { value, start, end } of findLinks(text)) expect(text.slice(start, end)).toBe(value);
  });

  it('takes the brackets of a link with it, and not those around it', () => {
    expect(values(findLinks('(see https://a.example/b_(c)). [https://d.example/(e]).]'))).toEqual([
      'https://a.example/b_(c)',
      'https://d.example/(e])',
    ]);
    expect(findLinks(`https://a.example/${'x'.repeat(2030)}`)).toHaveLength(1);
    expect(findLinks(`https://a.example/${'x'.repeat(2031)}`)).toEqual([]);
  });

  it('finds hashtags, but not numbers, entities or fragments', () => {
    const text = '#one (#Zwei_2) #三 #2026 #2026x a#no &#39; https://x.example/#frag #tag!';
    expect(values(findHashtags(text))).toEqual(['one', 'Zwei_2', '三', '2026x', 'tag']);
  });

  it('finds handles, but not mail or remote mentions', () => {
    const text =
      '@ann.bsky.social, (@bob.example) me@mail.example @ann@social.example @nodot https://x.example/@c.example';
    expect(values(findHandles(text))).toEqual(['ann.bsky.social', 'bob.example']);
    expect(
      values(findHandles('Ask @ann.example. Or @bob.example... @c.example_ @-d.example @e.1 @f.example-')),
    ).toEqual(['ann.example', 'bob.example']);
  });
});

describe('finding our own text again', () => {
  it('reads what Mastodon makes of it', () => {
    const html =
      '<p>Fish &amp; chips &lt;3<br />at <a href="https://www.example.com/a-very-long-path-that-is-cut" target="_blank">' +
      '<span class="invisible">https://www.</span><span class="ellipsis">example.com/a-very-long-path-t</span>' +
      '<span class="invisible">hat-is-cut</span></a></p><p>with <span class="h-card"><a href="https://social.example/@ann" ' +
      'class="u-url mention">@<span>ann</span></a></span> <a href="https://x.example/tags/food" class="mention hashtag" rel="tag">#<span>food</span></a></p>';
    const text =
      '  Fish & chips <3\nat https://www.example.com/a-very-long-path-that-is-cut\n\nwith @ann@social.example #food ';
    expect(sameText(htmlToText(html), text)).toBe(true);
  });

  it('tolerates white space, unicode forms and a slash after a link', () => {
    expect(sameText('a  b\n\nc', 'a b c')).toBe(true);
    expect(sameText('cafe\u0301 ❤\uFE0F', 'café ❤')).toBe(true);
    expect(sameText('see https://EXAMPLE.com', 'see https://example.com/')).toBe(true);
  });

  it('does not take another post for ours', () => {
    expect(sameText('Episode 1', 'Episode 2')).toBe(false);
    expect(sameText('New: https://x.example/1', 'New: https://x.example/2')).toBe(false);
    expect(sameText('Hello', 'Hello!')).toBe(false);
    expect(sameText('', 'x')).toBe(false);
  });
});
