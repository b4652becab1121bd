/** SQS: sending only; receiving is Lambda's event source. */
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';

export interface OutgoingMessage {
  readonly body: unknown;
  /** Seconds, at most 900. */
  readonly delayS: number;
  /** The tenant: fair queues keep one project's burst from delaying the others. */
  readonly group: string;
}

const BATCH = 10; // SendMessageBatch takes ten
const IN_FLIGHT = 8;

let client: SQSClient | undefined;

/** Sends all; returns the indexes of those that the queue did not take. Never throws for a single message. */
export async function sendAll(queueUrl: string, messages: readonly OutgoingMessage[]): Promise<number[]> {
  client ??= new SQSClient({ useQueueUrlAsEndpoint: false });
  const failed: number[] = [];
  const starts = Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, index) => index * BATCH);
  const lanes = Array.from({ length: Math.min(IN_FLIGHT, starts.length) }, async () => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
      failed.push(...(await sendBatch(client, queueUrl, messages, start)));
    }
  });
  await Promise.all(lanes);
  return failed;
}

async function sendBatch(
  sqs: SQSClient | undefined,
  queueUrl: string,
  messages: readonly OutgoingMessage[],
  start: number,
): Promise<number[]> {
  const batch = messages.slice(start, start + BATCH);
  try {
    const answer = await sqs?.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map((message, index) => ({
          Id: String(start + index),
          MessageBody: JSON.stringify(message.body),
          DelaySeconds: message.delayS,
          MessageGroupId: message.group,
        })),
      }),
    );
    return (answer?.Failed ?? []).map((entry) => Number(entry.Id));
  } catch {
    // The rows know that these were not sent: the sweeper sends them again.
    return batch.map((_, index) => start + index);
  }
}
