import { expect, test } from 'vitest';
import { hashBy, hashPassword, hashWithSalt, isOutdated, NOBODYS_RECIPE } from '../../../shared/auth/password.ts';

const recipeOf = (hash: string) => hash.slice(0, hash.lastIndexOf('$'));

test('a password has its own hash by the recipe, and no other password has', async () => {
  const hash = await hashPassword('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await hashBy(recipeOf(hash), 'correct horse')).toBe(hash);
  expect(await hashBy(recipeOf(hash), 'correct horsf')).not.toBe(hash);
  expect(await hashBy(recipeOf(hash), '')).not.toBe(hash);
});

test('the same password never has the same hash twice', async () => {
  expect(await hashPassword('same')).not.toBe(await hashPassword('same'));
});

test('both ways to type an umlaut are one password', async () => {
  const hash = await hashPassword('gr\u00fcn');
  expect(await hashBy(recipeOf(hash), 'gru\u0308n')).toBe(hash);
});

test('what looks different, and every space, is part of it', async () => {
  const hash = await hashPassword(' two  words ');
  for (const other of ['two  words', ' two words ', ' two  words', ' two  words\u00a0', ' two  words\t'])
    expect([other, (await hashBy(recipeOf(hash), other)) === hash]).toEqual([other, false]);
  const wide = await hashPassword('ｗｉｄｅ ﬁ ①');
  expect(await hashBy(recipeOf(wide), 'wide fi 1')).not.toBe(wide);
});

test('nothing is cut off: the last of 256 characters counts', async () => {
  const hash = await hashPassword(`${'🐴'.repeat(255)}a`);
  expect(await hashBy(recipeOf(hash), `${'🐴'.repeat(255)}b`)).not.toBe(hash);
});

test('what is no recipe is refused', async () => {
  for (const recipe of [
    '',
    'plain',
    '$argon2i$v=19$m=19456,t=2,p=1$AAAA',
    `${NOBODYS_RECIPE}$`,
    '$2b$10$abcdefghijklmnopqrstuu',
  ])
    await expect(hashBy(recipe, 'plain')).rejects.toThrow('not a recipe');
});

test('other parameters are told from today’s', async () => {
  expect(isOutdated(recipeOf(await hashPassword('x')))).toBe(false);
  expect(isOutdated(NOBODYS_RECIPE)).toBe(false);
  expect(isOutdated('$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA')).toBe(true);
});

test('a salted hash is the same for the same text and salt alone', async () => {
  const salt = Buffer.alloc(32, 1);
  const hash = await hashWithSalt('{"password":"x"}', salt);
  expect(await hashWithSalt('{"password":"x"}', salt)).toBe(hash);
  expect(await hashWithSalt('{"password":"y"}', salt)).not.toBe(hash);
  expect(await hashWithSalt('{"password":"x"}', Buffer.alloc(32, 2))).not.toBe(hash);
});
