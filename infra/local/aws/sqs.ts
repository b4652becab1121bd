/** The SQS wire endpoint (JSON 1.0) over `sqs-queues.ts`, and the queues' in-process face for the event source. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { answerJson, type EndpointOptions, type JsonService, type Operation } from './json-protocol.ts';
import { ServiceError } from './service-error.ts';
import { batchOperations } from './sqs-batch.ts';
import { checkMessage, maxMessageBytes, messageShape, requireWhole } from './sqs-message.ts';
import {
  accountId,
  arn,
  createQueues,
  type Queue,
  type QueueDeclaration,
  type Queues,
  type ReceivedMessage,
  type ReceiveLimits,
} from './sqs-queues.ts';
import {
  existing,
  handleInput,
  nameOf,
  onWire,
  parse,
  queueInput,
  receiveInput,
  sent,
  visibilityInput,
} from './sqs-wire.ts';
import type { Store } from './store.ts';

export interface SqsOptions extends EndpointOptions {
  readonly store: Store;
  /** `http://127.0.0.1:PORT` of this endpoint; queue URLs begin with it, since clients send to the host of the URL. */
  readonly origin: () => string;
}

export interface Sqs {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Creates the queue, or gives an existing one these settings. Standard queues only. */
  createQueue(queue: QueueDeclaration): void;
  arn(name: string): string;
  url(name: string): string;
  /** Returns the message's id. */
  send(queue: string, body: string, options?: { readonly delayS?: number; readonly groupId?: string }): string;
  receive(queue: string, limits: ReceiveLimits): readonly ReceivedMessage[];
  delete(queue: string, receipts: readonly string[]): void;
  /** Makes messages in flight visible again after `afterS` seconds (default: at once). */
  release(queue: string, receipts: readonly string[], afterS?: number): void;
  /** Makes visible what `owner` received in a run that is over. Returns how many. */
  releaseAbandoned(queue: string, owner: string): number;
  /** Resolves when a message may be receivable, at `untilMs` at the latest, or when the signal aborts. Never rejects. */
  waitForMessages(queue: string, wait: { readonly untilMs?: number; readonly signal: AbortSignal }): Promise<void>;
  counts(queue: string): { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  queue(name: string): Queue;
}

export function createSqs(options: SqsOptions): Sqs {
  const queues = createQueues({ store: options.store, now: options.now ?? Date.now });
  const url = (name: string): string => `${options.origin()}/${accountId}/${name}`;
  const wire: JsonService = {
    ...options,
    service: 'sqs',
    contentType: 'application/x-amz-json-1.0',
    errorPrefix: 'com.amazonaws.sqs#',
    messageKey: 'message',
    // A batch of 1 MiB whose every character JSON writes as \uXXXX, with room for the rest.
    maxBodyBytes: 8 * maxMessageBytes,
  };
  const operations = { ...messageOperations(queues), ...batchOperations(queues), ...queueOperations(queues, url) };
  const byName = new Map<string, Operation>(Object.entries(operations));

  return {
    handle: (req, res) => {
      const name = String(req.headers['x-amz-target'] ?? '').replace(/^AmazonSQS\./, '');
      return answerJson(wire, { name, operation: byName.get(name) }, req, res);
    },
    createQueue: queues.declare,
    arn,
    url,
    send: (queue, body, { delayS, groupId } = {}) => {
      const message = checkMessage({ MessageBody: body, DelaySeconds: delayS, MessageGroupId: groupId });
      return queues.add(queue, [message])[0] ?? '';
    },
    receive: queues.receive,
    delete: (queue, receipts) =>
      options.store.transaction(() => {
        for (const receipt of receipts) queues.remove(queue, receipt);
      }),
    release: (queue, receipts, afterS = 0) => {
      for (const receipt of receipts) queues.changeVisibility(queue, receipt, afterS);
    },
    releaseAbandoned: queues.releaseAbandoned,
    waitForMessages: (queue, wait) => waitForMessages(queues, queue, wait),
    counts: queues.counts,
    queue: queues.get,
  };
}

function messageOperations(queues: Queues) {
  return {
    SendMessage: (input: unknown) => {
      const request = parse(messageShape.extend(queueInput.shape), input);
      const message = checkMessage(request);
      const [id] = queues.add(nameOf(request), [message]);
      return sent(id, message);
    },
    ReceiveMessage: async (input: unknown, signal: AbortSignal) => {
      const request = parse(receiveInput, input);
      const max = request.MaxNumberOfMessages ?? 1;
      requireWhole('MaxNumberOfMessages', max, 1, 10);
      const waitS = request.WaitTimeSeconds ?? 0;
      requireWhole('WaitTimeSeconds', waitS, 0, 20);
      const visibilityTimeoutS = request.VisibilityTimeout ?? undefined;
      if (visibilityTimeoutS !== undefined) requireWhole('VisibilityTimeout', visibilityTimeoutS, 0, 43_200);
      const limits = { max, ...(visibilityTimeoutS === undefined ? {} : { visibilityTimeoutS }) };
      const messages = await longPoll(queues, nameOf(request), limits, {
        untilMs: queues.now() + waitS * 1000,
        signal,
      });
      return messages.length === 0 ? {} : { Messages: messages.map((message) => onWire(message, request)) };
    },
    DeleteMessage: (input: unknown) => {
      const request = parse(handleInput, input);
      queues.remove(existing(queues, request), request.ReceiptHandle);
    },
    ChangeMessageVisibility: (input: unknown) => {
      const request = parse(visibilityInput, input);
      requireWhole('VisibilityTimeout', request.VisibilityTimeout, 0, 43_200);
      queues.changeVisibility(existing(queues, request), request.ReceiptHandle, request.VisibilityTimeout);
    },
  };
}

function queueOperations(queues: Queues, url: (name: string) => string) {
  return {
    GetQueueUrl: (input: unknown) => {
      const request = parse(z.object({ QueueName: z.string() }), input);
      return { QueueUrl: url(queues.get(request.QueueName).name) };
    },
    GetQueueAttributes: (input: unknown) => {
      const request = parse(queueInput.extend({ AttributeNames: z.array(z.string()).nullish() }), input);
      const all = attributesOf(queues, queues.get(nameOf(request)));
      const wanted = request.AttributeNames ?? [];
      const unknown = wanted.find(
        (name) => name !== 'All' && name !== 'Policy' && !(name in all) && name !== 'RedrivePolicy',
      );
      if (unknown !== undefined) {
        throw new ServiceError('InvalidAttributeName', `Unknown Attribute ${unknown}.`, {
          queryCode: 'InvalidAttributeName',
        });
      }
      const chosen = Object.entries(all).filter(([name]) => wanted.includes('All') || wanted.includes(name));
      return chosen.length === 0 ? {} : { Attributes: Object.fromEntries(chosen) };
    },
    PurgeQueue: (input: unknown) => queues.purge(nameOf(parse(queueInput, input))),
  };
}

function attributesOf(queues: Queues, queue: Queue): Record<string, string> {
  const counts = queues.counts(queue.name);
  const createdS = String(Math.floor(queue.created_ms / 1000));
  const redrive =
    queue.dead_letter === null
      ? {}
      : {
          RedrivePolicy: JSON.stringify({
            deadLetterTargetArn: arn(queue.dead_letter),
            maxReceiveCount: queue.max_receives,
          }),
        };
  return {
    QueueArn: arn(queue.name),
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    CreatedTimestamp: createdS,
    LastModifiedTimestamp: createdS,
    VisibilityTimeout: String(queue.visibility_s),
    MaximumMessageSize: String(maxMessageBytes),
    MessageRetentionPeriod: String(queue.retention_s),
    DelaySeconds: '0',
    ReceiveMessageWaitTimeSeconds: '0',
    SqsManagedSseEnabled: 'true',
    ...redrive,
  };
}

async function longPoll(
  queues: Queues,
  queue: string,
  limits: ReceiveLimits,
  wait: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<readonly ReceivedMessage[]> {
  for (;;) {
    // A client that has gone must not take messages with it.
    if (wait.signal.aborted) return [];
    const messages = queues.receive(queue, limits);
    if (messages.length > 0 || queues.now() >= wait.untilMs) return messages;
    await waitForMessages(queues, queue, wait);
  }
}

function waitForMessages(
  queues: Queues,
  queue: string,
  wait: { readonly untilMs?: number; readonly signal: AbortSignal },
): Promise<void> {
  const dueMs = Math.min(queues.nextDueMs(queue) ?? Number.POSITIVE_INFINITY, wait.untilMs ?? Number.POSITIVE_INFINITY);
  if (wait.signal.aborted || dueMs <= queues.now()) return Promise.resolve();
  return new Promise((resolve) => {
    // setTimeout counts in 32 bits; a later wake-up finds nothing due and waits again.
    const timer = Number.isFinite(dueMs) ? setTimeout(done, Math.min(dueMs - queues.now(), 2 ** 31 - 1)) : undefined;
    const forget = queues.listen(queue, done);
    wait.signal.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      forget();
      wait.signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
