import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EventSource, startEventSource, succeededOf } from '../../../infra/local/aws/event-source.ts';
import { type AwsWorld, openAws } from './aws-world.ts';

let aws: AwsWorld;
let source: EventSource | undefined;

beforeEach(async () => {
  aws = await openAws();
  aws.sqs.createQueue({ name: 'dead' });
  aws.sqs.createQueue({ name: 'work', visibilityTimeoutS: 1, maxReceives: 2, deadLetter: 'dead' });
});

afterEach(async () => {
  await source?.stop();
  source = undefined;
  await aws.close();
});

function start(
  invoke: (event: SQSEvent) => Promise<unknown>,
  more: Partial<Parameters<typeof startEventSource>[0]> = {},
) {
  source = startEventSource({
    sqs: aws.sqs,
    queue: 'work',
    batch: 10,
    windowS: 0,
    functionName: 'worker',
    invoke,
    maxConcurrency: 4,
    faults: aws.faults,
    ...more,
  });
  return source;
}

async function until(condition: () => boolean, timeoutMs = 25_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const nothing = { visible: 0, inFlight: 0, delayed: 0 };

test('the function gets an event as Lambda builds it, and what it handled is gone', async () => {
  const events: SQSEvent[] = [];
  start(async (event) => void events.push(event));
  const id = aws.sqs.send('work', '{"a":1}', { groupId: 'project-1' });
  await until(() => events.length === 1);
  await until(() => aws.sqs.counts('work').inFlight === 0);
  expect(events[0]?.Records).toEqual([
    {
      messageId: id,
      receiptHandle: expect.any(String),
      body: '{"a":1}',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        MessageGroupId: 'project-1',
      },
      messageAttributes: {},
      md5OfBody: 'bb6cb5c68df4652941caf652a366f2d8',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:work',
      awsRegion: 'us-east-1',
    },
  ]);
  expect(aws.sqs.counts('work')).toEqual(nothing);
});

test('a delayed message starts its function within 100 ms of its second', async () => {
  const lateMs: number[] = [];
  start(async (event) => void lateMs.push(...event.Records.map(({ body }) => Date.now() - Number(body))));
  // The best of ten: a busy machine holds up any one.
  for (let sent = 1; sent <= 10; sent += 1) {
    aws.sqs.send('work', String(Date.now() + 1_000), { delayS: 1 });
    await pause(100);
  }
  await until(() => lateMs.length === 10);
  expect(Math.min(...lateMs)).toBeGreaterThanOrEqual(0);
  expect(Math.min(...lateMs)).toBeLessThan(100);
});

test('only the reported messages come back, with a higher receive count, and at last as dead letters', async () => {
  const seen: string[] = [];
  start(async (event) => {
    seen.push(...event.Records.map(({ body, attributes }) => `${body} ${attributes.ApproximateReceiveCount}`));
    const bad = event.Records.filter(({ body }) => body === 'bad');
    return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
  aws.sqs.send('work', 'good');
  aws.sqs.send('work', 'bad');
  await until(() => aws.sqs.counts('dead').visible === 1);
  expect(seen.toSorted()).toEqual(['bad 1', 'bad 2', 'good 1']);
  expect(aws.sqs.counts('work')).toEqual(nothing);
});

test('a throw brings the whole batch back', async () => {
  const seen: string[] = [];
  aws.sqs.send('work', 'a');
  aws.sqs.send('work', 'b');
  start(async (event) => {
    seen.push(...event.Records.map(({ body }) => body));
    if (seen.length <= 2) throw new Error('crash');
  });
  await until(() => seen.length === 4);
  expect(seen.toSorted()).toEqual(['a', 'a', 'b', 'b']);
  await until(() => aws.sqs.counts('work').inFlight === 0);
  expect(aws.sqs.counts('work')).toEqual(nothing);
});

test.each([
  ['nothing', undefined, ['a', 'b']],
  ['null', null, ['a', 'b']],
  ['an empty object', {}, ['a', 'b']],
  ['an empty list', { batchItemFailures: [] }, ['a', 'b']],
  ['a null list', { batchItemFailures: null }, ['a', 'b']],
  ['one known identifier', { batchItemFailures: [{ itemIdentifier: 'a' }] }, ['b']],
  ['an unknown identifier', { batchItemFailures: [{ itemIdentifier: 'zzz' }] }, []],
  ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }, []],
  ['a null identifier', { batchItemFailures: [{ itemIdentifier: null }] }, []],
  ['a misspelt key', { batchItemFailures: [{ itemId: 'a' }] }, []],
  ['a list that is none', { batchItemFailures: 'a' }, []],
  ['a text', 'ok', []],
])('a function that returns %s', (_, result, succeeded) => {
  expect(succeededOf([{ id: 'a' }, { id: 'b' }], result).map(({ id }) => id)).toEqual(succeeded);
});

