import { Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  CfnBucket,
  type CorsRule,
  HttpMethods,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { WorkerContract } from '../../functions/_kit/contract.ts';
import type { Resources } from '../constructs/grants.ts';
import type { Settings } from '../stages.ts';
import { archiveBucketArn, archiveBucketName, mediaBucketArn, mediaBucketName } from './media-bucket.ts';
import type { QueuesStack } from './queues.ts';

export interface MediaStackProps extends StackProps {
  readonly settings: Settings;
  readonly workers: readonly WorkerContract[];
  readonly queues: QueuesStack['queues'];
}

const logPrefixes = { media: 'media/', archive: 'archive/' } as const;

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  removalPolicy: RemovalPolicy.RETAIN,
} satisfies BucketProps;

/**
 * Uploads and renditions, and the months that left the database. An upload announces itself to the queue of the worker that
 * declares its prefix.
 */
export class MediaStack extends Stack {
  readonly bucket: Resources['bucket'];
  readonly archive: Resources['archive'];

  constructor(scope: Construct, id: string, props: MediaStackProps) {
    super(scope, id, props);
    const { settings } = props;
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...closed,
      lifecycleRules: [{ id: 'expire', expiration: Duration.days(90) }],
    });
    const bucket = new Bucket(this, 'Media', {
      ...closed,
      bucketName: mediaBucketName(this, settings),
      versioned: true,
      cors: corsOf(settings.webOrigins),
      lifecycleRules: [
        { id: 'abandoned-uploads', abortIncompleteMultipartUploadAfter: Duration.days(2) },
        { id: 'deleted-objects', noncurrentVersionExpiration: Duration.days(30), expiredObjectDeleteMarker: true },
        // They are deleted after seven days; nothing of them is worth a way back.
        {
          id: 'exports',
          prefix: 'exports/',
          expiration: Duration.days(9),
          noncurrentVersionExpiration: Duration.days(1),
        },
        // A face that was taken away is not kept for a way back.
        { id: 'avatars', prefix: 'media/avatars/', noncurrentVersionExpiration: Duration.days(1) },
      ],
    });
    const archive = new Bucket(this, 'Archive', {
      ...closed,
      bucketName: archiveBucketName(this, settings),
      versioned: true,
      lifecycleRules: [
        {
          id: 'seldom-read',
          transitions: [{ storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(30) }],
        },
        { id: 'deleted-objects', noncurrentVersionExpiration: Duration.days(30), expiredObjectDeleteMarker: true },
      ],
    });
    const arns = { media: mediaBucketArn(this, settings), archive: archiveBucketArn(this, settings) };
    for (const [logged, name] of [
      [bucket, 'media'],
      [archive, 'archive'],
    ] as const) {
      keepAccessLogs(resourceOf(logged), accessLogs, { prefix: logPrefixes[name], arn: arns[name] });
    }
    announceUploads(resourceOf(bucket), props);
    this.archive = { name: archiveBucketName(this, settings), arn: archiveBucketArn(this, settings) };
    this.bucket = { name: mediaBucketName(this, settings), arn: mediaBucketArn(this, settings) };
  }
}

function resourceOf(bucket: Bucket): CfnBucket {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket)) throw new Error('the bucket has no resource');
  return resource;
}

/** Not by the library's own option, which would open the log bucket by an ACL. */
function keepAccessLogs(logged: CfnBucket, logs: Bucket, { prefix, arn }: { prefix: string; arn: string }): void {
  logged.loggingConfiguration = { destinationBucketName: logs.bucketName, logFilePrefix: prefix };
  logs.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [logs.arnForObjects(`${prefix}*`)],
      conditions: {
        ArnEquals: { 'aws:SourceArn': arn },
        StringEquals: { 'aws:SourceAccount': Stack.of(logs).account },
      },
    }),
  );
}

/** On the bucket itself: the construct library's own way is a custom resource. The queue's policy stands already. */
function announceUploads(resource: CfnBucket, { workers, queues }: MediaStackProps): void {
  const queueConfigurations = workers.flatMap(({ prefix, queue }) =>
    prefix === undefined
      ? []
      : [
          {
            event: 's3:ObjectCreated:*',
            queue: queues[queue].queue.queueArn,
            filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
          },
        ],
  );
  if (queueConfigurations.length > 0) resource.notificationConfiguration = { queueConfigurations };
}

function corsOf(origins: readonly string[]): CorsRule[] {
  if (origins.length === 0) return [];
  return [
    {
      allowedOrigins: [...origins],
      allowedMethods: [HttpMethods.GET, HttpMethods.POST, HttpMethods.PUT],
      allowedHeaders: ['content-type', 'x-amz-*'],
      exposedHeaders: ['ETag'],
      maxAge: 3600,
    },
  ];
}
