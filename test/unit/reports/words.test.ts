import { expect, test } from 'vitest';
import { sayCount, sayInstant, sayLateness } from '../../../shared/reports/words.ts';

const due = '2026-11-20T10:00:00Z';

test.each([
  ['2026-11-20T10:00:00.040Z', 'on time'],
  ['2026-11-20T09:59:59Z', 'on time'],
  ['2026-11-20T10:00:01.440Z', '1.4 s'],
  ['2026-11-20T10:05:10Z', '5 min'],
  ['2026-11-20T13:30:00Z', '3.5 h'],
])('published at %s is %s late', (publishedAt, words) => {
  expect(sayLateness(due, publishedAt)).toBe(words);
});

test('what is not known is said with a dash', () => {
  expect([sayLateness(null, due), sayLateness(due, null), sayCount(null)]).toEqual(['–', '–', '–']);
  expect([sayCount(0), sayCount(1_234_567)]).toEqual(['0', '1,234,567']);
  expect(sayInstant('2026-11-20T10:00:01.999999Z')).toBe('20 Nov 2026, 10:00:01 UTC');
});
