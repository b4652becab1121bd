/** OAuth of the Mastodon simulator: apps, the screen, codes with PKCE, tokens that do not expire. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type Fields, readFields } from './form.ts';
import { consentScreen, html, page, redirect } from './html.ts';
import type { Answer, Incoming, Route } from './http-server.ts';
import { refuse } from './mastodon-auth.ts';
import { type AppRow, appRow, type Mastodon, type UserRow, userRow } from './mastodon-store.ts';

const knownScopes = new Set([
  'profile',
  'read',
  'write',
  'push',
  ...['accounts', 'favourites', 'media', 'notifications', 'statuses'].flatMap((name) => [
    `read:${name}`,
    `write:${name}`,
  ]),
]);
const codeLifeMs = 600_000;
const codeRow = z.object({
  code: z.string(),
  client_id: z.string(),
  user_id: z.string(),
  redirect_uri: z.string(),
  scopes: z.string(),
  challenge: z.string().nullable(),
  created_ms: z.number(),
  used: z.number(),
});

export function mastodonOauthRoutes(mastodon: Mastodon): Route[] {
  return [
    { method: 'POST', path: '/api/v1/apps', handle: (incoming) => registerApp(mastodon, incoming) },
    { method: 'GET', path: '/oauth/authorize', handle: (incoming) => showScreen(mastodon, incoming) },
    { method: 'POST', path: '/oauth/authorize', handle: (incoming) => decide(mastodon, incoming) },
    { method: 'POST', path: '/oauth/token', handle: (incoming) => exchange(mastodon, incoming) },
    { method: 'POST', path: '/oauth/revoke', handle: (incoming) => revoke(mastodon, incoming) },
    { method: 'GET', path: '/.well-known/oauth-authorization-server', handle: () => discovery(mastodon) },
  ];
}

async function registerApp(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  const name = fields.get('client_name') ?? '';
  const redirectUris = fields
    .all('redirect_uris')
    .flatMap((value) => value.split(/\s+/))
    .filter((uri) => uri !== '');
  const scopes = scopeList(fields.get('scopes') ?? 'read');
  if (name === '') throw refuse(422, "Validation failed: Application name can't be blank");
  if (redirectUris.length === 0) throw refuse(422, "Validation failed: Redirect URI can't be blank");
  if (!redirectUris.every((uri) => uri === 'urn:ietf:wg:oauth:2.0:oob' || URL.canParse(uri))) {
    throw refuse(422, 'Validation failed: Redirect URI must be an absolute URI.');
  }
  if (!scopes.every((scope) => knownScopes.has(scope))) {
    throw refuse(422, "Validation failed: Scopes doesn't match configured on the server.");
  }
  const app = createApp(mastodon, { name, redirectUris, scopes, website: fields.get('website') ?? null });
  return {
    status: 200,
    body: {
      id: mastodon.nextId(),
      name,
      website: app.website,
      scopes,
      redirect_uri: redirectUris.join('\n'),
      redirect_uris: redirectUris,
      client_id: app.client_id,
      client_secret: app.client_secret,
      client_secret_expires_at: 0,
    },
  };
}

export function createApp(
  mastodon: Mastodon,
  app: { name: string; redirectUris: readonly string[]; scopes: readonly string[]; website: string | null },
): AppRow {
  const row: AppRow = {
    client_id: randomBytes(32).toString('base64url'),
    client_secret: randomBytes(32).toString('base64url'),
    name: app.name,
    redirect_uris: JSON.stringify(app.redirectUris),
    scopes: app.scopes.join(' '),
    website: app.website,
  };
  mastodon.store.run(
    'INSERT INTO apps (client_id, client_secret, name, redirect_uris, scopes, website) VALUES (?, ?, ?, ?, ?, ?)',
    row.client_id,
    row.client_secret,
    row.name,
    row.redirect_uris,
    row.scopes,
    row.website,
  );
  return row;
}

interface Request {
  readonly app: AppRow;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
  readonly challenge: string | undefined;
}

type Checked =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'stop'; readonly answer: Answer };

/** Errors of app and redirect URI stay on the page; all others go back to the app. */
function check(mastodon: Mastodon, fields: Fields): Checked {
  const stop = (answer: Answer): Checked => ({ kind: 'stop', answer });
  const app = findApp(mastodon, fields.get('client_id') ?? '');
  if (app === null) {
    return stop(
      html(
        401,
        page('Error', '<h1>An error has occurred</h1><p>Client authentication failed due to unknown client.</p>'),
      ),
    );
  }
  const redirectUri = fields.get('redirect_uri') ?? '';
  if (!redirectUrisOf(app).includes(redirectUri)) {
    return stop(
      html(400, page('Error', '<h1>An error has occurred</h1><p>The redirect URI included is not valid.</p>')),
    );
  }
  const state = fields.get('state');
  const back = (error: string, description: string): Checked =>
    stop(redirect(withQuery(redirectUri, { error, error_description: description, state })));
  if (fields.get('response_type') !== 'code') {
    return back('unsupported_response_type', 'The authorization server does not support this response type.');
  }
  const scopes = scopeList(fields.get('scope') ?? 'read');
  if (!scopes.every((scope) => app.scopes.split(' ').some((own) => own === scope || own === scope.split(':')[0]))) {
    return back('invalid_scope', 'The requested scope is invalid, unknown, or malformed.');
  }
  const challenge = fields.get('code_challenge');
  const method = fields.get('code_challenge_method');
  if ((challenge !== undefined || method !== undefined) && method !== 'S256') {
    return back('invalid_code_challenge_method', 'The code_challenge_method must be S256.');
  }
  return { kind: 'request', request: { app, redirectUri, scopes, state, challenge } };
}

