import { expect, test } from 'vitest';
import { countValues } from '../../../shared/text/count-values.ts';

const counted = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, inner) => sum + counted(inner), 1)
    : 1;

test.each(['1', '"a,b[{"', '[]', '{ }', '[ \n]', '[1]', '[[],[]]', '{"a":[],"b":{"c":null}}', '["\\"",",\\\\",2]'])(
  '%s',
  (text) => {
    const all = counted(JSON.parse(text));
    expect(countValues(text, 100)).toBe(all);
    expect(countValues(JSON.stringify(JSON.parse(text), null, '\t'), 100)).toBe(all);
  },
);

test('counting ends where it is enough, and with a text that does not', () => {
  expect(countValues(`[${'0,'.repeat(1_000)}0]`, 10)).toBe(10);
  for (const text of ['"', '["', '["\\', '{"a', ',,,', '[[[', ']']) expect(countValues(text, 10)).toBeLessThan(10);
});
