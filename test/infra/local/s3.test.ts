import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AwsWorld, openAws, refusal, startAwsChild } from './aws-world.ts';

const Bucket = 'media-bucket';
const photo = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 251));
let aws: AwsWorld;
let client: S3Client;
let skewMs = 0;

beforeEach(async () => {
  skewMs = 0;
  aws = await openAws({ now: () => Date.now() + skewMs });
  aws.s3.createBucket(Bucket);
  client = new S3Client({ ...aws.client, requestChecksumCalculation: 'WHEN_REQUIRED' });
});

afterEach(async () => {
  client.destroy();
  await aws.close();
});

function files(): { objects: number; uploads: number } {
  const count = (folder: string): number => readdirSync(join(aws.dir, folder)).length;
  return { objects: count('objects'), uploads: count('uploads') };
}

async function read(Key: string, Range?: string): Promise<Buffer> {
  const result = await client.send(new GetObjectCommand({ Bucket, Key, ...(Range === undefined ? {} : { Range }) }));
  return Buffer.from((await result.Body?.transformToByteArray()) ?? []);
}

async function errorOf(response: Response): Promise<{ status: number; code: string | undefined; text: string }> {
  const text = await response.text();
  return { status: response.status, code: /<Code>([^<]+)</.exec(text)?.[1], text };
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('an object comes back byte for byte with its type, tag, metadata and checksum', async () => {
  const sdkDefault = new S3Client(aws.client);
  const key = 'uploads/a b/ü+&=%/photo (1).jpg';
  const put = await sdkDefault.send(
    new PutObjectCommand({ Bucket, Key: key, Body: photo, ContentType: 'image/jpeg', Metadata: { owner: 'ann' } }),
  );
  const tag = `"${createHash('md5').update(photo).digest('hex')}"`;
  expect(put.ETag).toBe(tag);
  const got = await sdkDefault.send(new GetObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' }));
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(photo);
  expect(got).toMatchObject({
    ETag: tag,
    ContentType: 'image/jpeg',
    ContentLength: 100_000,
    Metadata: { owner: 'ann' },
  });
  expect(got.ChecksumCRC32).toBe(put.ChecksumCRC32);
  const head = await sdkDefault.send(new HeadObjectCommand({ Bucket, Key: key }));
  expect(head).toMatchObject({ ETag: tag, ContentLength: 100_000, ContentType: 'image/jpeg' });
  await sdkDefault.send(new HeadBucketCommand({ Bucket }));
  sdkDefault.destroy();
});

test('a stream is stored without the framing that the SDK sends it in', async () => {
  const sdkDefault = new S3Client(aws.client);
  const parts = Array.from({ length: 50 }, (_, index) => Buffer.alloc(70_001, index));
  const Body = Readable.from(parts);
  await sdkDefault.send(new PutObjectCommand({ Bucket, Key: 'big', Body, ContentLength: 50 * 70_001 }));
  sdkDefault.destroy();
  expect((await read('big')).equals(Buffer.concat(parts))).toBe(true);
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'big', ChecksumMode: 'ENABLED' }));
  expect(head.ContentEncoding).toBeUndefined();
  expect(head.ChecksumCRC32).toMatch(/^[A-Za-z0-9+/]{6}==$/);
});

test.each([
  ['CRC32', { ChecksumCRC32: 'AAAAAA==' }],
  ['SHA-256', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }],
  ['SHA-1', { ChecksumSHA1: Buffer.alloc(20).toString('base64') }],
  ['MD5', { ContentMD5: Buffer.alloc(16).toString('base64') }],
])('a body whose %s is not what was sent is not stored', async (_, sum) => {
  const failed = await refusal(client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: photo, ...sum })));
  expect(failed).toMatchObject({ name: 'BadDigest', status: 400 });
  expect((await refusal(read('x'))).name).toBe('NoSuchKey');
  expect(files()).toEqual({ objects: 0, uploads: 0 });
});

test.each([
  ['bytes=0-9', 0, 10],
  ['bytes=99990-', 99_990, 100_000],
  ['bytes=-5', 99_995, 100_000],
  ['bytes=10-9999999', 10, 100_000],
])('a part of an object is read by %s', async (range, start, end) => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: photo }));
  const part = await client.send(new GetObjectCommand({ Bucket, Key: 'x', Range: range }));
  expect(part.$metadata.httpStatusCode).toBe(206);
  expect(part.ContentRange).toBe(`bytes ${start}-${end - 1}/100000`);
  expect(Buffer.from((await part.Body?.transformToByteArray()) ?? [])).toEqual(photo.subarray(start, end));
});

