import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Contract } from '../../functions/_kit/contract.ts';
import type { Door } from '../../infra/doors.ts';
import { type Cloud, functionOf, projectDoors, type Resource, sampleRoot, stackOf, synthesize } from './cloud.ts';

const bucket = 'arn:<AWS::Partition>:s3:::posthaste-dev-media-<AWS::AccountId>-<AWS::Region>';
const archiveBucket = 'arn:<AWS::Partition>:s3:::posthaste-dev-archive-<AWS::AccountId>-<AWS::Region>';
const cluster = 'arn:<AWS::Partition>:rds:<AWS::Region>:<AWS::AccountId>:cluster:<data/Database>';
const identity = 'arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity/posts.example';

/** What a role with this contract may do, one line per action and resource: written down here a second time on purpose. */
function permitted(door: Door): string[] {
  const { contract, operation } = door;
  const { database, bucket: access = [], archive, queues = [], secrets = [], rotates = [], mail } = contract.uses;
  const lines = [
    `logs:CreateLogStream <${stackOf(door)}/${operation}/Log.Arn>`,
    `logs:PutLogEvents <${stackOf(door)}/${operation}/Log.Arn>`,
  ];
  if (database !== undefined) {
    for (const call of ['ExecuteStatement', 'BeginTransaction', 'CommitTransaction', 'RollbackTransaction']) {
      lines.push(`rds-data:${call} ${cluster}`);
    }
    lines.push(`secretsmanager:GetSecretValue <data/${database}Role>`);
  }
  if (access.includes('presign-upload')) lines.push(`s3:PutObject ${bucket}/uploads/*`);
  if (access.includes('read')) lines.push(`s3:GetObject ${bucket}/uploads/*`, `s3:GetObject ${bucket}/media/*`);
  if (access.includes('write')) lines.push(`s3:PutObject ${bucket}/media/*`);
  if (access.includes('read-exports')) lines.push(`s3:GetObject ${bucket}/exports/*`);
  if (access.includes('write-exports'))
    lines.push(`s3:PutObject ${bucket}/exports/*`, `s3:AbortMultipartUpload ${bucket}/exports/*`);
  if (access.includes('delete-exports')) lines.push(`s3:DeleteObject ${bucket}/exports/*`);
  if (access.includes('delete')) lines.push(`s3:DeleteObject ${bucket}/uploads/*`, `s3:DeleteObject ${bucket}/media/*`);
  if (archive === true) {
    for (const call of ['PutObject', 'GetObject', 'DeleteObject']) lines.push(`s3:${call} ${archiveBucket}/*`);
  }
  for (const queue of queues) lines.push(`sqs:SendMessage <queues/${queue}.Arn>`);
  for (const secret of secrets) lines.push(`secretsmanager:GetSecretValue <data/${secret}>`);
  for (const secret of rotates) {
    for (const call of ['GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'])
      lines.push(`secretsmanager:${call} <data/${secret}>`);
  }
  if (mail === true) lines.push(`ses:SendEmail ${identity}`);
  if (contract.kind === 'worker') {
    for (const call of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
      lines.push(`sqs:${call} <queues/${contract.queue}.Arn>`);
    }
  }
  return lines.sort();
}

function variables({ uses }: Contract): Record<string, string> {
  const { database, bucket: access, archive, queues = [], secrets = [], rotates = [], mail } = uses;
  const upper = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return {
    NODE_OPTIONS: '--enable-source-maps',
    PUBLIC_BASE_URL: '<api/Api.ApiEndpoint>',
    ...(database === undefined
      ? {}
      : {
          DATABASE_CLUSTER_ARN: cluster,
          DATABASE_NAME: 'posthaste',
          [`DATABASE_${upper(database)}_SECRET_ARN`]: `<data/${database}Role>`,
        }),
    ...(access === undefined ? {} : { MEDIA_BUCKET: bucket.slice('arn:<AWS::Partition>:s3:::'.length) }),
    ...(archive === undefined ? {} : { ARCHIVE_BUCKET: archiveBucket.slice('arn:<AWS::Partition>:s3:::'.length) }),
    ...Object.fromEntries(queues.map((queue) => [`${upper(queue)}_QUEUE_URL`, `<queues/${queue}>`])),
    ...Object.fromEntries(
      [...secrets, ...rotates].map((secret) => [`${upper(secret)}_SECRET_ARN`, `<data/${secret}>`]),
    ),
    ...(mail === undefined ? {} : { MAIL_FROM: 'hello@posts.example' }),
  };
}