async function showScreen(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const checked = check(mastodon, await readFields(incoming));
  return checked.kind === 'stop' ? checked.answer : screen(checked.request);
}

function screen(request: Request, error?: string): Answer {
  const hidden: Record<string, string> = {
    client_id: request.app.client_id,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: request.scopes.join(' '),
  };
  if (request.state !== undefined) hidden.state = request.state;
  if (request.challenge !== undefined) {
    hidden.code_challenge = request.challenge;
    hidden.code_challenge_method = 'S256';
  }
  const base = {
    platform: 'Mastodon',
    action: '/oauth/authorize',
    appName: request.app.name,
    scopes: request.scopes,
    hidden,
  };
  return html(error === undefined ? 200 : 401, consentScreen(error === undefined ? base : { ...base, error }));
}

async function decide(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  const checked = check(mastodon, fields);
  if (checked.kind === 'stop') return checked.answer;
  const { app, redirectUri, scopes, state, challenge } = checked.request;
  if (fields.get('decision') !== 'allow') {
    const description = 'The resource owner or authorization server denied the request.';
    return redirect(withQuery(redirectUri, { error: 'access_denied', error_description: description, state }));
  }
  const user = signIn(mastodon, fields);
  if (user === null) return screen(checked.request, 'Invalid username or password.');
  const code = randomBytes(32).toString('base64url');
  mastodon.store.run(
    'INSERT INTO codes (code, client_id, user_id, redirect_uri, scopes, challenge, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
    code,
    app.client_id,
    user.id,
    redirectUri,
    scopes.join(' '),
    challenge ?? null,
    mastodon.now(),
  );
  return redirect(withQuery(redirectUri, { code, state }));
}

function signIn(mastodon: Mastodon, fields: Fields): UserRow | null {
  const user = mastodon.store.one(userRow, 'SELECT * FROM users WHERE username = ?', fields.get('username') ?? '');
  return user !== null && same(user.password, fields.get('password') ?? '') ? user : null;
}

