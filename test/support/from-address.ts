/** Calls the API from another address of this machine: every one of 127.0.0.0/8 is. */
import { request } from 'node:http';
import { z } from 'zod';
import type { World } from './world.ts';

export interface AnswerFrom {
  readonly status: number;
  readonly code: string | null;
  readonly retryAfterS: number | null;
  readonly body: unknown;
}

export interface Client {
  readonly address: string;
  readonly userAgent?: string;
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const problem = z.looseObject({ code: z.string() });

export function postFrom(
  world: World,
  { address, userAgent = 'test', idempotencyKey, headers: more }: Client,
  path: string,
  json: unknown,
): Promise<AnswerFrom> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      ...more,
    };
    const sent = request(`${world.origin}${path}`, { method: 'POST', localAddress: address, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('end', () => {
        const body: unknown = text === '' ? null : JSON.parse(text);
        const retryAfter = answer.headers['retry-after'];
        resolve({
          status: answer.statusCode ?? 0,
          code: problem.safeParse(body).data?.code ?? null,
          retryAfterS: retryAfter === undefined ? null : Number(retryAfter),
          body,
        });
      });
    });
    sent.on('error', reject).end(JSON.stringify(json));
  });
}
