/** One request to the API, and the check that the answer is what its door declares: no field more, no code else. */
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { EndpointContract } from '../../functions/_kit/contract.ts';
import { errorsOf } from '../../functions/_kit/endpoint.ts';
import { Problem, statusOf } from '../../functions/_kit/problem.ts';
import type { Door } from '../../infra/doors.ts';
import { createRouter } from '../../infra/local/routes.ts';
import { codeOfLink } from './answers.ts';
import type { SecretKeeper } from './secrets.ts';

export interface CallOptions {
  /** Access token. */
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON; fails where there is none. */
  json<S extends z.ZodType>(shape: S): z.output<S>;
  /** Code of the problem, or null for a success. */
  readonly code: string | null;
  /** Pointers of the fields that a problem names. */
  readonly pointers: readonly string[];
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

export function callOf(origin: string, doors: readonly Door[], secrets: SecretKeeper): Call {
  const contracts = new Map<string, EndpointContract>();
  for (const { operation, contract } of doors) if (contract.kind === 'endpoint') contracts.set(operation, contract);
  const route = createRouter(
    [...contracts].map(([functionName, { method, path }]) => ({ functionName, method, path })),
  );
  return async (method, path, options = {}) => {
    const response = await fetch(origin + path, {
      method,
      redirect: 'manual',
      headers: headersOf(options),
      ...bodyOf(options),
    });
    const text = await response.text();
    secrets.note(options, path, text);
    const contract = contracts.get(
      route(method, decodeURIComponent(new URL(origin + path).pathname))?.functionName ?? '',
    );
    const problem =
      response.headers.get('content-type') === 'application/problem+json' ? readProblem(text, response.status) : null;
    // Of a problem that is a page, the code stands in the header alone.
    const link = response.headers.get('link');
    const code = problem?.code ?? (response.status >= 400 && link !== null ? codeOfLink(link) : null);
    if (contract !== undefined) refuseUndeclared(contract, { method, path, status: response.status, text, code });
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (shape) => shape.parse(JSON.parse(text)),
      code,
      pointers: (problem?.errors ?? []).map(({ pointer }) => pointer),
    };
  };
}

function headersOf(options: CallOptions): Record<string, string> {
  return {
    ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    ...((options.json !== undefined || options.text !== undefined) && { 'content-type': 'application/json' }),
    ...(options.idempotencyKey !== undefined && { 'idempotency-key': options.idempotencyKey }),
    ...options.headers,
  };
}

function bodyOf({ json, text }: CallOptions): { body?: string } {
  if (text !== undefined) return { body: text };
  return json === undefined ? {} : { body: JSON.stringify(json) };
}

function readProblem(text: string, status: number): z.output<typeof Problem> {
  const problem = Problem.strict().parse(JSON.parse(text));
  if (problem.status !== status) throw new Error(`${status} says of itself that it is ${problem.status}`);
  return problem;
}

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly text: string;
  readonly code: string | null;
}

function refuseUndeclared(contract: EndpointContract, { method, path, status, text, code }: Seen): void {
  const what = `${method} ${path} answered ${status} ${text.slice(0, 500)}`;
  if (code !== null) {
    const declared = errorsOf(contract).find((known) => known === code);
    if (declared === undefined) throw new Error(`${what}: not a declared error`);
    if (statusOf(declared) !== status) throw new Error(`${what}: not the status of its code`);
    return;
  }
  if (status === 304 && ['GET', 'HEAD'].includes(method) && text === '') return; // what the caller has is still so
  if (status !== contract.status) throw new Error(`${what}: neither the declared status nor a problem`);
  if (contract.response === undefined) return;
  // Parsing takes away what was not declared: nothing may be missing afterwards.
  const body: unknown = JSON.parse(text);
  if (!isDeepStrictEqual(contract.response.parse(body), body)) throw new Error(`${what}: has fields nobody declared`);
}
