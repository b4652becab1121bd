/** How much is in a JSON text, before it is parsed: of many thousand names that alone takes a tenth of a second. */
import { endOfString } from './json-string.ts';

/** Objects, arrays and what they hold, counted up to `most`. Of what is no JSON any number. */
export function countValues(text: string, most: number): number {
  let count = 1;
  let before = '';
  for (let at = 0; at < text.length && count < most; at += 1) {
    const sign = text.charAt(at);
    if (sign === ' ' || sign === '\n' || sign === '\r' || sign === '\t') continue;
    const isFirst = (before === '[' || before === '{') && sign !== ']' && sign !== '}';
    if (isFirst || sign === ',') count += 1;
    if (sign === '"') at = endOfString(text, at) - 1;
    before = sign;
  }
  return count;
}
