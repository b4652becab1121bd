/** Sessions by app password. The refresh token rotates: whoever refreshes must store the new pair before using it. */
import { decodeJwt } from 'jose';
import { z } from 'zod';
import type { Failure, Grant, Refreshed, Session } from '../connector.ts';
import { failed, toFailure, unreadable } from '../failures.ts';
import type { PlatformHttp } from '../http.ts';
import { failures } from './errors.ts';

const service = z.object({ id: z.string(), type: z.string(), serviceEndpoint: z.unknown() });
const session = z.object({
  did: z.string().startsWith('did:'),
  handle: z.string(),
  accessJwt: z.string(),
  refreshJwt: z.string(),
  active: z.boolean().default(true),
  status: z.string().optional(),
  didDoc: z
    .object({ service: z.array(service).default([]) })
    .optional()
    .catch(undefined),
});

type BlueskySession = z.output<typeof session>;

const accessTokenLifeS = 7200;

export async function signIn(request: {
  http: PlatformHttp;
  baseUrl: string;
  identifier: string;
  password: string;
}): Promise<Grant | Failure> {
  const reply = await request.http.request({
    method: 'POST',
    url: `${request.baseUrl}/xrpc/com.atproto.server.createSession`,
    json: { identifier: request.identifier.trim().replace(/^@/, ''), password: request.password },
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const opened = reply.json(session);
  if (opened === null) return unreadable(reply);
  if (!opened.active) return inactive(opened);
  return {
    kind: 'granted',
    platformAccountId: opened.did,
    handle: opened.handle,
    displayName: null,
    avatarUrl: null,
    baseUrl: serverOf(opened) ?? request.baseUrl,
    accessToken: opened.accessJwt,
    refreshToken: opened.refreshJwt,
    expiresInS: lifeOf(opened.accessJwt),
    scopes: [],
  };
}

export async function refresh({ http, credentials, signal }: Session): Promise<Refreshed> {
  if (credentials.refreshToken === null)
    return failed('reauthorize', 'no_refresh_token', 'The session cannot be renewed.');
  const reply = await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/xrpc/com.atproto.server.refreshSession`,
    bearer: credentials.refreshToken,
    signal,
  });
  if (reply.kind === 'no-answer' || reply.status !== 200) return toFailure(reply, failures);
  const renewed = reply.json(session);
  if (renewed === null) return unreadable(reply);
  if (!renewed.active) return inactive(renewed);
  return {
    kind: 'refreshed',
    accessToken: renewed.accessJwt,
    refreshToken: renewed.refreshJwt,
    expiresInS: lifeOf(renewed.accessJwt),
  };
}

/** Ends the session on its server; a session that is already gone is fine. */
export async function revoke({ http, credentials, signal }: Session): Promise<void> {
  if (credentials.refreshToken === null) return;
  await http.request({
    method: 'POST',
    url: `${credentials.baseUrl}/xrpc/com.atproto.server.deleteSession`,
    bearer: credentials.refreshToken,
    signal,
  });
}

/** The server that holds the account, from its DID document; the sign-in host may be only an entrance. */
function serverOf({ did, didDoc }: BlueskySession): string | null {
  const found = didDoc?.service.find(({ id }) => id === '#atproto_pds' || id === `${did}#atproto_pds`);
  return typeof found?.serviceEndpoint === 'string' ? (URL.parse(found.serviceEndpoint)?.origin ?? null) : null;
}

function inactive({ status }: BlueskySession): Failure {
  return failed('account-restricted', status ?? 'inactive', `The account is ${status ?? 'not active'}.`);
}

function lifeOf(jwt: string): number {
  try {
    const { exp, iat } = decodeJwt(jwt);
    return exp === undefined || iat === undefined ? accessTokenLifeS : exp - iat;
  } catch {
    return accessTokenLifeS;
  }
}
