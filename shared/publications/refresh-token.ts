/** Tokens are refreshed early, by one worker at a time; a passing trouble never disconnects an account. */
import { seal, tokenBinding } from '../accounts/seal.ts';
import type { Db } from '../db/client.ts';
import type { Connector, Credentials, Failure } from '../platforms/connector.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import { type AccountRow, makeSession, openCredentials } from './session.ts';
import { claimRefresh, postponeRefresh, releaseRefresh, storeRefreshed } from './token-queries.ts';

const DEFAULT_AHEAD_S = 300;
const NOT_YET_S = 86_400;

export interface Tools {
  readonly db: Db;
  readonly http: PlatformHttp;
  readonly signal: AbortSignal;
}

/** A row with the account's sealed tokens. */
export interface TokenRow extends AccountRow {
  readonly token: {
    readonly access: string;
    readonly refresh: string | null;
    readonly expiresInS: number | null;
    readonly version: number;
  } | null;
}

/** The account's tokens, refreshed when they end soon. */
export async function freshCredentials(
  connector: Connector,
  job: TokenRow,
  tools: Tools,
): Promise<Credentials | Failure> {
  const { token } = job;
  if (connector.capabilities.connect === 'none') return openCredentials(job, null);
  if (token === null) return lost('The account has no token: it must be reconnected.');
  const endsSoon = token.expiresInS !== null && token.expiresInS < (connector.refreshAheadS ?? DEFAULT_AHEAD_S);
  if (!endsSoon || connector.refresh === undefined) return openCredentials(job, token);
  const claim = await tools.db.one(claimRefresh, { accountId: job.accountId, version: token.version });
  if (claim.outcome === 'done') return openCredentials(job, claim);
  // Still good for a moment: the one who refreshes does not hold up the others.
  if (claim.outcome === 'busy') return (token.expiresInS ?? 0) > 60 ? openCredentials(job, token) : busy();
  return refresh(connector, job, claim, tools);
}

async function refresh(
  connector: Connector,
  job: TokenRow,
  claim: { access: string; refresh: string | null; version: number },
  tools: Tools,
): Promise<Credentials | Failure> {
  const old = await openCredentials(job, claim);
  const result = await connector.refresh?.(makeSession(job, old, tools));
  if (result === undefined) return old;
  const token = { accountId: job.accountId, version: claim.version };
  if (result.kind === 'not-yet') {
    const goodForS = NOT_YET_S + (connector.refreshAheadS ?? DEFAULT_AHEAD_S);
    await tools.db.maybe(postponeRefresh, { ...token, goodForS });
    return old;
  }
  if (result.kind === 'failed') {
    await tools.db.maybe(releaseRefresh, token);
    const stillGood = (job.token?.expiresInS ?? 0) > 60;
    return stillGood && result.class !== 'reauthorize' ? old : ofRefresh(result);
  }
  const { platformAccountId, baseUrl } = job.account;
  const binding = (which: 'access' | 'refresh') => tokenBinding(job.platform, baseUrl, platformAccountId, which);
  await tools.db.maybe(storeRefreshed, {
    ...token,
    access: await seal(result.accessToken, binding('access')),
    refresh: result.refreshToken === null ? null : await seal(result.refreshToken, binding('refresh')),
    expiresInS: result.expiresInS,
  });
  return { ...old, accessToken: result.accessToken, refreshToken: result.refreshToken ?? old.refreshToken };
}

/** Whatever a platform finds wrong with a refresh, it is no verdict on the post. */
function ofRefresh(failure: Failure): Failure {
  switch (failure.class) {
    case 'reauthorize':
    case 'account-restricted':
    case 'rate-limited':
      return failure;
    default:
      return { ...failure, class: 'retry-later' };
  }
}

function lost(message: string): Failure {
  return { kind: 'failed', class: 'reauthorize', code: 'no_token', message };
}

function busy(): Failure {
  return {
    kind: 'failed',
    class: 'retry-later',
    code: 'refresh_running',
    message: 'The token is being refreshed.',
    retryAfterS: 3,
  };
}
