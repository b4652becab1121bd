/**
 * ObjectCreated notifications of buckets to queues. An object's row and its notification are written in one transaction;
 * afterwards, and again on the next start, notifications move to their queues.
 */
import { randomBytes } from 'node:crypto';
import type { S3Event } from 'aws-lambda';
import { z } from 'zod';
import type { Sqs } from './sqs.ts';
import { region } from './sqs-queues.ts';
import type { Store } from './store.ts';

export interface NotificationRule {
  /** Configuration id, unique in the bucket. */
  readonly id: string;
  readonly bucket: string;
  /** Keys that begin with it are announced; rules of one bucket must not overlap. */
  readonly prefix: string;
  readonly queue: string;
}

export interface CreatedObject {
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modified_ms: number;
  readonly event: 'Put' | 'Post' | 'Copy' | 'CompleteMultipartUpload';
}

export interface S3Events {
  /** Sends the `s3:TestEvent` when the rule is new or has changed. Throws when it overlaps another rule of the bucket. */
  configure(rule: NotificationRule): void;
  /** Must be called in the transaction that writes the object. */
  record(object: CreatedObject): void;
  /** Moves what was recorded to the queues, soon. */
  wake(): void;
  /** Moves what was recorded to the queues, now. */
  drain(): void;
}

const ddl = `
create table if not exists s3_rules (
  bucket text not null, id text not null, prefix text not null, queue text not null, primary key (bucket, id)
) strict;
create table if not exists s3_notifications (
  seq integer primary key autoincrement, bucket text not null, rule text not null, queue text not null, key text not null,
  size integer not null, etag text not null, event text not null, event_ms integer not null
) strict;
`;

const ruleRow = z.object({ bucket: z.string(), id: z.string(), prefix: z.string(), queue: z.string() });
const notificationRow = z.object({
  seq: z.number(),
  bucket: z.string(),
  rule: z.string(),
  queue: z.string(),
  key: z.string(),
  size: z.number(),
  etag: z.string(),
  event: z.string(),
  event_ms: z.number(),
});
const principalId = 'A1LOCALLOCAL0';

export function createS3Events(options: {
  readonly store: Store;
  readonly sqs: Sqs;
  readonly now?: () => number;
}): S3Events {
  const { store, sqs, now = Date.now } = options;
  store.define(ddl);
  let waking = false;

  function rulesOf(bucket: string): z.output<typeof ruleRow>[] {
    return store.rows(ruleRow, 'select * from s3_rules where bucket = ? order by id', bucket);
  }

  function configure(rule: NotificationRule): void {
    const others = rulesOf(rule.bucket).filter(({ id }) => id !== rule.id);
    if (others.some(({ prefix }) => prefix.startsWith(rule.prefix) || rule.prefix.startsWith(prefix))) {
      throw new Error(`Configuration is ambiguously defined: prefix "${rule.prefix}" overlaps in ${rule.bucket}`);
    }
    const before = rulesOf(rule.bucket).find(({ id }) => id === rule.id);
    if (before?.prefix === rule.prefix && before.queue === rule.queue) return;
    store.transaction(() => {
      store.run(
        'insert or replace into s3_rules (bucket, id, prefix, queue) values (?, ?, ?, ?)',
        rule.bucket,
        rule.id,
        rule.prefix,
        rule.queue,
      );
      sqs.send(rule.queue, JSON.stringify(testEvent(rule.bucket, now())));
    });
  }

  function record(object: CreatedObject): void {
    const rule = rulesOf(object.bucket).find(({ prefix }) => object.key.startsWith(prefix));
    if (rule === undefined) return;
    store.run(
      `insert into s3_notifications (bucket, rule, queue, key, size, etag, event, event_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
      object.bucket,
      rule.id,
      rule.queue,
      object.key,
      object.size,
      object.etag,
      object.event,
      object.modified_ms,
    );
  }

  function drain(): void {
    store.transaction(() => {
      for (const row of store.rows(notificationRow, 'select * from s3_notifications order by seq')) {
        sqs.send(row.queue, JSON.stringify(createdEvent(row)));
        store.run('delete from s3_notifications where seq = ?', row.seq);
      }
    });
  }

  function wake(): void {
    if (waking) return;
    waking = true;
    setImmediate(() => {
      waking = false;
      drain();
    });
  }

  drain();
  return { configure, record, drain, wake };
}

function createdEvent(row: z.output<typeof notificationRow>): S3Event {
  return {
    Records: [
      {
        eventVersion: '2.5',
        eventSource: 'aws:s3',
        awsRegion: region,
        eventTime: new Date(row.event_ms).toISOString(),
        eventName: `ObjectCreated:${row.event}`,
        userIdentity: { principalId: `AWS:${principalId}` },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: {
          'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
          'x-amz-id-2': randomBytes(48).toString('base64'),
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: row.rule,
          bucket: { name: row.bucket, ownerIdentity: { principalId }, arn: `arn:aws:s3:::${row.bucket}` },
          object: {
            key: formEncoded(row.key),
            size: row.size,
            eTag: row.etag,
            // Row numbers rise across restarts, whatever the clock does.
            sequencer: row.seq.toString(16).toUpperCase().padStart(18, '0'),
          },
        },
      },
    ],
  };
}

/** What S3 sends once when a notification configuration is saved; it has no Records. */
function testEvent(bucket: string, nowMs: number) {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(nowMs).toISOString(),
    Bucket: bucket,
    RequestId: randomBytes(8).toString('hex').toUpperCase(),
    HostId: randomBytes(48).toString('base64'),
  };
}

/** As S3 writes keys into events: space as `+`, UTF-8 percent-encoded, slashes left alone. */
function formEncoded(key: string): string {
  return key
    .split('/')
    .map((part) =>
      encodeURIComponent(part)
        .replaceAll('%20', '+')
        .replace(/[!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');
}
