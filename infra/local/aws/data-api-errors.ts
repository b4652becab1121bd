/** The errors of RDS Data API: names, HTTP statuses, and PostgreSQL's own errors in the service's wording. */
import { z } from 'zod';

const statuses = {
  AccessDeniedException: 403,
  BadRequestException: 400,
  DatabaseErrorException: 400,
  DatabaseNotFoundException: 404,
  DatabaseResumingException: 400,
  DatabaseUnavailableException: 504,
  ForbiddenException: 403,
  HttpEndpointNotEnabledException: 400,
  InternalFailure: 500,
  InternalServerErrorException: 500,
  InvalidResourceStateException: 400,
  InvalidSecretException: 400,
  MissingAuthenticationTokenException: 403,
  NotFoundException: 404,
  RequestEntityTooLargeException: 413,
  SecretsErrorException: 400,
  SerializationException: 400,
  ServiceUnavailableError: 503,
  StatementTimeoutException: 400,
  ThrottlingException: 400,
  TransactionNotFoundException: 404,
  UnknownOperationException: 404,
  UnsupportedResultException: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export type DataApiErrorName = keyof typeof statuses;

/** An answer that is an error. */
export class DataApiError extends Error {
  override readonly name = 'DataApiError';
  readonly code: DataApiErrorName;
  /** Further members of the body. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: DataApiErrorName, message: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.extra = extra;
  }

  get status(): number {
    return statuses[this.code];
  }
}

/** An error that a test asked for: `Name`, or `DatabaseErrorException 40001` with its SQLSTATE. */
export function injectedError(text: string): DataApiError {
  const [name, sqlState] = text.split(' ');
  const known = Object.keys(statuses).find((key): key is DataApiErrorName => key === name);
  if (known === undefined) throw new Error(`RDS Data API has no error named ${name}`);
  const extra = known === 'StatementTimeoutException' ? { dbConnectionId: 1 } : {};
  return new DataApiError(known, sqlState ? `ERROR: injected; SQLState: ${sqlState}` : 'injected', extra);
}

const databaseError = z.object({
  code: z.string().regex(/^[0-9A-Z]{5}$/),
  message: z.string(),
  severity: z.string().default('ERROR'),
  detail: z.string().optional(),
  hint: z.string().optional(),
  position: z.string().optional(),
  where: z.string().optional(),
});

/** The service's error for what `pg` threw while connecting or running a statement. */
export function fromPostgres(error: unknown): DataApiError {
  if (error instanceof DataApiError) return error;
  if (error instanceof TypeError || error instanceof RangeError) {
    return new DataApiError('InternalServerErrorException', String(error));
  }
  const parsed = databaseError.safeParse(error);
  if (!parsed.success) {
    const reason = error instanceof Error ? error.message : String(error);
    return new DataApiError('DatabaseUnavailableException', `The writer instance isn't available: ${reason}`);
  }
  const { code } = parsed.data;
  const text = `${wording(parsed.data)}; SQLState: ${code}`;
  if (code.startsWith('28')) return new DataApiError('InvalidSecretException', text);
  if (code.startsWith('57P') || code.startsWith('08')) return new DataApiError('DatabaseUnavailableException', text);
  if (code === '42601' && parsed.data.message.startsWith('cannot insert multiple commands')) {
    return new DataApiError('ValidationException', "Multistatements aren't supported.");
  }
  return new DataApiError('DatabaseErrorException', text);
}

/** The form of PostgreSQL's JDBC driver. */
function wording(error: z.output<typeof databaseError>): string {
  return [
    `${error.severity}: ${error.message}`,
    error.detail && `Detail: ${error.detail}`,
    error.hint && `Hint: ${error.hint}`,
    error.position && `Position: ${error.position}`,
    error.where && `Where: ${error.where}`,
  ]
    .filter((line) => line !== undefined)
    .join('\n  ');
}