test('conditions and ranges that do not hold are answered as by S3', async () => {
  const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: photo }));
  expect(await refusal(read('x', 'bytes=100000-'))).toMatchObject({ name: 'InvalidRange', status: 416 });
  const same = new GetObjectCommand({ Bucket, Key: 'x', IfNoneMatch: ETag });
  expect((await refusal(client.send(same))).status).toBe(304);
  const other = new GetObjectCommand({ Bucket, Key: 'x', IfMatch: '"other"' });
  expect((await refusal(client.send(other))).status).toBe(412);
  const taken = new PutObjectCommand({ Bucket, Key: 'x', Body: 'other', IfNoneMatch: '*' });
  expect(await refusal(client.send(taken))).toMatchObject({ name: 'PreconditionFailed', status: 412 });
  expect(await read('x')).toEqual(photo);
  expect(files()).toEqual({ objects: 1, uploads: 0 });
});

test('missing keys and buckets, unsigned and wrongly signed calls are refused', async () => {
  expect(await refusal(read('nothing'))).toMatchObject({ name: 'NoSuchKey', status: 404 });
  const head = new HeadObjectCommand({ Bucket, Key: 'nothing' });
  expect(await refusal(client.send(head))).toMatchObject({ name: 'NotFound', status: 404 });
  const foreign = new PutObjectCommand({ Bucket: 'not-there', Key: 'x', Body: 'x' });
  expect(await refusal(client.send(foreign))).toMatchObject({ name: 'NoSuchBucket', status: 404 });
  expect(await errorOf(await fetch(`${aws.origin}/${Bucket}/x`))).toMatchObject({ status: 403, code: 'AccessDenied' });
  const wrong = new S3Client({ ...aws.client, credentials: { ...aws.client.credentials, secretAccessKey: 'wrong' } });
  const put = wrong.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }));
  expect(await refusal(put)).toMatchObject({ name: 'SignatureDoesNotMatch', status: 403 });
  skewMs = 20 * 60_000;
  expect((await refusal(read('x'))).name).toBe('RequestTimeTooSkewed');
});

test('an error document escapes the key', async () => {
  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: '<script>&"' }));
  const { text, status } = await errorOf(await fetch(url));
  expect(status).toBe(404);
  expect(text).toContain('<Key>&lt;script&gt;&amp;&quot;</Key>');
  expect(text).not.toContain('<script>');
});