test('batches are cut at their size and never run more often than allowed at a time', async () => {
  let running = 0;
  let most = 0;
  const sizes: number[] = [];
  for (let index = 0; index < 95; index += 1) aws.sqs.send('work', `m${index}`);
  start(
    async (event) => {
      running += 1;
      most = Math.max(most, running);
      sizes.push(event.Records.length);
      await pause(20);
      running -= 1;
    },
    { maxConcurrency: 3 },
  );
  await until(() => sizes.reduce((sum, size) => sum + size, 0) === 95);
  expect(most).toBe(3);
  expect(Math.max(...sizes)).toBe(10);
  expect(sizes).toHaveLength(10);
});

test('a window gathers what comes within it', async () => {
  aws.sqs.createQueue({ name: 'wide', visibilityTimeoutS: 30 });
  const sizes: number[] = [];
  start(async (event) => void sizes.push(event.Records.length), { queue: 'wide', batch: 100, windowS: 1 });
  for (let index = 0; index < 5; index += 1) {
    aws.sqs.send('wide', `m${index}`);
    await pause(50);
  }
  await until(() => sizes.length > 0);
  expect(sizes).toEqual([5]);
});

test('an event stays under the 6 MB that a function takes', async () => {
  const bytes: number[] = [];
  for (let index = 0; index < 10; index += 1) aws.sqs.send('work', 'x'.repeat(1_000_000));
  start(async (event) => void bytes.push(Buffer.byteLength(JSON.stringify(event))), { maxConcurrency: 1 });
  await until(() => aws.sqs.counts('work').visible === 0 && bytes.length >= 2);
  expect(Math.max(...bytes)).toBeLessThan(6 * 1024 * 1024);
});

test('stopping waits for the running function and takes nothing more', async () => {
  let finished = false;
  start(async () => {
    await pause(300);
    finished = true;
  });
  aws.sqs.send('work', 'a');
  await until(() => aws.sqs.counts('work').inFlight === 1);
  await source?.stop();
  expect(finished).toBe(true);
  aws.sqs.send('work', 'b');
  await pause(50);
  expect(aws.sqs.counts('work')).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
});

test('what a killed run had in flight is delivered at once by the next', async () => {
  aws.sqs.createQueue({ name: 'slow', visibilityTimeoutS: 600 });
  aws.sqs.send('slow', 'half done');
  expect(aws.sqs.receive('slow', { max: 1, owner: 'worker' })).toHaveLength(1);
  const seen: string[] = [];
  start(async (event) => void seen.push(...event.Records.map(({ body }) => body)), { queue: 'slow' });
  await until(() => seen.length === 1);
});

test('a fault between the function and the delete delivers the message twice', async () => {
  const seen: string[] = [];
  aws.faults.arm({ point: 'event-source:work:done', action: 'drop' });
  start(async (event) => void seen.push(...event.Records.map(({ body }) => body)));
  aws.sqs.send('work', 'twice');
  await until(() => seen.length === 2);
  await until(() => aws.sqs.counts('work').inFlight === 0);
});

test('a mapping that Lambda would refuse is refused', () => {
  expect(() => start(async () => undefined, { functionTimeoutS: 2 })).toThrow(/visibility timeout/);
  expect(() => start(async () => undefined, { batch: 11 })).toThrow(/not allowed/);
  expect(() => start(async () => undefined, { queue: 'nowhere' })).toThrow(/does not exist/);
});

test('an idle event source does nothing', async () => {
  start(async () => undefined);
  const spentUs: number[] = [];
  // The best of four: what came before may still be tidied up.
  for (let turn = 0; turn < 4; turn += 1) {
    const before = process.cpuUsage();
    await pause(500);
    const used = process.cpuUsage(before);
    spentUs.push(used.user + used.system);
  }
  expect(Math.min(...spentUs)).toBeLessThan(100_000);
});
