/** The one exception that becomes an answer: `functions/_kit/problem.ts` turns its code into a status. */
import { type ErrorCode, errors } from './error-table.ts';

export type { Actor, ErrorCode, ErrorKind } from './error-table.ts';

/** One field that is wrong: a JSON pointer into the request (`/query/limit`, `/body/text`) and what is wrong there. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
  readonly code?: string | undefined;
}

/** What a caller has left of a class of doors. */
export interface Limit {
  /** Where it is not the class of the door that was asked. */
  readonly class?: string;
  /** Requests of a window. */
  readonly max: number;
  readonly windowS: number;
  readonly left: number;
  /** Seconds until the next window. */
  readonly resetS: number;
}

/** Which quota a `quota_exceeded` is about. */
export interface QuotaDetail {
  readonly quota: string;
  readonly scope: 'user' | 'project';
  readonly limit: number;
  /** Without what was asked for. */
  readonly used: number;
  /** Null where time alone frees nothing. */
  readonly resetsAt: string | null;
}

export interface ErrorDetail {
  /** Added to the title for people; never SQL, stack or library text. */
  readonly detail?: string;
  readonly fields?: readonly FieldError[];
  readonly quota?: QuotaDetail;
  readonly retryAfterS?: number;
  /** Of a caller who asked too often. */
  readonly limit?: Limit;
  /** Methods of a 405. */
  readonly allow?: readonly string[];
  readonly cause?: unknown;
  /** For the log alone: a code such as `SQLSTATE 22P05`, never data. */
  readonly note?: string;
}

/** The one exception that becomes an answer. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    super(errors[code].title, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.detail = detail;
  }
}

/** Ends the request with a code of the table. */
export function fail(code: ErrorCode, detail: ErrorDetail = {}): never {
  throw new AppError(code, detail);
}
