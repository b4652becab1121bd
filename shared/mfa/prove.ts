/** From what was typed to what the database can use once. Guesses were counted before anything is compared here. */

import { unseal } from '../accounts/seal.ts';
import { fail } from '../errors.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import { stepOf } from './totp.ts';

export type GivenCode = { readonly code: string } | { readonly recoveryCode: string };

export interface Asked {
  readonly userId: string;
  readonly factors: readonly { readonly id: string; readonly sealed: string }[];
  /** The database's clock: one for all functions. */
  readonly nowS: number;
}

export interface Shown {
  readonly factorId: string | null;
  readonly step: number | null;
  readonly recoveryHash: string | null;
}

/** What a secret is bound to: the row of another person or factor does not open. */
export function totpBinding(userId: string, factorId: string): string {
  return ['totp', userId, factorId].join('|');
}

/** Throws `wrong_code` where no factor shows this code; whether it was used before, or is a recovery code, the database says. */
export async function readCode(given: GivenCode, { userId, factors, nowS }: Asked): Promise<Shown> {
  if ('recoveryCode' in given) {
    return { factorId: null, step: null, recoveryHash: hashRecoveryCode(userId, given.recoveryCode) };
  }
  for (const { id, sealed } of factors) {
    const step = stepOf(given.code, await unseal(sealed, totpBinding(userId, id)), nowS);
    if (step !== null) return { factorId: id, step, recoveryHash: null };
  }
  return fail('wrong_code');
}

/** Ends the request where guesses must wait. */
export function refuseHaste({ outcome, retryAfterS }: { outcome: string; retryAfterS: number | null }): void {
  if (outcome === 'too_many_requests') fail('too_many_requests', { retryAfterS: retryAfterS ?? 60 });
}
