/** Whatever somebody sends in place of a secret is compared, and never breaks the comparing. */
import { expect, test } from 'vitest';
import { isSameText } from '../../../shared/text/same-text.ts';

const secret = 'Qm1uK0f0yJmC2w0xqk1b9A';

test('the same text is the same', () => {
  expect(isSameText(secret, secret)).toBe(true);
  expect(isSameText('', '')).toBe(true);
});

test.each([
  ['empty', ''],
  ['shorter', secret.slice(1)],
  ['longer', `${secret}A`],
  ['of other case', secret.toLowerCase()],
  ['as many characters in twice as many bytes', 'é'.repeat(22)],
  ['as many units in more bytes', '🥨'.repeat(11)],
  ['half a surrogate pair', '\ud83e'.repeat(22)],
  ['as many bytes in fewer characters', 'é'.repeat(11)],
])('another is another: %s', (_, given) => {
  expect(isSameText(given, secret)).toBe(false);
});
