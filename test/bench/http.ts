/** A plain HTTP caller on kept connections: lighter than fetch, so that the server is what is measured. */
import { Agent, request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Wanted {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function createCaller(connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const call = (wanted: Wanted) =>
    new Promise<Reply>((resolve, reject) => {
      const { method, url, body } = wanted;
      const headers = { ...wanted.headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) };
      const outgoing = request(url, { method, agent, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { call, close: () => agent.destroy() };
}
