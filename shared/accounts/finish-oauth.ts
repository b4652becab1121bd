/** The way back from a platform's consent screen: state → code → tokens → account. */
import { hashToken } from '../auth/tokens.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import type { AppCredentials, Connector } from '../platforms/connector.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import { connectorOf } from '../platforms/registry.ts';
import { callbackUrl, operatorsApp, sealTokens } from './connect-account.ts';
import { consumeOauthState, finishOauth } from './queries.ts';
import { signInError } from './rules.ts';
import { appBinding, unseal, verifierBinding } from './seal.ts';

export type Finished =
  | { readonly kind: 'connected'; readonly platform: string; readonly handle: string }
  /** The person said no, or the platform did. */
  | { readonly kind: 'denied'; readonly platform: string };

/** Ends the request with `invalid_state` where the state is unknown, expired or used. */
export async function finishSignIn(
  { db, http }: { readonly db: Db; readonly http: PlatformHttp },
  answer: { readonly state: string; readonly code: string | null },
): Promise<Finished> {
  const stateHash = hashToken(answer.state);
  const used = await db.change(consumeOauthState, { stateHash });
  if (used.platform === null || used.baseUrl === null || used.codeVerifierSealed === null) fail('invalid_state');
  const connector = connectorOf(used.platform);
  const { displayName } = connector.capabilities;
  if (answer.code === null) return { kind: 'denied', platform: displayName };
  const grant = await connector.exchangeCode?.({
    http,
    baseUrl: used.baseUrl,
    app: await appOf(connector, used.baseUrl, used),
    redirectUri: callbackUrl(),
    code: answer.code,
    codeVerifier: await unseal(used.codeVerifierSealed, verifierBinding(stateHash)),
  });
  if (grant === undefined) fail('invalid_state');
  if (grant.kind === 'failed') throw signInError(grant);
  const { platformAccountId, handle, avatarUrl, baseUrl, scopes, expiresInS } = grant;
  const tokens = await sealTokens(used.platform, grant);
  await db.change(finishOauth, {
    stateHash,
    platformAccountId,
    handle,
    displayName: grant.displayName,
    avatarUrl,
    baseUrl,
    scopes,
    expiresInS,
    accessToken: tokens.accessToken ?? fail('platform_rejected'),
    refreshToken: tokens.refreshToken,
  });
  return { kind: 'connected', platform: displayName, handle };
}

async function appOf(
  connector: Connector,
  baseUrl: string,
  { clientId, clientSecretSealed }: { clientId: string | null; clientSecretSealed: string | null },
): Promise<AppCredentials> {
  if (clientId === null || clientSecretSealed === null) return operatorsApp(connector);
  return { clientId, clientSecret: await unseal(clientSecretSealed, appBinding(connector.name, baseUrl)) };
}
