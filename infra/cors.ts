/**
 * Which pages of other origins may call the API, told to API Gateway and to the gateway on one machine. There are no
 * cookies: credentials are never allowed, and a page sends its token itself.
 */
import { z } from 'zod';
import { exposedFields } from '../functions/_kit/answer-fields.ts';

export const cors = {
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  /** Without `*`, which browsers do not take for `authorization`. */
  allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match'],
  /** What the doors say, and the name that the gateway gives a request. */
  exposeHeaders: [...exposedFields, 'apigw-requestid'],
  /** Chrome keeps a preflight no longer than two hours. */
  maxAgeS: 3_600,
} as const;

const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  error: 'is no origin such as https://app.example, nor *',
});

/** Reads `https://app.example,http://localhost:5173`; throws on what no browser would send as its origin. */
export function readOrigins(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return z.array(origin).parse(parts.filter((part) => part !== ''));
}

function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
