/** From what a door declares in `uses` to its role's statements and its variables: exactly these, nothing by default. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { BucketAccess, QueueName, SecretName, Uses } from '../../functions/_kit/contract.ts';

/** What functions can be allowed to touch. */
export interface Resources {
  readonly database: {
    readonly clusterArn: string;
    readonly name: string;
    readonly secretArns: Readonly<Record<'api' | 'worker', string>>;
  };
  readonly bucket: { readonly name: string; readonly arn: string };
  readonly archive: { readonly name: string; readonly arn: string };
  readonly queues: Readonly<Record<QueueName, { readonly url: string; readonly arn: string }>>;
  readonly secretArns: Readonly<Record<SecretName, string>>;
  readonly mail: { readonly from: string; readonly identityArn: string };
  readonly publicBaseUrl: string;
}

/** Folders of the media bucket. A write below `uploads/` starts the media worker, so no function writes there. */
const folders = { uploads: 'uploads/*', media: 'media/*', exports: 'exports/*' } as const;

const bucketAccess: Readonly<
  Record<BucketAccess, { readonly actions: readonly string[]; readonly keys: readonly string[] }>
> = {
  'presign-upload': { actions: ['s3:PutObject'], keys: [folders.uploads] },
  read: { actions: ['s3:GetObject'], keys: [folders.uploads, folders.media] },
  write: { actions: ['s3:PutObject'], keys: [folders.media] },
  delete: { actions: ['s3:DeleteObject'], keys: [folders.uploads, folders.media] },
  'read-exports': { actions: ['s3:GetObject'], keys: [folders.exports] },
  // Written in parts, which are given up when the work fails.
  'write-exports': { actions: ['s3:PutObject', 's3:AbortMultipartUpload'], keys: [folders.exports] },
  'delete-exports': { actions: ['s3:DeleteObject'], keys: [folders.exports] },
};

/** Patterns of the object keys that a function with these uses may touch. */
export function objectKeysOf(uses: Uses): readonly string[] {
  return [...new Set((uses.bucket ?? []).flatMap((access) => bucketAccess[access].keys))];
}

const dataApi = ['ExecuteStatement', 'BeginTransaction', 'CommitTransaction', 'RollbackTransaction'];

/** The statements of the role of a function with these uses. */
export function statementsFor(uses: Uses, resources: Resources): PolicyStatement[] {
  const statements: PolicyStatement[] = [];
  const allow = (actions: string[], ...arns: string[]): void => {
    statements.push(new PolicyStatement({ actions, resources: arns }));
  };
  if (uses.database !== undefined) {
    allow(
      dataApi.map((action) => `rds-data:${action}`),
      resources.database.clusterArn,
    );
    allow(['secretsmanager:GetSecretValue'], resources.database.secretArns[uses.database]);
  }
  for (const access of uses.bucket ?? []) {
    const { actions, keys } = bucketAccess[access];
    allow([...actions], ...keys.map((key) => `${resources.bucket.arn}/${key}`));
  }
  if (uses.archive === true) allow(['s3:PutObject', 's3:GetObject', 's3:DeleteObject'], `${resources.archive.arn}/*`);
  for (const queue of uses.queues ?? []) allow(['sqs:SendMessage'], resources.queues[queue].arn);
  for (const secret of uses.secrets ?? []) allow(['secretsmanager:GetSecretValue'], resources.secretArns[secret]);
  for (const secret of uses.rotates ?? []) {
    const calls = ['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
    allow(
      calls.map((call) => `secretsmanager:${call}`),
      resources.secretArns[secret],
    );
  }
  if (uses.mail === true) allow(['ses:SendEmail'], resources.mail.identityArn);
  return statements;
}

const queueVariables: Readonly<Record<QueueName, string>> = {
  publish: 'PUBLISH_QUEUE_URL',
  media: 'MEDIA_QUEUE_URL',
  metrics: 'METRICS_QUEUE_URL',
  export: 'EXPORT_QUEUE_URL',
};

const secretVariables: Readonly<Record<SecretName, string>> = {
  signingKeys: 'SIGNING_KEYS_SECRET_ARN',
  verificationKeys: 'VERIFICATION_KEYS_SECRET_ARN',
  cursorKey: 'CURSOR_KEY_SECRET_ARN',
  tokenKeys: 'TOKEN_KEYS_SECRET_ARN',
  platformApps: 'PLATFORM_APPS_SECRET_ARN',
};

const databaseVariables = { api: 'DATABASE_API_SECRET_ARN', worker: 'DATABASE_WORKER_SECRET_ARN' } as const;

/** The groups of `shared/config` that a function with these uses reads. TRUSTED_ORIGINS is never set here. */
export function environmentFor(uses: Uses, resources: Resources): Record<string, string> {
  const variables: Record<string, string> = { PUBLIC_BASE_URL: resources.publicBaseUrl };
  if (uses.database !== undefined) {
    variables.DATABASE_CLUSTER_ARN = resources.database.clusterArn;
    variables.DATABASE_NAME = resources.database.name;
    variables[databaseVariables[uses.database]] = resources.database.secretArns[uses.database];
  }
  if (uses.bucket !== undefined) variables.MEDIA_BUCKET = resources.bucket.name;
  if (uses.archive === true) variables.ARCHIVE_BUCKET = resources.archive.name;
  for (const queue of uses.queues ?? []) variables[queueVariables[queue]] = resources.queues[queue].url;
  for (const secret of [...(uses.secrets ?? []), ...(uses.rotates ?? [])]) {
    variables[secretVariables[secret]] = resources.secretArns[secret];
  }
  if (uses.mail === true) variables.MAIL_FROM = resources.mail.from;
  return variables;
}
