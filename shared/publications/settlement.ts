/** Pure rules: what a result of a platform means for the row. */
import type { Capabilities, Evidence, Failure, FailureClass, Prepared } from '../platforms/connector.ts';

/** One row of `settlePublications`. */
export interface Settlement {
  readonly id: string;
  readonly leaseToken: string;
  readonly state: 'scheduled' | 'processing' | 'published' | 'failed' | 'unknown';
  readonly outcome: 'published' | 'accepted' | 'waiting' | 'retry' | 'failed' | 'unknown' | 'absent' | 'refused';
  readonly platformPostId?: string;
  readonly url?: string | null;
  readonly platformPublishedAt?: string | null;
  readonly class?: FailureClass;
  readonly code?: string;
  readonly message?: string;
  /** Seconds until something is to be done; absent = nothing is. */
  readonly waitS?: number;
  /** The platform answered the commit and did not take the post, or it was certainly not called. */
  readonly refused?: boolean;
  readonly prepared?: Prepared;
  readonly preparedReady?: boolean;
  readonly preparedExpiresInS?: number | null;
  readonly dropPrepared?: boolean;
  readonly accountStatus?: 'reauthorization_needed' | 'restricted';
  /** Version of a token that was refused: unless it was renewed meanwhile, the next attempt does so first. */
  readonly spentToken?: number;
}

export interface Lease {
  readonly id: string;
  readonly leaseToken: string;
  /** Leases so far, this one included. */
  readonly attempts: number;
  /** Seconds since the due instant. */
  readonly overdueS: number;
  /** The token it was leased with; null where there is none. */
  readonly token: { readonly version: number } | null;
}

const GIVE_UP_AFTER_S: Readonly<Record<'retry-later' | 'rate-limited' | 'waiting', number>> = {
  'retry-later': 6 * 3600,
  'rate-limited': 24 * 3600,
  waiting: 3600,
};
const MAX_UNKNOWN_TRIES = 3;
const MAX_REFRESH_TRIES = 4;

export function published({ id, leaseToken }: Lease, evidence: Evidence): Settlement {
  const { platformPostId, url, publishedAt } = evidence;
  return {
    id,
    leaseToken,
    state: 'published',
    outcome: 'published',
    platformPostId,
    url,
    platformPublishedAt: publishedAt,
  };
}

/** Public or about to be, the evidence still to be found. */
export function accepted({ id, leaseToken }: Lease, platformPostId: string, waitS: number): Settlement {
  return { id, leaseToken, state: 'processing', outcome: 'accepted', platformPostId, waitS };
}

/** Nobody knows what became of the commit: only reconcile decides, or the user where the platform cannot be asked. */
export function outcomeUnknown(
  { id, leaseToken }: Lease,
  message: string,
  { publishing }: Capabilities,
  failureClass: FailureClass = 'unknown',
): Settlement {
  const wait =
    publishing.reconcile === 'none'
      ? {}
      : { waitS: Math.max(2, Math.ceil(publishing.absentAfterS / publishing.absentAfterLooks)) };
  return {
    id,
    leaseToken,
    state: 'unknown',
    outcome: 'unknown',
    class: failureClass,
    code: 'no_answer',
    message,
    ...wait,
  };
}

/**
 * The database was away before the commit call, and is asked again at once: settling waits for it. The guard may have been
 * stored without its answer, so it is said that nothing was sent.
 */
export function notBegun({ id, leaseToken }: Lease): Settlement {
  const message = 'The database was away before it could be begun.';
  return { id, leaseToken, state: 'scheduled', outcome: 'retry', message, waitS: 1, refused: true };
}

/** The platform, or the media worker, still prepares. */
export function waiting(
  lease: Lease,
  waitS: number,
  reason: string,
  kept?: { prepared: Prepared; expiresInS: number | null },
): Settlement {
  const { id, leaseToken, overdueS } = lease;
  if (overdueS > GIVE_UP_AFTER_S.waiting) {
    return {
      id,
      leaseToken,
      state: 'failed',
      outcome: 'failed',
      class: 'retry-later',
      code: 'not_ready_in_time',
      message: reason,
    };
  }
  const base = { id, leaseToken, state: 'scheduled', outcome: 'waiting', waitS } as const;
  return kept === undefined
    ? base
    : { ...base, prepared: kept.prepared, preparedReady: false, preparedExpiresInS: kept.expiresInS };
}

