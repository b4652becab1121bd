/**
 * How connectors speak to platforms. Network trouble is a value, never an exception, and says whether bytes of the
 * request may have arrived: only then may a publishing call have taken effect.
 */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { config } from '../config/config.ts';
import type { GuardPolicy } from '../net/guard.ts';
import { isRefusal } from '../net/guard.ts';
import type { OutgoingBody } from '../net/request.ts';
import { RequestError, sendRequest } from '../net/request.ts';
import { parseJson } from './json.ts';
import type { Multipart } from './multipart.ts';
import { encodeMultipart } from './multipart.ts';
import { mayCarryTokens } from './origin.ts';
import { redact } from './redact.ts';

export interface PlatformRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Undefined and null values are left out; arrays repeat the name. */
  readonly query?: Parameters;
  readonly json?: unknown;
  readonly form?: Parameters;
  readonly multipart?: Multipart;
  /** A stream, opened when it is about to be sent. */
  readonly body?: { readonly type: string; readonly open: () => Promise<OpenedBody> };
  /** Default 20 s. */
  readonly timeoutMs?: number;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface OpenedBody {
  readonly body: AsyncIterable<Uint8Array>;
  /** Exact, in bytes. */
  readonly length: number;
}

export type Parameters = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

export interface PlatformAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Milliseconds since 1970 at which the answer was complete. */
  readonly receivedAtMs: number;
  /** The body as this shape, or null when it is not JSON or has another shape. */
  json<T>(schema: z.ZodType<T>): T | null;
  /** Takes out every secret that the request carried. */
  redact(text: string): string;
}

export interface NoAnswer {
  readonly kind: 'no-answer';
  /** Bytes of the request may have reached the platform. */
  readonly sent: boolean;
  /** Safe to store and show. */
  readonly reason: string;
}

export type PlatformReply = PlatformAnswer | NoAnswer;

export interface PlatformHttp {
  /** Never throws for network trouble, forbidden addresses included. */
  request(request: PlatformRequest): Promise<PlatformReply>;
}

export interface PlatformHttpSettings extends GuardPolicy {
  /** Names the product to the platforms. */
  readonly userAgent?: string;
  readonly nowMs?: () => number;
}

const defaultTimeoutMs = 20_000;
const defaultMaxBytes = 1024 * 1024;
const secretNames = /token|secret|password|^code$|verifier|jwt/i;

export function createPlatformHttp(settings: PlatformHttpSettings): PlatformHttp {
  return { request: (request) => perform(request, settings) };
}

async function perform(request: PlatformRequest, settings: PlatformHttpSettings): Promise<PlatformReply> {
  const secrets = secretsOf(request);
  const nowMs = settings.nowMs ?? Date.now;
  try {
    const address = URL.parse(request.url);
    if (address !== null && !mayCarryTokens(address, settings)) return notAllowed('platforms are called over https');
    const body = await encodeBody(request);
    const answer = await sendRequest(
      {
        method: request.method,
        url: withQuery(request.url, request.query),
        headers: headersOf(request, body?.type, settings.userAgent),
        timeoutMs: request.timeoutMs ?? defaultTimeoutMs,
        maxBytes: request.maxBytes ?? defaultMaxBytes,
        ...(body === null ? {} : { body }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      },
      settings,
    );
    const text = await readText(answer.body);
    return {
      kind: 'answer',
      status: answer.status,
      headers: answer.headers,
      text,
      receivedAtMs: nowMs(),
      json: (schema) => schema.safeParse(parseJson(text)).data ?? null,
      redact: (words) => redact(words, secrets),
    };
  } catch (trouble) {
    return asNoAnswer(trouble, secrets);
  }
}

function asNoAnswer(trouble: unknown, secrets: readonly string[]): NoAnswer {
  if (trouble instanceof RequestError) return { kind: 'no-answer', sent: trouble.sent, reason: trouble.message };
  if (isRefusal(trouble)) return notAllowed(trouble.detail.detail ?? trouble.message);
  // Trouble before the first byte, such as a medium that cannot be opened.
  const words = trouble instanceof Error ? trouble.message : 'the request could not be made';
  return { kind: 'no-answer', sent: false, reason: redact(words, secrets) };
}

function notAllowed(why: string): NoAnswer {
  return { kind: 'no-answer', sent: false, reason: `not allowed: ${why}` };
}

async function encodeBody(request: PlatformRequest): Promise<(OutgoingBody & { type: string }) | null> {
  if (request.multipart !== undefined) return encodeMultipart(request.multipart, `posthaste-${randomUUID()}`);
  if (request.body !== undefined) {
    const { body, length } = await request.body.open();
    return { type: request.body.type, length, stream: body };
  }
  if (request.json !== undefined) return asBody('application/json', JSON.stringify(request.json));
  if (request.form !== undefined) {
    return asBody('application/x-www-form-urlencoded', toSearchParams(request.form).toString());
  }
  return null;
}

function asBody(type: string, text: string): OutgoingBody & { type: string } {
  const bytes = new TextEncoder().encode(text);
  return { type, length: bytes.byteLength, stream: once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  for await (const chunk of body) parts.push(decoder.decode(chunk, { stream: true }));
  parts.push(decoder.decode());
  return parts.join('');
}

function headersOf(
  request: PlatformRequest,
  type: string | undefined,
  userAgent = 'Posthaste',
): Record<string, string> {
  return {
    accept: 'application/json',
    'user-agent': userAgent,
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(request.bearer === undefined ? {} : { authorization: `Bearer ${request.bearer}` }),
    ...request.headers,
  };
}

export function withQuery(address: string, query: Parameters = {}): string {
  const search = toSearchParams(query).toString();
  return search === '' ? address : `${address}${address.includes('?') ? '&' : '?'}${search}`;
}

function toSearchParams(parameters: Parameters): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search;
}

function secretsOf(request: PlatformRequest): string[] {
  const carried = { ...request.query, ...request.form, ...(isRecord(request.json) ? request.json : {}) };
  const named = Object.entries(carried).filter(([name]) => secretNames.test(name));
  return [request.bearer, ...named.map(([, value]) => value)].filter((value) => typeof value === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The client of the running functions: guarded by the origins of the configuration. */
export function platformHttp(): PlatformHttp {
  return createPlatformHttp({ trustedOrigins: config('http').TRUSTED_ORIGINS });
}