test('objects are replaced, copied and deleted, and no file stays behind', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'one', ContentType: 'text/plain' }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'two', ContentType: 'text/plain' }));
  await client.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` }));
  expect((await client.send(new HeadObjectCommand({ Bucket, Key: 'b' }))).ContentType).toBe('text/plain');
  expect(String(await read('b'))).toBe('two');
  expect(files().objects).toBe(2);
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  const deleted = await client.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'b' }, { Key: 'not & there' }] } }),
  );
  expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(['b', 'not & there']);
  expect(files()).toEqual({ objects: 0, uploads: 0 });
});

test('keys are listed in byte order, by prefix, page and folder', async () => {
  const keys = ['a/1', 'a/2', 'a/b/3', 'z', 'ä', '\u{FF5E}', '\u{1F600}'];
  for (const Key of keys.toReversed()) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  const first = await client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 3 }));
  expect(first.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2', 'a/b/3']);
  expect(first.IsTruncated).toBe(true);
  const ContinuationToken = first.NextContinuationToken;
  const second = await client.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
  expect(second.Contents?.map(({ Key }) => Key)).toEqual(['z', 'ä', '\u{FF5E}', '\u{1F600}']);
  expect(second.IsTruncated).toBe(false);
  const folder = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/', Delimiter: '/' }));
  expect(folder.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
  expect(folder.CommonPrefixes).toEqual([{ Prefix: 'a/b/' }]);
});

test('a presigned PUT takes what was signed, and nothing else or later', async () => {
  const put = new PutObjectCommand({ Bucket, Key: 'uploads/p q.jpg', ContentType: 'image/jpeg' });
  const url = await getSignedUrl(client, put, { expiresIn: 60, signableHeaders: new Set(['content-type']) });
  const send = (to: string, headers: Record<string, string> = { 'content-type': 'image/jpeg' }) =>
    fetch(to, { method: 'PUT', headers, body: photo });
  expect(await errorOf(await send(url.replace('p%20q', 'other')))).toMatchObject({ code: 'SignatureDoesNotMatch' });
  expect(await errorOf(await send(url.replace('Expires=60', 'Expires=6000')))).toMatchObject({ status: 403 });
  expect(await errorOf(await send(url, { 'content-type': 'text/html' }))).toMatchObject({
    code: 'SignatureDoesNotMatch',
  });
  const unsigned = { 'content-type': 'image/jpeg', 'x-amz-meta-role': 'admin' };
  expect(await errorOf(await send(url, unsigned))).toMatchObject({ status: 403, code: 'AccessDenied' });
  expect(files()).toEqual({ objects: 0, uploads: 0 });
  expect((await send(url)).status).toBe(200);
  expect(await read('uploads/p q.jpg')).toEqual(photo);
  skewMs = 61_000;
  const late = await errorOf(await send(url));
  expect(late).toMatchObject({ status: 403, code: 'AccessDenied' });
  expect(late.text).toContain('Request has expired');
});

test('a presigned PUT with the default checksum setting fails as on S3: it signed the sum of an empty body', async () => {
  const sdkDefault = new S3Client(aws.client);
  const url = await getSignedUrl(sdkDefault, new PutObjectCommand({ Bucket, Key: 'x' }));
  sdkDefault.destroy();
  expect(url).toContain('x-amz-checksum-crc32=AAAAAA');
  const response = await fetch(url, { method: 'PUT', body: photo });
  expect(await errorOf(response)).toMatchObject({ status: 400, code: 'BadDigest' });
});

test('a presigned GET is open to anybody until it expires', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'x y', Body: photo, ContentType: 'image/jpeg' }));
  const get = new GetObjectCommand({ Bucket, Key: 'x y', ResponseContentDisposition: 'attachment; filename="x.jpg"' });
  const url = await getSignedUrl(client, get, { expiresIn: 60 });
  const response = await fetch(url, { headers: { origin: 'http://app.test', range: 'bytes=0-9' } });
  expect(response.status).toBe(206);
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="x.jpg"');
  expect(response.headers.get('content-type')).toBe('image/jpeg');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(Buffer.from(await response.arrayBuffer())).toEqual(photo.subarray(0, 10));
  expect((await fetch(url, { method: 'HEAD' })).status).toBe(403);
  expect(await errorOf(await fetch(url.replace('x%20y', 'z')))).toMatchObject({ code: 'SignatureDoesNotMatch' });
  skewMs = 61_000;
  expect(await errorOf(await fetch(url))).toMatchObject({ status: 403, code: 'AccessDenied' });
});

test('a browser may ask first', async () => {
  const response = await fetch(`${aws.origin}/${Bucket}/x`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://app.test',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type',
    },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('access-control-allow-methods')).toContain('PUT');
  expect(response.headers.get('access-control-allow-headers')).toBe('content-type');
});

function presignedPost(more: { expires?: number } = {}) {
  return createPresignedPost(client, {
    Bucket,
    Key: 'uploads/one.jpg',
    Conditions: [
      ['content-length-range', 10, 200_000],
      ['starts-with', '$Content-Type', 'image/'],
    ],
    Fields: { 'x-amz-meta-upload': '1' },
    Expires: more.expires ?? 60,
  });
}

function form(fields: Record<string, string>, file: Buffer = photo): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append('file', new Blob([Uint8Array.from(file)]), 'photo.jpg');
  return data;
}

test('a presigned form uploads what its policy allows', async () => {
  const { url, fields } = await presignedPost();
  const response = await fetch(url, { method: 'POST', body: form({ ...fields, 'Content-Type': 'image/jpeg' }) });
  expect(response.status).toBe(204);
  expect(await read('uploads/one.jpg')).toEqual(photo);
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'uploads/one.jpg' }));
  expect(head).toMatchObject({ ContentType: 'image/jpeg', Metadata: { upload: '1' } });
});

test.each([
  ['another key', { key: 'uploads/two.jpg' }, 'AccessDenied'],
  ['another type', { 'Content-Type': 'text/html' }, 'AccessDenied'],
  ['a field nobody allowed', { acl: 'public-read' }, 'AccessDenied'],
  ['another value', { 'x-amz-meta-upload': '2' }, 'AccessDenied'],
  ['another signature', { 'X-Amz-Signature': '0'.repeat(64) }, 'SignatureDoesNotMatch'],
  ['another key id', { 'X-Amz-Credential': 'AKIAOTHER/20260101/us-east-1/s3/aws4_request' }, 'InvalidAccessKeyId'],
  [
    'a policy of its own',
    { Policy: Buffer.from('{"expiration":"2099-01-01T00:00:00Z","conditions":[]}').toString('base64') },
    'SignatureDoesNotMatch',
  ],
])('a form with %s is refused', async (_, changed, code) => {
  const { url, fields } = await presignedPost();
  const body = form({ ...fields, 'Content-Type': 'image/jpeg', ...changed });
  expect(await errorOf(await fetch(url, { method: 'POST', body }))).toMatchObject({ status: 403, code });
  expect(files()).toEqual({ objects: 0, uploads: 0 });
});

test('a form that is late, too large, too small or out of order is refused', async () => {
  const { url, fields } = await presignedPost();
  const all = { ...fields, 'Content-Type': 'image/jpeg' };
  const post = async (body: FormData) => errorOf(await fetch(url, { method: 'POST', body }));
  expect(await post(form(all, Buffer.alloc(200_001)))).toMatchObject({ status: 400, code: 'EntityTooLarge' });
  expect(await post(form(all, Buffer.alloc(5_000_000)))).toMatchObject({ status: 400, code: 'EntityTooLarge' });
  expect(await post(form(all, Buffer.alloc(9)))).toMatchObject({ status: 400, code: 'EntityTooSmall' });
  const bare = new FormData();
  for (const [name, value] of Object.entries(all)) bare.append(name, value);
  expect(await post(bare)).toMatchObject({ status: 400, code: 'InvalidArgument' });
  const fileFirst = new FormData();
  fileFirst.append('file', new Blob(['0123456789']), 'x.jpg');
  for (const [name, value] of Object.entries(all)) fileFirst.append(name, value);
  expect(await post(fileFirst)).toMatchObject({ status: 400, code: 'InvalidArgument' });
  skewMs = 61_000;
  const late = await post(form(all));
  expect(late).toMatchObject({ status: 403, code: 'AccessDenied' });
  expect(late.text).toContain('Policy expired');
  expect(files()).toEqual({ objects: 0, uploads: 0 });
});

/** Sends the beginning of a body and hangs up. */
async function cutOff(options: { method: string; url: string; headers: Record<string, string>; begin: Buffer }) {
  const { method, url, headers, begin } = options;
  const sending = request(url, { method, headers: { ...headers, 'content-length': '1000000' } });
  sending.on('error', () => undefined);
  sending.write(begin);
  await until(() => files().uploads === 1);
  sending.destroy();
  await until(() => files().uploads === 0);
}

test('an upload that is cut off leaves no object and no file', async () => {
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'cut' }));
  await cutOff({ method: 'PUT', url, headers: {}, begin: Buffer.alloc(300_000) });
  const signed = await presignedPost();
  const parts = Object.entries({ ...signed.fields, 'Content-Type': 'image/jpeg' }).map(
    ([name, value]) => `--cut\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = '--cut\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n';
  const begin = Buffer.concat([Buffer.from(parts.join('') + file), Buffer.alloc(100_000, 1)]);
  const headers = { 'content-type': 'multipart/form-data; boundary=cut' };
  await cutOff({ method: 'POST', url: signed.url, headers, begin });
  expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  expect(files()).toEqual({ objects: 0, uploads: 0 });
});

