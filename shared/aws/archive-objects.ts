/** The bucket of archived partitions. Objects are written once; nothing but a partition that changed meanwhile is deleted. */
import type { Readable } from 'node:stream';
import { DeleteObjectsCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { config } from '../config/config.ts';

let client: S3Client | undefined;

function s3(): S3Client {
  client ??= new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' });
  return client;
}

const bucket = () => config('archive').ARCHIVE_BUCKET;

export async function putArchived(key: string, body: Buffer, mimeType: string): Promise<void> {
  await s3().send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: body, ContentType: mimeType }));
}

export async function openArchived(key: string): Promise<Readable> {
  const answer = await s3().send(new GetObjectCommand({ Bucket: bucket(), Key: key }));
  if (answer.Body === undefined) throw new Error('the object has no body');
  return answer.Body as Readable;
}

export async function deleteArchived(keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 1_000) {
    const Objects = keys.slice(at, at + 1_000).map((Key) => ({ Key }));
    await s3().send(new DeleteObjectsCommand({ Bucket: bucket(), Delete: { Objects, Quiet: true } }));
  }
}
