/** S3: bodies whose length nobody knows before they end, in parts; and the way to fetch them under a name. */
import type { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { config } from '../config/config.ts';
import { steady } from './steady.ts';

const PART_BYTES = 8 * 1024 * 1024; // times S3's 10,000 parts: 78 GiB
const PARTS_AT_ONCE = 2;

let client: S3Client | undefined;

function s3(): S3Client {
  client ??= new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' });
  return client;
}

/** Keeps about three parts in memory. What was sent of a body that fails is taken back. */
export async function putStream(key: string, body: Readable, mimeType: string, signal: AbortSignal): Promise<void> {
  const upload = new Upload({
    client: s3(),
    params: { Bucket: config('media').MEDIA_BUCKET, Key: key, Body: body, ContentType: mimeType },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
  });
  const abort = () => void upload.abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await upload.done();
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A URL that anybody can fetch until it expires; browsers save it under the name. */
export async function presignDownload(key: string, fileName: string, expiresInS: number): Promise<string> {
  const command = new GetObjectCommand({
    Bucket: config('media').MEDIA_BUCKET,
    Key: key,
    ResponseContentDisposition: `attachment; filename="${fileName}"`,
  });
  return getSignedUrl(s3(), command, steady(expiresInS));
}
