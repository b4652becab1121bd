import { expect, test } from 'vitest';
import { handleOf, isReservedHandle, originOf, signInError, spareHandleOf } from '../../../shared/accounts/rules.ts';

test.each([
  ['Élan & Söhne', 'elan-sohne'],
  ['  -- 2026: Launch!! ', '2026-launch'],
  ['日本', 'project'],
  ['x', 'project'],
  ['a'.repeat(80), 'a'.repeat(30)],
])('a handle of the project name %j is %j', (name, handle) => {
  expect(handleOf(name)).toBe(handle);
});

test('names of those who run the place are nobody’s handle, however they are written', () => {
  expect(
    ['admin', 'Root', 'posthaste', 'mod-erator', 'support_', 'system'].filter((name) => !isReservedHandle(name)),
  ).toEqual([]);
  expect(['ada', 'administer', 'support-group'].filter(isReservedHandle)).toEqual([]);
});

test('a spare handle is another each time, and no longer than handles are', () => {
  const spare = spareHandleOf('a'.repeat(30));
  expect(spare).toMatch(/^a{23}-[0-9a-f]{6}$/);
  expect(spareHandleOf('a'.repeat(30))).not.toBe(spare);
});

test.each([
  ['mastodon.social', 'https://mastodon.social'],
  ['https://Mastodon.Social/@ada?x#y', 'https://mastodon.social'],
  ['http://127.0.0.1:3001/', 'http://127.0.0.1:3001'],
  ['mastodon.social:8443', 'https://mastodon.social:8443'],
  ['javascript:alert(1)', null],
  ['file:///etc/passwd', null],
  ['not an address', null],
])('the origin of %j is %j', (given, origin) => {
  expect(originOf(given)).toBe(origin);
});

test('a platform that is busy is not the fault of who signs in', () => {
  const failure = { kind: 'failed', code: '503', message: 'down', retryAfterS: 7 } as const;
  const busy = signInError({ ...failure, class: 'retry-later' });
  expect([busy.code, busy.detail.retryAfterS]).toEqual(['platform_unavailable', 7]);
  expect(signInError({ ...failure, class: 'reauthorize' }).code).toBe('sign_in_refused');
});
