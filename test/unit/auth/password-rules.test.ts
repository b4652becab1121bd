import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { buildFilter } from '../../../infra/tools/common-passwords.ts';
import { isCommon } from '../../../shared/auth/common-passwords.ts';
import { checkNewPassword } from '../../../shared/auth/password-rules.ts';
import { newPassword } from '../../../shared/auth/shapes.ts';

const ada = { email: 'ada.lovelace@analytical.example', names: ['Ada Lovelace', 'countess'] };
const verdict = async (password: string) =>
  checkNewPassword(password, ada, '/body/password').then(
    () => 'taken',
    (error) => [error.code, error.detail.fields[0].pointer, error.detail.fields[0].message],
  );
const guessed = ['password_too_common', '/body/password', 'is among the passwords that are tried first'];
const known = ['password_too_common', '/body/password', 'is made of what everybody knows of you'];

test.each([
  'password',
  'PASSWORD1',
  'iloveyou',
  'qwertyuiop',
  '12345678',
  'ｐａｓｓｗｏｒｄ',
  'trustno1',
  'aaaaaaaaaaaa',
  'abababababab',
])('refuses %s: it is tried first', async (password) => expect(await verdict(password)).toEqual(guessed));

test.each(['Lovelace1815!', 'ada.lovelace', 'countess42', 'posthaste2026', 'Analytical.Example', 'POSTHASTE-ada-1'])(
  'refuses %s: it is made of what everybody knows of the person',
  async (password) => expect(await verdict(password)).toEqual(known),
);

test.each([
  'correct horse battery',
  '73195820461',
  'das ist ein langer Satz',
  '密码短语很长很长',
  'lovelace wrote the notes',
])('takes %s: no rule of composition', async (password) => expect(await verdict(password)).toBe('taken'));

test('length is counted in characters, from 8 to 256, and nothing else is asked', () => {
  for (const password of ['🐴'.repeat(8), 'x'.repeat(64), '🐴'.repeat(256), '        '])
    expect(newPassword.safeParse(password).success).toBe(true);
  for (const password of ['🐴'.repeat(7), 'x'.repeat(257)]) expect(newPassword.safeParse(password).success).toBe(false);
});

test('a password is taken as it was typed: spaces at its ends count, and stay', () => {
  for (const password of ['  sixsix  ', '\tsixsix\t', 'e\u0301'.repeat(4)])
    expect(newPassword.parse(password)).toBe(password);
});

test('of passwords that nobody chose one in two thousand is refused at most', async () => {
  let refused = 0;
  for (let n = 0; n < 20_000; n += 1) if (await isCommon(`n0body chose ${n} of these`)) refused += 1;
  expect(refused).toBeLessThan(15);
});

test('the committed list is the one that its tool writes, and smaller than a megabyte', {
  timeout: 180_000,
}, async () => {
  const committed = await readFile(new URL('../../../shared/auth/common-passwords.bin', import.meta.url));
  const { filter, words } = await buildFilter();
  expect(filter.equals(committed)).toBe(true);
  expect(words).toBeGreaterThan(450_000);
  expect(committed.length).toBeLessThan(1024 * 1024);
});
