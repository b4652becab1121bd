/**
 * One API route. The declaration is plain data and comes first; from it come the checks, OpenAPI, CDK, the local router and
 * the tests that walk all routes. The lifecycle of a request is `answer`, top to bottom.
 */
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import type { z } from 'zod';
import type { Caller } from '../../shared/db/caller.ts';
import { connect, type Db } from '../../shared/db/client.ts';
import { AppError } from '../../shared/errors.ts';
import { describeError, type Fields, log } from '../../shared/log.ts';
import { takesBody } from './body.ts';
import type { Admission, EndpointContract } from './contract.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { expectedVersions, refuseConditions } from './entity-tag.ts';
import { withSafeHeaders } from './headers.ts';
import { asPage } from './page.ts';
import { asAppError, problem } from './problem.ts';
import { limitHeaders, rateClassOf } from './rate-limit.ts';
import { type Page, reply } from './reply.ts';
import { identify, pathOf, readInput, readRepeat } from './request.ts';

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;
type Sent<C extends EndpointContract> = C['response'] extends z.ZodType ? z.input<C['response']> : Page;

export interface Person {
  readonly id: string;
  readonly sessionId: string;
}

export interface Call<C extends EndpointContract> {
  readonly params: Output<C['params']>;
  readonly query: Output<C['query']>;
  readonly body: Output<C['body']>;
  readonly db: Db;
  /** The person behind the session, at doors for persons alone; elsewhere a statement asks `app.user_id()`. */
  readonly user: C['auth'] extends 'person' ? Person : null;
  /** What the caller saw of the thing, by If-Match; null without. */
  readonly expectedVersion: C['ifMatch'] extends true ? number | null : null;
  readonly request: {
    readonly id: string;
    readonly method: string;
    readonly path: string;
    readonly ip: string;
    readonly userAgent: string | null;
    /** `name=value`, as the browser sent them. */
    readonly cookies: readonly string[];
  };
  /** Milliseconds until Lambda ends the call. */
  remainingMs(): number;
}

type Handle<C extends EndpointContract> = (call: Call<C>) => Promise<Sent<C>>;
type Result = APIGatewayProxyStructuredResultV2;

/** Doors that have answered in this process. */
const warm = new WeakSet<EndpointContract>();
const PATIENCE_MS = 3_000; // a client waits no longer than that for a database that is away

export function endpoint<const C extends Omit<EndpointContract, 'kind'>>(declaration: C & Admission<C['auth']>) {
  const contract = { ...declaration, kind: 'endpoint' } as C & { kind: 'endpoint' };
  return (handle: Handle<C & { kind: 'endpoint' }>) => {
    const handler = middy<APIGatewayProxyEventV2, Result>().handler((event, context) =>
      answer(contract, handle, event, context),
    );
    return Object.assign(handler, { contract });
  };
}

