/**
 * From a platform's answer to one of the seven classes, by a table per platform. Entries are tried in order; the first
 * whose given parts all fit decides. Where none fits: 5xx retry-later, 429 rate-limited, 401 reauthorize, else unknown.
 */
import { z } from 'zod';
import type { CommitResult, Failure, FailureClass } from './connector.ts';
import type { NoAnswer, PlatformAnswer, PlatformReply } from './http.ts';
import { parseJson } from './json.ts';
import { redact } from './redact.ts';

export interface FailureRule {
  readonly class: FailureClass;
  readonly http?: number;
  /** Equal, or within the inclusive range. */
  readonly code?: string | readonly [from: number, to: number];
  readonly subcode?: string;
  /** Part of the body or message, in any case of letters. */
  readonly match?: string;
  readonly dropPrepared?: true;
  /** Proves nothing about whether a post was taken, although the status says refused. */
  readonly ambiguous?: true;
  /** Proves that the post was not taken, although the class alone would not. */
  readonly refused?: true;
}

/** What a platform says about an error, read from its own envelope. */
export interface PlatformSignal {
  /** Null where the answer did not come in the platform's envelope (a proxy, an error page). */
  readonly code: string | null;
  readonly subcode?: string | null;
  readonly message: string;
}

export interface FailureTable {
  readonly rules: readonly FailureRule[];
  readonly read: (answer: PlatformAnswer) => PlatformSignal;
}

interface Verdict {
  readonly failure: Failure;
  /** The answer proves that the call had no effect. */
  readonly refused: boolean;
}

const maxMessage = 500;

/** A reply that is not the success which was asked for. */
export function toFailure(reply: PlatformReply, table: FailureTable): Failure {
  return reply.kind === 'no-answer' ? notAnswered(reply) : judge(reply, table).failure;
}

/**
 * A reply to an upload. A server that refuses one may hang up before it has read it to the end, and its answer is lost
 * in between; then a small call with the same token tells whether the token was the reason.
 */
export async function toUploadFailure(
  reply: PlatformReply,
  table: FailureTable,
  probe: () => Promise<PlatformReply>,
): Promise<Failure> {
  const clear = reply.kind === 'answer' ? reply.status < 500 : !reply.sent;
  const told = clear ? reply : await probe();
  const refused = told.kind === 'answer' && told.status >= 400 && told.status < 500;
  return toFailure(refused ? told : reply, table);
}

/** The same for the committing call, where only a clear refusal is a failure; whatever else happened is unknown. */
export function toCommitFailure(reply: PlatformReply, table: FailureTable): CommitResult {
  if (reply.kind === 'no-answer') {
    return reply.sent ? { kind: 'unknown', message: reply.reason } : notAnswered(reply);
  }
  const { failure, refused } = judge(reply, table);
  return refused ? failure : { kind: 'unknown', message: `HTTP ${reply.status} ${failure.code}: ${failure.message}` };
}

/** Class of a code that came in a field of a polled object instead of an answer. */
export function failureOfCode(
  code: string,
  message: string,
  rules: readonly FailureRule[],
  fallback: FailureClass = 'unknown',
): Failure {
  const rule = rules.find((entry) => entry.http === undefined && fits(entry, 0, { code, message }, message));
  return {
    kind: 'failed',
    class: rule?.class ?? fallback,
    code,
    message: redact(message).slice(0, maxMessage),
    ...(rule?.dropPrepared === true ? { dropPrepared: true } : {}),
  };
}

export function failed(failureClass: FailureClass, code: string, message: string): Failure {
  return { kind: 'failed', class: failureClass, code, message: redact(message).slice(0, maxMessage) };
}

/** An answer of success whose body is not what the platform documents. */
export function unreadable(answer: PlatformAnswer): Failure {
  return failed('unknown', `http_${answer.status}`, `unreadable answer: ${answer.redact(answer.text)}`);
}

