/** A request exactly as it is written: `fetch` would tidy the path up. */
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { z } from 'zod';

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
  readonly allow: string | undefined;
  problem(): { code: string; detail?: string | undefined };
}

export function rawRequest(
  origin: string,
  method: string,
  path: string,
  headers: OutgoingHttpHeaders = {},
): Promise<RawAnswer> {
  return new Promise<RawAnswer>((resolve, reject) => {
    const call = request(new URL(origin), { method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        resolve({
          status: response.statusCode ?? 0,
          text,
          headers: response.headers,
          allow: response.headers.allow,
          problem: () => z.looseObject({ code: z.string(), detail: z.string().optional() }).parse(JSON.parse(text)),
        });
      });
    });
    call.on('error', reject);
    call.end();
  });
}
