/** Control calls of tests: ticks, the database's clock, faults, PostgreSQL, queues. Listens on 127.0.0.1 on a port of its own. */
import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Faults } from './faults.ts';

export interface ControlOptions {
  readonly port: number;
  readonly faults: Faults;
  readonly tick: (schedule?: string) => Promise<void>;
  /** Moves `app.now()`; 0 gives it back the database's own time. */
  readonly moveClock: (offsetMs: number) => Promise<void>;
  /** Lets every caller make so many requests of each class in a window. */
  readonly setLimits: (maxRequests: number) => Promise<void>;
  readonly postgres: (action: 'stop' | 'start' | 'kill') => Promise<void>;
  readonly queues: () => Readonly<Record<string, unknown>>;
}

export interface Control {
  readonly origin: string;
  close(): Promise<void>;
}

const tickBody = z.strictObject({ schedule: z.string().optional() });
const clockBody = z.strictObject({ offsetMs: z.int() });
const limitsBody = z.strictObject({ maxRequests: z.int().positive() });
const postgresBody = z.strictObject({ action: z.enum(['stop', 'start', 'kill']) });
const faultBody = z.strictObject({
  point: z.string().min(1),
  action: z.enum(['kill', 'error', 'delay', 'drop']),
  alsoPids: z.array(z.int().positive()).exactOptional(),
  error: z.string().exactOptional(),
  delayMs: z.int().nonnegative().exactOptional(),
  skip: z.int().nonnegative().exactOptional(),
  times: z.int().positive().exactOptional(),
});

const disarmBody = z.strictObject({ point: z.string(), action: faultBody.shape.action });

type Route = (body: unknown) => unknown;

function routesOf(options: ControlOptions): Readonly<Record<string, Route>> {
  return {
    'POST /tick': (body) => options.tick(tickBody.parse(body).schedule),
    'POST /clock': (body) => options.moveClock(clockBody.parse(body).offsetMs),
    'POST /limits': (body) => options.setLimits(limitsBody.parse(body).maxRequests),
    'POST /postgres': (body) => options.postgres(postgresBody.parse(body).action),
    'POST /faults': (body) => options.faults.arm(faultBody.parse(body)),
    'DELETE /faults': (body) => options.faults.clear(isEmpty(body) ? undefined : disarmBody.parse(body)),
    'GET /faults/seen': () => Object.fromEntries(options.faults.seen()),
    'GET /queues': () => options.queues(),
  };
}

function isEmpty(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).length === 0;
}

/** Answers JSON: 200, 400 for a malformed body, 404 for an unknown call, 500 with what went wrong. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const routes = routesOf(options);
  const server = createServer((request, response) => {
    answer(routes, request)
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      })
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(routes: Readonly<Record<string, Route>>, request: IncomingMessage) {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    const route = routes[`${request.method} ${request.url}`];
    if (route === undefined) return { status: 404, body: { message: 'no such control call' } };
    const result = await route(text === '' ? {} : JSON.parse(text));
    return { status: 200, body: result ?? {} };
  } catch (error) {
    const wrong = error instanceof z.ZodError || error instanceof SyntaxError;
    return { status: wrong ? 400 : 500, body: { message: error instanceof Error ? error.message : String(error) } };
  }
}
