import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CopyObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import type { S3Event, SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { startEventSource } from '../../../infra/local/aws/event-source.ts';
import { type AwsWorld, openAws, startAwsChild } from './aws-world.ts';

const Bucket = 'media-bucket';
const rule = { id: 'uploads', bucket: Bucket, prefix: 'uploads/', queue: 'media' };
let aws: AwsWorld;
let client: S3Client;

beforeEach(async () => {
  aws = await openAws();
  aws.sqs.createQueue({ name: 'media', visibilityTimeoutS: 60 });
  aws.s3.createBucket(Bucket);
  client = new S3Client(aws.client);
});

afterEach(async () => {
  client.destroy();
  await aws.close();
});

function received(): unknown[] {
  aws.events.drain();
  return bodiesIn(aws);
}

function bodiesIn(world: AwsWorld): unknown[] {
  return world.sqs.receive('media', { max: 1_000 }).map(({ body }) => JSON.parse(body));
}

function recordsOf(bodies: readonly unknown[]): S3Event['Records'] {
  return bodies.flatMap((body) => (isS3Event(body) ? body.Records : []));
}

function isS3Event(body: unknown): body is S3Event {
  return typeof body === 'object' && body !== null && 'Records' in body;
}

test('a new rule sends the test event once, and uploads under the prefix send the event of S3', async () => {
  aws.events.configure(rule);
  expect(received()).toEqual([
    {
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: expect.stringMatching(/Z$/),
      Bucket,
      RequestId: expect.any(String),
      HostId: expect.any(String),
    },
  ]);
  aws.events.configure(rule);
  await client.send(new PutObjectCommand({ Bucket, Key: 'elsewhere/x', Body: 'x' }));
  expect(received()).toEqual([]);
  await client.send(new PutObjectCommand({ Bucket, Key: 'uploads/ä b+(1).jpg', Body: 'x' }));
  expect(received()).toEqual([
    {
      Records: [
        {
          eventVersion: '2.5',
          eventSource: 'aws:s3',
          awsRegion: 'us-east-1',
          eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: expect.any(String) },
          requestParameters: { sourceIPAddress: '127.0.0.1' },
          responseElements: { 'x-amz-request-id': expect.any(String), 'x-amz-id-2': expect.any(String) },
          s3: {
            s3SchemaVersion: '1.0',
            configurationId: 'uploads',
            bucket: {
              name: Bucket,
              ownerIdentity: { principalId: expect.any(String) },
              arn: `arn:aws:s3:::${Bucket}`,
            },
            object: {
              key: 'uploads/%C3%A4+b%2B%281%29.jpg',
              size: 1,
              eTag: '9dd4e461268c8034f5c8564e155c67a6',
              sequencer: expect.stringMatching(/^[0-9A-F]{18}$/),
            },
          },
        },
      ],
    },
  ]);
});

test('forms and copies are announced by their own names, with a rising sequencer', async () => {
  aws.events.configure(rule);
  await client.send(new PutObjectCommand({ Bucket, Key: 'uploads/a', Body: 'x' }));
  const { url, fields } = await createPresignedPost(client, { Bucket, Key: 'uploads/a' });
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append('file', new Blob(['y']));
  expect((await fetch(url, { method: 'POST', body })).status).toBe(204);
  await client.send(new CopyObjectCommand({ Bucket, Key: 'uploads/b', CopySource: `${Bucket}/uploads/a` }));
  const records = recordsOf(received());
  expect(records.map(({ eventName }) => eventName)).toEqual([
    'ObjectCreated:Put',
    'ObjectCreated:Post',
    'ObjectCreated:Copy',
  ]);
  const sequencers = records.map(({ s3 }) => s3.object.sequencer);
  expect(sequencers).toEqual(sequencers.toSorted());
  expect(new Set(sequencers).size).toBe(3);
});

test('a refused upload is not announced', async () => {
  aws.events.configure(rule);
  received();
  const wrong = new PutObjectCommand({ Bucket, Key: 'uploads/a', Body: 'x', ChecksumCRC32: 'AAAAAA==' });
  await expect(client.send(wrong)).rejects.toThrow();
  expect(received()).toEqual([]);
});

test('overlapping prefixes of a bucket are refused', () => {
  aws.events.configure(rule);
  expect(() => aws.events.configure({ ...rule, id: 'other', prefix: 'uploads/images/' })).toThrow(/overlaps/);
  expect(() => aws.events.configure({ ...rule, id: 'other', prefix: '' })).toThrow(/overlaps/);
  aws.events.configure({ ...rule, id: 'other', prefix: 'imports/' });
});

test('an upload starts the function of its queue by itself', async () => {
  aws.events.configure(rule);
  const events: SQSEvent[] = [];
  const source = startEventSource({
    sqs: aws.sqs,
    queue: 'media',
    batch: 1,
    windowS: 0,
    functionName: 'media',
    invoke: async (event) => void events.push(event),
    maxConcurrency: 2,
  });
  await client.send(new PutObjectCommand({ Bucket, Key: 'uploads/a', Body: 'x' }));
  const endMs = Date.now() + 5_000;
  while (events.length < 2 && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
  await source.stop();
  const bodies = events.flatMap(({ Records }) => Records.map(({ body }) => JSON.parse(body)));
  expect(recordsOf(bodies).map(({ s3 }) => s3.object.key)).toEqual(['uploads/a']);
});

test.each(['s3:PutObject:after', 'none'])(
  'no stored upload stays unannounced when the host is killed (%s)',
  async (point) => {
    const dir = mkdtempSync(join(tmpdir(), 'posthaste-events-'));
    try {
      const child = await startAwsChild(dir, point);
      const outside = new S3Client(child.client);
      const puts = Array.from({ length: 20 }, (_, index) =>
        outside.send(new PutObjectCommand({ Bucket, Key: `uploads/${index}`, Body: 'x' })),
      );
      const settled = Promise.allSettled(puts);
      if (point === 'none') await Promise.race(puts);
      else await child.gone;
      await child.kill();
      await settled;
      outside.destroy();
      const after = await openAws({ dir });
      const announced = recordsOf(bodiesIn(after)).map(({ s3 }) => s3.object.key);
      const stored = after.store
        .rows(z.object({ key: z.string() }), 'select key from s3_objects')
        .map(({ key }) => key);
      await after.close();
      expect(stored.length).toBeGreaterThan(0);
      expect(announced.toSorted()).toEqual(stored.toSorted());
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);
