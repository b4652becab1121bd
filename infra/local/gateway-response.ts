/** What an HTTP API makes of a function's result, and the bodies that it writes itself. */
import { z } from 'zod';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const proxyResult = z.object({
  statusCode: z.int().min(200).max(599),
  headers: z.record(z.string(), scalar).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** The gateway sets these itself. */
const owned = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'date', 'apigw-requestid']);

/** @param payload the function's result as JSON text */
export function interpretResult(payload: string): HttpAnswer {
  const value: unknown = JSON.parse(payload);
  if (typeof value !== 'object' || value === null || !('statusCode' in value)) {
    return answer(200, { 'content-type': 'application/json' }, Buffer.from(payload));
  }
  const parsed = proxyResult.safeParse(value);
  if (!parsed.success) return internalServerError();
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  const kept: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
  for (const [name, header] of Object.entries(headers ?? {})) {
    const lower = name.toLowerCase();
    if (!owned.has(lower)) kept[lower] = String(header);
  }
  const bytes = Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8');
  return { ...answer(statusCode, kept, bytes), cookies: cookies ?? [] };
}

export const internalServerError = () => ownAnswer(500, 'Internal Server Error');
/** The integration time-out, and a function at its concurrency. */
export const serviceUnavailable = () => ownAnswer(503, 'Service Unavailable');
export const tooManyRequests = () => ownAnswer(429, 'Too Many Requests');
export const notFound = () => ownAnswer(404, 'Not Found');
export const badRequest = () => ownAnswer(400, 'Bad Request');
/** Over the gateway's 10 MB, and over the 6 MB of Lambda's event. */
export const entityTooLarge = () => ownAnswer(413, 'Request Entity Too Large');
/** The status was seen at live APIs; its body was not recorded, so the reason phrase stands in. */
export const headersTooLarge = () => ownAnswer(431, 'Request Header Fields Too Large');

function ownAnswer(status: number, message: string): HttpAnswer {
  return answer(status, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify({ message })));
}

function answer(status: number, headers: Readonly<Record<string, string>>, body: Buffer): HttpAnswer {
  return { status, headers, cookies: [], body };
}
