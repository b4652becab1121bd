/** The wire endpoints on a free port over a folder of their own, and what points an SDK client at them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3 } from '../../../infra/local/aws/s3.ts';
import { createS3Events } from '../../../infra/local/aws/s3-events.ts';
import { createSecrets } from '../../../infra/local/aws/secrets.ts';
import { createAwsServer } from '../../../infra/local/aws/server.ts';
import { createSes } from '../../../infra/local/aws/ses.ts';
import { createSqs } from '../../../infra/local/aws/sqs.ts';
import { openStore } from '../../../infra/local/aws/store.ts';
import { createFaults } from '../../../infra/local/faults.ts';

export const credentials = { accessKeyId: 'AKIALOCALTEST0000000', secretAccessKey: 'a secret of this test alone' };

export type AwsWorld = Awaited<ReturnType<typeof openAws>>;

/** `now` moves the endpoints' clock; `dir` continues where an earlier run stopped. */
export async function openAws(options: { readonly dir?: string; readonly now?: () => number } = {}) {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'posthaste-aws-'));
  const faults = createFaults();
  const store = openStore(dir);
  const shared = { store, faults, credentials, ...(options.now === undefined ? {} : { now: options.now }) };
  const sqs = createSqs({ ...shared, origin: () => server.origin() });
  const events = createS3Events({ ...shared, sqs });
  const s3 = createS3({ ...shared, events });
  const secrets = createSecrets({ ...shared, dir });
  const ses = createSes(shared);
  const server = createAwsServer({ sqs, s3, secrets, ses });
  await server.listen();
  return {
    dir,
    faults,
    store,
    sqs,
    events,
    s3,
    secrets,
    ses,
    origin: server.origin(),
    client: clientFor(server.origin()),
    close: async (keep?: 'keep') => {
      await server.close();
      store.close();
      if (keep === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Settings of an SDK client for these endpoints. */
export function clientFor(endpoint: string) {
  return { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
}

/** The same endpoints in a process that can be killed; it runs `aws-child.ts` with the pinned Node. */
export async function startAwsChild(dir: string, killPoint?: string) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'aws-child.ts'), dir, ...(killPoint === undefined ? [] : [killPoint])],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const origin = await firstLine(child);
  return {
    origin,
    client: clientFor(origin),
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
    gone,
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the child ended with ${code}`)));
    child.stdout?.once('data', (data) => resolve(String(data).trim()));
  });
}

/** What a rejected call was rejected with. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ name: string; status: number | undefined; message: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata: unknown = Reflect.get(error, '$metadata');
    const status =
      typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : undefined;
    return { name: error.name, status, message: error.message };
  }
  throw new Error('the call was expected to be refused');
}
