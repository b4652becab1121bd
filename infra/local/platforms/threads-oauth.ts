/** OAuth of the Threads simulator: codes without PKCE, a short token of an hour, a long one that rolls. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Fields, readFields } from './form.ts';
import { consentScreen, html, page, redirect } from './html.ts';
import type { Answer, Incoming, Route } from './http-server.ts';
import { same, withQuery } from './mastodon-oauth.ts';
import { graphAnswer, graphRefusal, invalidParameter, validToken } from './threads-auth.ts';
import { type Threads, type ThreadsToken, type ThreadsUser, threadsUserRow } from './threads-store.ts';

export const threadsScopes = [
  'threads_basic',
  'threads_content_publish',
  'threads_manage_replies',
  'threads_read_replies',
  'threads_manage_insights',
  'threads_delete',
  'threads_manage_mentions',
  'threads_keyword_search',
  'threads_location_tagging',
  'threads_profile_discovery',
] as const;
const codeLifeMs = 3_600_000;
const codeRow = z.object({
  code: z.string(),
  user_id: z.string(),
  redirect_uri: z.string(),
  scopes: z.string(),
  created_ms: z.number(),
  used: z.number(),
});
const uriRow = z.object({ uri: z.string() });

export function threadsOauthRoutes(threads: Threads): Route[] {
  return [
    { method: 'GET', path: '/oauth/authorize', handle: (incoming) => showScreen(threads, incoming) },
    { method: 'POST', path: '/oauth/authorize', handle: (incoming) => decide(threads, incoming) },
    { method: 'POST', path: '/oauth/access_token', handle: (incoming) => exchangeCode(threads, incoming) },
    { method: 'GET', path: '/access_token', handle: (incoming) => exchangeToken(threads, incoming) },
    { method: 'GET', path: '/refresh_access_token', handle: (incoming) => refresh(threads, incoming) },
  ];
}

interface Request {
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
}

/** Every error of the request itself stays on the page: Meta does not redirect for them. */
function check(threads: Threads, fields: Fields): Request | Answer {
  const wrong = (message: string): Answer =>
    html(400, page('Error', `<h1>Sorry, this page isn't available</h1><p>${message}</p>`));
  if (fields.get('client_id') !== threads.app.clientId) return wrong('Invalid client_id.');
  const redirectUri = fields.get('redirect_uri') ?? '';
  const registered = threads.store.one(uriRow, 'SELECT uri FROM redirect_uris WHERE uri = ?', redirectUri);
  if (registered === null) return wrong('Blocked redirect: the redirect URI is not whitelisted in the app.');
  if (fields.get('response_type') !== 'code') return wrong('Invalid response_type.');
  const scopes = (fields.get('scope') ?? '').split(',').filter((scope) => scope !== '');
  const known: readonly string[] = threadsScopes;
  if (!scopes.every((scope) => known.includes(scope))) return wrong('Invalid scope.');
  if (!scopes.includes('threads_basic')) return wrong('threads_basic is required.');
  return { redirectUri, scopes, state: fields.get('state') };
}

async function showScreen(threads: Threads, incoming: Incoming): Promise<Answer> {
  const request = check(threads, await readFields(incoming));
  return 'status' in request ? request : screen(threads, request);
}

function screen(threads: Threads, request: Request, error?: string): Answer {
  const hidden: Record<string, string> = {
    client_id: threads.app.clientId,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scopes.join(','),
  };
  if (request.state !== undefined) hidden.state = request.state;
  const base = {
    platform: 'Threads',
    action: '/oauth/authorize',
    appName: 'Posthaste',
    scopes: request.scopes,
    hidden,
  };
  return html(error === undefined ? 200 : 401, consentScreen(error === undefined ? base : { ...base, error }));
}

async function decide(threads: Threads, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  const request = check(threads, fields);
  if ('status' in request) return request;
  if (fields.get('decision') !== 'allow') {
    const denied = {
      error: 'access_denied',
      error_code: '200',
      error_description: 'Permissions error',
      error_reason: 'user_denied',
    };
    return redirect(withQuery(request.redirectUri, { ...denied, state: request.state }));
  }
  const user = signIn(threads, fields);
  if (user === null) return screen(threads, request, 'Invalid username or password.');
  const code = `AQ${randomBytes(60).toString('base64url')}`;
  threads.store.run(
    'INSERT INTO codes (code, user_id, redirect_uri, scopes, created_ms) VALUES (?, ?, ?, ?, ?)',
    code,
    user.id,
    request.redirectUri,
    request.scopes.join(','),
    threads.now(),
  );
  // The fragment is Meta's: careless clients take it for a part of the code.
  return redirect(`${withQuery(request.redirectUri, { state: request.state, code })}#_`);
}

