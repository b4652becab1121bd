/** A request exactly as it is written: `fetch` would tidy the path up. */
import { request } from 'node:http';
import { z } from 'zod';

export function rawRequest(origin: string, method: string, path: string) {
  return new Promise<{ status: number; text: string; allow: string | undefined; problem(): { code: string } }>(
    (resolve, reject) => {
      const call = request(new URL(origin), { method, path }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({
            status: response.statusCode ?? 0,
            text,
            allow: response.headers.allow,
            problem: () => z.looseObject({ code: z.string() }).parse(JSON.parse(text)),
          });
        });
      });
      call.on('error', reject);
      call.end();
    },
  );
}
