/** A session proves anew that it is still its person's. */
import { hashBy, NOBODYS_RECIPE } from '../auth/password.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { stepUpByProvider } from '../identities/queries.ts';
import { hashesOf } from '../identities/sign-in.ts';
import { getOwnRecipe } from '../users/credential-queries.ts';
import type { Proof } from './one-proof.ts';
import { type GivenCode, readCode, refuseHaste } from './prove.ts';
import { openStepUp, stepUpByCode, stepUpByPassword } from './queries.ts';

/** Whoever has a second factor shows that one; everybody else the password, or who has none signs in at the provider again. */
export async function proveAnew(db: Db, userId: string, proof: Proof): Promise<{ elevatedUntil: string }> {
  if ('password' in proof) return proveByPassword(db, proof.password);
  return 'signIn' in proof ? db.change(stepUpByProvider, hashesOf(proof.signIn)) : proveByCode(db, userId, proof);
}

/** Throws `wrong_code`, and `too_many_requests` while guesses must wait. */
async function proveByCode(db: Db, userId: string, given: GivenCode): Promise<{ elevatedUntil: string }> {
  const opened = await db.one(openStepUp, {});
  // A code is good for a minute and for one use, its answer for a day.
  if (db.isRepeat()) return db.change(stepUpByCode, { factorId: null, step: null, recoveryHash: null });
  refuseHaste(opened);
  const shown = await readCode(given, { userId, factors: opened.factors ?? [], nowS: opened.nowS ?? 0 });
  return db.change(stepUpByCode, { ...shown });
}

/** Throws `wrong_password`, and `second_factor_needed` where a password is not enough. */
async function proveByPassword(db: Db, password: string): Promise<{ elevatedUntil: string }> {
  const { recipe } = await db.one(getOwnRecipe, {});
  const presentedHash = await hashBy(recipe ?? NOBODYS_RECIPE, password);
  const { outcome, waitS, elevatedUntil } = await db.one(stepUpByPassword, { presentedHash });
  if (outcome === 'too_many_requests') fail('too_many_requests', { retryAfterS: waitS ?? 1 });
  if (outcome === 'second_factor_needed') fail('second_factor_needed');
  return elevatedUntil === null ? fail('wrong_password') : { elevatedUntil };
}
