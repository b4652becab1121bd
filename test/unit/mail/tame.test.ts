import { expect, test } from 'vitest';
import { tame } from '../../../shared/mail/tame.ts';

test.each([
  ['Ada Lovelace', 'Ada Lovelace'],
  ['J.R. Tolkien', 'J.R. Tolkien'],
  ['Für Berlin 🥨', 'Für Berlin 🥨'],
  ['a\r\nBcc: b', 'a Bcc: b'],
  ['win\u2028now\u202eevil\0', 'win now evil'],
  ['https://evil.example/x', 'https: //evil. example/x'],
  ['me@evil.example', 'me@ evil. example'],
  ['evil。com', 'evil。 com'],
  ['  a   b ', 'a b'],
])('%j becomes %j', (name, shown) => {
  expect(tame(name)).toBe(shown);
});

test('a long name ends early, between two characters', () => {
  expect(tame('🥨'.repeat(100))).toBe(`${'🥨'.repeat(60)}…`);
  expect(tame('x'.repeat(60))).toBe('x'.repeat(60));
});
