/** An answer that is an error of the service, by the name that the service's own model gives it. */
export interface ServiceErrorDetail {
  /** HTTP status. Default 400. */
  readonly status?: number;
  /** Name in the old query protocol, which SQS clients still see as `Code`. */
  readonly queryCode?: string;
  /** Further elements of an S3 error document. */
  readonly extra?: Readonly<Record<string, string>>;
}

export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly status: number;
  readonly detail: ServiceErrorDetail;

  constructor(code: string, message: string, detail: ServiceErrorDetail = {}) {
    super(message);
    this.code = code;
    this.status = detail.status ?? 400;
    this.detail = detail;
  }
}

/** Error that a fault point asked for: throttling and client errors are 400 as in the models, the rest 5xx. */
export function injectedError(code: string): ServiceError {
  const status = /ServiceUnavailable|SlowDown/.test(code) ? 503 : /Internal/.test(code) ? 500 : 400;
  return new ServiceError(code, 'injected by a fault point', { status });
}