function judge(answer: PlatformAnswer, table: FailureTable): Verdict {
  const signal = table.read(answer);
  const rule = table.rules.find((entry) => fits(entry, answer.status, signal, answer.text));
  const failureClass = rule?.class ?? fallbackClass(answer.status);
  const waitS = failureClass === 'rate-limited' || failureClass === 'retry-later' ? retryAfterS(answer) : null;
  return {
    failure: {
      kind: 'failed',
      class: failureClass,
      code: signal.code ?? `http_${answer.status}`,
      message: answer.redact(signal.message).slice(0, maxMessage),
      ...(waitS === null ? {} : { retryAfterS: waitS }),
      ...(rule?.dropPrepared === true ? { dropPrepared: true } : {}),
    },
    refused: isRefused(answer.status, signal, rule),
  };
}

/** A 4xx in the platform's own words is a refusal, unless its rule says that it proves nothing. */
function isRefused(status: number, signal: PlatformSignal, rule: FailureRule | undefined): boolean {
  if (rule?.refused === true) return true;
  if (rule?.ambiguous === true || rule?.class === 'retry-later') return false;
  if (status === 429 || status === 401) return true;
  return status >= 400 && status < 500 && status !== 408 && signal.code !== null;
}

function notAnswered(reply: NoAnswer): Failure {
  return failed('retry-later', reply.sent ? 'no_answer' : 'not_sent', reply.reason);
}

function fallbackClass(status: number): FailureClass {
  if (status >= 500) return 'retry-later';
  if (status === 429) return 'rate-limited';
  return status === 401 ? 'reauthorize' : 'unknown';
}

function fits(rule: FailureRule, status: number, signal: PlatformSignal, body: string): boolean {
  if (rule.http !== undefined && rule.http !== status) return false;
  if (rule.code !== undefined && !codeFits(rule.code, signal.code)) return false;
  if (rule.subcode !== undefined && rule.subcode !== (signal.subcode ?? null)) return false;
  if (rule.match === undefined) return true;
  const wanted = rule.match.toLowerCase();
  return body.toLowerCase().includes(wanted) || signal.message.toLowerCase().includes(wanted);
}

function codeFits(wanted: string | readonly [number, number], code: string | null): boolean {
  if (typeof wanted === 'string') return wanted === code;
  const number = Number(code ?? Number.NaN);
  return number >= wanted[0] && number <= wanted[1];
}

const usage = z.record(
  z.string(),
  z.array(z.object({ estimated_time_to_regain_access: z.number().nonnegative().optional() })),
);

/** Seconds until the platform may be asked again, from whichever header it uses; null where it does not say. */
export function retryAfterS(answer: Pick<PlatformAnswer, 'headers' | 'receivedAtMs'>): number | null {
  const { headers, receivedAtMs } = answer;
  const after = headers['retry-after'];
  if (after !== undefined) return /^\d+$/.test(after.trim()) ? Number(after) : until(Date.parse(after), receivedAtMs);
  const reset = headers['x-ratelimit-reset'] ?? headers['ratelimit-reset'];
  if (reset !== undefined) return untilReset(reset.trim(), receivedAtMs);
  return regainAccessS(headers['x-business-use-case-usage']);
}

/** Unix seconds, seconds from now, or an ISO time. */
function untilReset(reset: string, nowMs: number): number | null {
  if (!/^\d+$/.test(reset)) return until(Date.parse(reset), nowMs);
  const seconds = Number(reset);
  return seconds > 1_000_000_000 ? until(seconds * 1000, nowMs) : seconds;
}

function until(instantMs: number, nowMs: number): number | null {
  return Number.isNaN(instantMs) ? null : Math.max(0, Math.ceil((instantMs - nowMs) / 1000));
}

function regainAccessS(header: string | undefined): number | null {
  if (header === undefined) return null;
  const parsed = usage.safeParse(parseJson(header));
  if (!parsed.success) return null;
  const minutes = Object.values(parsed.data).flatMap((list) => list.map((u) => u.estimated_time_to_regain_access ?? 0));
  const longest = Math.max(0, ...minutes);
  return longest === 0 ? null : longest * 60;
}
