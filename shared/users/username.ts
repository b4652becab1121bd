/**
 * User names: small letters, digits and `.` `_` `-`, of one script, so that a name can be read; and a skeleton (UTS #39), so
 * that no two of them look alike.
 */
import unhomoglyph from 'unhomoglyph';
import { z } from 'zod';
import { withoutInvisible } from '../text/visible.ts';

/** Whom a name may not pretend to be, and what stands in paths and addresses. */
const RESERVED = [
  ...[
    'about',
    'abuse',
    'account',
    'admin',
    'administrator',
    'anonymous',
    'api',
    'auth',
    'billing',
    'contact',
    'deleted',
  ],
  ...['docs', 'everyone', 'feed', 'health', 'help', 'hostmaster', 'info', 'login', 'logout', 'mail', 'me', 'moderator'],
  ...['nobody', 'no-reply', 'noreply', 'null', 'official', 'owner', 'popular', 'postmaster', 'posthaste', 'privacy'],
  ...['register', 'root', 'search', 'security', 'settings', 'staff', 'status', 'support', 'system', 'team', 'terms'],
  ...['undefined', 'user', 'users', 'verify', 'webmaster', 'www'],
];

/** Scripts in common use (UAX #31, table 5), with the marks that all of them share. East Asian names are written in several at once. */
const SCRIPTS = [
  ...['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Hebrew', 'Arabic', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati'],
  ...['Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Thai', 'Lao', 'Georgian', 'Ethiopic', 'Khmer'],
].map((script) => `\\p{Script=${script}}`);
const SYSTEMS = [
  ...SCRIPTS,
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー',
  '\\p{Script=Hangul}\\p{Script=Han}',
].map((letters) => new RegExp(`^[${letters}\\p{Script=Inherited}0-9._-]+$`, 'u'));

function canonicalUsername(given: string): string {
  return given.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
}

/** What the name looks like: equal for names that people take for each other. Never shown. */
export function skeletonOf(username: string): string {
  const plain = withoutInvisible(canonicalUsername(username)).normalize('NFD');
  const seen = unhomoglyph(once(plain)).normalize('NFD');
  // 0 looks like a capital O: once more, since names are in small letters.
  return unhomoglyph(seen.toLowerCase()).toLowerCase().normalize('NFD');
}

/** Marks that lie on one another: the same one twice, a dot on a letter that has one. */
function once(decomposed: string): string {
  return decomposed.replace(/(\p{Mn})\1+/gu, '$1').replace(/(\p{Soft_Dotted}[\u0316-\u0333]*)\u0307/gu, '$1');
}

const reservedSkeletons = new Set(RESERVED.map(skeletonOf));
const characters = (text: string) => [...text].length;

export const username = z
  .string()
  .max(500)
  .overwrite(canonicalUsername)
  .refine((name) => characters(name) >= 3 && characters(name) <= 50, 'must have 3 to 50 characters')
  .refine(
    (name) => /^[\p{L}\p{Mn}\p{Mc}0-9._-]+$/u.test(name) && name === withoutInvisible(name),
    'may hold letters, digits and . _ -',
  )
  .refine(
    (name) => /^[\p{L}0-9]/u.test(name) && !/[._-]$|[._-]{2}/.test(name),
    'must begin and end with a letter or digit',
  )
  .refine((name) => SYSTEMS.some((system) => system.test(name)), 'must be written in one script')
  .refine((name) => !reservedSkeletons.has(skeletonOf(name)), 'is reserved')
  .meta({
    minLength: 3,
    maxLength: 50,
    description:
      'Not case-sensitive; names that look alike count as the same. Letters of one script, digits, and single `.` `_` `-` between them.',
    examples: ['ada.lovelace'],
  });
