/** S3: uploads are asked for here and sent by the client itself; renditions are written and read as streams. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { config } from '../config/config.ts';
import { steady } from './steady.ts';

let client: S3Client | undefined;

function s3(): S3Client {
  // WHEN_REQUIRED: the default would sign the checksum of an empty body into every presigned upload.
  client ??= new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' });
  return client;
}

export interface UploadForm {
  readonly url: string;
  readonly fields: Record<string, string>;
}

export interface UploadAllowed {
  readonly key: string;
  readonly mimeType: string;
  readonly maxBytes: number;
  /** Whenever it is signed: a form never outlives what was said of it first. */
  readonly expiresAt: string;
}

/** A form that uploads exactly one object. What is past gives a form that nobody takes any more. */
export async function presignUpload({ key, mimeType, maxBytes, expiresAt }: UploadAllowed): Promise<UploadForm> {
  const form = await createPresignedPost(s3(), {
    Bucket: config('media').MEDIA_BUCKET,
    Key: key,
    Fields: { 'Content-Type': mimeType },
    Conditions: [
      ['content-length-range', 1, maxBytes],
      ['eq', '$Content-Type', mimeType],
    ],
    Expires: (Date.parse(expiresAt) - Date.now()) / 1_000,
  });
  return { url: form.url, fields: form.fields };
}

/** A URL that anybody can fetch until it expires. */
export async function presignRead(key: string, expiresInS: number): Promise<string> {
  const command = new GetObjectCommand({ Bucket: config('media').MEDIA_BUCKET, Key: key });
  return getSignedUrl(s3(), command, steady(expiresInS));
}

/** The object's size, or null where there is none. */
export async function sizeOf(key: string): Promise<number | null> {
  try {
    const head = await s3().send(new HeadObjectCommand({ Bucket: config('media').MEDIA_BUCKET, Key: key }));
    return head.ContentLength ?? null;
  } catch (error) {
    // Without the right to list, S3 answers 403 for what is not there.
    if (error instanceof Error && (error.name === 'NotFound' || error.name === 'Forbidden' || error.name === '403'))
      return null;
    throw error;
  }
}

export async function openObject(key: string): Promise<{ body: Readable; length: number }> {
  const answer = await s3().send(new GetObjectCommand({ Bucket: config('media').MEDIA_BUCKET, Key: key }));
  if (answer.Body === undefined) throw new Error('the object has no body');
  return { body: answer.Body as Readable, length: answer.ContentLength ?? 0 };
}

export async function putFile(key: string, path: string, mimeType: string): Promise<void> {
  const { size } = await stat(path);
  await s3().send(
    new PutObjectCommand({
      Bucket: config('media').MEDIA_BUCKET,
      Key: key,
      Body: createReadStream(path),
      ContentLength: size,
      ContentType: mimeType,
      CacheControl: 'public, max-age=31536000, immutable',
    }),
  );
}

export async function deleteObjects(keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await s3().send(
    new DeleteObjectsCommand({
      Bucket: config('media').MEDIA_BUCKET,
      Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
    }),
  );
}
