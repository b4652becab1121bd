/**
 * From what the Data API says to what it means. Only SQLSTATE and constraint name are read out of a message: Detail holds
 * values of rows and is never logged.
 */
import { AppError, type ErrorCode, type Limit, type QuotaDetail } from '../errors.ts';

/** `nothing-happened`: the statement was certainly not executed. `maybe`: it may have been. */
export type Failure =
  | {
      readonly kind: 'sql';
      readonly sqlState: string;
      readonly constraint: string | null;
      readonly retryable: boolean;
      readonly limit?: Limit;
      readonly quota?: QuotaDetail;
    }
  | { readonly kind: 'away'; readonly effect: 'nothing-happened' | 'maybe' }
  | { readonly kind: 'defect'; readonly name: string };

const AWAY: Readonly<Record<string, 'nothing-happened' | 'maybe'>> = {
  DatabaseResumingException: 'nothing-happened',
  ThrottlingException: 'nothing-happened',
  DatabaseUnavailableException: 'maybe',
  ServiceUnavailableError: 'maybe',
  InternalServerErrorException: 'maybe',
  InternalServerError: 'maybe',
  StatementTimeoutException: 'maybe',
  TimeoutError: 'maybe',
  AbortError: 'maybe',
};

const TOO_MANY = 'PH402';
const OVER_QUOTA = 'PH413';
// Serialization failure, deadlock, and a request with the same Idempotency-Key that is still running.
const REPEATABLE = new Set(['40001', '40P01', 'PH409']);
// The server went away under the statement, or does not take connections now.
const SERVER_GONE = /^(08...|57P0[1-3])$/;
// No disk, no memory, no connection left: the statement was undone, and an operator is already needed.
const OUT_OF_RESOURCES = /^53...$/;

export function readFailure(error: unknown): Failure {
  const name = error instanceof Error ? error.name : 'Error';
  const message = error instanceof Error ? error.message : '';
  // The last one, and the constraint of the first line, are the server's own words: in between may stand values of rows,
  // which anybody could have worded like them.
  const sqlState = /^.*SQLState:\s*([0-9A-Z]{5})/s.exec(message)?.[1];
  if (sqlState !== undefined) {
    if (SERVER_GONE.test(sqlState)) return { kind: 'away', effect: 'maybe' };
    if (OUT_OF_RESOURCES.test(sqlState)) return { kind: 'away', effect: 'nothing-happened' };
    const violated = sqlState.startsWith('23')
      ? /constraint "([a-z0-9_]+)"(?: on table "\w+")?$/.exec(firstLine(message))
      : null;
    const failure = {
      kind: 'sql' as const,
      sqlState,
      constraint: violated?.[1] ?? null,
      retryable: REPEATABLE.has(sqlState),
    };
    if (sqlState === OVER_QUOTA) return { ...failure, ...readQuota(message) };
    return sqlState === TOO_MANY ? { ...failure, limit: readLimit(message) } : failure;
  }
  const effect = AWAY[name] ?? connectionEffect(error);
  return effect === undefined ? { kind: 'defect', name } : { kind: 'away', effect };
}

/** As app.raise_rate words it. */
function readLimit(message: string): Limit {
  const [, max, windowS, resetS] = /limit of (\d+) in (\d+) s reached, again in (\d+) s/.exec(message) ?? [];
  return { max: Number(max ?? 1), windowS: Number(windowS ?? 60), left: 0, resetS: Number(resetS ?? 60) };
}

/** As app.hold_quota words it. */
function readQuota(message: string): { quota?: QuotaDetail } {
  const pattern = /quota (\w+) of the (user|project), (\d+) of (\d+) used, again ([\d-]+|never)/;
  const [, quota, scope, used, limit, again] = pattern.exec(message) ?? [];
  if (quota === undefined || (scope !== 'user' && scope !== 'project')) return {};
  const resetsAt = again === 'never' ? null : `${again}T00:00:00Z`;
  return { quota: { quota, scope, limit: Number(limit), used: Number(used), resetsAt } };
}

/** Without what follows: Detail, Hint, Where, and on a message of one line the SQLSTATE. */
function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/; SQLState: [0-9A-Z]{5}\s*$/, '');
}

function connectionEffect(error: unknown): 'nothing-happened' | 'maybe' | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'nothing-happened';
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT') return 'maybe';
  return undefined;
}

const BY_STATE: Readonly<Record<string, ErrorCode>> = {
  PH401: 'unauthenticated',
  PH402: 'too_many_requests',
  PH403: 'scope_missing',
  PH405: 'step_up_needed',
  PH409: 'idempotency_in_flight',
  PH410: 'already_done',
  PH413: 'quota_exceeded',
  PH422: 'idempotency_mismatch',
  PH001: 'wrong_state',
  PH002: 'wrong_state',
  PH003: 'wrong_state',
  PH004: 'wrong_state',
  PH006: 'wrong_state',
  PH007: 'wrong_state',
  PH012: 'last_owner',
  PH013: 'wrong_state',
  PH014: 'last_admin',
  '42501': 'forbidden', // a policy refused the row
};

const BY_CONSTRAINT: Readonly<Record<string, ErrorCode>> = {
  projects_owner_name_key: 'name_taken',
  users_username_key: 'username_taken',
  users_username_skeleton_key: 'username_taken',
  social_accounts_community_handle_key: 'handle_taken',
  social_accounts_person_key: 'account_elsewhere',
  posts_external_id_key: 'external_id_taken',
};

/** What a statement's failure means to the caller of a door. */
export function toAppError(failure: Failure, cause: unknown): AppError {
  if (failure.kind === 'away') return new AppError('database_unavailable', { retryAfterS: 5, cause });
  if (failure.kind === 'defect') return new AppError('internal', { cause, note: failure.name });
  const { limit, quota } = failure;
  if (quota !== undefined) return new AppError('quota_exceeded', { quota, cause });
  if (limit !== undefined) return new AppError('too_many_requests', { retryAfterS: limit.resetS, limit, cause });
  const code =
    (failure.constraint === null ? undefined : BY_CONSTRAINT[failure.constraint]) ?? BY_STATE[failure.sqlState];
  return code === 'idempotency_in_flight'
    ? new AppError(code, { retryAfterS: 1, cause })
    : new AppError(code ?? 'internal', { cause, note: noteOf(failure) });
}

/** Of a caller whom app.run refused in a line, so that it counts. */
export function refusal(sqlState: string, limit: Limit | undefined): AppError {
  const tooMany = sqlState === TOO_MANY && limit !== undefined;
  return toAppError(
    { kind: 'sql', sqlState, constraint: null, retryable: false, ...(tooMany && { limit }) },
    `app.run told ${sqlState}`,
  );
}

/** For the log: the words of the server that are never a row's. */
function noteOf({ sqlState, constraint }: Failure & { readonly kind: 'sql' }): string {
  return constraint === null ? `SQLSTATE ${sqlState}` : `SQLSTATE ${sqlState}, constraint ${constraint}`;
}
