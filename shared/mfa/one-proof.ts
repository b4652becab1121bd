/** Of several ways to prove oneself exactly one is taken: two at once would be two guesses. */
import { fail } from '../errors.ts';
import type { GivenCode } from './prove.ts';

export interface GivenProofs {
  readonly password?: string | undefined;
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

/** Throws `invalid_request` for none and for several. */
export function oneProof(given: GivenProofs): GivenCode | { readonly password: string } {
  const { password, code, recoveryCode } = given;
  const proofs = [
    ...(code === undefined ? [] : [{ code }]),
    ...(recoveryCode === undefined ? [] : [{ recoveryCode }]),
    ...(password === undefined ? [] : [{ password }]),
  ];
  const [proof] = proofs;
  if (proof === undefined || proofs.length > 1) {
    const message = `must hold exactly one of the proofs, and holds ${proofs.length}`;
    return fail('invalid_request', { fields: [{ pointer: '/body', message }] });
  }
  return proof;
}

/** Where a password proves nothing. */
export function oneCode({ code, recoveryCode }: GivenProofs): GivenCode {
  const proof = oneProof({ code, recoveryCode });
  return 'password' in proof ? fail('invalid_request') : proof;
}
