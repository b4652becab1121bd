import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AwsWorld, credentials, openAws, refusal, startAwsChild } from './aws-world.ts';

let aws: AwsWorld;
let client: SQSClient;
let url: string;

beforeEach(async () => {
  aws = await openAws();
  client = new SQSClient(aws.client);
  aws.sqs.createQueue({ name: 'dead' });
  aws.sqs.createQueue({ name: 'publish', visibilityTimeoutS: 30, maxReceives: 2, deadLetter: 'dead' });
  url = aws.sqs.url('publish');
});

afterEach(async () => {
  client.destroy();
  await aws.close();
});

function send(body: string, more: { DelaySeconds?: number; MessageGroupId?: string } = {}) {
  return client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...more }));
}

async function receive(more: Partial<ConstructorParameters<typeof ReceiveMessageCommand>[0]> = {}) {
  const result = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, ...more }));
  return result.Messages ?? [];
}

test('a message arrives as it was sent, with its checksums and system attributes', async () => {
  const body = 'Grüße 🎉\n\t"quoted" \u{10FFFF}';
  const attributes = {
    kind: { DataType: 'String', StringValue: 'photo' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 255]) },
    count: { DataType: 'Number', StringValue: '12.5' },
  };
  const sent = await client.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: body,
      MessageGroupId: 'project-1',
      MessageAttributes: attributes,
    }),
  );
  expect(sent.MD5OfMessageBody).toBe(createHash('md5').update(body).digest('hex'));
  const [message] = await receive({ MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] });
  expect(message?.Body).toBe(body);
  expect(message?.MessageId).toBe(sent.MessageId);
  expect(message?.MessageAttributes).toEqual(attributes);
  expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
  expect(message?.Attributes).toMatchObject({ ApproximateReceiveCount: '1', MessageGroupId: 'project-1' });
  expect(Math.abs(Number(message?.Attributes?.SentTimestamp) - Date.now())).toBeLessThan(5_000);
});

test('the checksum of message attributes is the documented one', async () => {
  const sent = await client.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: 'x',
      MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } },
    }),
  );
  const layout = Buffer.from('\0\0\0\x01a\0\0\0\x06String\x01\0\0\0\x01b', 'latin1');
  expect(sent.MD5OfMessageAttributes).toBe(createHash('md5').update(layout).digest('hex'));
});

test('an empty queue answers without messages, and a long poll wakes up with the send', async () => {
  expect(await receive()).toEqual([]);
  const waiting = receive({ WaitTimeSeconds: 20 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  const begin = performance.now();
  await send('wake up');
  expect((await waiting).map(({ Body }) => Body)).toEqual(['wake up']);
  // Not the 20 seconds that the poll may last.
  expect(performance.now() - begin).toBeLessThan(10_000);
});

test('a long poll whose client has gone takes no message', async () => {
  const abort = new AbortController();
  const waiting = client.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), {
    abortSignal: abort.signal,
  });
  setTimeout(() => abort.abort(), 100);
  await expect(waiting).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await send('still there');
  expect(await receive()).toHaveLength(1);
});

test('a delayed message comes at its second, not before', async () => {
  const begin = Date.now();
  await send('later', { DelaySeconds: 1 });
  expect(await receive()).toEqual([]);
  expect(aws.sqs.counts('publish')).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
  const [message] = await receive({ WaitTimeSeconds: 5 });
  expect(message?.Body).toBe('later');
  expect(Date.now() - begin).toBeGreaterThanOrEqual(1_000);
  // Not when the poll ends.
  expect(Date.now() - begin).toBeLessThan(4_500);
});

