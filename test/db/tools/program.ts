/** `npm run db` and `npm run admin` as an operator meets them: what they say, and what they exit with. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { region, sdkCredentials } from '../../../infra/local/environment.ts';
import type { OpenDatabase } from '../database.ts';

const project = fileURLToPath(new URL('../../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Told {
  readonly environment: Readonly<Record<string, string>>;
  /** Written to its standard input. */
  readonly input?: string;
}

export function runProgram(file: string, args: readonly string[], { environment, input }: Told): Promise<Ended> {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: project,
    env: { PATH: process.env.PATH, AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent', ...environment },
  });
  child.stdin.end(input ?? '');
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

/** What `npm start -- --env` would print of this database. */
export function environmentHere(open: OpenDatabase): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: open.api.endpoint,
    AWS_ACCESS_KEY_ID: sdkCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sdkCredentials.secretAccessKey,
    DATABASE_CLUSTER_ARN: open.target.clusterArn,
    DATABASE_NAME: open.database.name,
    DATABASE_MIGRATOR_SECRET_ARN: open.target.secretArn,
    PUBLIC_BASE_URL: 'https://posthaste.example.com',
  };
}
