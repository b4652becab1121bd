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
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { WorkerContract } from '../../functions/_kit/contract.ts';
import type { Resources } from '../constructs/grants.ts';
import type { Settings } from '../stages.ts';
import { mediaBucketArn, mediaBucketName } from './media-bucket.ts';
import type { QueuesStack } from './queues.ts';

export interface MediaStackProps extends StackProps {
  readonly settings: Settings;
  readonly workers: readonly WorkerContract[];
  readonly queues: QueuesStack['queues'];
}

const logPrefix = 'media/';

const closed = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  removalPolicy: RemovalPolicy.RETAIN,
} satisfies BucketProps;

/** Uploads and renditions. An upload announces itself to the queue of the worker that declares its prefix. */
export class MediaStack extends Stack {
  readonly bucket: Resources['bucket'];

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
      ],
    });
    accessLogs.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [accessLogs.arnForObjects(`${logPrefix}*`)],
        conditions: {
          ArnEquals: { 'aws:SourceArn': mediaBucketArn(this, settings) },
          StringEquals: { 'aws:SourceAccount': this.account },
        },
      }),
    );
    const resource = bucket.node.defaultChild;
    if (!(resource instanceof CfnBucket)) throw new Error('the media bucket has no resource');
    // Not by the library's own option, which would open the log bucket by an ACL.
    resource.loggingConfiguration = { destinationBucketName: accessLogs.bucketName, logFilePrefix: logPrefix };
    announceUploads(resource, props);
    this.bucket = { name: mediaBucketName(this, settings), arn: mediaBucketArn(this, settings) };
  }
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
