import { describe, expect, test } from 'vitest';
import { encode, json } from '../../../shared/db/parameters.ts';

describe('arguments of a statement', () => {
  test('travel as text', () => {
    expect([encode(null), encode('a'), encode(7), encode(true)]).toEqual([null, 'a', '7', 'true']);
    expect(encode(['a', 'b"c', 'd\\e'])).toBe('{"a","b\\"c","d\\\\e"}');
    expect(encode(json({ a: [1, null, 'x'] }))).toBe('{"a":[1,null,"x"]}');
  });

  test('hold nothing that PostgreSQL cannot store, whatever a platform has said', () => {
    expect(encode('a\0b\ud83d')).toBe('a\ufffdb\ufffd');
    expect(encode(['\0'])).toBe('{"\ufffd"}');
    expect(JSON.parse(encode(json({ message: 'a\0b', list: ['\udc00'] })) ?? '')).toEqual({
      message: 'a\ufffdb',
      list: ['\ufffd'],
    });
  });
});
