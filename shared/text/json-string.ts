/** Strings within a JSON text, for what reads one from left to right. */

/** Index behind the closing quote; the end of a text that has none. @param begin of the opening quote */
export function endOfString(text: string, begin: number): number {
  let quote = text.indexOf('"', begin + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote === -1 ? text.length : quote + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
