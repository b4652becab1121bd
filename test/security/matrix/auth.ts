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
  listSessions: { is: 'self' },
  revokeSession: { is: 'personal' },
  revokeSessions: { is: 'self' },
  logout: { is: 'self' },
};
