/**
 * Buckets and objects: a row per object in SQLite, its bytes in a file of its own that is never written again. A file
 * without a row (an upload that was cut off, a killed process) is removed on the next start.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { createMeter, type Measure, measured } from './s3-body.ts';
import type { CreatedObject, S3Events } from './s3-events.ts';
import { ServiceError } from './service-error.ts';
import type { Store } from './store.ts';

/** Response headers that the uploader chose, `content-type` and `x-amz-meta-*` among them, by lower-case name. */
export type ObjectHeaders = Readonly<Record<string, string>>;

export interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly headers: ObjectHeaders;
  /** Header name and value of the checksum that was sent and found right. */
  readonly checksum?: readonly [string, string];
  /** Last part of the event name. */
  readonly event: CreatedObject['event'];
  /** Of an object that came in parts; default the MD5 of its bytes. */
  readonly etag?: string;
  /** Refuse with PreconditionFailed when the key is taken. */
  readonly onlyIfAbsent?: boolean;
}

export interface Staged {
  readonly file: string;
  readonly measure: Measure;
}

const ddl = `
create table if not exists s3_buckets (name text primary key) strict;
create table if not exists s3_objects (
  bucket text not null references s3_buckets (name), key text not null, file text not null unique, size integer not null,
  etag text not null, modified_ms integer not null, headers text not null, checksum text not null,
  primary key (bucket, key)
) strict, without rowid;
`;

const headersShape = z.string().transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text)));
const objectRow = z.object({
  bucket: z.string(),
  key: z.string(),
  file: z.string(),
  size: z.number(),
  etag: z.string(),
  modified_ms: z.number(),
  headers: headersShape,
  checksum: headersShape,
});
export type StoredObject = z.output<typeof objectRow>;

const fileRow = z.object({ file: z.string() });
const nameRow = z.object({ name: z.string() });

/** POST and single PUT take at most 5 GiB. */
export const maxObjectBytes = 5 * 1024 ** 3;

export type Objects = ReturnType<typeof createObjects>;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: small functions around one state, each far below the limit
export function createObjects(options: {
  readonly store: Store;
  readonly now: () => number;
  readonly events: S3Events;
}) {
  const { store, now, events } = options;
  const folder = join(store.dir, 'objects');
  const staging = join(store.dir, 'uploads');
  store.define(ddl);
  prepareFolders(store, folder, staging);

  function find(bucket: string, key: string): StoredObject | undefined {
    return store.row(objectRow, 'select * from s3_objects where bucket = ? and key = ?', bucket, key);
  }

  /** Streams a body into a file beside the objects; removes it again when the stream fails. */
  async function stage(
    source: AsyncIterable<Buffer>,
    limit: { readonly maxBytes: number; readonly tooLarge: () => ServiceError },
  ): Promise<Staged> {
    const file = randomUUID();
    const meter = createMeter();
    try {
      await pipeline(measured(source, meter, limit), createWriteStream(join(staging, file)));
    } catch (error) {
      await discard({ file });
      throw error;
    }
    return { file, measure: meter.result() };
  }

  async function discard(staged: { readonly file: string }): Promise<void> {
    await rm(join(staging, staged.file), { force: true });
  }

  /** Makes a staged body the object; row and notification are one transaction. */
  async function commit(object: NewObject, staged: Staged): Promise<StoredObject> {
    const { bucket, key } = object;
    await rename(join(staging, staged.file), join(folder, staged.file));
    const { replaced, stored } = store.transaction(() => {
      const before = find(bucket, key);
      if (before !== undefined && object.onlyIfAbsent === true) return { replaced: staged, stored: undefined };
      const stored = insert(object, staged);
      events.record({ ...stored, event: object.event });
      return { replaced: before, stored };
    });
    if (replaced !== undefined) await rm(join(folder, replaced.file), { force: true });
    if (stored === undefined) {
      throw new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
        status: 412,
        extra: { Condition: 'If-None-Match' },
      });
    }
    events.wake();
    return stored;
  }

  function insert(object: NewObject, staged: Staged): StoredObject {
    const stored: StoredObject = {
      bucket: object.bucket,
      key: object.key,
      file: staged.file,
      size: staged.measure.bytes,
      etag: object.etag ?? staged.measure.md5.toString('hex'),
      modified_ms: now(),
      headers: { ...object.headers },
      checksum: object.checksum === undefined ? {} : { [object.checksum[0]]: object.checksum[1] },
    };
    store.run(
      `insert or replace into s3_objects (bucket, key, file, size, etag, modified_ms, headers, checksum)
       values (?, ?, ?, ?, ?, ?, ?, ?)`,
      stored.bucket,
      stored.key,
      stored.file,
      stored.size,
      stored.etag,
      stored.modified_ms,
      JSON.stringify(stored.headers),
      JSON.stringify(stored.checksum),
    );
    return stored;
  }

  async function copy(source: StoredObject, target: NewObject): Promise<StoredObject> {
    // A copy is one piece again, with the MD5 of its bytes.
    if (source.etag.includes('-'))
      return commit(target, await stage(read(source), { maxBytes: source.size, tooLarge: gone }));
    const file = randomUUID();
    await copyFile(join(folder, source.file), join(staging, file));
    const md5 = Buffer.from(source.etag, 'hex');
    // The bytes are those of the source, so its row tells all that `insert` asks of a measure.
    const measure: Measure = { bytes: source.size, md5, sha256Hex: '', checksum: () => '' };
    return commit(target, { file, measure });
  }

  async function remove(bucket: string, key: string): Promise<void> {
    const before = find(bucket, key);
    store.run('delete from s3_objects where bucket = ? and key = ?', bucket, key);
    if (before !== undefined) await rm(join(folder, before.file), { force: true });
  }

  function read(object: StoredObject, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(join(folder, object.file), range);
  }

  /** Keys after `after` in the order of their UTF-8 bytes. */
  function list(bucket: string, from: { prefix: string; after: string; limit: number }): StoredObject[] {
    return store.rows(
      objectRow,
      `select * from s3_objects where bucket = ? and key > ? and key >= ? and key < ? || char(1114111)
       order by key limit ?`,
      bucket,
      from.after,
      from.prefix,
      from.prefix,
      from.limit,
    );
  }

  return {
    createBucket: (name: string) => {
      if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) throw new Error(`not a bucket name: ${name}`);
      store.run('insert into s3_buckets (name) values (?) on conflict do nothing', name);
    },
    requireBucket: (name: string) => {
      if (store.row(nameRow, 'select name from s3_buckets where name = ?', name) !== undefined) return;
      throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist', {
        status: 404,
        extra: { BucketName: name },
      });
    },
    find,
    stage,
    discard,
    commit,
    copy,
    remove,
    read,
    list,
  };
}

function gone(): ServiceError {
  return new ServiceError('InternalError', 'The source changed while it was copied.', { status: 500 });
}

function prepareFolders(store: Store, folder: string, staging: string): void {
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  mkdirSync(folder, { recursive: true });
  const known = new Set(store.rows(fileRow, 'select file from s3_objects').map(({ file }) => file));
  for (const file of readdirSync(folder)) if (!known.has(file)) rmSync(join(folder, file), { force: true });
}
