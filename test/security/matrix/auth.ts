import { codeOf } from '../../support/factors.ts';
import { login, mailedToken, password } from '../../support/people.ts';
import { type Caller, callers } from './callers.ts';
import type { Cell, Rows } from './row.ts';

/** Whose token is good. */
const alive = [
  'stranger',
  'viewer',
  'reviewer',
  'approver',
  'editor',
  'owner',
  'onlooker',
  'moderator',
  'admin',
] as const;

export const auth: Rows = {
  showVerifyEmail: { is: 'public' },
  register: { is: 'public' },
  verifyEmail: {
    is: 'public',
    ask: async ({ world }) => {
      const email = 'new@example.com';
      await world.call('POST', '/v1/auth/register', { json: { email, password, displayName: 'New' } });
      return { stranger: 'own', bodies: [{ token: mailedToken(world, email) }] };
    },
  },
  login: { is: 'public' },
  refresh: {
    is: 'public',
    ask: async ({ world, seed }) => {
      const { refreshToken } = await login(world, seed.stranger.email);
      return { stranger: 'own', bodies: [{ refreshToken }] };
    },
  },
  resendVerification: { is: 'public' },
  forgotPassword: { is: 'public' },
  resetPassword: {
    is: 'public',
    ask: async ({ world, seed }) => {
      const { email } = seed.stranger;
      await world.call('POST', '/v1/auth/forgot-password', { json: { email } });
      return {
        stranger: 'own',
        bodies: [{ token: mailedToken(world, email, 'reset-password'), newPassword: password }],
      };
    },
  },
  showResetPassword: { is: 'public' },
  changeEmail: { is: 'self' },
  changePassword: { is: 'self' },
  getJwks: { is: 'public' },
  listSignInProviders: { is: 'public', ask: withProvider },
  beginProviderSignIn: { is: 'public', ask: withProvider },
  goToProvider: { is: 'public', but: refused(callers, 400, 'invalid_state') },
  returnFromProvider: { is: 'public', but: refused(callers, 400, 'invalid_state') },
  finishProviderSignIn: { is: 'public', but: refused(callers, 400, 'invalid_token') },
  loginSecondFactor: { is: 'public', but: refused(callers, 400, 'invalid_token') },
  listIdentities: { is: 'personalList' },
  beginIdentityProof: { is: 'self', ask: withProvider },
  linkIdentity: { is: 'self', but: refused(alive, 400, 'invalid_token') },
  unlinkIdentity: { is: 'personal' },
  // By the password; a code of a provider is another test's.
  stepUp: { is: 'self', ask: ({ sample }) => ({ ...sample, bodies: sample.bodies?.slice(0, 1) ?? [] }) },
  listFactors: { is: 'personalList' },
  createFactor: { is: 'self' },
  getFactor: { is: 'personal' },
  confirmFactor: {
    is: 'personal',
    ask: async ({ world, seed, sample }) => ({
      ...sample,
      bodies: [{ code: await codeOf(world, { secret: seed.factorSecret }) }],
    }),
  },
  renameFactor: { is: 'personal' },
  removeFactor: { is: 'personal' },
  renewRecoveryCodes: { is: 'self', but: refused(alive, 409, 'wrong_state') },
  listSessions: { is: 'self' },
  revokeSession: { is: 'personal' },
  revokeSessions: { is: 'self' },
  logout: { is: 'self' },
};

/** What these doors answer who have nothing to go on; their own tests go through with it. */
function refused(whom: readonly Caller[], status: number, code: string) {
  return Object.fromEntries(whom.map((caller) => [caller, [status, code] as const]));
}

async function withProvider({ sample, snapshot }: Cell) {
  const text = `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
    values ('nowhere', 'Nowhere', 'https://id.example.com', 'x', 'y')`;
  await snapshot.force('identity_providers', text);
  return sample;
}
