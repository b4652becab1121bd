import { expect, test } from 'vitest';
import { hashPassword, hashWithSalt, NOBODYS_HASH, verifyPassword } from '../../../shared/auth/password.ts';

test('a password matches its own hash and no other', async () => {
  const hash = await hashPassword('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword('correct horse', hash)).toBe(true);
  expect(await verifyPassword('correct horsf', hash)).toBe(false);
  expect(await verifyPassword('', hash)).toBe(false);
});

test('the same password never has the same hash twice', async () => {
  expect(await hashPassword('same')).not.toBe(await hashPassword('same'));
});

test('both ways to type an umlaut are one password', async () => {
  expect(await verifyPassword('gru\u0308n', await hashPassword('gr\u00fcn'))).toBe(true);
});

test('what is no hash matches nothing', async () => {
  for (const hash of ['', 'plain', '$argon2i$v=19$m=19456,t=2,p=1$AAAA$AAAA', `${NOBODYS_HASH}$`])
    expect(await verifyPassword('plain', hash)).toBe(false);
});

test('looking up nobody takes as long as looking up somebody', async () => {
  const hash = await hashPassword('somebody');
  const time = async (of: string) => {
    const began = performance.now();
    expect(await verifyPassword('guess', of)).toBe(false);
    return performance.now() - began;
  };
  const fastest = async (of: string) => Math.min(await time(of), await time(of), await time(of), await time(of));
  const [somebody, nobody] = [await fastest(hash), await fastest(NOBODYS_HASH)];
  expect(nobody / somebody).toBeGreaterThan(0.5);
  expect(nobody / somebody).toBeLessThan(2);
});

test('a salted hash is the same for the same text and salt alone', async () => {
  const salt = Buffer.alloc(32, 1);
  const hash = await hashWithSalt('{"password":"x"}', salt);
  expect(await hashWithSalt('{"password":"x"}', salt)).toBe(hash);
  expect(await hashWithSalt('{"password":"y"}', salt)).not.toBe(hash);
  expect(await hashWithSalt('{"password":"x"}', Buffer.alloc(32, 2))).not.toBe(hash);
});
