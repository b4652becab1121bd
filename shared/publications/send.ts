/** From claimed rows to messages. What the queue does not take is found again by the sweep: the rows know. */
import { sendAll } from '../aws/queues.ts';
import { config } from '../config/config.ts';
import { type Claimed, HORIZON_S } from './dispatch-queries.ts';
import type { PublishMessage } from './messages.ts';

const MAX_DELAY_S = 900; // SQS

export interface Wake {
  readonly message: PublishMessage;
  readonly projectId: string;
  readonly delayS: number;
}

export async function sendWakes(wakes: readonly Wake[]): Promise<void> {
  if (wakes.length === 0) return;
  await sendAll(
    config('publishQueue').PUBLISH_QUEUE_URL,
    wakes.map(({ message, projectId, delayS }) => ({
      body: message,
      delayS: Math.min(MAX_DELAY_S, delayS),
      group: projectId,
    })),
  );
}

/** A publish message at the very second, and a preparation now where there is time for one; ids are as old as their posts. */
export async function sendClaimed(claimed: readonly Claimed[]): Promise<void> {
  const oldestFirst = [...claimed].sort((a, b) => a.id.localeCompare(b.id));
  await sendWakes(
    oldestFirst.flatMap(({ id, projectId, generation, delayS, prepare }) => {
      const publish: Wake = { message: { kind: 'publish', publicationId: id, generation }, projectId, delayS };
      return prepare && delayS > 1
        ? [{ message: { kind: 'prepare', publicationId: id }, projectId, delayS: 0 }, publish]
        : [publish];
    }),
  );
}

/** Worth a claim at once; what falls due later is left to the tick. */
export function isWithinHorizon({ dueInS }: { readonly dueInS: number | null }): boolean {
  return dueInS !== null && dueInS <= HORIZON_S;
}
