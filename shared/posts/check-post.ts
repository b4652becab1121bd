/** Everything that keeps a post from being accepted, found at once: rights, schedule, accounts, media, each platform's limits. */
import type { z } from 'zod';
import type { Db } from '../db/client.ts';
import { type FieldError, fail } from '../errors.ts';
import { connectorOf } from '../platforms/registry.ts';
import { type MediaToCheck, validateDraft } from '../platforms/validate.ts';
import { type DraftContext, loadDraftContext } from './queries.ts';
import { PlatformName, type PostInput, type Validation } from './shapes.ts';

export interface Checked {
  readonly dueAt: string | null;
  readonly wallTime: string | null;
  readonly timeZone: string | null;
  readonly report: z.input<typeof Validation>;
}

export async function checkPost(db: Db, post: PostInput): Promise<Checked> {
  const { schedule } = post;
  const zone = schedule.type === 'at' ? (schedule.timeZone ?? null) : null;
  const wallTime = schedule.type === 'at' && zone !== null ? schedule.at : null;
  const context = await db.one(loadDraftContext, {
    projectId: post.projectId,
    accountIds: post.publications.map((publication) => publication.accountId),
    mediaIds: [...post.media, ...post.publications.flatMap((publication) => publication.media ?? [])].map(
      (item) => item.mediaId,
    ),
    scheduleType: schedule.type,
    instant: schedule.type === 'at' && zone === null ? schedule.at : null,
    wallTime,
    timeZone: zone,
  });
  if (context.right === 'none') fail('not_found');
  if (context.right === 'read') fail('forbidden');
  return { dueAt: context.dueAt, wallTime, timeZone: zone, report: report(post, context) };
}

function report(post: PostInput, context: DraftContext): Checked['report'] {
  const errors = checkSchedule(post, context);
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
    }
    const platform = PlatformName.parse(account.platform);
    const own = publication.media !== undefined;
    const wanted = publication.media ?? post.media;
    const media: MediaToCheck[] = [];
    wanted.forEach((item, position) => {
      const found = checkMedium(
        item,
        context,
        own ? `${at}/media/${position}/mediaId` : `/body/media/${position}/mediaId`,
        errors,
      );
      if (found !== null) media.push(found);
    });
    // Limits of media that cannot be used are noise beside the error that says so.
    const complete = media.length === wanted.length;
    const violations = validateDraft(connectorOf(platform), {
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

function checkSchedule(post: PostInput, context: DraftContext): FieldError[] {
  const { schedule } = post;
  if (schedule.type !== 'at' || !context.past) return [];
  return [{ pointer: '/body/schedule/at', code: 'in_the_past', message: `is in the past: it is ${context.now} now` }];
}

function checkMedium(
  wanted: PostInput['media'][number],
  context: DraftContext,
  pointer: string,
  errors: FieldError[],
): MediaToCheck | null {
  const found = context.media.find((candidate) => candidate.id === wanted.mediaId);
  if (found === undefined || found.status === 'failed') {
    const message = found === undefined ? 'is not a medium of this project' : 'failed processing';
    errors.push({ pointer, code: 'media_not_usable', message });
    return null;
  }
  const { kind, mimeType, bytes, width, height } = found;
  if (kind === null || mimeType === null || bytes === null || width === null || height === null) {
    return null; // still on its way: checked again before it is published
  }
  const durationS = found.durationMs === null ? null : found.durationMs / 1000;
  return {
    kind,
    mimeType,
    bytes,
    width,
    height,
    durationS,
    altText: wanted.altText ?? null,
    videoCodec: found.videoCodec,
  };
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
