import { expect, test } from 'vitest';
import { isApiKey, newApiKey } from '../../../shared/auth/api-key.ts';

test('a key is told by its prefix and its checksum, without asking anybody', () => {
  const { key, prefix } = newApiKey();
  expect(key).toMatch(/^phk_live_[0-9A-Za-z]{38}$/);
  expect(isApiKey(key)).toBe(true);
  expect(key.startsWith(prefix)).toBe(true);
  expect(prefix).toHaveLength('phk_live_'.length + 8);
});

test('a published example stays a key: scanners elsewhere rely on the checksum', () => {
  expect(isApiKey(`phk_live_${'0'.repeat(32)}4TxY3f`)).toBe(true);
});

test('any one character changed is no key any more', () => {
  const { key } = newApiKey();
  for (let place = 0; place < key.length; place++) {
    const other = key[place] === 'a' ? 'b' : 'a';
    expect([place, isApiKey(key.slice(0, place) + other + key.slice(place + 1))]).toEqual([place, false]);
  }
});

test.each(['', 'phk_live_', 'eyJhbGciOiJFZERTQSJ9.e30.x', `phk_live_${'0'.repeat(38)}`])('%j is no key', (text) => {
  expect(isApiKey(text)).toBe(false);
});

test.each(['\n', ' ', 'x'])('neither is a key with %j behind it', (tail) => {
  expect(isApiKey(newApiKey().key + tail)).toBe(false);
});

test('no two keys are the same, and all digits are used', () => {
  const keys = Array.from({ length: 2_000 }, () => newApiKey().key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(keys.flatMap((key) => [...key.slice(9, 41)])).size).toBe(62);
});
