/** A post as the platform itself holds it: what the judge counts. */
import { z } from 'zod';
import { platformName } from './faults.ts';

export const publishedPost = z.object({
  platform: platformName,
  /** Status id, media id or at-uri. */
  id: z.string(),
  /** Username, or DID on Bluesky. */
  account: z.string(),
  text: z.string(),
  /** By the platform's own clock, with milliseconds. */
  createdAt: z.string(),
  url: z.string(),
  /** Id of the post it answers. */
  replyTo: z.string().nullable(),
});
export type PublishedPost = z.output<typeof publishedPost>;
