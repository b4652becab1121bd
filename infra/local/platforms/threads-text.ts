/** How Threads counts a text. */
export const maxThreadsChars = 500;
export const maxLinks = 5;

const emoji = /\p{Extended_Pictographic}|\p{Emoji_Presentation}/u;
const links = /https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]]/g;

/** One per code point, but the UTF-8 length of an emoji. */
export function countThreadsChars(text: string): number {
  let count = 0;
  for (const character of text) count += emoji.test(character) ? Buffer.byteLength(character) : 1;
  return count;
}

export function countLinks(text: string, attachment: string | null): number {
  return new Set([...(text.match(links) ?? []), ...(attachment === null ? [] : [attachment])]).size;
}
