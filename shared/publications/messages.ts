/** What travels through the publish queue. A message is only a wake-up: the row decides whether there is anything to do. */
import { z } from 'zod';

export const PublishMessage = z.discriminatedUnion('kind', [
  /** Publish: valid for one generation of the claim. */
  z.object({ kind: z.literal('publish'), publicationId: z.uuid(), generation: z.int() }),
  /** Upload and containers ahead of time; the state does not change. */
  z.object({ kind: z.literal('prepare'), publicationId: z.uuid() }),
  /** Find the evidence, or find out what became of a commit. */
  z.object({ kind: z.literal('look'), publicationId: z.uuid() }),
]);

export type PublishMessage = z.output<typeof PublishMessage>;

export const MetricsMessage = z.object({ publicationId: z.uuid(), source: z.enum(['poll', 'refresh']) });
export type MetricsMessage = z.output<typeof MetricsMessage>;
