/**
 * Uploads in parts: rows for the upload and its parts, the bytes of each part in a file of its own until the upload is completed
 * or aborted. As on S3 they outlive a restart.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { readBody } from './json-protocol.ts';
import { createMeter, incompleteBody, measured, unframed } from './s3-body.ts';
import { maxObjectBytes, type ObjectHeaders, type Objects, type StoredObject } from './s3-objects.ts';
import { announcedBytes, checkSums, header, isFramed, uploadHeaders } from './s3-put.ts';
import type { Answer, S3Request } from './s3-read.ts';
import { parseXml, sendXml } from './s3-xml.ts';
import { ServiceError } from './service-error.ts';
import { queryValue } from './sigv4.ts';
import type { Store } from './store.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: only the last part may be smaller. */
const minPartBytes = 5 * 1024 ** 2;
const maxParts = 10_000;
const maxCompleteBytes = 1024 ** 2;

const ddl = `
create table if not exists s3_uploads (
  id text primary key, bucket text not null, key text not null, headers text not null, started_ms integer not null
) strict;
create table if not exists s3_parts (
  upload text not null references s3_uploads (id), number integer not null, file text not null, size integer not null,
  etag text not null, primary key (upload, number)
) strict, without rowid;
`;

const headersShape = z.string().transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text)));
const uploadRow = z.object({
  id: z.string(),
  bucket: z.string(),
  key: z.string(),
  headers: headersShape,
  started_ms: z.number(),
});
type UploadRow = z.output<typeof uploadRow>;
const partRow = z.object({ number: z.number(), file: z.string(), size: z.number(), etag: z.string() });
type PartRow = z.output<typeof partRow>;

const partShape = z.object({ PartNumber: z.coerce.number().int(), ETag: z.string() });
const completeShape = z.object({
  CompleteMultipartUpload: z.object({ Part: z.array(partShape).min(1).max(maxParts) }),
});

export type Uploads = ReturnType<typeof createUploads>;

export function createUploads(options: {
  readonly store: Store;
  readonly objects: Objects;
  readonly now: () => number;
}) {
  const { store, objects, now } = options;
  const folder = join(store.dir, 'parts');
  mkdirSync(folder, { recursive: true });
  store.define(ddl);

  function partsOf(upload: string): PartRow[] {
    return store.rows(
      partRow,
      'select number, file, size, etag from s3_parts where upload = ? order by number',
      upload,
    );
  }

  function find({ target, bucket, key }: S3Request): UploadRow {
    const id = queryValue(target, 'uploadId') ?? '';
    const found = store.row(
      uploadRow,
      'select * from s3_uploads where id = ? and bucket = ? and key = ?',
      id,
      bucket,
      key,
    );
    if (found !== undefined) return found;
    throw new ServiceError(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      { status: 404, extra: { UploadId: id } },
    );
  }

  async function forget(upload: UploadRow): Promise<void> {
    const files = partsOf(upload.id).map(({ file }) => join(folder, file));
    store.transaction(() => {
      store.run('delete from s3_parts where upload = ?', upload.id);
      store.run('delete from s3_uploads where id = ?', upload.id);
    });
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }

  return {
    find,
    forget,
    partsOf,
    begin: (bucket: string, key: string, headers: ObjectHeaders): string => {
      const id = randomBytes(32).toString('base64url');
      store.run('insert into s3_uploads values (?, ?, ?, ?, ?)', id, bucket, key, JSON.stringify(headers), now());
      return id;
    },
    list: (bucket: string) =>
      store.rows(uploadRow, 'select * from s3_uploads where bucket = ? order by key, started_ms', bucket),
    /** A file for a part's bytes, and its end: kept under its number, in place of an earlier one. */
    newFile: () => {
      const file = randomUUID();
      return { file, path: join(folder, file) };
    },
    keep: async (upload: UploadRow, part: PartRow): Promise<void> => {
      const before = partsOf(upload.id).find(({ number }) => number === part.number);
      store.run(
        'insert or replace into s3_parts (upload, number, file, size, etag) values (?, ?, ?, ?, ?)',
        ...[upload.id, part.number, part.file, part.size, part.etag],
      );
      if (before !== undefined) await rm(join(folder, before.file), { force: true });
    },
    complete: async (upload: UploadRow, parts: readonly PartRow[]): Promise<StoredObject> => {
      async function* bytes() {
        for (const { file } of parts) yield* createReadStream(join(folder, file));
      }
      const staged = await objects.stage(bytes(), { maxBytes: Number.MAX_SAFE_INTEGER, tooLarge: incompleteBody });
      const { bucket, key, headers } = upload;
      const digests = createHash('md5').update(Buffer.from(parts.map(({ etag }) => etag).join(''), 'hex'));
      const etag = `${digests.digest('hex')}-${parts.length}`;
      const stored = await objects.commit({ bucket, key, headers, event: 'CompleteMultipartUpload', etag }, staged);
      await forget(upload);
      return stored;
    },
  };
}

