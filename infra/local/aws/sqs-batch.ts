/** The batch operations of SQS: ten entries at most, each with its own outcome. */
import { z } from 'zod';
import { ServiceError } from './service-error.ts';
import { checkMessage, maxMessageBytes, messageBytes, messageShape, requireWhole } from './sqs-message.ts';
import type { Queues } from './sqs-queues.ts';
import { existing, parse, queueInput, sent } from './sqs-wire.ts';

const entry = z.object({ Id: z.string() });
const sendEntry = messageShape.extend(entry.shape);
const deleteEntry = entry.extend({ ReceiptHandle: z.string() });
const visibilityEntry = deleteEntry.extend({ VisibilityTimeout: z.number() });

export function batchOperations(queues: Queues) {
  return {
    SendMessageBatch: (input: unknown) => {
      const request = parse(queueInput.extend({ Entries: z.array(sendEntry).nullish() }), input);
      const queue = existing(queues, request);
      const entries = checkEntries(request.Entries ?? []);
      const bytes = entries.reduce((sum, message) => sum + messageBytes(message), 0);
      if (bytes > maxMessageBytes) {
        throw batchError(
          'BatchRequestTooLong',
          `Batch requests cannot be longer than ${maxMessageBytes} bytes. You have sent ${bytes} bytes.`,
        );
      }
      return queues.together(() =>
        eachEntry(entries, (message) => {
          const checked = checkMessage(message);
          return sent(queues.add(queue, [checked])[0], checked);
        }),
      );
    },
    DeleteMessageBatch: (input: unknown) => {
      const request = parse(queueInput.extend({ Entries: z.array(deleteEntry).nullish() }), input);
      const queue = existing(queues, request);
      return eachEntry(checkEntries(request.Entries ?? []), ({ ReceiptHandle }) => {
        queues.remove(queue, ReceiptHandle);
        return undefined;
      });
    },
    ChangeMessageVisibilityBatch: (input: unknown) => {
      const request = parse(queueInput.extend({ Entries: z.array(visibilityEntry).nullish() }), input);
      const queue = existing(queues, request);
      return eachEntry(checkEntries(request.Entries ?? []), ({ ReceiptHandle, VisibilityTimeout }) => {
        requireWhole('VisibilityTimeout', VisibilityTimeout, 0, 43_200);
        queues.changeVisibility(queue, ReceiptHandle, VisibilityTimeout);
        return undefined;
      });
    },
  };
}

function eachEntry<E extends { readonly Id: string }>(entries: readonly E[], act: (entry: E) => object | undefined) {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const item of entries) {
    try {
      Successful.push({ Id: item.Id, ...act(item) });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      const Code = error.detail.queryCode ?? error.code;
      Failed.push({ Id: item.Id, SenderFault: true, Code, Message: error.message });
    }
  }
  // The JSON protocol leaves an empty list out.
  return { ...(Successful.length === 0 ? {} : { Successful }), ...(Failed.length === 0 ? {} : { Failed }) };
}

function checkEntries<E extends { readonly Id: string }>(entries: readonly E[]): readonly E[] {
  if (entries.length === 0) throw batchError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > 10) {
    throw batchError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
    );
  }
  if (entries.some(({ Id }) => !/^[A-Za-z0-9_-]{1,80}$/.test(Id))) {
    throw batchError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  const repeated = entries.find(({ Id }, index) => entries.findIndex((other) => other.Id === Id) !== index);
  if (repeated !== undefined) throw batchError('BatchEntryIdsNotDistinct', `Id ${repeated.Id} repeated.`);
  return entries;
}

function batchError(code: string, message: string): ServiceError {
  return new ServiceError(code, message, { queryCode: `AWS.SimpleQueueService.${code}` });
}
