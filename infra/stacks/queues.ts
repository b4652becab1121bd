import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { QueueName, WorkerContract } from '../../functions/_kit/contract.ts';
import { timeoutOf } from '../constructs/door-function.ts';
import type { Settings } from '../stages.ts';
import { mediaBucketArn } from './media-bucket.ts';

export interface QueuesStackProps extends StackProps {
  readonly settings: Settings;
  readonly workers: readonly WorkerContract[];
}

export interface QueueWithDeadLetters {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

const secure = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;

/** The queues, in a stack of their own: the bucket needs them before it exists, and the workers need the bucket. */
export class QueuesStack extends Stack {
  readonly queues: Readonly<Record<QueueName, QueueWithDeadLetters>>;
  /** Ticks that the scheduler could not deliver. */
  readonly missedTicks: Queue;

  constructor(scope: Construct, id: string, props: QueuesStackProps) {
    super(scope, id, props);
    const workerOf = (name: QueueName) => props.workers.find((worker) => worker.queue === name);
    this.queues = {
      publish: this.#queue('publish', workerOf('publish'), props.settings),
      media: this.#queue('media', workerOf('media'), props.settings),
      metrics: this.#queue('metrics', workerOf('metrics'), props.settings),
      export: this.#queue('export', workerOf('export'), props.settings),
    };
    this.missedTicks = new Queue(this, 'missedTicks', {
      ...secure,
      retentionPeriod: Duration.days(14),
      redriveAllowPolicy: { redrivePermission: RedrivePermission.DENY_ALL },
    });
  }

  #queue(name: QueueName, worker: WorkerContract | undefined, settings: Settings): QueueWithDeadLetters {
    const deadLetters = new Queue(this, `${name}DeadLetters`, { ...secure, retentionPeriod: Duration.days(14) });
    const timeoutS = worker === undefined ? 60 : timeoutOf(worker);
    const queue = new Queue(this, name, {
      ...secure,
      // Lambda's own advice: long enough for a batch that is throttled and tried again.
      visibilityTimeout: Duration.seconds(6 * timeoutS + (worker?.window ?? 0)),
      retentionPeriod: Duration.days(4),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: worker?.maxReceives ?? 5 },
    });
    if (worker?.prefix !== undefined) this.#letBucketSend(queue, settings);
    return { queue, deadLetters };
  }

  #letBucketSend(queue: Queue, settings: Settings): void {
    queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: {
          ArnEquals: { 'aws:SourceArn': mediaBucketArn(this, settings) },
          StringEquals: { 'aws:SourceAccount': this.account },
        },
      }),
    );
  }
}
