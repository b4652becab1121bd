/** OAuth without PKCE. There is no refresh token: the long-lived token itself is rolled, once it is a day old. */
import { z } from 'zod';
import type { AuthorizeRequest, CodeExchange, Failure, Grant, Refreshed, Session } from '../connector.ts';
import { withQuery } from '../http.ts';
import { platformId } from '../json.ts';
import { readReply } from './graph.ts';
import { scopes, version } from './limits.ts';

const shortLived = z.object({ access_token: z.string(), user_id: platformId });
const longLived = z.object({ access_token: z.string(), expires_in: z.number().positive() });
const profile = z.object({
  id: platformId,
  username: z.string(),
  name: z.string().nullish(),
  threads_profile_picture_url: z.string().nullish(),
});

export function authorizeUrl(request: AuthorizeRequest): string {
  return withQuery(`${screenOrigin(request.baseUrl)}/oauth/authorize`, {
    client_id: request.app.clientId,
    redirect_uri: request.redirectUri,
    scope: scopes.join(','),
    response_type: 'code',
    state: request.state,
  });
}

/** The API host shows no screens. */
function screenOrigin(baseUrl: string): string {
  return /^https:\/\/graph\.threads\.(net|com)$/.test(baseUrl) ? baseUrl.replace('graph.', '') : baseUrl;
}

export async function exchangeCode(exchange: CodeExchange): Promise<Grant | Failure> {
  const { http, baseUrl, app } = exchange;
  const short = readReply(
    await http.request({
      method: 'POST',
      url: `${baseUrl}/oauth/access_token`,
      form: {
        client_id: app.clientId,
        client_secret: app.clientSecret,
        grant_type: 'authorization_code',
        redirect_uri: exchange.redirectUri,
        code: exchange.code.replace(/#_$/, ''),
      },
    }),
    shortLived,
  );
  if (short.kind === 'failed') return short;
  const long = readReply(
    await http.request({
      method: 'GET',
      url: `${baseUrl}/access_token`,
      query: {
        grant_type: 'th_exchange_token',
        client_secret: app.clientSecret,
        access_token: short.value.access_token,
      },
    }),
    longLived,
  );
  if (long.kind === 'failed') return long;
  return describe(exchange, long.value.access_token, long.value.expires_in);
}

async function describe(exchange: CodeExchange, accessToken: string, expiresInS: number): Promise<Grant | Failure> {
  const who = readReply(
    await exchange.http.request({
      method: 'GET',
      url: `${exchange.baseUrl}/${version}/me`,
      query: { fields: 'id,username,name,threads_profile_picture_url', access_token: accessToken },
    }),
    profile,
  );
  if (who.kind === 'failed') return who;
  return {
    kind: 'granted',
    platformAccountId: who.value.id,
    handle: who.value.username,
    displayName: who.value.name ?? null,
    avatarUrl: who.value.threads_profile_picture_url ?? null,
    baseUrl: exchange.baseUrl,
    accessToken,
    refreshToken: null,
    expiresInS,
    scopes,
  };
}

/** A week of sixty days: nobody renews a token that has ended, and an account may rest for days. */
export const refreshAheadS = 7 * 86_400;

/** A token younger than a day is refused as a wrong parameter, which leaves it valid. */
export async function refresh({ http, credentials, signal }: Session): Promise<Refreshed> {
  const rolled = readReply(
    await http.request({
      method: 'GET',
      url: `${credentials.baseUrl}/refresh_access_token`,
      query: { grant_type: 'th_refresh_token', access_token: credentials.accessToken },
      signal,
    }),
    longLived,
  );
  if (rolled.kind === 'failed') {
    return rolled.class === 'invalid-content' ? { kind: 'not-yet', message: rolled.message } : rolled;
  }
  return {
    kind: 'refreshed',
    accessToken: rolled.value.access_token,
    refreshToken: null,
    expiresInS: rolled.value.expires_in,
  };
}
