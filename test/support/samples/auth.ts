import { z } from 'zod';
import { pageOf } from '../../../shared/paging/rules.ts';
import { enrol } from '../factors.ts';
import { type Cast, castOf, login } from '../people.ts';
import type { World } from '../world.ts';
import type { Samples } from './sample.ts';

export interface AuthSeed extends Cast {
  /** Another session of the owner. */
  readonly sessionId: string;
  /** An authenticator app of the owner that was never confirmed: logins go on as before. */
  readonly factorId: string;
  readonly factorSecret: string;
  /** The owner's at a provider that is not there any more. */
  readonly identityId: string;
}

export async function seedAuth(world: World): Promise<AuthSeed> {
  const cast = await castOf(world);
  const { owner } = cast;
  const { id: factorId, secret: factorSecret } = await enrol(world, owner);
  return {
    ...cast,
    factorId,
    factorSecret,
    identityId: await addIdentity(world, owner),
    sessionId: await otherSession(world, owner),
  };
}

/** As an import leaves it: there is no door that makes one without a provider. */
async function addIdentity(world: World, { id }: Cast['owner']): Promise<string> {
  const text = `insert into user_identities (user_id, provider, subject) values ($1, 'long-gone', $2) returning id`;
  return String((await world.sql(text, [id, `somebody ${id}`]))[0]?.id);
}

async function otherSession(world: World, owner: Cast['owner']): Promise<string> {
  await login(world, owner.email);
  const sessions = await world.call('GET', '/v1/auth/sessions', { token: owner.token });
  const shape = pageOf(z.looseObject({ id: z.string(), current: z.boolean() }));
  return sessions.json(shape).data.find(({ current }) => !current)?.id ?? '';
}

export function authSamples({ owner, sessionId, factorId, identityId }: AuthSeed): Samples {
  const stranger = 'own';
  const beginning = { returnTo: 'http://127.0.0.1:9999/', codeChallenge: 'x'.repeat(43) };
  const finishing = { code: 'x', codeVerifier: 'y' };
  const { email, password } = owner;
  return {
    reads: {
      getJwks: { stranger },
      listSignInProviders: { stranger },
      beginProviderSignIn: {
        stranger,
        params: { provider: 'nowhere' },
        bodies: [beginning],
        owner: [404, 'not_found'],
      },
      goToProvider: { stranger, params: { token: 'x'.repeat(43) }, owner: [400, 'invalid_state'] },
      returnFromProvider: { stranger, query: { state: 'x', code: 'y' }, owner: [400, 'invalid_state'] },
      finishProviderSignIn: { stranger, bodies: [finishing], owner: [400, 'invalid_token'] },
      loginSecondFactor: {
        stranger,
        bodies: [
          { ticket: 'x', code: '123456' },
          { ticket: 'x', recoveryCode: 'y' },
        ],
        owner: [400, 'invalid_token'],
      },
      listIdentities: { stranger: 'empty' },
      listFactors: { stranger: 'empty' },
      getFactor: { params: { factorId }, stranger: 'missing' },
      beginIdentityProof: {
        stranger,
        params: { provider: 'nowhere' },
        bodies: [{ ...beginning, purpose: 'link' }],
        owner: [404, 'not_found'],
      },
      linkIdentity: { stranger, bodies: [finishing], owner: [400, 'invalid_token'] },
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
      stepUp: { stranger, bodies: [{ password }, { signIn: finishing }] },
      confirmFactor: {
        params: { factorId },
        bodies: [{ code: '000000' }],
        stranger: 'missing',
        owner: [403, 'wrong_code'],
      },
      renameFactor: { params: { factorId }, bodies: [{ name: 'Phone' }], stranger: 'missing' },
      changeEmail: { stranger, bodies: [{ email: `new.${email}` }] },
    },
    ends: {
      unlinkIdentity: { params: { identityId }, stranger: 'missing' },
      removeFactor: { params: { factorId }, stranger: 'missing' },
      createFactor: { stranger, bodies: [{ name: 'Tablet' }] },
      renewRecoveryCodes: { stranger, owner: [409, 'wrong_state'] },
      revokeSession: { params: { sessionId }, stranger: 'missing' },
      changePassword: { stranger, bodies: [{ currentPassword: password, newPassword: password }] },
      revokeSessions: { stranger },
      logout: { stranger },
    },
  };
}
