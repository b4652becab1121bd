import { z } from 'zod';
import { pageOf } from '../../../shared/paging/rules.ts';
import { type Cast, castOf, login } from '../people.ts';
import type { World } from '../world.ts';
import type { Samples } from './sample.ts';

export interface AuthSeed extends Cast {
  /** Another session of the owner. */
  readonly sessionId: string;
}

export async function seedAuth(world: World): Promise<AuthSeed> {
  const cast = await castOf(world);
  return { ...cast, sessionId: await otherSession(world, cast.owner) };
}

async function otherSession(world: World, owner: Cast['owner']): Promise<string> {
  await login(world, owner.email);
  const sessions = await world.call('GET', '/v1/auth/sessions', { token: owner.token });
  const shape = pageOf(z.looseObject({ id: z.string(), current: z.boolean() }));
  return sessions.json(shape).data.find(({ current }) => !current)?.id ?? '';
}

export function authSamples({ owner, sessionId }: AuthSeed): Samples {
  const stranger = 'own';
  const { email, password } = owner;
  return {
    reads: {
      getJwks: { stranger },
      showVerifyEmail: { stranger, params: { token: 'x'.repeat(43) } },
      register: { stranger, bodies: [{ email: 'new@example.com', password, displayName: 'New' }] },
      verifyEmail: { stranger, bodies: [{ token: 'x'.repeat(43) }], owner: [400, 'invalid_token'] },
      login: { stranger, bodies: [{ email, password }] },
      refresh: { stranger, bodies: [{ refreshToken: 'phr_x' }], owner: [401, 'invalid_refresh_token'] },
      listSessions: { stranger },
      resendVerification: { stranger, bodies: [{ email }] },
      forgotPassword: { stranger, bodies: [{ email }] },
      resetPassword: {
        stranger,
        bodies: [{ token: 'x'.repeat(43), newPassword: password }],
        owner: [400, 'invalid_token'],
      },
      showResetPassword: { stranger, params: { token: 'x'.repeat(43) } },
    },
    writes: {
      changeEmail: { stranger, bodies: [{ email: `new.${email}` }] },
    },
    ends: {
      revokeSession: { params: { sessionId }, stranger: 'missing' },
      changePassword: { stranger, bodies: [{ currentPassword: password, newPassword: password }] },
      revokeSessions: { stranger },
      logout: { stranger },
    },
  };
}
