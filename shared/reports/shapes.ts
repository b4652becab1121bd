/** Report links, and what a report is made of. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { platformNames } from '../platforms/connector.ts';

export const ReportLink = z
  .object({
    id,
    postId: id,
    url: z.string().describe('Anybody with this link can read the report. It is shown only this once.'),
    expiresAt: instant,
  })
  .meta({ id: 'ReportLink' });

/** As the members see it: the address was shown once, to who made it. */
export const ListedReportLink = z
  .object({
    id,
    projectId: id,
    postId: id,
    state: z
      .enum(['active', 'suspended', 'expired', 'revoked'])
      .describe(
        'suspended: its creator’s account is deactivated. revoked: by a member, or because its creator left the project.',
      ),
    createdBy: id.nullable().describe('Null if the user no longer exists.'),
    createdByName: z.string().nullable(),
    createdAt: instant,
    expiresAt: instant,
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'ListedReportLink' });

const total = z.number().nullable();

export const Report = z.object({
  postId: id,
  projectName: z.string(),
  text: z.string(),
  dueAt: instant.nullable(),
  publications: z.array(
    z.object({
      platform: z.enum(platformNames),
      handle: z.string(),
      state: z.string(),
      url: z.string().nullable(),
      dueAt: instant.nullable(),
      /** By the platform's own record, where it has one. */
      publishedAt: instant.nullable(),
      likes: total,
      comments: total,
      shares: total,
      views: total,
      metricsAt: instant.nullable(),
      history: z.array(z.object({ fetchedAt: instant, likes: total, comments: total })),
    }),
  ),
});
export type Report = z.output<typeof Report>;
export type ReportedPublication = Report['publications'][number];