async function answer<C extends EndpointContract>(
  contract: C,
  handle: Handle<C>,
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<Result> {
  const began = performance.now();
  const requestId = event.requestContext.requestId;
  const coldStart = !warm.has(contract);
  warm.add(contract);
  let db: Db | undefined;
  let result: Result;
  let defect: { readonly error: unknown } | undefined;
  let caller: Caller | undefined;
  let code: string | null = null;
  try {
    caller = await identify(contract, event);
    const input = readInput(contract, event);
    const patienceMs = () => Math.min(PATIENCE_MS, context.getRemainingTimeInMillis() - 2_000);
    const leftMs = () => context.getRemainingTimeInMillis();
    const path = pathOf(contract, input.params);
    // A provider's way back may carry a field of that name, which is none of ours.
    const query = hasCursor(contract) ? await openCursor(path, input.query) : input.query;
    const repeat = readRepeat(contract, event, input);
    const connection = { caller, requestId, repeat, limit: rateClassOf(contract), patienceMs, leftMs };
    if (takesBody(contract)) refuseConditions(event, contract);
    const call = {
      ...input,
      query,
      user: caller.kind === 'actor' ? { id: caller.userId, sessionId: caller.sessionId } : null,
      request: {
        id: requestId,
        method: event.requestContext.http.method,
        path: event.rawPath,
        ip: event.requestContext.http.sourceIp,
        userAgent: event.requestContext.http.userAgent || null,
        cookies: event.cookies ?? [],
      },
      remainingMs: () => context.getRemainingTimeInMillis(),
    };
    const versions = contract.ifMatch ? expectedVersions(event) : [null];
    const sent = await firstThatFits(versions, (version) => {
      db = openAgain(connection, db);
      return handle({ ...call, db, expectedVersion: version } as unknown as Call<C>);
    });
    result = refuseTooLarge(reply(contract, await sealCursor(path, input.query, sent), event));
    result.headers = {
      ...result.headers,
      ...(repeat !== undefined && db?.isRepeat() && { 'idempotency-replayed': 'true' }),
      ...limitHeaders(contract, db?.about.limit),
    };
  } catch (error) {
    const thrown = asAppError(error);
    // Nothing undeclared ever comes out: a client that was built from the declaration could not read it.
    const known = declares(contract, thrown.code) ? thrown : new AppError('internal', { cause: thrown });
    if (known.code === 'internal') defect = { error };
    code = known.code;
    const limit = known.detail.limit ?? db?.about.limit;
    const plain = problem(known, { instance: event.rawPath ?? '', requestId, headers: limitHeaders(contract, limit) });
    result = asPage(plain, { contract, error: known, event });
  }
  log(defect === undefined ? 'info' : 'error', 'request', {
    operation: context.functionName,
    requestId,
    coldStart,
    route: `${contract.method} ${contract.path}`,
    ...actorOf(caller, db?.about),
    status: result.statusCode,
    code,
    ms: Math.round(performance.now() - began),
    dataApiCalls: db?.spent.calls ?? 0,
    dataApiMs: Math.round(db?.spent.ms ?? 0),
    ...(defect === undefined ? {} : describeError(defect.error)),
  });
  return withSafeHeaders(result, event);
}

/** Of several versions at most one is the row's, and what is `stale` has changed nothing. */
async function firstThatFits<V, R>(
  [version, ...others]: readonly V[],
  attempt: (version: V) => Promise<R>,
): Promise<R> {
  if (version === undefined) throw new Error('there is no version to try');
  try {
    return await attempt(version);
  } catch (error) {
    if (others.length === 0 || !(error instanceof AppError) || error.code !== 'stale') throw error;
    return firstThatFits(others, attempt);
  }
}

/** With what was spent before: the log has one line for all. */
function openAgain(connection: Parameters<typeof connect>[0], before: Db | undefined): Db {
  const db = connect(connection);
  if (before !== undefined) Object.assign(db.spent, before.spent);
  return db;
}

/** Who asked, for the request log: an id that a person with the database can look up, never a name, an address or a token. */
function actorOf(caller: Caller | undefined, about: Db['about'] | undefined): Fields {
  if (caller?.kind === 'actor') return { actorKind: 'user', actor: caller.userId };
  // Whose key it is, the database says with the first statement.
  if (caller?.kind === 'key') return { actorKind: 'key', actor: about?.keyId ?? null, keyOwner: about?.userId ?? null };
  return { actorKind: caller?.kind ?? null, actor: null };
}

const LAMBDA_ANSWER_BYTES = 6 * 1024 * 1024;

/** Lambda would throw it away, and the gateway would answer without a problem. */
function refuseTooLarge(result: Result): Result {
  const characters = result.body?.length ?? 0;
  // What is escaped takes at most six bytes a character: below that there is nothing to measure.
  if (characters * 6 < LAMBDA_ANSWER_BYTES || Buffer.byteLength(JSON.stringify(result)) < LAMBDA_ANSWER_BYTES - 2_048)
    return result;
  throw new AppError('internal', { note: `an answer of ${characters} characters` });
}

function declares(contract: EndpointContract, code: string): boolean {
  const common: readonly string[] = errorsOf(contract);
  return common.includes(code);
}

/** All error codes of a door: its own, and those that its declaration implies. */
export function errorsOf(contract: EndpointContract): readonly EndpointContract['errors'][number][] {
  const implied = [
    ...(contract.method === '$default' ? (['internal'] as const) : (['internal', 'invalid_request'] as const)),
    ...(contract.uses.database === undefined ? [] : (['database_unavailable', 'too_many_requests'] as const)),
    ...(contract.auth === 'public' || contract.auth === 'page' ? [] : (['unauthenticated'] as const)),
    ...(contract.scope === undefined ? [] : (['scope_missing'] as const)),
    ...(contract.auth === 'person' ? (['session_needed'] as const) : []),
    ...(contract.stepUp ? (['step_up_needed'] as const) : []),
    ...(contract.ifMatch ? (['stale'] as const) : []),
    ...(hasCursor(contract) ? (['invalid_cursor'] as const) : []),
    ...(contract.params === undefined ? [] : (['not_found'] as const)),
    ...(takesBody(contract) ? (['malformed_json', 'unsupported_media_type', 'body_too_large'] as const) : []),
    ...(contract.method === 'POST'
      ? ([
          'idempotency_in_flight',
          'idempotency_mismatch',
          ...(contract.secretAnswer ? (['already_done'] as const) : []),
        ] as const)
      : []),
  ];
  return [...new Set([...implied, ...contract.errors])];
}

function hasCursor({ query }: EndpointContract): boolean {
  return query !== undefined && Object.hasOwn(query.shape, 'cursor');
}
