import { Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { WorkerContract } from '../../functions/_kit/contract.ts';
import { DoorFunction, type DoorFunctionProps } from './door-function.ts';

export interface QueueFunctionProps extends DoorFunctionProps {
  readonly contract: WorkerContract;
}

/** A door that Lambda feeds from its queue; only the messages that it reports as failed come again. */
export class QueueFunction extends DoorFunction {
  constructor(scope: Construct, props: QueueFunctionProps) {
    const { contract, resources, settings } = props;
    const queueArn = resources.queues[contract.queue].arn;
    const receive = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
    super(scope, { ...props, trigger: [new PolicyStatement({ actions: receive, resources: [queueArn] })] });
    new EventSourceMapping(this, 'Mapping', {
      target: this.function,
      eventSourceArn: queueArn,
      batchSize: contract.batch,
      maxBatchingWindow: Duration.seconds(contract.window ?? 0),
      maxConcurrency: settings.concurrency[contract.queue],
      reportBatchItemFailures: true,
    });
  }
}
