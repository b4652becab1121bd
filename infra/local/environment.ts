/** The variables that functions find: those of `shared/config`, and what the AWS SDK reads. */
import type { SecretArns } from './host-secrets.ts';

export const region = 'us-east-1';
export const accountId = '000000000000';
export const databaseName = 'posthaste';
export const mediaBucket = 'posthaste-media';
export const archiveBucket = 'posthaste-archive';
export const clusterArn = `arn:aws:rds:${region}:${accountId}:cluster:posthaste`;
export const sdkCredentials = { accessKeyId: 'AKIALOCALPOSTHASTE00', secretAccessKey: 'local-secret-of-no-account' };

export interface EnvironmentFacts {
  readonly secrets: SecretArns;
  /** Origin of the wire endpoints. */
  readonly awsOrigin: string;
  /** Origin of the HTTP API. */
  readonly publicOrigin: string;
  /** Origins of the platforms. */
  readonly platformOrigins: readonly string[];
}

export function environmentOf(facts: EnvironmentFacts): Readonly<Record<string, string>> {
  const { secrets, awsOrigin, publicOrigin, platformOrigins } = facts;
  const queueUrl = (name: string) => `${awsOrigin}/${accountId}/${name}`;
  return {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: awsOrigin,
    AWS_ACCESS_KEY_ID: sdkCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: sdkCredentials.secretAccessKey,
    DATABASE_CLUSTER_ARN: clusterArn,
    DATABASE_NAME: databaseName,
    DATABASE_MIGRATOR_SECRET_ARN: secrets.databaseMigrator,
    DATABASE_API_SECRET_ARN: secrets.databaseApi,
    DATABASE_WORKER_SECRET_ARN: secrets.databaseWorker,
    DATABASE_REPORTING_SECRET_ARN: secrets.databaseReporting,
    MEDIA_BUCKET: mediaBucket,
    ARCHIVE_BUCKET: archiveBucket,
    PUBLISH_QUEUE_URL: queueUrl('publish'),
    MEDIA_QUEUE_URL: queueUrl('media'),
    METRICS_QUEUE_URL: queueUrl('metrics'),
    EXPORT_QUEUE_URL: queueUrl('export'),
    SIGNING_KEYS_SECRET_ARN: secrets.signingKeys,
    VERIFICATION_KEYS_SECRET_ARN: secrets.verificationKeys,
    CURSOR_KEY_SECRET_ARN: secrets.cursorKey,
    TOKEN_KEYS_SECRET_ARN: secrets.tokenKeys,
    PLATFORM_APPS_SECRET_ARN: secrets.platformApps,
    MAIL_FROM: 'Posthaste <posthaste@example.com>',
    PUBLIC_BASE_URL: publicOrigin,
    TRUSTED_ORIGINS: [publicOrigin, awsOrigin, ...platformOrigins].join(','),
  };
}

/** Of the developer's own AWS settings none may be heard: a call must never leave this machine. */
const foreign = /^AWS_/;

/** Sets the variables of this process, and takes away every other one that the SDK would follow. */
export function applyEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (foreign.test(name)) delete process.env[name];
  Object.assign(process.env, variables, {
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
}
