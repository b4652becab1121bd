/** A post and its publications as callers see them. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import { platformNames } from '../platforms/connector.ts';
import { givenProject } from '../projects/shapes.ts';
import { givenDate, givenInstant, givenWallTime, isZoneless } from '../time/shapes.ts';
import { timeZone } from '../time/zone.ts';
import { smallJson } from './small-json.ts';

export const PublicationState = z
  .enum([
    'draft',
    'pending_approval',
    'scheduled',
    'queued',
    'publishing',
    'processing',
    'published',
    'failed',
    'unknown',
    'cancelled',
  ])
  .meta({ id: 'PublicationState' });

export const PostStatus = z
  .enum([
    'draft',
    'pending_approval',
    'scheduled',
    'queued',
    'publishing',
    'published',
    'partial',
    'failed',
    'unknown',
    'cancelled',
  ])
  .meta({ id: 'PostStatus', description: 'Computed from the publications; `partial`: some published, some failed.' });

export const PlatformName = z.enum(platformNames).meta({ id: 'PlatformName' });

export const Schedule = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('draft') }),
    z.strictObject({ type: z.literal('now') }),
    z.strictObject({
      type: z.literal('at'),
      at: z
        .union([givenInstant, givenWallTime, givenDate], {
          error:
            'must be an instant with offset (2026-12-24T18:00:00Z), a wall time (2026-12-24T18:00:00) or a date (2026-12-24) of the years 1970 to 9998',
        })
        .describe(
          'An instant (`2026-12-24T18:00:00Z`), a wall time (`2026-12-24T18:00:00`), or a date (`2026-12-24`), which means the default posting time of your preferences.',
        ),
      timeZone: timeZone
        .optional()
        .describe(
          'IANA time zone of a wall time or date. Default: the one in your preferences, else the project’s. When clocks go back, a repeated wall time means the first; when they go forward, a skipped one moves forward by the same amount.',
        ),
    }),
  ])
  .refine((schedule) => schedule.type !== 'at' || schedule.timeZone === undefined || isZoneless(schedule.at), {
    path: ['timeZone'],
    message: 'is only allowed with a wall time or a date: an instant has its own offset',
  })
  .meta({ id: 'Schedule' });

const PostMediaInput = z.strictObject({ mediaId: id, altText: z.string().max(4000).optional() });

const PostMediaList = z
  .array(PostMediaInput)
  .max(20)
  .superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach(({ mediaId }, position) => {
      const named = mediaId.toLowerCase();
      if (seen.has(named)) {
        context.addIssue({ code: 'custom', path: [position, 'mediaId'], message: 'is already in the list' });
      }
      seen.add(named);
    });
  });

/** One body for create and for validate. */
export const PostInput = z
  .strictObject({
    projectId: givenProject,
    text: z.string().max(100_000).default('').describe('Used for every account that has no text of its own.'),
    media: PostMediaList.default([]).describe('Used for every account that has no media of its own.'),
    schedule: Schedule,
    publications: z
      .array(
        z.strictObject({
          accountId: id,
          text: z.string().max(100_000).optional(),
          media: PostMediaList.optional(),
          options: smallJson(4_096).default({}).describe('Options for the platform, such as `visibility`.'),
        }),
      )
      .min(1)
      .max(50)
      .refine((list) => new Set(list.map((entry) => entry.accountId)).size === list.length, 'names an account twice'),
    externalId: z.string().min(1).max(255).optional().describe('Your own id, unique within the project.'),
    metadata: smallJson(16_384).default({}).describe('Your own data, at most 16 KiB; returned unchanged.'),
  })
  .meta({ id: 'PostInput' });

export type PostInput = z.output<typeof PostInput>;

export const PublicationSummary = z
  .object({
    id: z.uuid(),
    accountId: z.uuid(),
    platform: PlatformName,
    state: PublicationState,
    dueAt: z.string().nullable(),
    publishedAt: z.string().nullable(),
    url: z.string().nullable(),
    failure: z.object({ class: z.string(), code: z.string().nullable(), message: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'PublicationSummary' });

export const Post = z
  .object({
    id: z.uuid(),
    projectId: z.uuid(),
    status: PostStatus,
    text: z.string(),
    scheduleType: z.enum(['draft', 'now', 'at']),
    dueAt: z.string().nullable(),
    wallTime: z.string().nullable(),
    timeZone: z.string().nullable(),
    externalId: z.string().nullable(),
    metadata: z.unknown(),
    createdBy: z.uuid().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
    publications: z.array(PublicationSummary),
  })
  .meta({ id: 'Post' });

export const Validation = z
  .object({
    valid: z.boolean(),
    dueAt: z.string().nullable().describe('The instant that the schedule resolves to.'),
    publications: z.array(
      z.object({
        accountId: z.uuid(),
        platform: PlatformName.nullable(),
        valid: z.boolean(),
        violations: z.array(
          z.object({
            pointer: z.string().describe('Within the publication: `/text`, `/media/0`.'),
            code: z.string(),
            message: z.string(),
            limit: z.number().optional(),
            actual: z.number().optional(),
          }),
        ),
      }),
    ),
    errors: z.array(z.object({ pointer: z.string(), message: z.string(), code: z.string().optional() })),
  })
  .meta({ id: 'Validation' });