test('a received message is hidden until its visibility timeout, then counted again, then a dead letter', async () => {
  await send('poison');
  for (const count of ['1', '2']) {
    const [message] = await receive({
      VisibilityTimeout: 1,
      WaitTimeSeconds: 3,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    expect(message?.Attributes?.ApproximateReceiveCount).toBe(count);
    expect(await receive()).toEqual([]);
  }
  expect(await receive({ WaitTimeSeconds: 2 })).toEqual([]);
  const dead = await client.send(
    new ReceiveMessageCommand({ QueueUrl: aws.sqs.url('dead'), MessageSystemAttributeNames: ['All'] }),
  );
  expect(dead.Messages?.[0]).toMatchObject({
    Body: 'poison',
    Attributes: { DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:000000000000:publish' },
  });
});

test('deleting and changing visibility follow the receipt handle', async () => {
  await send('once');
  const [first] = await receive();
  await client.send(
    new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 }),
  );
  const hidden = new ChangeMessageVisibilityCommand({
    QueueUrl: url,
    ReceiptHandle: first?.ReceiptHandle,
    VisibilityTimeout: 5,
  });
  expect((await refusal(client.send(hidden))).name).toBe('MessageNotInflight');
  const [second] = await receive();
  await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));
  expect(aws.sqs.counts('publish').inFlight).toBe(1);
  await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle }));
  expect(aws.sqs.counts('publish')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle }));
  const bad = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: 'nonsense' });
  expect((await refusal(client.send(bad))).name).toBe('ReceiptHandleIsInvalid');
});

test('a batch takes what is right and names what is wrong', async () => {
  const result = await client.send(
    new SendMessageBatchCommand({
      QueueUrl: url,
      Entries: [
        { Id: 'good', MessageBody: 'fine' },
        { Id: 'nul', MessageBody: 'a\u0000b' },
        { Id: 'late', MessageBody: 'x', DelaySeconds: 901 },
      ],
    }),
  );
  expect(result.Successful?.map(({ Id }) => Id)).toEqual(['good']);
  expect(result.Failed).toMatchObject([
    { Id: 'nul', SenderFault: true, Code: 'InvalidMessageContents' },
    { Id: 'late', SenderFault: true, Code: 'InvalidParameterValue' },
  ]);
  const [message] = await receive();
  const deleted = await client.send(
    new DeleteMessageBatchCommand({
      QueueUrl: url,
      Entries: [
        { Id: 'a', ReceiptHandle: message?.ReceiptHandle },
        { Id: 'b', ReceiptHandle: 'nonsense' },
      ],
    }),
  );
  expect(deleted.Successful).toEqual([{ Id: 'a' }]);
  expect(deleted.Failed).toMatchObject([{ Id: 'b', Code: 'ReceiptHandleIsInvalid' }]);
  expect(aws.sqs.counts('publish')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test.each([
  ['no entries', [], 'EmptyBatchRequest'],
  ['eleven entries', Array.from({ length: 11 }, (_, index) => `m${index}`), 'TooManyEntriesInBatchRequest'],
  ['one id twice', ['same', 'same'], 'BatchEntryIdsNotDistinct'],
  ['an id with a dot', ['a.b'], 'InvalidBatchEntryId'],
])('a batch with %s is refused as a whole', async (_, ids, name) => {
  const Entries = ids.map((Id) => ({ Id, MessageBody: 'x' }));
  const failed = await refusal(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })));
  expect(failed).toMatchObject({ name, status: 400 });
  expect(aws.sqs.counts('publish').visible).toBe(0);
});

test('one message and one batch hold 1 MiB and not a byte more', async () => {
  const full = 'a'.repeat(1_048_576);
  await send(full);
  expect((await receive())[0]?.Body).toHaveLength(1_048_576);
  expect(await refusal(send(`${full}a`))).toMatchObject({ name: 'InvalidParameterValue', status: 400 });
  const half = 'a'.repeat(524_288);
  const Entries = [
    { Id: 'a', MessageBody: half },
    { Id: 'b', MessageBody: `${half}a` },
  ];
  const failed = await refusal(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries })));
  expect(failed.name).toBe('BatchRequestTooLong');
});