const listed = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const policiesSchema = z.array(
  z.object({
    PolicyDocument: z.object({
      Statement: z.array(z.strictObject({ Effect: z.literal('Allow'), Action: listed, Resource: listed })),
    }),
  }),
);

function granted(role: Resource): string[] {
  const statements = policiesSchema.parse(role.properties.Policies).flatMap((one) => one.PolicyDocument.Statement);
  return statements
    .flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((arn) => `${action} ${arn}`)))
    .sort();
}

describe.each([
  ['sample doors of every kind', sampleRoot],
  ['the doors of this project', projectDoors],
])('%s', (_, root) => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await synthesize(root, { mailFrom: 'hello@posts.example' });
  });

  describe('a function may do what its door declares, and nothing else', () => {
    test('its role has exactly these statements', () => {
      for (const door of cloud.doors) {
        expect(granted(cloud.at(`${stackOf(door)}/${door.operation}/Role`)), door.file).toEqual(permitted(door));
      }
    });

    test('no two functions share a role, and no role has policies from elsewhere', () => {
      const roles = cloud.of('AWS::Lambda::Function').map((one) => one.properties.Role);
      expect(new Set(roles).size).toBe(roles.length);
      expect(cloud.of('AWS::IAM::Policy').concat(cloud.of('AWS::IAM::ManagedPolicy'))).toEqual([]);
      const borrowed = cloud.of('AWS::IAM::Role').filter(({ properties }) => 'ManagedPolicyArns' in properties);
      // AWS Backup knows what AWS Backup needs.
      expect(borrowed.map((role) => role.path)).toEqual(['data/Backups/Role']);
    });

    test('its variables are exactly those of the groups that it reads', () => {
      for (const door of cloud.doors) {
        expect(functionOf(cloud, door).Environment.Variables, door.file).toEqual(variables(door.contract));
      }
    });

    test('a schedule may start its own function alone', () => {
      for (const { operation, contract } of cloud.doors) {
        if (contract.kind !== 'schedule') continue;
        expect(granted(cloud.at(`workers/${operation}/SchedulerRole`))).toEqual([
          `lambda:InvokeFunction <workers/${operation}/Function.Arn>`,
          'sqs:SendMessage <queues/missedTicks.Arn>',
        ]);
      }
    });
  });
});

test('an existing cluster is used instead of a new one', async () => {
  const existing = {
    clusterArn: 'arn:aws:rds:eu-central-1:111122223333:cluster:ours',
    apiSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:api-AbCdEf',
    workerSecretArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:worker-AbCdEf',
  };
  const cloud = await synthesize(sampleRoot, {
    ...existing,
    databaseName: 'ours',
    publicBaseUrl: 'https://api.posts.example',
  });
  expect(cloud.resources.filter(({ type }) => /^AWS::(RDS|EC2|Backup|KMS)::/.test(type))).toEqual([]);
  expect(granted(cloud.at('area-posts/getPost/Role'))).toEqual(
    expect.arrayContaining([
      `rds-data:ExecuteStatement ${existing.clusterArn}`,
      `secretsmanager:GetSecretValue ${existing.apiSecretArn}`,
    ]),
  );
  expect(cloud.at('workers/sweep/Function').properties).toMatchObject({
    Environment: {
      Variables: {
        DATABASE_CLUSTER_ARN: existing.clusterArn,
        DATABASE_NAME: 'ours',
        DATABASE_WORKER_SECRET_ARN: existing.workerSecretArn,
        PUBLIC_BASE_URL: 'https://api.posts.example',
      },
    },
  });
});