/** A failure that is certain: nothing became public. `refused`: the commit had started, and was answered with a no. */
export function notPublished(
  lease: Lease,
  failure: Failure,
  context: { refused: boolean; canRefresh: boolean },
): Settlement {
  const { id, leaseToken } = lease;
  const words = { class: failure.class, code: failure.code, message: failure.message };
  const common = { id, leaseToken, ...words, refused: context.refused, dropPrepared: failure.dropPrepared === true };
  const waitS = retryIn(lease, failure, context.canRefresh);
  if (waitS !== null) {
    const spent = failure.class === 'reauthorize' && lease.token !== null ? { spentToken: lease.token.version } : {};
    return { ...common, state: 'scheduled', outcome: context.refused ? 'refused' : 'retry', waitS, ...spent };
  }
  const status = accountStatus(failure.class);
  return { ...common, state: 'failed', outcome: 'failed', ...(status !== null && { accountStatus: status }) };
}

function retryIn({ attempts, overdueS }: Lease, failure: Failure, canRefresh: boolean): number | null {
  switch (failure.class) {
    case 'retry-later':
    case 'rate-limited': {
      if (overdueS > GIVE_UP_AFTER_S[failure.class]) return null;
      return Math.max(failure.retryAfterS ?? 0, backOffS(attempts));
    }
    case 'unknown':
      return attempts < MAX_UNKNOWN_TRIES ? backOffS(attempts) : null;
    case 'reauthorize':
      return canRefresh && attempts < MAX_REFRESH_TRIES ? 1 : null;
    case 'invalid-content':
    case 'duplicate-content':
    case 'account-restricted':
      return null;
  }
}

/** 5 s, 10 s, 20 s … at most 15 minutes, with up to a quarter of jitter. */
function backOffS(attempts: number): number {
  return Math.min(900, 5 * 2 ** Math.min(attempts - 1, 8)) * (1 + Math.random() / 4);
}

function accountStatus(failureClass: FailureClass): 'reauthorization_needed' | 'restricted' | null {
  if (failureClass === 'reauthorize') return 'reauthorization_needed';
  return failureClass === 'account-restricted' ? 'restricted' : null;
}

export interface Look extends Lease {
  /** Looks since the commit, this one included. */
  readonly looks: number;
  /** Seconds since the commit began. */
  readonly commitAgeS: number;
  /** What the commit was answered with, where it was: a duplicate that is not found is not tried again. */
  readonly failureClass: string | null;
}

/** What a look that found nothing means: `absent` counts only after the looks and the waiting that the connector declares. */
export function lookedInVain(look: Look, { publishing }: Capabilities, dropPrepared = false): Settlement {
  const { id, leaseToken, looks, commitAgeS, overdueS } = look;
  const words = { code: 'absent', message: 'The platform does not have it.' };
  const kept = duplicate(look);
  if (looks < publishing.absentAfterLooks || commitAgeS < publishing.absentAfterS) {
    const left = (publishing.absentAfterS - commitAgeS) / Math.max(1, publishing.absentAfterLooks - looks);
    const waitS = Math.max(2, Math.ceil(left));
    return {
      id,
      leaseToken,
      state: 'unknown',
      outcome: 'unknown',
      class: kept ?? 'unknown',
      code: 'looking',
      message: 'Not found yet.',
      waitS,
    };
  }
  if (kept !== null || overdueS > GIVE_UP_AFTER_S['retry-later']) {
    return { id, leaseToken, state: 'failed', outcome: 'absent', class: kept ?? 'retry-later', ...words };
  }
  return {
    id,
    leaseToken,
    state: 'scheduled',
    outcome: 'absent',
    class: 'retry-later',
    ...words,
    waitS: 0,
    dropPrepared,
  };
}

/** The platform could not be asked: again later, ever more rarely, and never given up by us. */
export function cannotTell(look: Look, message: string): Settlement {
  const { id, leaseToken, looks } = look;
  const waitS = Math.min(3600, 5 * 2 ** Math.min(looks, 10));
  return {
    id,
    leaseToken,
    state: 'unknown',
    outcome: 'unknown',
    class: duplicate(look) ?? 'unknown',
    code: 'cannot_tell',
    message,
    waitS,
  };
}

function duplicate({ failureClass }: Look): 'duplicate-content' | null {
  return failureClass === 'duplicate-content' ? failureClass : null;
}