test('what SQS does not take is refused by its own names', async () => {
  const nowhere = `${aws.origin}/000000000000/nowhere`;
  const missing = new SendMessageCommand({ QueueUrl: nowhere, MessageBody: 'x' });
  expect(await refusal(client.send(missing))).toMatchObject({ name: 'QueueDoesNotExist', status: 400 });
  expect((await refusal(send(''))).name).toBe('MissingParameter');
  expect((await refusal(send('a\uFFFFb'))).name).toBe('InvalidMessageContents');
  expect((await refusal(send('x', { DelaySeconds: 901 }))).name).toBe('InvalidParameterValue');
  expect((await refusal(receive({ MaxNumberOfMessages: 11 }))).name).toBe('InvalidParameterValue');
  const fifo = new SendMessageCommand({ QueueUrl: url, MessageBody: 'x', MessageDeduplicationId: 'd' });
  expect((await refusal(client.send(fifo))).name).toBe('InvalidParameterValue');
  const stranger = new SQSClient({ ...aws.client, credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' } });
  const foreign = stranger.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x' }));
  expect((await refusal(foreign)).status).toBe(403);
  expect(aws.sqs.counts('publish')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a queue is found by name and tells its settings', async () => {
  expect((await client.send(new GetQueueUrlCommand({ QueueName: 'publish' }))).QueueUrl).toBe(url);
  await send('one');
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
  expect(Attributes).toMatchObject({
    ApproximateNumberOfMessages: '1',
    VisibilityTimeout: '30',
    MaximumMessageSize: '1048576',
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead',
      maxReceiveCount: 2,
    }),
  });
  await client.send(new PurgeQueueCommand({ QueueUrl: url }));
  expect(await receive()).toEqual([]);
});

test('a quiet group is served before the thousand messages of a noisy one', async () => {
  for (let index = 0; index < 1_000; index += 1) aws.sqs.send('publish', `noisy ${index}`, { groupId: 'noisy' });
  await receive();
  await send('quiet', { MessageGroupId: 'quiet' });
  const messages = await receive();
  expect(messages.map(({ Body }) => Body)).toContain('quiet');
  expect(messages).toHaveLength(10);
});

test('a fault before the effect leaves nothing, a lost answer leaves the message', async () => {
  aws.faults.arm({ point: 'sqs:SendMessage:before', action: 'error', error: 'RequestThrottled' });
  expect((await refusal(send('never'))).name).toBe('RequestThrottled');
  aws.faults.arm({ point: 'sqs:SendMessage:after', action: 'drop' });
  await expect(send('unheard')).rejects.toThrow();
  expect((await receive()).map(({ Body }) => Body)).toEqual(['unheard']);
});

test('every message that was answered survives kill -9', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthaste-sqs-'));
  try {
    const child = await startAwsChild(dir);
    const outside = new SQSClient(child.client);
    const queueUrl = `${child.origin}/000000000000/media`;
    const answered: string[] = [];
    const sending = Promise.allSettled(
      Array.from({ length: 400 }, async (_, index) => {
        await outside.send(
          new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: `m${index}`, DelaySeconds: index % 3 }),
        );
        answered.push(`m${index}`);
        if (answered.length === 100) await child.kill();
      }),
    );
    await sending;
    outside.destroy();
    expect(answered.length).toBeGreaterThanOrEqual(100);
    const after = await openAws({ dir, now: () => Date.now() + 10_000 });
    const kept = new Set(after.sqs.receive('media', { max: 1_000 }).map(({ body }) => body));
    await after.close();
    expect(answered.filter((body) => !kept.has(body))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a client that knows no endpoint reaches the queue by its URL', async () => {
  const elsewhere = new SQSClient({ region: 'us-east-1', credentials });
  await elsewhere.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'found' }));
  elsewhere.destroy();
  expect(await receive()).toHaveLength(1);
});
