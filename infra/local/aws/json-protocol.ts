/** The AWS JSON protocols (1.0: SQS, 1.1: Secrets Manager) and what REST-JSON (SES) shares with them. */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Faults } from '../faults.ts';
import { injectedError, ServiceError } from './service-error.ts';
import { type Credentials, targetOf, verifyHeader } from './sigv4.ts';

/** What every endpoint takes from the host. */
export interface EndpointOptions {
  readonly faults?: Faults;
  /** The one key that may sign. Without it signatures are not looked at. */
  readonly credentials?: Credentials;
  /** Milliseconds since 1970. Default: the clock of this machine. */
  readonly now?: () => number;
}

export interface JsonService extends EndpointOptions {
  /** Name in fault points, such as `sqs`. */
  readonly service: string;
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1' | 'application/json';
  /** Prefix of error types, such as `com.amazonaws.sqs#`. */
  readonly errorPrefix: string;
  /** Name of the field that carries the text of an error. */
  readonly messageKey: 'message' | 'Message';
  readonly maxBodyBytes: number;
}

export type Operation = (input: unknown, signal: AbortSignal) => unknown;

const signatureCodes: Readonly<Record<string, string>> = {
  AuthorizationHeaderMalformed: 'MissingAuthenticationTokenException',
  AccessDenied: 'MissingAuthenticationTokenException',
  InvalidAccessKeyId: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
};

/** Reads, checks and runs one call of `operation`, and answers it with JSON. Never rejects. */
export async function answerJson(
  service: JsonService,
  call: { readonly name: string; readonly operation: Operation | undefined },
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  try {
    const body = await readBody(req, service.maxBodyBytes);
    authorize(service, req, body);
    if (call.operation === undefined) throw new ServiceError('UnknownOperationException', 'Unknown operation.');
    if ((await passed(service, `${call.name}:before`)) === 'drop') return void req.socket.destroy();
    const result = await call.operation(parseJson(body), gone.signal);
    if ((await passed(service, `${call.name}:after`)) === 'drop') return void req.socket.destroy();
    send(service, res, 200, result);
  } catch (error) {
    sendError(service, res, error);
  }
}

/** Passes `<service>:<point>`; throws the error armed there. */
export async function passed(
  options: { readonly service: string; readonly faults?: Faults },
  point: string,
): Promise<'go' | 'drop'> {
  const struck = await options.faults?.reach(`${options.service}:${point}`);
  if (struck === null || struck === undefined) return 'go';
  if (struck.action === 'drop') return 'drop';
  throw injectedError(struck.error);
}

/** The whole body. Throws when it is longer than `maxBytes`. */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req) {
    const chunk = Buffer.from(part);
    bytes += chunk.length;
    if (bytes <= maxBytes) parts.push(chunk);
  }
  if (bytes > maxBytes) throw new ServiceError('RequestEntityTooLarge', 'The request is too long.', { status: 413 });
  return Buffer.concat(parts);
}

function authorize(service: JsonService, req: IncomingMessage, body: Buffer): void {
  if (service.credentials === undefined) return;
  const payloadHash = createHash('sha256').update(body).digest('hex');
  const nowMs = (service.now ?? Date.now)();
  try {
    verifyHeader(req, targetOf(req), { credentials: service.credentials, nowMs, payloadHash });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new ServiceError(signatureCodes[error.code] ?? error.code, error.message, { status: 403 });
  }
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError('SerializationException', 'The body is not JSON.');
  }
}

function send(service: JsonService, res: ServerResponse, status: number, value: unknown, headers = {}): void {
  if (res.destroyed) return;
  const body = JSON.stringify(value ?? {});
  res.writeHead(status, {
    'content-type': service.contentType,
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  res.end(body);
}

function sendError(service: JsonService, res: ServerResponse, error: unknown): void {
  const known = error instanceof ServiceError ? error : unexpected(service, error);
  const { queryCode } = known.detail;
  send(
    service,
    res,
    known.status,
    { __type: `${service.errorPrefix}${known.code}`, [service.messageKey]: known.message },
    {
      'x-amzn-errortype': known.code,
      ...(queryCode === undefined ? {} : { 'x-amzn-query-error': `${queryCode};Sender` }),
    },
  );
}

function unexpected(service: JsonService, error: unknown): ServiceError {
  console.error(`${service.service}: unexpected failure`, error);
  return new ServiceError('InternalFailure', 'The request processing has failed.', { status: 500 });
}
