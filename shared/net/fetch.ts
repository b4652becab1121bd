/** `fetch` for libraries that want one of their own: guarded, bounded, never redirected, and only over https. */
import { fail } from '../errors.ts';
import type { GuardPolicy } from './guard.ts';
import { type OutgoingBody, sendRequest } from './request.ts';

export interface FetchLimits {
  /** Largest answer. */
  readonly maxBytes: number;
  /** From the start to the last byte of the answer. */
  readonly timeoutMs: number;
}

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | Uint8Array | ArrayBuffer | ReadableStream | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The call throws RequestError for network trouble, AppError `address_not_allowed` for an address that may not be fetched. */
export function guardedFetch(policy: GuardPolicy, { maxBytes, timeoutMs }: FetchLimits) {
  return async (address: string | URL, options: FetchOptions = {}): Promise<Response> => {
    const url = new URL(address);
    if (url.protocol !== 'https:' && !policy.trustedOrigins.includes(url.origin)) {
      fail('address_not_allowed', { detail: 'Only https addresses are fetched.' });
    }
    const body = bodyOf(options.body);
    const answer = await sendRequest(
      {
        url,
        maxBytes,
        timeoutMs,
        method: options.method ?? 'GET',
        // Names in one case, so that a header is not sent twice.
        headers: Object.fromEntries(new Headers({ ...body?.headers, ...lowered(options.headers) })),
        ...(body === undefined ? {} : { body: body.sent }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      policy,
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const isBodiless = [204, 205, 304].includes(answer.status);
    return new Response(isBodiless ? null : Buffer.concat(chunks), { status: answer.status, headers: answer.headers });
  };
}

function bodyOf(body: FetchOptions['body']): { sent: OutgoingBody; headers: Record<string, string> } | undefined {
  if (body === undefined || body === null) return undefined;
  if (body instanceof ReadableStream) throw new TypeError('a streamed body has no known length');
  const bytes = Buffer.from(
    body instanceof URLSearchParams ? body.toString() : body instanceof ArrayBuffer ? new Uint8Array(body) : body,
  );
  const headers =
    body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' } : {};
  return { sent: { length: bytes.byteLength, stream: once(bytes) }, headers: { ...headers } };
}

function lowered(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
