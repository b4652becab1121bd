/**
 * RDS Data API over a PostgreSQL: Execute, BatchExecute, Begin-, Commit- and RollbackTransaction as Aurora PostgreSQL
 * answers them (v2 clusters), with its limits and refusals.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Faults } from '../faults.ts';
import { DataApiError, injectedError } from './data-api-errors.ts';
import { type Bound, bind } from './data-api-parameters.ts';
import type { Target, Work } from './data-api-pools.ts';
import { type Operation, operationOf, type Parameter, parseRequest, type RequestOf } from './data-api-requests.ts';
import { answerOf } from './data-api-results.ts';
import { createScanner } from './data-api-scanner.ts';
import { createSessions, type Limits } from './data-api-sessions.ts';
import { converse } from './data-api-wire.ts';

export interface DataApiOptions {
  /** Where PostgreSQL listens. */
  readonly connect: { readonly host: string; readonly port: number };
  /** Database of a request that names none. Default `postgres`, as on Aurora. */
  readonly database?: string;
  /** The only cluster there is. */
  readonly clusterArn: string;
  /** Login of a secret, or null when there is no such secret. */
  readonly secretOf: (secretArn: string) => Promise<{ username: string; password: string } | null>;
  /**
   * Points `data-api:<x>:before` and `data-api:<x>:after` (executed and committed, not answered), where x is the
   * `statement` in the JSON of a parameter named `call`, else the operation.
   */
  readonly faults?: Faults;
  /** Shorter limits for tests. Default: 45 s a statement, 3 min idle and 24 h in all a transaction, 50 connections. */
  readonly limits?: Partial<Limits>;
}

export interface DataApi {
  /** Answers one HTTP request; never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Rolls back what is open and ends the connections. */
  close(): Promise<void>;
}

const largestBodyBytes = 4 * 1024 * 1024;

const defaultLimits: Limits = {
  statementTimeoutMs: 45_000,
  transactionIdleMs: 180_000,
  transactionLifeMs: 24 * 3_600_000,
  maxConnections: 50,
};

