import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runbooks } from '../../infra/constructs/impact-alarm.ts';
import { cors } from '../../infra/cors.ts';
import { settingsOf } from '../../infra/stages.ts';
import { type Cloud, functionOf, projectDoors, sampleRoot, stackOf, synthesize } from './cloud.ts';

const bucket = 'arn:<AWS::Partition>:s3:::posthaste-dev-media-<AWS::AccountId>-<AWS::Region>';
function queueStatements(cloud: Cloud, queue: string): unknown {
  const policies = cloud.of('AWS::SQS::QueuePolicy').filter((policy) => policy.path === `${queue}/Policy`);
  return policies.map((policy) => policy.properties.PolicyDocument);
}

describe.each([
  ['sample doors of every kind', sampleRoot],
  ['the doors of this project', projectDoors],
])('%s', (_, root) => {
  let cloud: Cloud;

  beforeAll(async () => {
    cloud = await synthesize(root, { mailFrom: 'hello@posts.example' });
  });

  describe('a declaration becomes what Lambda needs to run it', () => {
    test('Node 24 on arm64, memory and time as declared, logs that end', () => {
      for (const door of cloud.doors) {
        const { contract } = door;
        expect(functionOf(cloud, door), door.file).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'index.handler',
          MemorySize: contract.memory ?? 512,
          Timeout: contract.timeout ?? (contract.kind === 'endpoint' ? 29 : 60),
          LoggingConfig: { LogGroup: `<${stackOf(door)}/${door.operation}/Log>` },
        });
      }
      for (const log of cloud.of('AWS::Logs::LogGroup')) expect(log.properties.RetentionInDays, log.path).toBe(14);
    });

    test('every endpoint has its route to its own function', () => {
      const routes = cloud.of('AWS::ApiGatewayV2::Route').map((route) => route.properties.RouteKey);
      const declared = cloud.doors.flatMap(({ contract }) => {
        if (contract.kind !== 'endpoint') return [];
        if (contract.path === '$default') return ['$default'];
        const head =
          contract.method === 'GET' &&
          /^(public|page)$/.test(contract.auth) &&
          contract.status === 200 &&
          !contract.once;
        return [`${contract.method} ${contract.path}`, ...(head ? [`HEAD ${contract.path}`] : [])];
      });
      expect(routes.sort()).toEqual(declared.sort());
      for (const door of cloud.doors.filter((one) => one.contract.kind === 'endpoint')) {
        const place = `${stackOf(door)}/${door.operation}`;
        expect(cloud.at(`${place}/Route`).properties.Target).toBe(`integrations/<${place}/Route/Integration>`);
        expect(cloud.at(`${place}/Route/Integration`).properties).toMatchObject({
          IntegrationUri: `<${place}/Function.Arn>`,
          PayloadFormatVersion: '2.0',
        });
      }
    });

    test('every worker is fed from its queue, batch by batch, with partial failures and a ceiling', () => {
      for (const { operation, contract } of cloud.doors) {
        if (contract.kind !== 'worker') continue;
        expect(cloud.at(`workers/${operation}/Mapping`).properties).toMatchObject({
          EventSourceArn: `<queues/${contract.queue}.Arn>`,
          BatchSize: contract.batch,
          MaximumBatchingWindowInSeconds: contract.window ?? 0,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: expect.any(Number) },
        });
        const timeoutS = contract.timeout ?? 60;
        expect(cloud.at(`queues/${contract.queue}`).properties).toMatchObject({
          VisibilityTimeout: 6 * timeoutS + (contract.window ?? 0),
          RedrivePolicy: { maxReceiveCount: contract.maxReceives ?? 5 },
        });
      }
    });

    test('every schedule ticks at its rate, and what cannot be delivered is kept', () => {
      for (const { operation, contract } of cloud.doors) {
        if (contract.kind !== 'schedule') continue;
        const unit = contract.everyMinutes === 1 ? 'minute' : 'minutes';
        expect(cloud.at(`workers/${operation}/Schedule`).properties).toMatchObject({
          ScheduleExpression: `rate(${contract.everyMinutes} ${unit})`,
          State: 'ENABLED',
          Target: {
            Arn: `<workers/${operation}/Function.Arn>`,
            DeadLetterConfig: { Arn: '<queues/missedTicks.Arn>' },
          },
        });
      }
    });

    test('an upload under a declared prefix is announced to that queue alone, which lets this bucket alone send', () => {
      const announced = cloud.doors.flatMap(({ contract }) =>
        contract.kind === 'worker' && contract.prefix !== undefined ? [contract] : [],
      );
      const configured = z
        .object({
          QueueConfigurations: z.array(z.object({ Event: z.string(), Queue: z.string(), Filter: z.unknown() })),
        })
        .default({ QueueConfigurations: [] })
        .parse(cloud.at('media/Media').properties.NotificationConfiguration);
      expect(configured.QueueConfigurations).toEqual(
        announced.map(({ queue, prefix }) => ({
          Event: 's3:ObjectCreated:*',
          Queue: `<queues/${queue}.Arn>`,
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: prefix }] } },
        })),
      );
      for (const { queue } of announced) {
        expect(queueStatements(cloud, `queues/${queue}`)).toMatchObject([
          {
            Statement: expect.arrayContaining([
              {
                Effect: 'Allow',
                Principal: { Service: 's3.amazonaws.com' },
                Action: 'sqs:SendMessage',
                Resource: `<queues/${queue}.Arn>`,
                Condition: {
                  ArnEquals: { 'aws:SourceArn': bucket },
                  StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' },
                },
              },
            ]),
          },
        ]);
      }
    });
  });

  describe('any CloudFormation engine can take the templates', () => {
    test('native types only', () => {
      const foreign = cloud.resources.filter(
        ({ type }) => !/^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$/.test(type) || type.startsWith('AWS::CloudFormation::'),
      );
      expect(foreign).toEqual([]);
    });

    test('no stack comes near the limit of 500 resources', () => {
      const stacks = Map.groupBy(cloud.resources, (resource) => resource.stack);
      for (const [stack, resources] of stacks) expect(resources.length, stack).toBeLessThan(450);
    });

    test('without a built layer, a stack that needs it asks for it and cannot be deployed without an answer', () => {
      const native = cloud.doors.filter(({ contract }) => (contract.native ?? []).length > 0);
      for (const [stack, asked] of Object.entries(cloud.asked)) {
        const needs = native.some((door) => stackOf(door) === stack);
        expect(asked, stack).toEqual(needs ? ['NativeLayerArn'] : []);
      }
      for (const door of cloud.doors) {
        const layers = native.includes(door) ? ['<NativeLayerArn>'] : undefined;
        expect(functionOf(cloud, door).Layers, door.file).toEqual(layers);
      }
    });
  });

  describe('nothing is lost, and nothing lies open', () => {
    test('what cdk-nag finds is acknowledged one by one, and nothing is acknowledged that it no longer finds', () => {
      expect(cloud.found.length).toBeGreaterThan(0);
      expect(cloud.acknowledged).toEqual(cloud.found);
    });

    test('every queue has dead letters kept for 14 days, encryption, and TLS only', () => {
      const queues = cloud.of('AWS::SQS::Queue');
      const deadLetters = queues.filter(({ path }) => path.endsWith('DeadLetters') || path === 'queues/missedTicks');
      for (const queue of queues) {
        expect(queue.properties.SqsManagedSseEnabled, queue.path).toBe(true);
        expect(queueStatements(cloud, queue.path)).toMatchObject([
          {
            Statement: expect.arrayContaining([
              expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
            ]),
          },
        ]);
        if (deadLetters.includes(queue)) expect(queue.properties.MessageRetentionPeriod).toBe(14 * 86_400);
        else
          expect(queue.properties.RedrivePolicy).toMatchObject({
            deadLetterTargetArn: `<${queue.path}DeadLetters.Arn>`,
          });
      }
    });

    test('the buckets are closed, encrypted, owned by us and outlive the stack', () => {
      for (const one of cloud.of('AWS::S3::Bucket')) {
        expect(one.properties, one.path).toMatchObject({
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
          },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
          PublicAccessBlockConfiguration: {
            BlockPublicAcls: true,
            BlockPublicPolicy: true,
            IgnorePublicAcls: true,
            RestrictPublicBuckets: true,
          },
        });
        expect(one.deletionPolicy).toBe('Retain');
      }
      expect(cloud.at('media/Media').properties).toMatchObject({
        VersioningConfiguration: { Status: 'Enabled' },
        LoggingConfiguration: { DestinationBucketName: '<media/AccessLogs>' },
        LifecycleConfiguration: {
          Rules: expect.arrayContaining([
            expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } }),
          ]),
        },
        CorsConfiguration: { CorsRules: [expect.objectContaining({ AllowedOrigins: ['http://localhost:3000'] })] },
      });
    });

    test('the database is encrypted, backed up, protected, and reached through the Data API only', () => {
      const database = cloud.at('data/Database');
      expect(database.properties).toMatchObject({
        EngineVersion: expect.stringMatching(/^18\./),
        EnableHttpEndpoint: true,
        EnableIAMDatabaseAuthentication: true,
        StorageEncrypted: true,
        DeletionProtection: true,
        BackupRetentionPeriod: 7,
        ManageMasterUserPassword: true,
      });
      expect(database.deletionPolicy).toBe('Snapshot');
      for (const type of ['AWS::EC2::InternetGateway', 'AWS::EC2::NatGateway', 'AWS::EC2::Route']) {
        expect(cloud.of(type)).toEqual([]);
      }
      expect(cloud.at('data/DatabaseGroup').properties).not.toHaveProperty('SecurityGroupIngress');
      for (const one of cloud.of('AWS::Lambda::Function')) expect(one.properties).not.toHaveProperty('VpcConfig');
    });

    test('snapshots of the database go daily and monthly into a vault that nobody empties', () => {
      expect(cloud.at('data/Backups/Vault').properties).toMatchObject({
        BackupVaultName: 'posthaste-dev-database',
        EncryptionKeyArn: '<data/Backups/Key.Arn>',
        LockConfiguration: { MinRetentionDays: 7, MaxRetentionDays: 31 },
        AccessPolicy: {
          Statement: [
            expect.objectContaining({
              Effect: 'Deny',
              Action: ['backup:DeleteRecoveryPoint', 'backup:UpdateRecoveryPointLifecycle'],
            }),
          ],
        },
      });
      expect(cloud.at('data/Backups/Vault').deletionPolicy).toBe('Retain');
      expect(cloud.at('data/Backups/Key')).toMatchObject({
        deletionPolicy: 'Retain',
        properties: { EnableKeyRotation: true },
      });
      expect(cloud.at('data/Backups/Plan').properties).toMatchObject({
        BackupPlan: {
          BackupPlanRule: [
            {
              RuleName: 'daily',
              ScheduleExpression: 'cron(30 2 * * ? *)',
              Lifecycle: { DeleteAfterDays: 7 },
              TargetBackupVault: '<data/Backups/Vault.BackupVaultName>',
            },
            { RuleName: 'monthly', ScheduleExpression: 'cron(30 4 1 * ? *)', Lifecycle: { DeleteAfterDays: 31 } },
          ],
        },
      });
      const [selection] = cloud.of('AWS::Backup::BackupSelection');
      expect(selection?.properties).toMatchObject({
        BackupSelection: {
          IamRoleArn: '<data/Backups/Role.Arn>',
          Resources: ['arn:<AWS::Partition>:rds:<AWS::Region>:<AWS::AccountId>:cluster:<data/Database>'],
        },
      });
    });

    test('secrets outlive the stack, and no template holds a value', () => {
      const secrets = cloud.of('AWS::SecretsManager::Secret');
      expect(secrets.map((secret) => secret.path).sort()).toEqual([
        'data/apiRole',
        'data/cursorKey',
        'data/platformApps',
        'data/reportingRole',
        'data/signingKeys',
        'data/tokenKeys',
        'data/verificationKeys',
        'data/workerRole',
      ]);
      for (const secret of secrets) {
        expect(secret.deletionPolicy, secret.path).toBe('Retain');
        expect(secret.properties).not.toHaveProperty('SecretString');
      }
    });

    test('pages of the stage’s origins may call, without credentials, with the fields that we read and give', () => {
      const { CorsConfiguration } = cloud.at('api/Api').properties;
      expect(CorsConfiguration).toEqual({
        AllowOrigins: ['http://localhost:3000'],
        AllowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
        AllowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match'],
        ExposeHeaders: [...cors.exposeHeaders],
        MaxAge: 3_600,
      });
    });

    test('a door that no database counts is throttled by the gateway, in a stage that comes after all routes', () => {
      const { RouteSettings } = cloud.at('stage/Stage').properties;
      const declared = cloud.doors.flatMap(({ contract }) =>
        contract.kind === 'endpoint' && contract.throttle !== undefined ? [contract] : [],
      );
      const settings = z
        .record(z.string(), z.strictObject({ ThrottlingRateLimit: z.number(), ThrottlingBurstLimit: z.number() }))
        .parse(RouteSettings);
      const routes = cloud.of('AWS::ApiGatewayV2::Route').map((route) => route.properties.RouteKey);
      expect(routes).toEqual(expect.arrayContaining(Object.keys(settings)));
      for (const { method, path, throttle } of declared) {
        expect(settings[method === '$default' ? method : `${method} ${path}`]).toEqual({
          ThrottlingRateLimit: Math.min(throttle?.ratePerS ?? 0, 100),
          ThrottlingBurstLimit: Math.min(throttle?.burst ?? 0, 200),
        });
      }
      const areas = new Set(cloud.of('AWS::ApiGatewayV2::Route').map(({ stack }) => stack));
      expect([...(cloud.after.stage ?? [])]).toEqual(expect.arrayContaining([...areas]));
    });

    test('the access log names the route, never the path that opens a page', () => {
      expect(cloud.at('stage/Stage').properties).toMatchObject({
        DefaultRouteSettings: { ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 },
        AccessLogSettings: { Format: expect.stringContaining('$context.routeKey') },
      });
      expect(JSON.stringify(cloud.at('stage/Stage').properties)).not.toMatch(
        /\$context\.(path|http\.path|identity|authorizer)/,
      );
    });
  });

  describe('people are told', () => {
    const described = z.string().regex(/^.{20,}\. Runbook: infra\/README\.md, "(.+)"\.$/);

    test('every alarm says what is at stake and leads to a heading of the runbook', async () => {
      const readme = await readFile(fileURLToPath(new URL('../../infra/README.md', import.meta.url)), 'utf8');
      for (const heading of runbooks) expect(readme).toContain(`\n### ${heading}\n`);
      for (const alarm of cloud.of('AWS::CloudWatch::Alarm')) {
        const description = described.parse(alarm.properties.AlarmDescription);
        expect(
          runbooks.some((heading) => description.includes(`"${heading}"`)),
          description,
        ).toBe(true);
        expect(alarm.properties.AlarmActions).toEqual(['<alarms/Topic>']);
      }
    });

    test('of a backup that fails, at once, and of backups that are not made', () => {
      expect(cloud.at('alarms/backup-failed').properties).toMatchObject({
        State: 'ENABLED',
        EventPattern: {
          source: ['aws.backup'],
          'detail-type': ['Backup Job State Change'],
          detail: {
            backupVaultName: ['<data/Backups/Vault.BackupVaultName>'],
            state: ['FAILED', 'ABORTED', 'EXPIRED', 'PARTIAL'],
          },
        },
        Targets: [
          {
            Arn: '<alarms/Topic>',
            InputTransformer: { InputTemplate: expect.stringContaining('Runbook: infra/README.md') },
          },
        ],
      });
      const topicPolicies = JSON.stringify(cloud.of('AWS::SNS::TopicPolicy').map(({ properties }) => properties));
      expect(topicPolicies).toContain('events.amazonaws.com');
      expect(cloud.at('alarms/backups-missing/Alarm').properties).toMatchObject({
        Namespace: 'AWS/Backup',
        MetricName: 'NumberOfBackupJobsCompleted',
        Dimensions: [{ Name: 'BackupVaultName', Value: '<data/Backups/Vault.BackupVaultName>' }],
        ComparisonOperator: 'LessThanThreshold',
        EvaluationPeriods: 2,
        Period: 86_400,
        TreatMissingData: 'breaching',
      });
    });

    test('of dead letters, of failing workers and schedules, and of the API', () => {
      const names = cloud.of('AWS::CloudWatch::Alarm').map((alarm) => alarm.path);
      const expected = ['publish', 'media', 'metrics', 'missedTicks'].map(
        (queue) => `alarms/${queue}-dead-letters/Alarm`,
      );
      const own = cloud.doors.filter(({ contract }) => contract.kind !== 'endpoint');
      expected.push(
        ...own.map(({ operation }) => `alarms/${operation}-errors/Alarm`),
        'alarms/api-server-errors/Alarm',
      );
      expect(names).toEqual(expect.arrayContaining(expected));
    });
  });
});

