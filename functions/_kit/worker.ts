/** One queue. Messages are checked one by one; those that fail are reported singly, so that the others are not repeated. */
import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { z } from 'zod';
import { connect, type Db } from '../../shared/db/client.ts';
import { describeError, log } from '../../shared/log.ts';
import type { WorkerContract } from './contract.ts';

export interface Message<M> {
  readonly id: string;
  readonly body: M;
  /** 1 on the first delivery. */
  readonly receives: number;
}

export interface Batch<C extends Omit<WorkerContract, 'kind'>> {
  readonly messages: readonly Message<z.output<C['message']>>[];
  readonly db: Db;
  readonly requestId: string;
  remainingMs(): number;
}

/** Returns the ids of messages that must come again; a throw means all of them. */
type Handle<C extends Omit<WorkerContract, 'kind'>> = (batch: Batch<C>) => Promise<readonly string[]>;

export function worker<const C extends Omit<WorkerContract, 'kind'>>(declaration: C) {
  const contract = { ...declaration, kind: 'worker' } as const;
  return (handle: Handle<C>) => {
    const handler = middy<SQSEvent, SQSBatchResponse>().handler((event, context) =>
      work(declaration, handle, event, context),
    );
    return Object.assign(handler, { contract });
  };
}

async function work<C extends Omit<WorkerContract, 'kind'>>(
  contract: C,
  handle: Handle<C>,
  event: SQSEvent,
  context: Context,
): Promise<SQSBatchResponse> {
  const began = performance.now();
  const failed: string[] = [];
  const messages: Message<z.output<C['message']>>[] = [];
  for (const record of event.Records) {
    const body = read(contract.message, record);
    if (body.success) {
      messages.push({
        id: record.messageId,
        body: body.data as z.output<C['message']>,
        receives: Number(record.attributes.ApproximateReceiveCount),
      });
    } else {
      failed.push(record.messageId); // goes to the dead letters, where a person looks
    }
  }
  const db = connect({
    caller: { kind: 'worker', name: context.functionName },
    requestId: context.awsRequestId,
    patienceMs: () => context.getRemainingTimeInMillis() - 2_000,
    leftMs: () => context.getRemainingTimeInMillis(),
  });
  let defect: unknown;
  if (messages.length > 0) {
    try {
      failed.push(
        ...(await handle({
          messages,
          db,
          requestId: context.awsRequestId,
          remainingMs: () => context.getRemainingTimeInMillis(),
        })),
      );
    } catch (error) {
      defect = error;
      failed.push(...messages.map((message) => message.id));
    }
  }
  log(defect === undefined ? 'info' : 'error', 'batch', {
    operation: context.functionName,
    requestId: context.awsRequestId,
    messages: event.Records.length,
    failed: failed.length,
    ms: Math.round(performance.now() - began),
    dataApiCalls: db.spent.calls,
    dataApiMs: Math.round(db.spent.ms),
    ...(defect === undefined ? {} : describeError(defect)),
  });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

function read(schema: z.ZodType, record: SQSRecord): { success: true; data: unknown } | { success: false } {
  try {
    const result = schema.safeParse(JSON.parse(record.body));
    return result.success ? { success: true, data: result.data } : { success: false };
  } catch {
    return { success: false };
  }
}
