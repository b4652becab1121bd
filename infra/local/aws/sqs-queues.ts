/**
 * Queues and their messages, durable. A message is visible when `visible_ms` has come; it is in flight while it has a
 * receipt and `visible_ms` lies ahead; it is delayed while it has none.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from './service-error.ts';
import { fairPick } from './sqs-fairness.ts';
import { attributesShape, type CheckedMessage, invalidParameter, type MessageAttributes } from './sqs-message.ts';
import type { Store } from './store.ts';

export interface QueueDeclaration {
  readonly name: string;
  /** Default 30. */
  readonly visibilityTimeoutS?: number;
  /** Receives before a message moves to `deadLetter`; both or neither. */
  readonly maxReceives?: number;
  /** Name of a queue that exists. */
  readonly deadLetter?: string;
  /** Default 4 days. */
  readonly retentionS?: number;
}

export interface ReceivedMessage {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes: MessageAttributes;
  readonly attributesMd5: string | undefined;
  /** `SentTimestamp`, `ApproximateReceiveCount` and the others, by their wire names. */
  readonly system: Readonly<Record<string, string>>;
}

export interface ReceiveLimits {
  readonly max: number;
  /** Default: that of the queue. */
  readonly visibilityTimeoutS?: number;
  /** Most bytes of all bodies together; one message always fits. */
  readonly maxBytes?: number;
  /** Who receives, so that `releaseAbandoned` finds what a killed run left in flight. */
  readonly owner?: string;
}

export const region = 'us-east-1';
export const accountId = '000000000000';
const senderId = 'AIDALOCALLOCALLOCAL00';
const defaultRetentionS = 4 * 24 * 3600;
/** Standard queues answer OverLimit beyond this many messages in flight. */
const maxInFlight = 120_000;

const ddl = `
create table if not exists sqs_queues (
  name text primary key, visibility_s integer not null, retention_s integer not null,
  max_receives integer, dead_letter text, created_ms integer not null
) strict;
create table if not exists sqs_messages (
  seq integer primary key autoincrement, id text not null unique, queue text not null references sqs_queues (name),
  body text not null, md5 text not null, attributes text not null, attributes_md5 text, trace text,
  group_id text not null, sent_ms integer not null, visible_ms integer not null, first_received_ms integer,
  receive_count integer not null default 0, receipt text, owner text, dead_letter_source text
) strict;
create index if not exists sqs_messages_due on sqs_messages (queue, visible_ms, seq);
create index if not exists sqs_messages_group on sqs_messages (queue, group_id, visible_ms, seq);
create index if not exists sqs_messages_in_flight on sqs_messages (queue, visible_ms, group_id) where receipt is not null;
`;

const queueShape = z.object({
  name: z.string(),
  visibility_s: z.number(),
  retention_s: z.number(),
  max_receives: z.number().nullable(),
  dead_letter: z.string().nullable(),
  created_ms: z.number(),
});
export type Queue = z.output<typeof queueShape>;

const messageRow = z.object({
  seq: z.number(),
  id: z.string(),
  body: z.string(),
  md5: z.string(),
  attributes: z.string().transform((text) => attributesShape.parse(JSON.parse(text))),
  attributes_md5: z.string().nullable(),
  trace: z.string().nullable(),
  group_id: z.string(),
  sent_ms: z.number(),
  first_received_ms: z.number().nullable(),
  receive_count: z.number(),
  dead_letter_source: z.string().nullable(),
});
type MessageRow = z.output<typeof messageRow>;

const countRow = z.object({ count: z.number() });
const dueRow = z.object({ due: z.number().nullable() });
const receiptShape = z.tuple([z.string(), z.string(), z.string()]);

export type Queues = ReturnType<typeof createQueues>;

