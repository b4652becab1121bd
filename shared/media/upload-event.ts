/** What S3 says of an upload. https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
import { z } from 'zod';

const record = z.object({ s3: z.object({ object: z.object({ key: z.string() }) }) });

/** The test event of a new configuration has no records. */
export const UploadEvent = z.object({ Records: z.array(record).default([]) });
export type UploadEvent = z.output<typeof UploadEvent>;

const keyShape = /^uploads\/([0-9a-f-]{36})\/([0-9a-f-]{36})$/;

export interface UploadedObject {
  readonly key: string;
  readonly projectId: string;
  readonly mediaId: string;
}

/** Those that no upload of ours has are passed over. */
export function uploadedObjects(event: UploadEvent): UploadedObject[] {
  return keysOf(event).flatMap((key) => {
    const [, projectId, mediaId] = keyShape.exec(key) ?? [];
    const ids = z.tuple([z.uuid(), z.uuid()]).safeParse([projectId, mediaId]);
    return ids.success ? [{ key, projectId: ids.data[0], mediaId: ids.data[1] }] : [];
  });
}

const avatarKeyShape = /^uploads\/avatars\/([0-9a-f-]{36})$/;

/** Ids of people's pictures. */
export function uploadedAvatars(event: UploadEvent): string[] {
  return keysOf(event).flatMap((key) => z.uuid().safeParse(avatarKeyShape.exec(key)?.[1]).data ?? []);
}

/** Keys come form-encoded. */
function keysOf(event: UploadEvent): string[] {
  return event.Records.map(({ s3 }) => decodeURIComponent(s3.object.key.replaceAll('+', ' ')));
}
