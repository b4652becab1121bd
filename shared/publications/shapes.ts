import { z } from 'zod';
import { PublicationSummary } from '../posts/shapes.ts';

export const Attempt = z
  .object({
    id: z.uuid(),
    kind: z.enum(['publish', 'prepare', 'confirm', 'reconcile', 'resolve']),
    generation: z.int(),
    startedAt: z.string(),
    commitStartedAt: z.string().nullable().describe('When the call that publishes it started.'),
    finishedAt: z.string().nullable(),
    outcome: z.string().nullable(),
    failureClass: z.string().nullable(),
    failureCode: z.string().nullable(),
    message: z.string().nullable().describe('The platform’s own message.'),
  })
  .meta({ id: 'Attempt' });

export const Publication = z
  .object({
    ...PublicationSummary.shape,
    projectId: z.uuid(),
    postId: z.uuid(),
    text: z.string().describe('The text for this account: its own, or the post’s.'),
    options: z.unknown(),
    generation: z.int(),
    nextAttemptAt: z.string().nullable(),
    scheduledAt: z.string().nullable(),
    queuedAt: z.string().nullable(),
    publishingAt: z.string().nullable(),
    commitStartedAt: z.string().nullable(),
    platformPostId: z.string().nullable(),
    platformPublishedAt: z.string().nullable().describe('As recorded by the platform.'),
    latenessMs: z.int().nullable().describe('Time from the due instant to the start of publishing.'),
    metrics: z.object({
      likes: z.int().nullable(),
      comments: z.int().nullable(),
      shares: z.int().nullable(),
      views: z.int().nullable(),
      fetchedAt: z.string().nullable(),
    }),
    attempts: z.array(Attempt).describe('The newest 50, oldest first.'),
  })
  .meta({ id: 'Publication' });