export function createDataApi(options: DataApiOptions): DataApi {
  const sessions = createSessions(options.connect, { ...defaultLimits, ...options.limits });
  const scan = createScanner();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await respond(request);
      if (answer === 'drop') request.socket.destroy();
      else send(response, 200, answer);
    } catch (error) {
      sendError(response, error);
    }
  }

  async function respond(request: IncomingMessage): Promise<unknown> {
    const body = await readBody(request);
    const operation = operationOf(request.method, request.url);
    if (!/^AWS4-HMAC-SHA256 .*Credential=/.test(request.headers.authorization ?? '')) {
      throw new DataApiError('MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    const { point, run } = prepare(operation, body);
    if ((await strike(`data-api:${point}:before`)) === 'drop') return 'drop';
    const answer = await run();
    if ((await strike(`data-api:${point}:after`)) === 'drop') return 'drop';
    return answer;
  }

  function prepare(operation: Operation, body: Buffer): { point: string; run: () => Promise<unknown> } {
    if (operation === 'ExecuteStatement') {
      const request = parseRequest(operation, body);
      return { point: statementNameOf(request.parameters ?? []) ?? operation, run: () => execute(request) };
    }
    if (operation === 'BatchExecuteStatement') {
      const request = parseRequest(operation, body);
      return { point: operation, run: () => executeBatch(request) };
    }
    if (operation === 'BeginTransaction') {
      const request = parseRequest(operation, body);
      return { point: operation, run: () => begin(request) };
    }
    const request = parseRequest(operation, body);
    return { point: operation, run: () => finish(operation, request) };
  }

  async function execute(request: RequestOf<'ExecuteStatement'>): Promise<unknown> {
    const { text, names, verb } = scan(request.sql);
    const bound = bind(names, request.parameters ?? []);
    if (request.formatRecordsAs === 'JSON' && !/^(?:select|with|values|table)$/.test(verb)) {
      throw new DataApiError('ValidationException', 'formatRecordsAs JSON is supported for SELECT statements only');
    }
    return await perform(request, request.continueAfterTimeout, async (client) =>
      answerOf(client, await converse(client, text, [bound]), request),
    );
  }

  async function executeBatch(request: RequestOf<'BatchExecuteStatement'>): Promise<unknown> {
    const { text, names } = scan(request.sql);
    const given = request.parameterSets ?? [];
    const sets: Bound[] = (given.length === 0 ? [[]] : given).map((parameters) => bind(names, parameters));
    await perform(request, false, (client) => converse(client, text, sets));
    return { updateResults: sets.map(() => ({ generatedFields: [] })) };
  }

  async function perform<T>(
    request: RequestOf<'BatchExecuteStatement'> | RequestOf<'ExecuteStatement'>,
    continueAfterTimeout: boolean,
    work: Work<T>,
  ): Promise<T> {
    const login = await loginOf(request);
    if (request.transactionId !== undefined) {
      const caller = { user: login.user, database: request.database ?? null };
      return await sessions.within(request.transactionId, caller, continueAfterTimeout, work);
    }
    return await sessions.alone({ ...login, database: databaseOf(request) }, continueAfterTimeout, work);
  }

  async function begin(request: RequestOf<'BeginTransaction'>): Promise<unknown> {
    const login = await loginOf(request);
    return { transactionId: await sessions.begin({ ...login, database: databaseOf(request) }) };
  }

  async function finish(
    operation: 'CommitTransaction' | 'RollbackTransaction',
    request: RequestOf<'CommitTransaction'>,
  ): Promise<unknown> {
    const commits = operation === 'CommitTransaction';
    const { user } = await loginOf(request);
    await sessions.end(request.transactionId, { user, database: null }, commits ? 'commit' : 'rollback');
    return { transactionStatus: commits ? 'Transaction Committed' : 'Rollback Complete' };
  }

  function databaseOf(request: { database?: string | undefined }): string {
    return request.database ?? options.database ?? 'postgres';
  }

  async function loginOf(request: { resourceArn: string; secretArn: string }): Promise<Omit<Target, 'database'>> {
    if (request.resourceArn !== options.clusterArn) {
      throw new DataApiError('DatabaseNotFoundException', 'The DB cluster of the resourceArn is not found');
    }
    const login = await options.secretOf(request.secretArn);
    if (login === null) {
      throw new DataApiError('SecretsErrorException', "Secrets Manager can't find the specified secret.");
    }
    return { user: login.username, password: login.password };
  }

  async function strike(point: string): Promise<'go' | 'drop'> {
    const struck = (await options.faults?.reach(point)) ?? null;
    if (struck === null) return 'go';
    if (struck.action === 'drop') return 'drop';
    throw injectedError(struck.error);
  }

  return { handle, close: sessions.close };
}

const callShape = z.object({ statement: z.string() });

function statementNameOf(parameters: readonly Parameter[]): string | null {
  const call = parameters.find((parameter) => parameter.name === 'call')?.value?.stringValue;
  if (call === undefined) return null;
  try {
    return callShape.parse(JSON.parse(call)).statement;
  } catch {
    return null;
  }
}

/** By events: iterating over the request costs 0.1 ms more. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // What is too large is read to its end, since a sender that is cut off would not hear why.
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= largestBodyBytes) chunks.push(chunk);
    });
    request.once('end', () => {
      if (bytes <= largestBodyBytes) resolve(Buffer.concat(chunks));
      else reject(new DataApiError('RequestEntityTooLargeException', 'The request is larger than 4 MiB'));
    });
    request.once('error', reject);
  });
}

function sendError(response: ServerResponse, error: unknown): void {
  const known = error instanceof DataApiError ? error : new DataApiError('InternalServerErrorException', String(error));
  send(response, known.status, { message: known.message, ...known.extra }, { 'x-amzn-errortype': known.code });
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'x-amzn-requestid': randomUUID(),
    ...headers,
  });
  response.end(text);
}
