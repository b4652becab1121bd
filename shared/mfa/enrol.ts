/** An authenticator app comes: its secret is shown once, and it counts from the first code that it shows. */
import { randomUUID } from 'node:crypto';
import { seal, unseal } from '../accounts/seal.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { getOwnRecipe } from '../users/credential-queries.ts';
import { refuseHaste, totpBinding } from './prove.ts';
import { confirmFactor, enrolFactor, openEnrolment, replaceRecoveryCodes } from './queries.ts';
import { hashRecoveryCode, newRecoveryCodes } from './recovery-codes.ts';
import { newTotpSecret, otpauthUri, qrCodeOf, stepOf } from './totp.ts';

export async function enrol(db: Db, userId: string, name: string | null) {
  const { email } = await db.one(getOwnRecipe, {});
  const factorId = randomUUID();
  const secret = newTotpSecret();
  const secretSealed = await seal(secret, totpBinding(userId, factorId));
  await db.change(enrolFactor, { factorId, name, secretSealed });
  const uri = otpauthUri(secret, email);
  return { id: factorId, secret, otpauthUri: uri, qrCode: qrCodeOf(uri) };
}

/** Throws `wrong_code`. The recovery codes come with the first factor, else null. */
export async function confirm(db: Db, userId: string, { factorId, code }: { factorId: string; code: string }) {
  const [opened] = await db.many(openEnrolment, { factorId });
  if (opened === undefined || opened.outcome === 'not_found') fail('not_found');
  refuseHaste(opened);
  if (opened.secretSealed === null || opened.nowS === null) fail('wrong_state');
  const step = stepOf(code, await unseal(opened.secretSealed, totpBinding(userId, factorId)), opened.nowS);
  if (step === null) fail('wrong_code');
  const codes = newRecoveryCodes();
  const codeHashes = codes.map((one) => hashRecoveryCode(userId, one));
  const { codesMade } = await db.change(confirmFactor, { factorId, step, codeHashes });
  return { recoveryCodes: codesMade ? codes : null };
}

export async function renewRecoveryCodes(db: Db, userId: string) {
  const recoveryCodes = newRecoveryCodes();
  const codeHashes = recoveryCodes.map((one) => hashRecoveryCode(userId, one));
  await db.change(replaceRecoveryCodes, { codeHashes });
  return { recoveryCodes };
}
