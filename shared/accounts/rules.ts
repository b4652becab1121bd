/** What connecting decides without asking anybody. */
import { randomBytes } from 'node:crypto';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Failure } from '../platforms/connector.ts';

const MAX_HANDLE = 30;

/** A community handle of a project's name: `Élan & Söhne` → `elan-sohne`. */
export function handleOf(projectName: string): string {
  const slug = projectName
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_HANDLE)
    .replace(/-+$/, '');
  return slug.length < 2 ? 'project' : slug;
}

// Names that readers would take for the people who run the place.
const RESERVED = new Set(
  'abuse admin administrator api billing community contact help info legal mail me mod moderator null official owner posthaste privacy root security staff status support system team undefined webmaster'.split(
    ' ',
  ),
);

export function isReservedHandle(handle: string): boolean {
  return RESERVED.has(handle.toLowerCase().replace(/[_-]/g, ''));
}

/** `elan-sohne` → `elan-sohne-3f9a1c`, for when the handle itself is taken. */
export function spareHandleOf(handle: string): string {
  const suffix = `-${randomBytes(3).toString('hex')}`;
  return handle.slice(0, MAX_HANDLE - suffix.length) + suffix;
}

/** `mastodon.social`, `https://mastodon.social/@ada` → `https://mastodon.social`; null when it is no address. */
export function originOf(given: string): string | null {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`);
  return url === null || url.origin === 'null' ? null : url.origin;
}

const CODES: Readonly<Record<Failure['class'], ErrorCode>> = {
  reauthorize: 'sign_in_refused',
  'invalid-content': 'sign_in_refused',
  'account-restricted': 'platform_rejected',
  'duplicate-content': 'platform_rejected',
  unknown: 'platform_rejected',
  'rate-limited': 'platform_unavailable',
  'retry-later': 'platform_unavailable',
};

/** What a platform's refusal of a sign-in means to the caller. */
export function signInError(failure: Failure): AppError {
  return new AppError(CODES[failure.class], {
    detail: failure.message,
    ...(failure.retryAfterS !== undefined && { retryAfterS: failure.retryAfterS }),
  });
}
