/** What of a text is seen. */

/** Nothing of these is seen, though some count as letters or marks (Unicode's Default_Ignorable_Code_Point). */
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Drawn as nothing all the same: the empty braille cell, a note without head, blanks among hieroglyphs, what stands for an object. */
const BLANK = /[\u2800\u{1d159}\u{13441}\u{13442}\ufffc]/gu;

export function withoutInvisible(text: string): string {
  return text.replace(IGNORABLE, '');
}

/** Whether anything can be seen: a letter, digit, sign or picture. Spaces, controls and marks without a letter are none. */
export function isVisible(text: string): boolean {
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(withoutInvisible(text).replace(BLANK, ''));
}
