/**
 * argon2id from Node's own crypto, in the PHC string format. A recipe is such a string without its last part, the tag: who
 * has a recipe can make the hash of a password, and the database alone compares, so that no stored hash leaves it.
 */
import { type Argon2Parameters, argon2, randomBytes } from 'node:crypto';

/** OWASP's minimum: 19 MiB, two passes. A hash of other parameters is made anew at its person's next login. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const TAG_BYTES = 32;
const PARAMETERS = `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}`;

/** Stands in where nobody has the address, or no password here: the same work, and a hash that nobody's is. */
export const NOBODYS_RECIPE = `${PARAMETERS}$${'A'.repeat(22)}`;

export async function hashPassword(password: string): Promise<string> {
  return hashBy(`${PARAMETERS}$${unpadded(randomBytes(16))}`, password);
}

/** The hash that the password has by a stored recipe. */
export async function hashBy(recipe: string, password: string): Promise<string> {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)$/.exec(recipe);
  const [, memory, passes, parallelism, nonce] = match ?? [];
  if (nonce === undefined) throw new Error('not a recipe of argon2id');
  const tag = await derive({
    // The same keys pressed on another system are the same password; what looks different stays different.
    message: password.normalize('NFC'),
    nonce: Buffer.from(nonce, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: TAG_BYTES,
  });
  return `${recipe}$${unpadded(tag)}`;
}

/** Whether today's parameters are other than the recipe's. */
export function isOutdated(recipe: string): boolean {
  return !recipe.startsWith(`${PARAMETERS}$`);
}

/** The same text and salt give the same hash: for comparing what may hold a password without keeping it. */
export async function hashWithSalt(text: string, salt: Buffer): Promise<string> {
  const parameters = { memory: MEMORY_KIB, passes: PASSES, parallelism: LANES, tagLength: TAG_BYTES };
  return unpadded(await derive({ ...parameters, message: text.normalize('NFC'), nonce: salt }));
}

function derive(parameters: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
