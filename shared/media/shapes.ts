/** A medium as callers see it. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { givenProject } from '../projects/shapes.ts';
import { oneLine } from '../text/shapes.ts';
import { mediaLimits } from './limits.ts';
import { imageTypes, videoTypes } from './sniff.ts';

export const MediaStatus = z.enum(['pending_upload', 'processing', 'ready', 'failed']).meta({ id: 'MediaStatus' });
export const MediaKind = z
  .enum(['image', 'video', 'gif', 'document', 'audio'])
  .meta({ id: 'MediaKind', description: 'Uploads become images or videos; the other kinds come from imports.' });
export type MediaKind = z.output<typeof MediaKind>;

export const Media = z
  .object({
    id,
    projectId: id,
    status: MediaStatus,
    fileName: z.string(),
    declaredMimeType: z.string(),
    declaredBytes: z.int(),
    kind: MediaKind.nullable().describe('Detected from the content; null until it has been processed.'),
    mimeType: z.string().nullable().describe('Detected from the content.'),
    bytes: z.int().nullable().describe('Size of the file without metadata.'),
    width: z.int().nullable().describe('In pixels, as displayed.'),
    height: z.int().nullable(),
    video: z
      .object({
        durationMs: z.int(),
        fps: z.number().nullable(),
        videoCodec: z.string(),
        audioCodec: z.string().nullable(),
      })
      .nullable(),
    failure: z.object({ code: z.string(), reason: z.string() }).nullable(),
    renditions: z.array(
      z.object({
        name: z.enum(['original', 'preview', 'thumb', 'poster']),
        url: z.string().describe('Valid for an hour.'),
        mimeType: z.string(),
        bytes: z.int(),
        width: z.int(),
        height: z.int(),
        sha256: z.string(),
      }),
    ),
    createdBy: id.nullable(),
    createdAt: instant,
    updatedAt: instant,
    version: z.int(),
  })
  .meta({ id: 'Media' });
export type Media = z.output<typeof Media>;

/** Only what is declared is checked here; the content is looked at once it has come. */
export const UploadRequest = z
  .strictObject({
    projectId: givenProject,
    fileName: oneLine.min(1).max(255),
    mimeType: z.enum([...imageTypes, ...videoTypes]),
    bytes: z.int().min(1).describe('Size of the file to be uploaded; a larger one is refused.'),
  })
  .refine(({ mimeType, bytes }) => bytes <= maxBytesOf(mimeType), {
    path: ['bytes'],
    message: `must be at most ${mediaLimits.image.maxBytes} for an image, ${mediaLimits.video.maxBytes} for a video`,
  })
  .meta({ id: 'UploadRequest' });

function maxBytesOf(mimeType: string): number {
  return mediaLimits[mimeType.startsWith('image/') ? 'image' : 'video'].maxBytes;
}

export const Upload = z
  .object({
    url: z.string(),
    fields: z.record(z.string(), z.string()),
    expiresAt: instant,
  })
  .meta({
    id: 'Upload',
    description: 'Send a multipart/form-data POST to `url`: all `fields` first, then the file under the name `file`.',
  });
