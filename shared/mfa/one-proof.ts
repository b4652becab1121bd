/** Of several ways to prove oneself exactly one is taken: two at once would be two guesses. */
import { fail } from '../errors.ts';
import type { Finishing } from '../identities/sign-in.ts';
import type { GivenCode } from './prove.ts';

interface GivenCodes {
  readonly code?: string | undefined;
  readonly recoveryCode?: string | undefined;
}

export interface GivenProofs extends GivenCodes {
  readonly password?: string | undefined;
  readonly signIn?: Finishing | undefined;
}

export type Proof = GivenCode | { readonly password: string } | { readonly signIn: Finishing };

/** Throws `invalid_request` for none and for several. */
export function oneProof({ password, signIn, ...codes }: GivenProofs): Proof {
  return only([
    ...proofsOf(codes),
    ...(password === undefined ? [] : [{ password }]),
    ...(signIn === undefined ? [] : [{ signIn }]),
  ]);
}

/** Where nothing else proves anything. */
export function oneCode(given: GivenCodes): GivenCode {
  return only(proofsOf(given));
}

function proofsOf({ code, recoveryCode }: GivenCodes): GivenCode[] {
  return [...(code === undefined ? [] : [{ code }]), ...(recoveryCode === undefined ? [] : [{ recoveryCode }])];
}

function only<P>(proofs: readonly P[]): P {
  const [proof] = proofs;
  const message = `must hold exactly one proof, and holds ${proofs.length}`;
  return proof === undefined || proofs.length > 1
    ? fail('invalid_request', { fields: [{ pointer: '/body', message }] })
    : proof;
}
