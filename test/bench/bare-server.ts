/** The least an HTTP server can do: reads the request, answers the same bytes. A program of its own, as the host is one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

export interface BareServer {
  readonly origin: string;
  stop(): Promise<void>;
}

interface Same {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function startBareServer(same: Same): Promise<BareServer> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(same));
  const origin = await firstLine(child);
  return {
    origin,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill();
      await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk) => resolve(String(chunk).trim()));
    child.once('close', (code) => reject(new Error(`the bare server ended with ${code}`)));
  });
}

async function serve(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += chunk;
  const { status, headers, body }: Same = JSON.parse(text);
  const bytes = Buffer.from(body);
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, { ...headers, 'content-length': bytes.length }).end(bytes));
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    process.stdout.write(`http://127.0.0.1:${address.port}\n`);
  });
}

if (import.meta.main) await serve();
