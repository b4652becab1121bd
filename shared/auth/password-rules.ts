/**
 * Which new passwords are taken (ASVS 5.0 6.2, NIST SP 800-63B-4): length and whether others would guess it. No rules of
 * composition, and nothing is cut off.
 */
import { fail } from '../errors.ts';
import { canonical, isCommon } from './common-passwords.ts';

/** What an attacker knows of the person before the first guess. */
export interface PasswordContext {
  readonly email: string;
  readonly names: readonly (string | null | undefined)[];
}

const OURS = ['posthaste'];
const SHORTEST_WORD = 4;
/** Characters that must be left once what is known of the person is taken out. */
const LEAST_REST = 4;

/** Throws `password_too_common` with the field's pointer. */
export async function checkNewPassword(password: string, context: PasswordContext, pointer: string): Promise<void> {
  const message = isAboutPerson(password, context)
    ? 'is made of what everybody knows of you'
    : (await isCommon(password)) || isMonotonous(password)
      ? 'is among the passwords that are tried first'
      : null;
  if (message === null) return;
  fail('password_too_common', { fields: [{ pointer, message, code: 'password_too_common' }] });
}

function isAboutPerson(password: string, { email, names }: PasswordContext): boolean {
  const words = [email, ...names]
    .flatMap((text) => [text ?? '', ...(text ?? '').split(/[^\p{L}\p{N}]+/u)])
    .concat(OURS)
    .map(canonical)
    .filter((word) => [...word].length >= SHORTEST_WORD)
    .sort((a, b) => b.length - a.length);
  const given = canonical(password);
  const rest = words.reduce((text, word) => text.replaceAll(word, ''), given);
  // Digits and signs around a known word are the first that is tried; a password that holds no such word may be all digits.
  return rest !== given && [...rest.replaceAll(/[^\p{L}]/gu, '')].length < LEAST_REST;
}

/** `aaaaaaaa`, `abababab`. */
function isMonotonous(password: string): boolean {
  return new Set(canonical(password)).size < 3;
}
