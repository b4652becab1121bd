import { login, mailedToken, password } from '../../support/people.ts';
import type { Rows } from './row.ts';

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
  listSignInProviders: { is: 'public' },
  beginProviderSignIn: { is: 'public', ask: withProvider },
  goToProvider: { is: 'public', but: everybodyGets(400, 'invalid_state') },
  returnFromProvider: { is: 'public', but: everybodyGets(400, 'invalid_state') },
  finishProviderSignIn: { is: 'public', but: everybodyGets(400, 'invalid_token') },
  loginSecondFactor: { is: 'public', but: everybodyGets(400, 'invalid_token') },
  listIdentities: { is: 'self' },
  beginIdentityProof: { is: 'self', ask: withProvider },
  linkIdentity: { is: 'self' },
  unlinkIdentity: { is: 'personal' },
  stepUp: { is: 'self' },
  listFactors: { is: 'self' },
  createFactor: { is: 'self' },
  getFactor: { is: 'personal' },
  confirmFactor: { is: 'personal' },
  renameFactor: { is: 'personal' },
  removeFactor: { is: 'personal' },
  renewRecoveryCodes: { is: 'self' },
  listSessions: { is: 'self' },
  revokeSession: { is: 'personal' },
  revokeSessions: { is: 'self' },
  logout: { is: 'self' },
};
