/**
 * Platform tokens at rest: AES-256-GCM, the first key of the secret seals, any of them opens. Bound to what they belong to,
 * so that a row copied elsewhere does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readSecret } from '../aws/secrets.ts';
import { config } from '../config/config.ts';

/** JWKs: `k` is base64url, 256 bits. */
const tokenKeys = z.object({
  keys: z.array(z.object({ kty: z.literal('oct'), kid: z.string(), k: z.string() })).min(1),
});
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** `binding` says where it lives: `bluesky:did:plc:…:access`. */
export async function seal(plain: string, binding: string): Promise<string> {
  const [key] = (await readSecret(config('tokenKeys').TOKEN_KEYS_SECRET_ARN, tokenKeys)).keys;
  if (key === undefined) throw new Error('there is no token key');
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key.k, 'base64url'), nonce).setAAD(Buffer.from(binding));
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return `${key.kid}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

export async function unseal(sealed: string, binding: string): Promise<string> {
  const [kid, data] = sealed.split('.');
  const { keys } = await readSecret(config('tokenKeys').TOKEN_KEYS_SECRET_ARN, tokenKeys);
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key === undefined || data === undefined) throw new Error('the token was sealed with a key that is gone');
  const bytes = Buffer.from(data, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key.k, 'base64url'), bytes.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(binding))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}

/** What an account's tokens are bound to. */
export function tokenBinding(
  platform: string,
  baseUrl: string,
  platformAccountId: string,
  which: 'access' | 'refresh',
): string {
  return [platform, baseUrl, platformAccountId, which].join('|');
}

/** What the secret of our app with an instance is bound to. */
export function appBinding(platform: string, baseUrl: string): string {
  return ['app', platform, baseUrl].join('|');
}

/** What the PKCE verifier of a sign-in under way is bound to. */
export function verifierBinding(stateHash: string): string {
  return ['verifier', stateHash].join('|');
}