/** The state behind the SQS endpoint and the event source. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: small functions around one state, each far below the limit
export function createQueues(options: { readonly store: Store; readonly now: () => number }) {
  const { store, now } = options;
  const listeners = new Map<string, Set<() => void>>();
  store.define(ddl);

  function changed(queue: string): void {
    for (const listener of [...(listeners.get(queue) ?? [])]) listener();
  }

  function declare(queue: QueueDeclaration): void {
    checkDeclaration(queue);
    if (queue.deadLetter !== undefined) get(queue.deadLetter);
    const retentionS = queue.retentionS ?? defaultRetentionS;
    store.run(
      `insert into sqs_queues (name, visibility_s, retention_s, max_receives, dead_letter, created_ms)
       values (?, ?, ?, ?, ?, ?)
       on conflict (name) do update set visibility_s = excluded.visibility_s, retention_s = excluded.retention_s,
         max_receives = excluded.max_receives, dead_letter = excluded.dead_letter`,
      queue.name,
      queue.visibilityTimeoutS ?? 30,
      retentionS,
      queue.maxReceives ?? null,
      queue.deadLetter ?? null,
      now(),
    );
    store.run('delete from sqs_messages where queue = ? and sent_ms < ?', queue.name, now() - retentionS * 1000);
  }

  function get(name: string): Queue {
    const queue = store.row(queueShape, 'select * from sqs_queues where name = ?', name);
    if (queue !== undefined) return queue;
    throw new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.', {
      queryCode: 'AWS.SimpleQueueService.NonExistentQueue',
    });
  }

  /** Stores all messages or none; returns their ids. */
  function add(name: string, messages: readonly CheckedMessage[]): string[] {
    get(name);
    const sentMs = now();
    const ids = store.transaction(() => messages.map((message) => insert(name, message, sentMs)));
    changed(name);
    return ids;
  }

  function insert(name: string, message: CheckedMessage, sentMs: number): string {
    const id = randomUUID();
    store.run(
      `insert into sqs_messages (id, queue, body, md5, attributes, attributes_md5, trace, group_id, sent_ms, visible_ms)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      name,
      message.body,
      message.md5,
      JSON.stringify(message.attributes),
      message.attributesMd5 ?? null,
      message.systemAttributes.AWSTraceHeader?.StringValue ?? null,
      message.groupId,
      sentMs,
      sentMs + (message.delayS ?? 0) * 1000,
    );
    return id;
  }

  function receive(name: string, limits: ReceiveLimits): ReceivedMessage[] {
    const queue = get(name);
    const nowMs = now();
    const moved = new Set<string>();
    const received = store.transaction(() => {
      const { seqs, inFlight } = fairPick(store, { queue: name, nowMs, max: limits.max });
      if (inFlight >= maxInFlight) throw overLimit();
      const taken: ReceivedMessage[] = [];
      let bytes = 0;
      for (const seq of seqs) {
        const row = store.row(messageRow, 'select * from sqs_messages where seq = ?', seq);
        if (row === undefined || dropExpired(queue, row, nowMs)) continue;
        if (moveToDeadLetter(queue, row)) {
          moved.add(queue.dead_letter ?? '');
          continue;
        }
        bytes += Buffer.byteLength(row.body);
        if (taken.length > 0 && bytes > (limits.maxBytes ?? Number.POSITIVE_INFINITY)) break;
        taken.push(take(queue, row, { ...limits, nowMs }));
      }
      return taken;
    });
    for (const deadLetter of moved) changed(deadLetter);
    return received;
  }

  function take(queue: Queue, row: MessageRow, limits: ReceiveLimits & { readonly nowMs: number }): ReceivedMessage {
    const nonce = randomUUID();
    const firstMs = row.first_received_ms ?? limits.nowMs;
    store.run(
      `update sqs_messages set receipt = ?, owner = ?, visible_ms = ?, first_received_ms = ?, receive_count = receive_count + 1
       where seq = ?`,
      nonce,
      limits.owner ?? null,
      limits.nowMs + (limits.visibilityTimeoutS ?? queue.visibility_s) * 1000,
      firstMs,
      row.seq,
    );
    return {
      id: row.id,
      receipt: Buffer.from(JSON.stringify([queue.name, row.id, nonce])).toString('base64'),
      body: row.body,
      md5: row.md5,
      attributes: row.attributes,
      attributesMd5: row.attributes_md5 ?? undefined,
      system: {
        ApproximateReceiveCount: String(row.receive_count + 1),
        SentTimestamp: String(row.sent_ms),
        SenderId: senderId,
        ApproximateFirstReceiveTimestamp: String(firstMs),
        ...(row.group_id === '' ? {} : { MessageGroupId: row.group_id }),
        ...(row.trace === null ? {} : { AWSTraceHeader: row.trace }),
        ...(row.dead_letter_source === null ? {} : { DeadLetterQueueSourceArn: arn(row.dead_letter_source) }),
      },
    };
  }

  function dropExpired(queue: Queue, row: MessageRow, nowMs: number): boolean {
    if (row.sent_ms + queue.retention_s * 1000 > nowMs) return false;
    store.run('delete from sqs_messages where seq = ?', row.seq);
    return true;
  }

  function moveToDeadLetter(queue: Queue, row: MessageRow): boolean {
    if (queue.max_receives === null || row.receive_count < queue.max_receives) return false;
    store.run(
      'update sqs_messages set queue = ?, receipt = null, owner = null, dead_letter_source = ? where seq = ?',
      queue.dead_letter,
      queue.name,
      row.seq,
    );
    return true;
  }

  /** An older receipt of a message that was received again deletes nothing, as on a standard queue. */
  function remove(name: string, receipt: string): void {
    const { id, nonce } = parseReceipt(name, receipt);
    store.run('delete from sqs_messages where id = ? and queue = ? and receipt = ?', id, name, nonce);
  }

  function changeVisibility(name: string, receipt: string, visibilityS: number): void {
    const { id, nonce } = parseReceipt(name, receipt);
    const changes = store.run(
      'update sqs_messages set visible_ms = ? where id = ? and queue = ? and receipt = ? and visible_ms > ?',
      now() + visibilityS * 1000,
      id,
      name,
      nonce,
      now(),
    );
    changed(name);
    if (changes > 0) return;
    if (store.row(countRow, 'select 1 as count from sqs_messages where id = ? and queue = ?', id, name) !== undefined) {
      throw new ServiceError('MessageNotInflight', 'The message referred to is not in flight.', {
        queryCode: 'AWS.SimpleQueueService.MessageNotInflight',
      });
    }
    throw invalidParameter(
      `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
  }

  function releaseAbandoned(name: string, owner: string): number {
    const released = store.run(
      'update sqs_messages set visible_ms = ? where queue = ? and receipt is not null and owner = ? and visible_ms > ?',
      now(),
      name,
      owner,
      now(),
    );
    changed(name);
    return released;
  }

  /** Instant at which the next message is or becomes visible; undefined when the queue is empty. */
  function nextDueMs(name: string): number | undefined {
    return store.row(dueRow, 'select min(visible_ms) as due from sqs_messages where queue = ?', name)?.due ?? undefined;
  }

  function counts(name: string): { visible: number; inFlight: number; delayed: number } {
    get(name);
    const count = (condition: string): number =>
      store.row(countRow, `select count(*) as count from sqs_messages where queue = ?1 and ${condition}`, name, now())
        ?.count ?? 0;
    return {
      visible: count('visible_ms <= ?2'),
      inFlight: count('visible_ms > ?2 and receipt is not null'),
      delayed: count('visible_ms > ?2 and receipt is null'),
    };
  }

  function listen(name: string, listener: () => void): () => void {
    const set = listeners.get(name) ?? new Set();
    listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }

  return {
    declare,
    get,
    add,
    receive,
    remove,
    changeVisibility,
    releaseAbandoned,
    nextDueMs,
    counts,
    /** Called after a send and after a change of visibility. Returns how to stop. */
    listen,
    purge: (name: string) => {
      get(name);
      store.run('delete from sqs_messages where queue = ?', name);
    },
    /** One transaction over several calls. */
    together: store.transaction,
    now,
  };
}

export function arn(name: string): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

function checkDeclaration(queue: QueueDeclaration): void {
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(queue.name)) throw new Error(`not the name of a standard queue: ${queue.name}`);
  if ((queue.maxReceives === undefined) !== (queue.deadLetter === undefined)) {
    throw new Error(`queue ${queue.name}: maxReceives and deadLetter go together`);
  }
  if (queue.deadLetter === queue.name) throw new Error(`queue ${queue.name} cannot be its own dead-letter queue`);
}

function parseReceipt(name: string, receipt: string): { id: string; nonce: string } {
  const invalid = new ServiceError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${receipt}" is not a valid receipt handle.`,
    {
      queryCode: 'ReceiptHandleIsInvalid',
    },
  );
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(receipt, 'base64').toString('utf8'));
  } catch {
    throw invalid;
  }
  const result = receiptShape.safeParse(parsed);
  if (!result.success || result.data[0] !== name) throw invalid;
  return { id: result.data[1], nonce: result.data[2] };
}

function overLimit(): ServiceError {
  return new ServiceError('OverLimit', 'Too many messages are in flight.', {
    status: 403,
    queryCode: 'OverLimit',
  });
}
