/** Queues, their dead letters, bucket notifications and event sources, all from the workers' declarations. */
import type { Contract, QueueName, WorkerContract } from '../../functions/_kit/contract.ts';
import { type EventSource, startEventSource } from './aws/event-source.ts';
import type { S3Events } from './aws/s3-events.ts';
import type { Sqs } from './aws/sqs.ts';
import { mediaBucket } from './environment.ts';
import type { Faults } from './faults.ts';
import type { Invoker } from './invoke.ts';

interface WorkerDoor {
  readonly operation: string;
  readonly contract: WorkerContract;
}

export const queueNames = ['publish', 'media', 'metrics', 'export'] as const satisfies readonly QueueName[];
const defaultWorkerTimeoutS = 60;
const deadLetterRetentionS = 14 * 24 * 3600;
const defaultMaxReceives = 5;
/** Invocations at once per queue; a machine of one developer has few cores. */
const maxConcurrency = 10;

export function workersOf(doors: readonly { readonly operation: string; readonly contract: Contract }[]): WorkerDoor[] {
  return doors.flatMap(({ operation, contract }) => (contract.kind === 'worker' ? [{ operation, contract }] : []));
}

/** The same settings as `infra/stacks/queues.ts`: visibility six times the worker's time-out, dead letters kept 14 days. */
export function declareQueues(sqs: Sqs, workers: readonly WorkerDoor[]): void {
  for (const name of queueNames) {
    const contract = workers.find((worker) => worker.contract.queue === name)?.contract;
    const deadLetter = deadLetterOf(name);
    sqs.createQueue({ name: deadLetter, retentionS: deadLetterRetentionS });
    sqs.createQueue({
      name,
      deadLetter,
      maxReceives: contract?.maxReceives ?? defaultMaxReceives,
      visibilityTimeoutS: 6 * (contract?.timeout ?? defaultWorkerTimeoutS) + (contract?.window ?? 0),
    });
  }
}

export function deadLetterOf(queue: QueueName): string {
  return `${queue}-dead-letters`;
}

export function announceUploads(events: S3Events, workers: readonly WorkerDoor[]): void {
  for (const { operation, contract } of workers) {
    if (contract.prefix === undefined) continue;
    events.configure({ id: operation, bucket: mediaBucket, prefix: contract.prefix, queue: contract.queue });
  }
}

export function startEventSources(
  parts: { readonly sqs: Sqs; readonly invoker: Invoker; readonly faults: Faults },
  workers: readonly WorkerDoor[],
): EventSource[] {
  const { sqs, invoker, faults } = parts;
  return workers.map(({ operation, contract }) =>
    startEventSource({
      sqs,
      faults,
      maxConcurrency,
      queue: contract.queue,
      batch: contract.batch,
      windowS: contract.window ?? 0,
      functionName: operation,
      functionTimeoutS: contract.timeout ?? defaultWorkerTimeoutS,
      invoke: async (event) => {
        const result = await invoker.invoke(operation, event);
        if (result.kind !== 'ok') throw new Error(`${operation}: ${result.kind}`);
        return JSON.parse(result.payload);
      },
    }),
  );
}
