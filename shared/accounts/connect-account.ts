/** Connecting: at once where no sign-in is needed or an app password was given, else by the platform's own screen. */
import { createHash } from 'node:crypto';
import { hashToken, randomToken } from '../auth/tokens.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import { guardUrl, isRefusal } from '../net/guard.ts';
import type { AppCredentials, Connector, Grant } from '../platforms/connector.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import { connectorOf } from '../platforms/registry.ts';
import { projectOr } from '../projects/named-project.ts';
import { readPlatformApps } from './platform-apps.ts';
import { connectOwnAccount, loadConnectContext, startOauth } from './queries.ts';
import { handleOf, isReservedHandle, originOf, signInError, spareHandleOf } from './rules.ts';
import { appBinding, seal, tokenBinding, verifierBinding } from './seal.ts';
import { Account, type ConnectInput, type Connection } from './shapes.ts';

const FRESH_MS = 2_000; // so that a platform without an app does not cost a read each time

interface Tools {
  readonly db: Db;
  readonly http: PlatformHttp;
}

type Context = Awaited<ReturnType<typeof loadContext>>;

export async function connectAccount(tools: Tools, input: ConnectInput): Promise<Connection> {
  const connector = connectorOf(input.platform);
  const given = 'baseUrl' in input && input.baseUrl !== undefined ? await checkOrigin(input.baseUrl) : null;
  const context = await loadContext(tools.db, input, given);
  if ('appPassword' in input) return signIn(tools, connector, context, input);
  if (connector.capabilities.connect === 'oauth') return authorize(tools, connector, context);
  return connectCommunity(tools.db, context, input);
}

/** Under the handle that was asked for, else the one it has, else one made of the project's name. */
async function connectCommunity(db: Db, context: Context, input: ConnectInput): Promise<Connection> {
  const asked = 'handle' in input ? input.handle : undefined;
  const usual = context.communityHandle ?? handleOf(context.projectName ?? '');
  const spare = spareHandleOf(usual);
  const profile = {
    platformAccountId: context.projectId,
    handle: asked ?? (isReservedHandle(usual) ? spare : usual),
    displayName: context.projectName,
    avatarUrl: null,
    baseUrl: '',
    scopes: [],
    expiresInS: null,
  };
  return connected(db, context, profile, asked === undefined ? spare : null);
}

async function loadContext(db: Db, input: ConnectInput, given: string | null) {
  const context = await db.one(loadConnectContext, {
    projectId: projectOr(db, input.projectId, '/body/projectId'),
    platform: input.platform,
    origin: given,
    redirectUri: callbackUrl(),
  });
  if (context.right === 'none') fail('not_found');
  if (context.right === 'read') fail('forbidden');
  if (!context.enabled) fail('platform_disabled');
  return { ...context, platform: input.platform, baseUrl: given ?? context.baseUrl };
}

/** Refuses where we do not go, names that lead into a private network included. */
async function checkOrigin(given: string): Promise<string> {
  const policy = { trustedOrigins: config('http').TRUSTED_ORIGINS };
  const pointer = '/body/baseUrl';
  const origin =
    originOf(given) ?? fail('invalid_request', { fields: [{ pointer, message: 'is not a valid address' }] });
  try {
    const { url, lookup } = guardUrl(origin, policy);
    if (url.protocol !== 'https:' && !policy.trustedOrigins.includes(origin)) {
      fail('address_not_allowed', { detail: 'The address must begin with https://.' });
    }
    await new Promise<void>((resolve, reject) => {
      lookup(url.hostname.replace(/^\[|\]$/g, ''), { all: true }, (error) =>
        isRefusal(error) ? reject(error) : resolve(),
      );
    });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    fail('address_not_allowed', {
      ...error.detail,
      fields: [{ pointer, message: error.detail.detail ?? error.message }],
    });
  }
  return origin;
}

