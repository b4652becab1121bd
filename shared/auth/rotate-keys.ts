/**
 * Keeps the two secrets of access tokens: the private keys and their public halves. By hand and by the hour, on AWS and on one
 * machine alike. Public halves are written first, and written again where they do not fit: whoever was interrupted, or
 * overtaken by another rotation, is mended before the new key signs.
 */
import { z } from 'zod';
import { putSecret, readSecretNow } from '../aws/secrets.ts';
import { config } from '../config/config.ts';
import {
  planRotation,
  publicHalves,
  type Rotation,
  type SigningKeys,
  signingKeys,
  type VerificationKeys,
  verificationKeys,
} from './signing-keys.ts';

export interface Rotated {
  /** Key id of the new key, or null. */
  readonly added: string | null;
  /** Keys that may sign now or later. */
  readonly signing: number;
  readonly verifying: number;
}

/** Throws where a rotation is asked for while one is under way. */
export async function rotateKeys(rotation: Rotation, nowMs = Date.now()): Promise<Rotated> {
  const signingArn = config('signingKeys').SIGNING_KEYS_SECRET_ARN;
  const verificationArn = config('verificationKeys').VERIFICATION_KEYS_SECRET_ARN;
  const known = await readSecretNow(signingArn, signingKeys);
  // Whatever is there is made anew from the private keys.
  const published = verificationKeys.safeParse(await readSecretNow(verificationArn, z.unknown())).data ?? null;
  const { keys, added } = planRotation(known, Math.floor(nowMs / 1000), rotation);
  const wanted = publicHalves(keys);
  if (!areSame(published, wanted)) await putSecret(verificationArn, wanted);
  if (known === null || !areSameKeys(known, keys)) await putSecret(signingArn, keys);
  return { added, signing: keys.keys.length, verifying: wanted.keys.length };
}

function areSame(published: VerificationKeys | null, wanted: VerificationKeys): boolean {
  const ids = (set: VerificationKeys | null) => (set?.keys ?? []).map(({ kid, x }) => `${kid} ${x}`).toSorted();
  return JSON.stringify(ids(published)) === JSON.stringify(ids(wanted));
}

function areSameKeys(known: SigningKeys, wanted: SigningKeys): boolean {
  const ids = ({ keys, refreshKeys }: SigningKeys) => [...keys, ...refreshKeys].map(({ kid }) => kid).toSorted();
  return JSON.stringify(ids(known)) === JSON.stringify(ids(wanted));
}