test('a reader keeps its object while another upload replaces it', async () => {
  const old = Buffer.alloc(20_000_000, 1);
  await client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: old }));
  const reading = await client.send(new GetObjectCommand({ Bucket, Key: 'x' }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'new' }));
  const bytes = Buffer.from((await reading.Body?.transformToByteArray()) ?? []);
  expect(bytes.equals(old)).toBe(true);
  expect(String(await read('x'))).toBe('new');
});

test('faults strike before or after the effect', async () => {
  aws.faults.arm({ point: 's3:PutObject:before', action: 'error', error: 'SlowDown' });
  const put = new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' });
  expect(await refusal(client.send(put))).toMatchObject({ name: 'SlowDown', status: 503 });
  expect(files().objects).toBe(0);
  aws.faults.arm({ point: 's3:PutObject:after', action: 'error', error: 'InternalError' });
  expect(await refusal(client.send(put))).toMatchObject({ name: 'InternalError', status: 500 });
  expect(String(await read('x'))).toBe('x');
});

test.each(['s3:PutObject:before', 's3:PutObject:after'])(
  'objects survive a kill at %s, whole or not at all',
  async (point) => {
    const dir = mkdtempSync(join(tmpdir(), 'posthaste-s3-'));
    try {
      const first = await startAwsChild(dir);
      const before = new S3Client(first.client);
      await before.send(new PutObjectCommand({ Bucket, Key: 'uploads/kept', Body: photo }));
      before.destroy();
      await first.kill();
      const second = await startAwsChild(dir, point);
      const during = new S3Client(second.client);
      await expect(during.send(new PutObjectCommand({ Bucket, Key: 'uploads/struck', Body: photo }))).rejects.toThrow();
      during.destroy();
      await second.gone;
      writeFileSync(join(dir, 'objects', 'file-without-a-row'), 'killed between file and row');
      const third = await startAwsChild(dir);
      const after = new S3Client(third.client);
      const kept = await after.send(new GetObjectCommand({ Bucket, Key: 'uploads/kept' }));
      expect(Buffer.from((await kept.Body?.transformToByteArray()) ?? []).equals(photo)).toBe(true);
      const { Contents } = await after.send(new ListObjectsV2Command({ Bucket }));
      const expected = point.endsWith('after') ? ['uploads/kept', 'uploads/struck'] : ['uploads/kept'];
      expect(Contents?.map(({ Key }) => Key)).toEqual(expected);
      expect(readdirSync(join(dir, 'objects'))).toHaveLength(expected.length);
      after.destroy();
      await third.kill();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    expect(existsSync(dir)).toBe(false);
  },
);
