/** Every instance hands out its own app; tokens do not expire. */
import { z } from 'zod';
import type { AppCredentials, AuthorizeRequest, CodeExchange, Failure, Grant, Session } from '../connector.ts';
import { toFailure, unreadable } from '../failures.ts';
import type { PlatformHttp } from '../http.ts';
import { withQuery } from '../http.ts';
import { platformId } from '../json.ts';
import { failures } from './errors.ts';
import { scopes } from './limits.ts';

const app = z.object({ client_id: platformId, client_secret: z.string() });
const token = z.object({ access_token: z.string(), scope: z.string().default('') });
const account = z.object({
  id: platformId,
  username: z.string(),
  display_name: z.string().nullish(),
  avatar: z.string().nullish(),
});

export async function registerApp(request: {
  http: PlatformHttp;
  baseUrl: string;
  redirectUri: string;
}): Promise<AppCredentials | Failure> {
  const reply = await request.http.request({
    method: 'POST',
    url: `${request.baseUrl}/api/v1/apps`,
    form: { client_name: 'Posthaste', redirect_uris: request.redirectUri, scopes: scopes.join(' ') },
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const registered = reply.json(app);
  if (registered === null) return unreadable(reply);
  return { clientId: registered.client_id, clientSecret: registered.client_secret };
}

export function authorizeUrl(request: AuthorizeRequest): string {
  return withQuery(`${request.baseUrl}/oauth/authorize`, {
    response_type: 'code',
    client_id: request.app.clientId,
    redirect_uri: request.redirectUri,
    scope: scopes.join(' '),
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
  });
}

export async function exchangeCode(exchange: CodeExchange): Promise<Grant | Failure> {
  const reply = await exchange.http.request({
    method: 'POST',
    url: `${exchange.baseUrl}/oauth/token`,
    form: {
      grant_type: 'authorization_code',
      client_id: exchange.app.clientId,
      client_secret: exchange.app.clientSecret,
      redirect_uri: exchange.redirectUri,
      code: exchange.code,
      code_verifier: exchange.codeVerifier,
      scope: scopes.join(' '),
    },
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const granted = reply.json(token);
  if (granted === null) return unreadable(reply);
  return describe(exchange, granted.access_token, granted.scope.split(' ').filter(Boolean));
}

async function describe(exchange: CodeExchange, accessToken: string, granted: string[]): Promise<Grant | Failure> {
  const reply = await exchange.http.request({
    method: 'GET',
    url: `${exchange.baseUrl}/api/v1/accounts/verify_credentials`,
    bearer: accessToken,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const who = reply.json(account);
  if (who === null) return unreadable(reply);
  return {
    kind: 'granted',
    platformAccountId: who.id,
    handle: `${who.username}@${new URL(exchange.baseUrl).host}`,
    displayName: who.display_name ?? null,
    avatarUrl: who.avatar ?? null,
    baseUrl: exchange.baseUrl,
    accessToken,
    refreshToken: null,
    expiresInS: null,
    scopes: granted,
  };
}

export async function revoke({ http, credentials, signal }: Session, given: AppCredentials | null): Promise<void> {
  if (given === null) return;
  await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/oauth/revoke`,
    form: { client_id: given.clientId, client_secret: given.clientSecret, token: credentials.accessToken },
    signal,
  });
}
