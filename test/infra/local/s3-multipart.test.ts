/** Uploads in parts, as strict as S3's own. */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AwsWorld, openAws, refusal } from './aws-world.ts';

const Bucket = 'media-bucket';
const Key = 'exports/1/all.zip';
const MiB = 1024 ** 2;
const bytes = Buffer.alloc(12 * MiB).map((_, index) => (index * 7919) % 251);
const md5 = (data: Uint8Array) => createHash('md5').update(data).digest();
let aws: AwsWorld;
let client: S3Client;

beforeEach(async () => {
  aws = await openAws();
  aws.s3.createBucket(Bucket);
  client = new S3Client({ ...aws.client, requestChecksumCalculation: 'WHEN_REQUIRED' });
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

const files = (folder: string) => readdirSync(join(aws.dir, folder)).length;

async function begin(): Promise<string> {
  const { UploadId } = await client.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'application/zip' }),
  );
  return UploadId ?? '';
}

async function send(UploadId: string, PartNumber: number, Body: Buffer) {
  const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { PartNumber, ETag };
}

const complete = (UploadId: string, Parts: { PartNumber: number; ETag: string | undefined }[]) =>
  client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));

test('parts become one object, byte for byte, and nothing is left of them', async () => {
  const data = Buffer.from(bytes);
  await new Upload({
    client,
    params: { Bucket, Key, Body: data, ContentType: 'application/zip' },
    partSize: 5 * MiB,
    queueSize: 2,
  }).done();
  const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
  const digests = [0, 5, 10].map((at) => md5(data.subarray(at * MiB, (at + 5) * MiB)));
  expect(head).toMatchObject({
    ContentLength: 12 * MiB,
    ContentType: 'application/zip',
    ETag: `"${md5(Buffer.concat(digests)).toString('hex')}-3"`,
  });
  const got = await client.send(new GetObjectCommand({ Bucket, Key }));
  expect(md5((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toEqual(md5(data));
  expect([files('parts'), files('uploads')]).toEqual([0, 0]);
  const copy = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
  expect(copy.CopyObjectResult?.ETag).toBe(`"${md5(data).toString('hex')}"`);
});

test('until it is completed nobody sees it, and an abort takes its parts away', async () => {
  const id = await begin();
  await send(id, 1, Buffer.from(bytes.subarray(0, 5 * MiB)));
  await send(id, 1, Buffer.from(bytes.subarray(0, 6 * MiB))); // in place of the first one
  expect(files('parts')).toBe(1);
  expect((await refusal(client.send(new HeadObjectCommand({ Bucket, Key })))).status).toBe(404);
  const listed = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(listed.Uploads?.map(({ UploadId }) => UploadId)).toEqual([id]);
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: id }));
  expect(files('parts')).toBe(0);
  expect(await refusal(send(id, 2, Buffer.from('late')))).toMatchObject({ status: 404, name: 'NoSuchUpload' });
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
});

test('small parts, parts out of order and parts that never came are refused', async () => {
  const id = await begin();
  const one = await send(id, 1, Buffer.from('small'));
  const two = await send(id, 2, Buffer.from('last'));
  expect(await refusal(complete(id, [one, two]))).toMatchObject({ status: 400, name: 'EntityTooSmall' });
  expect(await refusal(complete(id, [two, one]))).toMatchObject({ name: 'InvalidPartOrder' });
  expect(await refusal(complete(id, [{ ...one, ETag: '"0"' }]))).toMatchObject({ name: 'InvalidPart' });
  expect(await refusal(complete(id, [{ PartNumber: 3, ETag: two.ETag }]))).toMatchObject({ name: 'InvalidPart' });
  expect(await refusal(send(id, 0, Buffer.from('x')))).toMatchObject({ name: 'InvalidArgument' });
  expect(await refusal(send(id, 10_001, Buffer.from('x')))).toMatchObject({ name: 'InvalidArgument' });
  await complete(id, [two]);
  expect(await refusal(complete(id, [two]))).toMatchObject({ status: 404, name: 'NoSuchUpload' });
  expect(files('parts')).toBe(0);
});
