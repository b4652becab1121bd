/** argon2id from Node's own crypto, in the PHC string format. Parameters: OWASP's minimum (19 MiB, two passes). */
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';

const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_BYTES = 32;

export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await derive(password, nonce, MEMORY_KIB, PASSES, 1, TAG_BYTES);
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$${unpadded(nonce)}$${unpadded(tag)}`;
}

export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash);
  const [, memory, passes, lanes, nonce, tag] = match ?? [];
  if (tag === undefined || nonce === undefined) return false;
  const expected = Buffer.from(tag, 'base64');
  const given = await derive(
    password,
    Buffer.from(nonce, 'base64'),
    Number(memory),
    Number(passes),
    Number(lanes),
    expected.length,
  );
  return timingSafeEqual(expected, given);
}

/** The same text and salt give the same hash: for comparing what may hold a password without keeping it. */
export async function hashWithSalt(text: string, salt: Buffer): Promise<string> {
  return unpadded(await derive(text, salt, MEMORY_KIB, PASSES, 1, TAG_BYTES));
}

/** A hash of nothing: verified against when nobody has the address, so that both cases take the same time. */
export const NOBODYS_HASH = `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1$AAAAAAAAAAAAAAAAAAAAAA$${'A'.repeat(43)}`;

function derive(
  password: string,
  nonce: Buffer,
  memory: number,
  passes: number,
  parallelism: number,
  tagLength: number,
): Promise<Buffer> {
  const parameters: Argon2Parameters = {
    message: password.normalize('NFC'),
    nonce,
    memory,
    passes,
    parallelism,
    tagLength,
  };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
