/** `fetch` for a library, by our own guarded exchange: public addresses only, no redirects, answers of a megabyte at most. */
import { buffer } from 'node:stream/consumers';
import { config } from '../config/config.ts';
import { sendRequest } from '../net/request.ts';

interface Options {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | null | undefined;
}

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 8_000;

export async function guardedFetch(url: string, { method = 'GET', headers = {}, body, signal }: Options = {}) {
  const bytes = bytesOf(body);
  const answer = await sendRequest(
    {
      method,
      url,
      headers,
      maxBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
      ...(bytes !== undefined && { body: { stream: single(bytes), length: bytes.length } }),
      ...(signal && { signal }),
    },
    { trustedOrigins: config('http').TRUSTED_ORIGINS },
  );
  const text = await buffer(answer.body);
  const isEmpty = answer.status === 204 || answer.status === 304;
  return new Response(isEmpty ? null : new Uint8Array(text), { status: answer.status, headers: { ...answer.headers } });
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof URLSearchParams) return Buffer.from(body.toString());
  throw new Error('only text is sent to providers');
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