async function exchange(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  const app = authenticateApp(mastodon, incoming, fields);
  if (app === null) return oauthError(401, 'invalid_client', 'Client authentication failed due to unknown client.');
  const grant = fields.get('grant_type');
  if (grant === 'client_credentials') return tokenAnswer(mastodon, app, null, scopeList(fields.get('scope') ?? 'read'));
  if (grant !== 'authorization_code') {
    return oauthError(400, 'unsupported_grant_type', 'The authorization grant type is not supported.');
  }
  const invalid = oauthError(
    400,
    'invalid_grant',
    'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
  );
  const code = mastodon.store.one(codeRow, 'SELECT * FROM codes WHERE code = ?', fields.get('code') ?? '');
  if (code === null || code.used === 1 || mastodon.now() - code.created_ms > codeLifeMs) return invalid;
  if (code.client_id !== app.client_id || code.redirect_uri !== fields.get('redirect_uri')) return invalid;
  if (code.challenge !== null && !same(code.challenge, s256(fields.get('code_verifier') ?? ''))) return invalid;
  mastodon.store.run('UPDATE codes SET used = 1 WHERE code = ?', code.code);
  return tokenAnswer(mastodon, app, code.user_id, code.scopes.split(' '));
}

function tokenAnswer(mastodon: Mastodon, app: AppRow, userId: string | null, scopes: readonly string[]): Answer {
  const token = issueToken(mastodon, app, userId, scopes);
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: {
      access_token: token,
      token_type: 'Bearer',
      scope: scopes.join(' '),
      created_at: Math.floor(mastodon.now() / 1000),
    },
  };
}

export function issueToken(mastodon: Mastodon, app: AppRow, userId: string | null, scopes: readonly string[]): string {
  const token = randomBytes(32).toString('base64url');
  mastodon.store.run(
    'INSERT INTO tokens (token, client_id, user_id, scopes, created_ms) VALUES (?, ?, ?, ?, ?)',
    token,
    app.client_id,
    userId,
    scopes.join(' '),
    mastodon.now(),
  );
  return token;
}

async function revoke(mastodon: Mastodon, incoming: Incoming): Promise<Answer> {
  const fields = await readFields(incoming);
  const app = authenticateApp(mastodon, incoming, fields);
  if (app === null) return oauthError(403, 'unauthorized_client', 'You are not authorized to revoke this token');
  const token = fields.get('token') ?? '';
  mastodon.store.run('UPDATE tokens SET revoked = 1 WHERE token = ? AND client_id = ?', token, app.client_id);
  return { status: 200, body: {} };
}

function discovery(mastodon: Mastodon): Answer {
  const origin = mastodon.origin();
  return {
    status: 200,
    body: {
      issuer: `${origin}/`,
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      app_registration_endpoint: `${origin}/api/v1/apps`,
      scopes_supported: [...knownScopes],
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
    },
  };
}

/** By body or by Basic. */
function authenticateApp(mastodon: Mastodon, incoming: Incoming, fields: Fields): AppRow | null {
  const basic = /^Basic (\S+)$/i.exec(incoming.headers.authorization ?? '')?.[1];
  const [basicId, basicSecret] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString('utf8').split(':');
  const app = findApp(mastodon, basicId ?? fields.get('client_id') ?? '');
  return app !== null && same(app.client_secret, basicSecret ?? fields.get('client_secret') ?? '') ? app : null;
}

function findApp(mastodon: Mastodon, clientId: string): AppRow | null {
  return mastodon.store.one(appRow, 'SELECT * FROM apps WHERE client_id = ?', clientId);
}

function redirectUrisOf(app: AppRow): readonly string[] {
  return z.array(z.string()).parse(JSON.parse(app.redirect_uris));
}

function oauthError(status: number, error: string, description: string): Answer {
  return { status, body: { error, error_description: description } };
}

function scopeList(scopes: string): string[] {
  return scopes.split(/[\s+]+/).filter((scope) => scope !== '');
}

function s256(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

export function same(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

export function withQuery(uri: string, values: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(values)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
