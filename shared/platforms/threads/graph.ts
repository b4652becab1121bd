/** One call of the Threads API. An answer of 200 may still hold an error. */
import type { z } from 'zod';
import type { Failure, Session } from '../connector.ts';
import { toFailure, unreadable } from '../failures.ts';
import type { Parameters, PlatformReply } from '../http.ts';
import { envelope, failures } from './errors.ts';
import { version } from './limits.ts';

export interface GraphCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the version, such as `me/threads`. */
  readonly path: string;
  readonly parameters?: Parameters;
  readonly timeoutMs?: number;
}

/** `value`: the body in the wanted shape. */
export type GraphResult<T> = { readonly kind: 'value'; readonly value: T } | Failure;

export function callGraph({ http, credentials, signal }: Session, call: GraphCall): Promise<PlatformReply> {
  const parameters = { ...call.parameters, access_token: credentials.accessToken };
  return http.request({
    method: call.method,
    url: `${credentials.baseUrl}/${version}/${call.path}`,
    ...(call.method === 'POST' ? { form: parameters } : { query: parameters }),
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    signal,
  });
}

export async function readGraph<T>(session: Session, call: GraphCall, schema: z.ZodType<T>): Promise<GraphResult<T>> {
  return readReply(await callGraph(session, call), schema);
}

export function succeeded(reply: PlatformReply): boolean {
  return reply.kind === 'answer' && reply.status === 200 && reply.json(envelope) === null;
}

export function readReply<T>(reply: PlatformReply, schema: z.ZodType<T>): GraphResult<T> {
  if (reply.kind === 'no-answer' || !succeeded(reply)) return toFailure(reply, failures);
  const value = reply.json(schema);
  return value === null ? unreadable(reply) : { kind: 'value', value };
}
