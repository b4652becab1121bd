/**
 * The SQS event source mapping of Lambda: takes batches, invokes the function, deletes what succeeded. What failed stays
 * in flight until its visibility timeout, as on AWS. It never polls an empty queue: it sleeps until a send or until the
 * very millisecond at which a delay or a visibility timeout ends.
 */
import { setTimeout } from 'node:timers/promises';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import type { Faults } from '../faults.ts';
import type { Sqs } from './sqs.ts';
import { type ReceivedMessage, region } from './sqs-queues.ts';

export interface EventSourceOptions {
  readonly sqs: Sqs;
  readonly queue: string;
  /** Most messages of one invocation, 1–10,000; above 10 a window of at least 1 s is needed. */
  readonly batch: number;
  /** Seconds to wait for a batch to fill, 0–300. */
  readonly windowS: number;
  readonly functionName: string;
  /** Checked against the queue's visibility timeout, which may not be shorter. */
  readonly functionTimeoutS?: number;
  /** Runs the function; its result is read as a partial batch response. */
  readonly invoke: (event: SQSEvent) => Promise<unknown>;
  /** Invocations at the same time. */
  readonly maxConcurrency: number;
  readonly faults?: Faults;
}

export interface EventSource {
  /** Takes no more messages, and resolves when the running invocations have ended. */
  stop(): Promise<void>;
}

/** A batch is cut here, since the event is the payload of a synchronous invocation. */
const maxEventBytes = 6 * 1024 * 1024;

const partialResponse = z.object({
  batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish(),
});

/** Starts polling at once; messages that a killed run of the same function left in flight are visible again. */
export function startEventSource(options: EventSourceOptions): EventSource {
  checkOptions(options);
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  options.sqs.releaseAbandoned(options.queue, options.functionName);

  async function poll(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (running.size >= options.maxConcurrency) {
        await Promise.race(running);
        continue;
      }
      const messages = await gather(options, stopping.signal).catch((error: unknown) => rest(error, stopping.signal));
      if (messages.length === 0) continue;
      const invocation = runBatch(options, messages).finally(() => running.delete(invocation));
      running.add(invocation);
    }
  }

  const polling = poll();
  return {
    stop: async () => {
      stopping.abort();
      await polling;
      await Promise.all(running);
    },
  };
}

/** A queue that cannot be read (too much in flight, a full disk) is tried again in a second. */
async function rest(error: unknown, signal: AbortSignal): Promise<readonly ReceivedMessage[]> {
  console.error('event source: receive failed', error);
  await setTimeout(1_000, undefined, { signal }).catch(() => undefined);
  return [];
}

/** Waits for messages and, with a window, for more of them. */
async function gather(options: EventSourceOptions, signal: AbortSignal): Promise<readonly ReceivedMessage[]> {
  const { sqs, queue, batch } = options;
  await sqs.waitForMessages(queue, { signal });
  if (signal.aborted) return [];
  const messages: ReceivedMessage[] = [];
  const windowEndsMs = Date.now() + options.windowS * 1000;
  for (;;) {
    const bytes = messages.reduce((sum, message) => sum + Buffer.byteLength(message.body), 0);
    const limits = { max: batch - messages.length, maxBytes: maxEventBytes - bytes, owner: options.functionName };
    messages.push(...sqs.receive(queue, limits));
    const full = messages.length >= batch || bytes >= maxEventBytes / 2;
    if (messages.length === 0 || full || Date.now() >= windowEndsMs || signal.aborted) return messages;
    await sqs.waitForMessages(queue, { untilMs: windowEndsMs, signal });
  }
}

async function runBatch(options: EventSourceOptions, messages: readonly ReceivedMessage[]): Promise<void> {
  const { sqs, queue, faults } = options;
  try {
    const received = await faults?.reach(`event-source:${queue}:received`);
    if (received) return;
    const event = { Records: messages.map((message) => recordOf(sqs, queue, message)) };
    const result = await options.invoke(event);
    const done = await faults?.reach(`event-source:${queue}:done`);
    if (done) return;
    const succeeded = succeededOf(messages, result);
    sqs.delete(
      queue,
      succeeded.map(({ receipt }) => receipt),
    );
  } catch {
    // The function failed (whoever invokes it has logged that): the whole batch comes back after its visibility timeout.
  }
}

/** Nothing, null or an empty list is success; one identifier that is empty or not of this batch fails all of it. */
export function succeededOf<M extends { readonly id: string }>(messages: readonly M[], result: unknown): readonly M[] {
  if (result === undefined || result === null) return messages;
  const parsed = partialResponse.safeParse(result);
  if (!parsed.success) return [];
  const failed = new Set((parsed.data.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  const known = new Set(messages.map(({ id }) => id));
  if ([...failed].some((id) => !known.has(id))) return [];
  return messages.filter(({ id }) => !failed.has(id));
}

function recordOf(sqs: Sqs, queue: string, message: ReceivedMessage): SQSRecord {
  const { ApproximateReceiveCount, SentTimestamp, SenderId, ApproximateFirstReceiveTimestamp, ...others } =
    message.system;
  return {
    messageId: message.id,
    receiptHandle: message.receipt,
    body: message.body,
    attributes: {
      ApproximateReceiveCount: ApproximateReceiveCount ?? '',
      SentTimestamp: SentTimestamp ?? '',
      SenderId: SenderId ?? '',
      ApproximateFirstReceiveTimestamp: ApproximateFirstReceiveTimestamp ?? '',
      ...others,
    },
    messageAttributes: Object.fromEntries(
      Object.entries(message.attributes).map(([name, attribute]) => [
        name,
        {
          ...(attribute.StringValue === undefined ? {} : { stringValue: attribute.StringValue }),
          ...(attribute.BinaryValue === undefined ? {} : { binaryValue: attribute.BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: attribute.DataType,
        },
      ]),
    ),
    md5OfBody: message.md5,
    ...(message.attributesMd5 === undefined ? {} : { md5OfMessageAttributes: message.attributesMd5 }),
    eventSource: 'aws:sqs',
    eventSourceARN: sqs.arn(queue),
    awsRegion: region,
  };
}

function checkOptions({ sqs, queue, batch, windowS, functionTimeoutS = 0, maxConcurrency }: EventSourceOptions): void {
  const visibilityS = sqs.queue(queue).visibility_s;
  if (functionTimeoutS > visibilityS) {
    throw new Error(
      `queue ${queue}: visibility timeout ${visibilityS} s is less than function timeout ${functionTimeoutS} s`,
    );
  }
  if (!Number.isInteger(batch) || batch < 1 || batch > 10_000 || (batch > 10 && windowS < 1) || windowS > 300) {
    throw new Error(`event source of ${queue}: batch ${batch} with window ${windowS} s is not allowed`);
  }
  if (maxConcurrency < 1) throw new Error(`event source of ${queue}: maxConcurrency must be at least 1`);
}
