import { rotateKeys } from '../../shared/auth/rotate-keys.ts';
import { schedule } from '../_kit/schedule.ts';

export const handler = schedule({
  everyMinutes: 60,
  summary: 'Makes the first signing key, the next one every 90 days, and clears away those whose tokens have all ended',
  uses: { rotates: ['signingKeys', 'verificationKeys'] },
})(async () => ({ ...(await rotateKeys('due')) }));
