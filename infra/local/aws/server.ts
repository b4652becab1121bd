/** One port for all wire endpoints: a request goes to the service that its target, path or signature names. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { signedService, targetOf } from './sigv4.ts';

export interface WireEndpoint {
  /** Answers the request, errors included; never rejects. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
}

export interface AwsServerOptions {
  readonly sqs: WireEndpoint;
  readonly s3: WireEndpoint;
  readonly secrets: WireEndpoint;
  readonly ses: WireEndpoint;
  /** Without it the paths of the Data API answer UnknownOperationException. */
  readonly dataApi?: WireEndpoint;
}

export interface AwsServer {
  /** Listens on 127.0.0.1 and returns the port; 0 asks for a free one. Rejects when the port is taken. */
  listen(port?: number): Promise<number>;
  /** `http://127.0.0.1:PORT`. Throws before `listen`. */
  origin(): string;
  /** Refuses new connections, closes idle ones and waits up to a second for answers under way. */
  close(): Promise<void>;
}

const dataApiPaths = new Set([
  '/Execute',
  '/BatchExecute',
  '/BeginTransaction',
  '/CommitTransaction',
  '/RollbackTransaction',
  '/ExecuteSql',
]);

export function createAwsServer(options: AwsServerOptions): AwsServer {
  const server = createServer((req, res) => {
    endpointFor(options, req)
      .handle(req, res)
      .catch((error: unknown) => {
        console.error('wire endpoint failed', error);
        res.destroy();
      });
  });
  // Longer than clients keep idle connections, so that none is closed under a request; uploads may take their time.
  server.keepAliveTimeout = 75_000;
  server.requestTimeout = 15 * 60_000;
  let origin: string | undefined;

  return {
    listen: async (port = 0) => {
      const bound = await listen(server, port);
      origin = `http://127.0.0.1:${bound}`;
      return bound;
    },
    origin: () => {
      if (origin === undefined) throw new Error('the wire endpoints do not listen yet');
      return origin;
    },
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), 1_000);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function endpointFor(options: AwsServerOptions, req: IncomingMessage): WireEndpoint {
  const target = String(req.headers['x-amz-target'] ?? '');
  if (target.startsWith('AmazonSQS.')) return options.sqs;
  if (target.startsWith('secretsmanager.')) return options.secrets;
  if (target !== '') return unknownOperation;
  const path = (req.url ?? '/').split('?')[0] ?? '/';
  const service = serviceOf(req);
  if (service === 'rds-data' || (req.method === 'POST' && dataApiPaths.has(path)))
    return options.dataApi ?? unknownOperation;
  if (service === 'ses' || path.startsWith('/v2/email/')) return options.ses;
  return service === undefined || service === 's3' ? options.s3 : unknownOperation;
}

function serviceOf(req: IncomingMessage): string | undefined {
  try {
    return signedService(req, targetOf(req));
  } catch {
    return undefined;
  }
}

const unknownOperation: WireEndpoint = {
  handle: async (req, res) => {
    req.resume();
    res.writeHead(404, { 'content-type': 'application/json', 'x-amzn-errortype': 'UnknownOperationException' });
    res.end(JSON.stringify({ __type: 'UnknownOperationException', message: 'No such operation on this machine.' }));
  },
};

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
}
