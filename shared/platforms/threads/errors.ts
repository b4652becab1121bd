import { z } from 'zod';
import type { FailureRule, FailureTable } from '../failures.ts';
import { platformId } from '../json.ts';

export const rules: readonly FailureRule[] = [
  { subcode: '2207051', class: 'account-restricted' },
  { code: '4279013', class: 'account-restricted' },
  { match: 'at most 500 characters', class: 'invalid-content' },
  { match: 'THREADS_API__LINK_LIMIT_EXCEEDED', class: 'invalid-content' },
  { match: 'media could not be fetched from this URI', class: 'retry-later', dropPrepared: true },
  // Codes 9, 24, 9004, 9007 and 36000 and up are Instagram's; Threads runs on the same publishing service.
  { code: '9', class: 'rate-limited' },
  { code: '24', subcode: '2207008', class: 'retry-later', dropPrepared: true, refused: true },
  { code: '24', class: 'retry-later', dropPrepared: true },
  { code: '9004', class: 'retry-later', dropPrepared: true },
  { code: '9007', class: 'retry-later', refused: true },
  { subcode: '2207032', class: 'retry-later', dropPrepared: true },
  { code: [36_000, 36_003], class: 'invalid-content' },
  { code: '1', class: 'retry-later' },
  { code: '2', class: 'retry-later' },
  { code: '4', class: 'rate-limited' },
  { code: '17', class: 'rate-limited' },
  { code: '32', class: 'rate-limited' },
  { code: '613', class: 'rate-limited' },
  { code: '80001', class: 'rate-limited' },
  { code: '80002', class: 'rate-limited' },
  { code: '341', class: 'rate-limited' },
  { code: '3', class: 'account-restricted' },
  { code: '10', class: 'reauthorize' },
  { code: [200, 299], class: 'reauthorize' },
  { code: '102', class: 'reauthorize' },
  { code: '190', subcode: '459', class: 'account-restricted' },
  { code: '190', subcode: '464', class: 'account-restricted' },
  { code: '190', class: 'reauthorize' },
  { code: '368', class: 'account-restricted' },
  { code: '506', class: 'duplicate-content' },
  { code: '1609005', class: 'invalid-content' },
  { code: '100', match: 'No permission to publish the video', class: 'reauthorize' },
  { code: '100', class: 'invalid-content' },
  // A code that was used, has expired or belongs to another app: the person must sign in again.
  { code: 'OAuthException', class: 'reauthorize' },
  { match: '"is_transient":true', class: 'retry-later' },
];

/**
 * Contents are judged when the container is made. A publishing call that is refused for its parameter may have met a
 * container that an earlier, late call has published meanwhile: only the container's state can tell.
 */
const commitRules: readonly FailureRule[] = [{ code: '100', class: 'unknown', ambiguous: true }, ...rules];

/** `error_message` of a container whose status is ERROR. Whatever the reason, the container is spent. */
export const containerRules: readonly FailureRule[] = [
  { code: 'FAILED_DOWNLOADING_VIDEO', class: 'retry-later' },
  { code: 'FAILED_PROCESSING_AUDIO', class: 'invalid-content' },
  { code: 'FAILED_PROCESSING_VIDEO', class: 'invalid-content' },
  { code: 'INVALID_ASPEC_RATIO', class: 'invalid-content' },
  { code: 'INVALID_BIT_RATE', class: 'invalid-content' },
  { code: 'INVALID_DURATION', class: 'invalid-content' },
  { code: 'INVALID_FRAME_RATE', class: 'invalid-content' },
  { code: 'INVALID_AUDIO_CHANNELS', class: 'invalid-content' },
  { code: 'INVALID_AUDIO_CHANNEL_LAYOUT', class: 'invalid-content' },
  { code: 'UNKNOWN', class: 'retry-later' },
];

export const envelope = z.object({
  error: z.object({
    message: z.string().default(''),
    code: platformId,
    error_subcode: platformId.optional(),
    error_user_msg: z.string().optional(),
  }),
});

/** The code exchange alone has an error form of its own. */
const oauthEnvelope = z.object({ error_type: z.string(), error_message: z.string() });

export const failures: FailureTable = {
  rules,
  read: (answer) => {
    const said = answer.json(envelope)?.error;
    if (said === undefined) {
      const oauth = answer.json(oauthEnvelope);
      return oauth === null
        ? { code: null, message: answer.text }
        : { code: oauth.error_type, message: oauth.error_message };
    }
    const message = said.error_user_msg === undefined ? said.message : `${said.message} (${said.error_user_msg})`;
    return { code: said.code, subcode: said.error_subcode ?? null, message };
  },
};

export const commitFailures: FailureTable = { ...failures, rules: commitRules };