function signIn(threads: Threads, fields: Fields): ThreadsUser | null {
  const user = threads.store.one(
    threadsUserRow,
    'SELECT * FROM users WHERE username = ?',
    fields.get('username') ?? '',
  );
  return user !== null && same(user.password, fields.get('password') ?? '') ? user : null;
}

/** This one endpoint has an error form of its own. */
function oauthError(message: string): Answer {
  return { status: 400, body: { error_type: 'OAuthException', code: 400, error_message: message } };
}

async function exchangeCode(threads: Threads, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  if (fields.get('client_id') !== threads.app.clientId) return oauthError('Invalid platform app');
  if (!same(threads.app.clientSecret, fields.get('client_secret') ?? ''))
    return oauthError('Error validating client secret.');
  if (fields.get('grant_type') !== 'authorization_code') return oauthError('Invalid grant_type');
  const code = threads.store.one(codeRow, 'SELECT * FROM codes WHERE code = ?', fields.get('code') ?? '');
  if (code === null || code.used === 1) return oauthError('Matching code was not found or was already used.');
  if (threads.now() - code.created_ms > codeLifeMs) return oauthError('This authorization code has expired');
  if (code.redirect_uri !== fields.get('redirect_uri')) {
    return oauthError(
      'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request',
    );
  }
  threads.store.run('UPDATE codes SET used = 1 WHERE code = ?', code.code);
  const token = issueThreadsToken(threads, code.user_id, code.scopes, 'short');
  // A bare number, as Meta sends it: 17 digits, not to be read as a double.
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `{"access_token":${JSON.stringify(token.token)},"user_id":${code.user_id}}`,
  };
}

async function exchangeToken(threads: Threads, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  if (fields.get('grant_type') !== 'th_exchange_token')
    throw invalidParameter('Param grant_type must be th_exchange_token');
  if (!same(threads.app.clientSecret, fields.get('client_secret') ?? '')) {
    return graphAnswer({ message: 'Error validating client secret.', code: 1 });
  }
  const token = validToken(threads, fields.get('access_token') ?? null);
  if (token.kind !== 'short')
    throw graphRefusal({ message: 'Sorry, this content is not available right now', code: 452 });
  return longAnswer(threads, issueThreadsToken(threads, token.user_id, token.scopes, 'long'));
}

async function refresh(threads: Threads, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  if (fields.get('grant_type') !== 'th_refresh_token')
    throw invalidParameter('Param grant_type must be th_refresh_token');
  const token = validToken(threads, fields.get('access_token') ?? null);
  const ageMs = threads.now() - token.created_ms;
  if (token.kind !== 'long' || ageMs < threads.settings.get().refreshAfterS * 1000) {
    throw graphRefusal({
      message: 'Error validating access token: The token is too young to be refreshed.',
      code: 100,
    });
  }
  return longAnswer(threads, issueThreadsToken(threads, token.user_id, token.scopes, 'long'));
}

function longAnswer(threads: Threads, token: ThreadsToken): Answer {
  const expiresInS = Math.round((token.expires_ms - threads.now()) / 1000);
  return { status: 200, body: { access_token: token.token, token_type: 'bearer', expires_in: expiresInS } };
}

export function issueThreadsToken(
  threads: Threads,
  userId: string,
  scopes: string,
  kind: 'short' | 'long',
): ThreadsToken {
  const now = threads.now();
  const { shortTokenS, longTokenS } = threads.settings.get();
  const lifeS = kind === 'short' ? shortTokenS : longTokenS;
  const token: ThreadsToken = {
    token: `TH${randomBytes(80).toString('base64url')}`,
    user_id: userId,
    scopes,
    kind,
    created_ms: now,
    expires_ms: now + lifeS * 1000,
    revoked: 0,
  };
  threads.store.run(
    'INSERT INTO tokens (token, user_id, scopes, kind, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?)',
    token.token,
    token.user_id,
    token.scopes,
    token.kind,
    token.created_ms,
    token.expires_ms,
  );
  return token;
}
