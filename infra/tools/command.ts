/** A command of `npm run db`: what it is told, and the database that it works on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RDSDataClient } from '@aws-sdk/client-rds-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import type { RolePasswords } from './roles.ts';
import { sqlRunner, type Target } from './sql-runner.ts';

export interface Command {
  /** Arguments after the name; empty where there are none. */
  readonly usage: string;
  readonly summary: string;
  run(args: readonly string[], database: () => Promise<Database>): Promise<void>;
}

export interface Database {
  readonly target: Target;
  readonly passwords: () => Promise<RolePasswords>;
}

/** The command was understood and done, and what it found is not well. */
export class Unwell extends Error {
  override readonly name = 'Unwell';
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const settings = z.object({
  DATABASE_CLUSTER_ARN: z.string(),
  DATABASE_NAME: z.string().default('posthaste'),
  DATABASE_MIGRATOR_SECRET_ARN: z.string(),
});
const roleSettings = z.object({
  DATABASE_API_SECRET_ARN: z.string(),
  DATABASE_WORKER_SECRET_ARN: z.string(),
  DATABASE_REPORTING_SECRET_ARN: z.string(),
});

/** The database that the environment names, awake. Throws a sentence with the variables that are missing. */
export async function openDatabase(): Promise<Database> {
  const env = read(settings);
  const target: Target = {
    client: new RDSDataClient({ maxAttempts: 1 }),
    clusterArn: env.DATABASE_CLUSTER_ARN,
    secretArn: env.DATABASE_MIGRATOR_SECRET_ARN,
    database: env.DATABASE_NAME,
  };
  await wake(target);
  return {
    target,
    passwords: async () => {
      const roles = read(roleSettings);
      const secrets = new SecretsManagerClient({});
      const [api, worker, reporting] = await Promise.all(
        [roles.DATABASE_API_SECRET_ARN, roles.DATABASE_WORKER_SECRET_ARN, roles.DATABASE_REPORTING_SECRET_ARN].map(
          (arn) => password(secrets, arn),
        ),
      );
      return { api: api ?? '', worker: worker ?? '', reporting: reporting ?? '' };
    },
  };
}

function read<S extends z.ZodType>(schema: S): z.output<S> {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Error(`set ${missing}\n${WHERE_FROM}`);
}

/** Throws a sentence with those of the variables that are not set. */
export function setting(...names: readonly string[]): void {
  const missing = names.filter((name) => (process.env[name] ?? '') === '');
  if (missing.length > 0) throw new Error(`set ${missing.join(', ')}\n${WHERE_FROM}`);
}

const WHERE_FROM = [
  '  on one machine: eval "$(npm start -s -- --env)" in the folder of the host',
  '  on AWS: the outputs of the data stack, and AWS_REGION with AWS_PROFILE or credentials',
].join('\n');

/** A failure as a sentence that says what to do. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const codes = failureCodes(error);
  if (codes.includes('CredentialsProviderError')) return `no AWS credentials were found\n${WHERE_FROM}`;
  if (/region is missing/i.test(message)) return `set AWS_REGION\n${WHERE_FROM}`;
  const is = (...names: readonly string[]) => codes.some((code) => names.includes(code));
  if (
    is('ResourceNotFoundException', 'DatabaseNotFoundException', 'SecretsErrorException') ||
    /HttpEndpoint/.test(message)
  ) {
    return `${message}\nAre the ARNs right (${arns()}), and is AWS_REGION? The Data API of the cluster must be on.\n${WHERE_FROM}`;
  }
  if (is('AccessDeniedException', 'AccessDenied', 'ForbiddenException', 'NotAuthorized')) {
    return `these credentials may not do this (${message}): take a profile that may, by AWS_PROFILE`;
  }
  if (
    is(
      'InvalidSignatureException',
      'SignatureDoesNotMatch',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'ExpiredTokenException',
      'ExpiredToken',
    )
  ) {
    return `AWS does not take these credentials (${message}): log in again, or set AWS_PROFILE`;
  }
  if (
    codes.some((code) =>
      ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET', 'ETIMEDOUT', 'TimeoutError'].includes(code),
    )
  ) {
    const endpoint = process.env.AWS_ENDPOINT_URL;
    return endpoint === undefined
      ? `AWS does not answer (${codes[0]}): is AWS_REGION right, and is there a way to the network?`
      : `nothing answers at ${endpoint} (AWS_ENDPOINT_URL): start the host (npm start) and leave it running, or unset the variable to reach AWS`;
  }
  return error instanceof z.ZodError ? z.prettifyError(error) : message;
}

function arns(): string {
  return Object.keys(process.env)
    .filter((name) =>
      /^DATABASE_(CLUSTER|MIGRATOR_SECRET)_ARN$|^(SIGNING_KEYS|VERIFICATION_KEYS|PLATFORM_APPS)_SECRET_ARN$/.test(name),
    )
    .join(', ');
}

/** Names and codes of an error and of what it was made of: refused connections come as one error over several addresses. */
function failureCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const code = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const parts = error instanceof AggregateError ? error.errors : [];
  return [...code, ...[...parts, error.cause].flatMap(failureCodes), error.name];
}

async function password(secrets: SecretsManagerClient, arn: string): Promise<string> {
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
  return z.object({ password: z.string() }).parse(JSON.parse(SecretString ?? '{}')).password;
}

/** A database that sleeps answers the first calls with an error; it wakes within half a minute. */
async function wake(target: Target): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  for (;;) {
    try {
      await sqlRunner(target)('select 1');
      return;
    } catch (error) {
      const sleeps = error instanceof Error && error.name === 'DatabaseResumingException';
      if (!sleeps || performance.now() > giveUpAt) throw error;
      await sleep(1_000);
    }
  }
}
