import { z } from 'zod';
import type { FailureRule, FailureTable } from '../failures.ts';

export const rules: readonly FailureRule[] = [
  { http: 400, code: 'ExpiredToken', class: 'reauthorize' },
  { code: 'InvalidToken', class: 'reauthorize' },
  { http: 401, code: 'AuthenticationRequired', class: 'reauthorize' },
  { http: 401, code: 'AuthMissing', class: 'reauthorize' },
  { http: 401, code: 'AuthFactorTokenRequired', class: 'reauthorize' },
  { code: 'invalid_grant', class: 'reauthorize' },
  { code: 'AccountTakedown', class: 'account-restricted' },
  { code: 'AccountDeactivated', class: 'account-restricted' },
  { code: 'AccountSuspended', class: 'account-restricted' },
  { code: 'RepoDeactivated', class: 'account-restricted' },
  { code: 'RepoTakendown', class: 'account-restricted' },
  { code: 'UploadForbidden', class: 'account-restricted' },
  { http: 400, code: 'InvalidSwap', class: 'retry-later', refused: true },
  // The blob was collected before a record referred to it.
  { http: 400, code: 'BlobNotFound', class: 'retry-later', dropPrepared: true, refused: true },
  { http: 400, code: 'BlobTooLarge', class: 'invalid-content' },
  { http: 413, class: 'invalid-content' },
  { code: 'VideoTooLarge', class: 'invalid-content' },
  { code: 'VideoTooLong', class: 'invalid-content' },
  { code: 'BadAspectRatio', class: 'invalid-content' },
  { code: 'DailyLimitExceeded', class: 'rate-limited' },
  { code: 'TooManyOpenUploads', class: 'rate-limited' },
  { http: 429, class: 'rate-limited' },
  { http: 400, code: 'InvalidRequest', class: 'invalid-content' },
  // Also what a second write under the same key gets, so it proves nothing.
  { http: 500, code: 'InternalServerError', class: 'retry-later' },
  { http: 502, code: 'UpstreamFailure', class: 'retry-later' },
  { http: 503, class: 'retry-later' },
  { code: 'ServiceOverloaded', class: 'retry-later' },
];

/** `failureCode` of a video job. */
export const videoJobRules: readonly FailureRule[] = [
  { code: 'validation_failure', class: 'invalid-content' },
  { code: 'encoding_failure', class: 'invalid-content' },
  { code: 'pds_upload_unsupported_blob_size', class: 'invalid-content' },
  { code: 'pds_upload_failure', class: 'retry-later', dropPrepared: true },
  { code: 'generic_failure', class: 'retry-later', dropPrepared: true },
];

const envelope = z.object({ error: z.string(), message: z.string().optional() });

export const failures: FailureTable = {
  rules,
  read: (answer) => {
    const said = answer.json(envelope);
    return said === null
      ? { code: null, message: answer.text }
      : { code: said.error, message: said.message ?? said.error };
  },
};