async function signIn(
  tools: Tools,
  connector: Connector,
  context: Context,
  input: Extract<ConnectInput, { appPassword: string }>,
): Promise<Connection> {
  if (context.baseUrl === null || connector.signIn === undefined) fail('platform_disabled');
  const grant = await connector.signIn({
    http: tools.http,
    baseUrl: context.baseUrl,
    identifier: input.identifier,
    password: input.appPassword,
  });
  if (grant.kind === 'failed') throw signInError(grant);
  return connected(tools.db, context, grant);
}

type Profile = Omit<Grant, 'kind' | 'accessToken' | 'refreshToken'> &
  Partial<Pick<Grant, 'accessToken' | 'refreshToken'>>;

async function connected(
  db: Db,
  { projectId, platform }: Pick<Context, 'projectId' | 'platform'>,
  profile: Profile,
  spareHandle: string | null = null,
): Promise<Connection> {
  const { platformAccountId, handle, displayName, avatarUrl, baseUrl, scopes, expiresInS } = profile;
  const row = await db.change(connectOwnAccount, {
    projectId,
    platform,
    platformAccountId,
    handle,
    displayName,
    avatarUrl,
    baseUrl,
    scopes,
    expiresInS,
    spareHandle,
    ...(await sealTokens(platform, profile)),
  });
  return { status: 'connected', account: Account.parse(row) };
}

/** Sealed for the place where they will lie; null where there are none. */
export async function sealTokens(
  platform: string,
  { baseUrl, platformAccountId, accessToken, refreshToken }: Profile,
): Promise<{ accessToken: string | null; refreshToken: string | null }> {
  const sealed = (token: string | null | undefined, which: 'access' | 'refresh') =>
    token === null || token === undefined
      ? null
      : seal(token, tokenBinding(platform, baseUrl, platformAccountId, which));
  return { accessToken: await sealed(accessToken, 'access'), refreshToken: await sealed(refreshToken, 'refresh') };
}

/** One registration per instance, one app of ours where the operator entered it. The state is stored as a hash only. */
async function authorize(tools: Tools, connector: Connector, context: Context): Promise<Connection> {
  const { baseUrl, projectId } = context;
  if (baseUrl === null || connector.authorizeUrl === undefined) fail('platform_disabled');
  const known =
    context.clientId ?? (connector.registerApp === undefined ? (await operatorsApp(connector)).clientId : null);
  const registered = known === null ? await register(tools.http, connector, baseUrl) : null;
  const state = randomToken();
  const stateHash = hashToken(state);
  const codeVerifier = randomToken();
  const started = await tools.db.change(startOauth, {
    projectId,
    platform: connector.name,
    baseUrl,
    stateHash,
    codeVerifier: await seal(codeVerifier, verifierBinding(stateHash)),
    redirectUri: callbackUrl(),
    newClientId: registered?.clientId ?? null,
    newClientSecret:
      registered === null ? null : await seal(registered.clientSecret, appBinding(connector.name, baseUrl)),
  });
  const clientId = started.clientId ?? known;
  if (clientId === null) throw new Error('the sign-in was begun without an app');
  const authorizeUrl = connector.authorizeUrl({
    baseUrl: context.authorizeUrl ?? baseUrl,
    app: { clientId, clientSecret: '' }, // the screen is asked for by the browser, which may not see it
    redirectUri: callbackUrl(),
    state,
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
  });
  return { status: 'authorize', authorizeUrl, expiresAt: started.expiresAt };
}

async function register(http: PlatformHttp, connector: Connector, baseUrl: string): Promise<AppCredentials> {
  const app = await connector.registerApp?.({ http, baseUrl, redirectUri: callbackUrl() });
  if (app === undefined) throw new Error(`${connector.name} registers no apps`);
  if ('kind' in app) throw signInError(app);
  return app;
}

/** The app that the operator entered for a platform. */
export async function operatorsApp(connector: Connector): Promise<AppCredentials> {
  // What was entered a moment ago need not be waited for.
  const known = (await readPlatformApps())[connector.name] ?? (await readPlatformApps(FRESH_MS))[connector.name];
  return known ?? fail('platform_disabled');
}

/** Where platforms send the browser back to. */
export function callbackUrl(): string {
  return `${config('http').PUBLIC_BASE_URL}/v1/accounts/callback`;
}