describe('the deployer decides by context', () => {
  test('production keeps backups for 35 days and has an instance that can take over', async () => {
    const cloud = await synthesize(sampleRoot, { stage: 'prod' });
    expect(cloud.at('data/Database').properties).toMatchObject({ BackupRetentionPeriod: 35 });
    expect(cloud.at('data/Backups/Vault').properties).toMatchObject({
      LockConfiguration: { MinRetentionDays: 35, MaxRetentionDays: 366 },
    });
    expect(cloud.of('AWS::RDS::DBInstance')).toHaveLength(2);
    for (const log of cloud.of('AWS::Logs::LogGroup')) expect(log).toMatchObject({ deletionPolicy: 'Retain' });
    expect(cloud.at('media/Media').properties).not.toHaveProperty('CorsConfiguration');
  });

  test('a built layer goes with the stack that needs it, and nothing is asked', async () => {
    const cloud = await synthesize(sampleRoot, {}, true);
    expect(cloud.of('AWS::Lambda::LayerVersion').map((layer) => layer.path)).toEqual(['workers/NativeLayer']);
    expect(cloud.at('workers/NativeLayer').properties).toMatchObject({ CompatibleArchitectures: ['arm64'] });
    expect(cloud.at('workers/media/Function').properties).toMatchObject({ Layers: ['<workers/NativeLayer>'] });
    expect(Object.values(cloud.asked).flat()).toEqual([]);
  });

  test('schedules of an idle stage stand still, and nobody is told of it', async () => {
    const cloud = await synthesize(sampleRoot, { schedules: 'off' });
    expect(cloud.at('workers/dispatchDue/Schedule').properties).toMatchObject({ State: 'DISABLED' });
    expect(cloud.resources.map((one) => one.path)).not.toContain('alarms/dispatcher-silent/Alarm');
  });

  test.each([
    [{ stage: 'production' }, /stage/],
    [{ clusterArn: 'arn:aws:rds:eu-central-1:111122223333:cluster:ours' }, /given together/],
    [{ clusterArn: 'ours', apiSecretArn: 'a', workerSecretArn: 'b' }, /is no ARN/],
    [{ mailFrom: 'nobody' }, /mailFrom/],
    [{ webOrigins: 'app.example' }, /is no origin/],
    [{ webOrigins: 'https://app.example/path' }, /is no origin/],
  ])('a value that cannot be meant stops synth: %o', (context, message) => {
    expect(() => settingsOf(new App({ context }))).toThrow(message);
  });
});
