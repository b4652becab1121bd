/** Everything that keeps a post from being accepted, found at once: rights, schedule, accounts, media, each platform's limits. */
import type { z } from 'zod';
import type { Db } from '../db/client.ts';
import { type FieldError, fail } from '../errors.ts';
import { pickRendition } from '../media/pick-rendition.ts';
import { isShown, whyUnpublishable } from '../media/why-unpublishable.ts';
import type { Capabilities } from '../platforms/connector.ts';
import { connectorOf } from '../platforms/registry.ts';
import { type MediaToCheck, validateDraft } from '../platforms/validate.ts';
import { withLimits } from '../platforms/with-limits.ts';
import { projectOr } from '../projects/named-project.ts';
import { type DraftContext, loadDraftContext } from './queries.ts';
import { resolveSchedule } from './resolve-schedule.ts';
import { PlatformName, type PostInput, type Validation } from './shapes.ts';

export interface Checked {
  readonly projectId: string;
  readonly dueAt: string | null;
  /** Seconds until then, by the database's clock. */
  readonly dueInS: number | null;
  readonly wallTime: string | null;
  readonly timeZone: string | null;
  readonly report: z.input<typeof Validation>;
}

export async function checkPost(db: Db, post: PostInput): Promise<Checked> {
  const named = projectOr(db, post.projectId, '/body/projectId');
  const { at, wallTime, timeZone, errors } = await resolveSchedule(db, post.schedule, named);
  const context = await db.one(loadDraftContext, {
    projectId: named,
    accountIds: post.publications.map((publication) => publication.accountId),
    mediaIds: [...post.media, ...post.publications.flatMap((publication) => publication.media ?? [])].map(
      (item) => item.mediaId,
    ),
    scheduleType: post.schedule.type,
    at,
  });
  if (context.right === 'none') fail('not_found');
  if (context.right === 'read') fail('forbidden');
  const { projectId, dueAt } = context;
  return { projectId, dueAt, dueInS: dueInS(context), wallTime, timeZone, report: report(post, context, errors) };
}

function report(post: PostInput, context: DraftContext, unresolved: readonly FieldError[]): Checked['report'] {
  const errors = [...unresolved, ...checkSchedule(post, context), ...checkSharedMedia(post, context)];
  const publications = post.publications.map((publication, index) => {
    const account = context.accounts.find((candidate) => candidate.id === publication.accountId);
    const at = `/body/publications/${index}`;
    if (account === undefined) {
      errors.push({
        pointer: `${at}/accountId`,
        code: 'unknown_account',
        message: 'is not an account of this project',
      });
      return { accountId: publication.accountId, platform: null, valid: false, violations: [] };
    }
    if (account.status !== 'connected') {
      errors.push({ pointer: `${at}/accountId`, code: 'account_not_usable', message: 'must be reconnected first' });
    } else if (account.paused) {
      errors.push({
        pointer: `${at}/accountId`,
        code: 'account_paused',
        message: 'is paused: more accounts are connected than a quota of the user or project allows',
      });
    }
    const platform = PlatformName.parse(account.platform);
    const connector = withLimits(connectorOf(platform), account.limits);
    const own = publication.media !== undefined;
    const wanted = publication.media ?? post.media;
    const media: MediaToCheck[] = [];
    wanted.forEach((item, position) => {
      const pointer = own ? `${at}/media/${position}/mediaId` : `/body/media/${position}/mediaId`;
      const found = context.media.find((candidate) => candidate.id === item.mediaId);
      const unusable = whyUnusable(found);
      if (unusable !== null) errors.push({ pointer, code: 'media_not_usable', message: unusable });
      const checkable = found === undefined || unusable !== null ? null : toCheck(item, found, connector.capabilities);
      if (checkable !== null) media.push(checkable);
    });
    // Limits of media that cannot be used are noise beside the error that says so.
    const complete = media.length === wanted.length;
    const violations = validateDraft(connector, {
      text: publication.text ?? post.text,
      options: publication.options,
      media,
    }).filter((violation) => complete || !violation.pointer.startsWith('/media'));
    return { accountId: account.id, platform, valid: violations.length === 0, violations };
  });
  const distinct = [...new Map(errors.map((error) => [error.pointer, error])).values()];
  return {
    valid: distinct.length === 0 && publications.every((publication) => publication.valid),
    dueAt: context.dueAt,
    publications,
    errors: distinct,
  };
}

/** Also where every publication has media of its own: the post keeps its media all the same. */
function checkSharedMedia(post: PostInput, context: DraftContext): FieldError[] {
  return post.media.flatMap(({ mediaId }, index) =>
    context.media.some(({ id }) => id === mediaId) ? [] : [unknownMedium(`/body/media/${index}/mediaId`)],
  );
}

function unknownMedium(pointer: string): FieldError {
  return { pointer, code: 'media_not_usable', message: 'is not a media file of this project' };
}

function dueInS({ dueAt, now }: DraftContext): number | null {
  return dueAt === null ? null : (Date.parse(dueAt) - Date.parse(now)) / 1000;
}

function checkSchedule(post: PostInput, context: DraftContext): FieldError[] {
  const { schedule } = post;
  if (schedule.type !== 'at' || !context.past) return [];
  return [{ pointer: '/body/schedule/at', code: 'in_the_past', message: `is in the past: it is ${context.now} now` }];
}

type KnownMedium = DraftContext['media'][number];

function whyUnusable(found: KnownMedium | undefined): string | null {
  if (found === undefined) return 'is not a media file of this project';
  return whyUnpublishable(found);
}

/** Null while it is still on its way: checked again before it is published. */
function toCheck(
  wanted: PostInput['media'][number],
  { kind, renditions, durationMs, videoCodec }: KnownMedium,
  capabilities: Capabilities,
): MediaToCheck | null {
  if (!isShown(kind)) return null;
  const file = pickRendition(kind, renditions, capabilities);
  if (file === null) return null;
  const { mimeType, bytes, width, height } = file;
  const durationS = durationMs === null ? null : durationMs / 1000;
  return { kind, mimeType, bytes, width, height, durationS, altText: wanted.altText ?? null, videoCodec };
}

/** The report as the field errors of a refused create: the violations of each publication by pointer. */
export function fieldErrors({ report: { errors, publications } }: Checked): FieldError[] {
  const violations = publications.flatMap((publication, index) =>
    publication.violations.map((violation) => ({
      pointer: `/body/publications/${index}${violation.pointer}`,
      code: violation.code,
      message: violation.message,
    })),
  );
  return [...errors, ...violations];
}
