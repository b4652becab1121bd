/** A session proves anew that it is still its person's. */
import { verifyPassword } from '../auth/password.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { type GivenCode, readCode, refuseHaste } from './prove.ts';
import { openStepUp, stepUp } from './queries.ts';

export type Proof = GivenCode | { readonly password: string };

/** Throws `wrong_password`, `wrong_code`, and `second_factor_needed` where a password is not enough. */
export async function proveAnew(db: Db, userId: string, proof: Proof): Promise<{ elevatedUntil: string }> {
  const [opened] = await db.many(openStepUp, {});
  if (opened === undefined) fail('not_found');
  refuseHaste(opened);
  const factors = opened.factors ?? [];
  if ('password' in proof) {
    if (factors.length > 0) fail('second_factor_needed');
    const matches = opened.passwordHash !== null && (await verifyPassword(proof.password, opened.passwordHash));
    if (!matches) fail('wrong_password');
    return db.change(stepUp, { factorId: null, step: null, recoveryHash: null, withoutFactor: true });
  }
  const shown = await readCode(proof, { userId, factors, nowS: opened.nowS ?? 0 });
  return db.change(stepUp, { ...shown, withoutFactor: false });
}
