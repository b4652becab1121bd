/**
 * A name that somebody chose, in a mail to somebody who does not know them: one line, not long, and nothing in it that a mail
 * program would turn into a link.
 */
const MAX_LENGTH = 60;

export function tame(name: string): string {
  const line = name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/:\/\//g, ': //')
    .replace(/([.@。．｡])(?=[\p{L}\p{N}]{2})/gu, '$1 ')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = [...line];
  return characters.length > MAX_LENGTH ? `${characters.slice(0, MAX_LENGTH).join('')}…` : line;
}