export function createUpload(uploads: Uploads, call: S3Request): Answer {
  const id = uploads.begin(call.bucket, call.key, uploadHeaders(call));
  const result = { Bucket: call.bucket, Key: call.key, UploadId: id };
  return () => sendXml(call.res, 200, 'InitiateMultipartUploadResult', result);
}

export async function uploadPart(uploads: Uploads, call: S3Request): Promise<Answer> {
  uploads.find(call);
  const number = Number(queryValue(call.target, 'partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > maxParts) {
    throw new ServiceError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  }
  const bytes = announcedBytes(call.req);
  const trailers = new Map<string, string>();
  const source = isFramed(call.req) ? unframed(call.req, trailers) : call.req;
  const { file, path } = uploads.newFile();
  const meter = createMeter();
  try {
    await pipeline(measured(source, meter, { maxBytes: bytes, tooLarge: incompleteBody }), createWriteStream(path));
    const measure = meter.result();
    if (measure.bytes !== bytes) throw incompleteBody();
    checkSums(measure, (name) => header(call, name) ?? trailers.get(name));
    const etag = measure.md5.toString('hex');
    // Completed or aborted while the part came in: it belongs to nothing.
    await uploads.keep(uploads.find(call), { number, file, size: bytes, etag });
    return () => void call.res.writeHead(200, { etag: `"${etag}"`, 'content-length': 0 }).end();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

export async function completeUpload(uploads: Uploads, call: S3Request): Promise<Answer> {
  const upload = uploads.find(call);
  const wanted = parseComplete(await readBody(call.req, maxCompleteBytes));
  const known = new Map(uploads.partsOf(upload.id).map((part) => [part.number, part]));
  const parts = wanted.map(({ PartNumber, ETag }, index) => {
    const previous = wanted[index - 1]?.PartNumber ?? 0;
    if (PartNumber <= previous) {
      throw new ServiceError('InvalidPartOrder', 'The list of parts was not in ascending order.');
    }
    const part = known.get(PartNumber);
    if (part === undefined || part.etag !== ETag.replaceAll(/"|&quot;/g, '')) {
      throw new ServiceError('InvalidPart', 'One or more of the specified parts could not be found.');
    }
    return part;
  });
  const small = parts.slice(0, -1).find(({ size }) => size < minPartBytes);
  if (small !== undefined) {
    throw new ServiceError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      extra: {
        ProposedSize: String(small.size),
        MinSizeAllowed: String(minPartBytes),
        PartNumber: String(small.number),
      },
    });
  }
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  if (bytes > 1024 * maxObjectBytes) {
    throw new ServiceError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  const stored = await uploads.complete(upload, parts);
  const result = {
    Location: `/${call.bucket}/${call.key}`,
    Bucket: call.bucket,
    Key: call.key,
    ETag: `"${stored.etag}"`,
  };
  return () => sendXml(call.res, 200, 'CompleteMultipartUploadResult', result);
}

export async function abortUpload(uploads: Uploads, call: S3Request): Promise<Answer> {
  await uploads.forget(uploads.find(call));
  return () => void call.res.writeHead(204).end();
}

/** All of a bucket at once: nobody here has a thousand. */
export function listUploads(uploads: Uploads, call: S3Request): Answer {
  const prefix = queryValue(call.target, 'prefix') ?? '';
  const found = uploads.list(call.bucket).filter(({ key }) => key.startsWith(prefix));
  const Upload = found.map(({ id, key, started_ms }) => ({
    Key: key,
    UploadId: id,
    Initiated: new Date(started_ms).toISOString(),
  }));
  const result = { Bucket: call.bucket, Prefix: prefix, MaxUploads: 1000, IsTruncated: false, Upload };
  return () => sendXml(call.res, 200, 'ListMultipartUploadsResult', result);
}

function parseComplete(body: Buffer) {
  try {
    return completeShape.parse(parseXml(body.toString('utf8'), ['Part'])).CompleteMultipartUpload.Part;
  } catch {
    throw new ServiceError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
}
