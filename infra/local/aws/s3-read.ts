/** GetObject, HeadObject and ListObjectsV2. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Objects, StoredObject } from './s3-objects.ts';
import { sendXml } from './s3-xml.ts';
import { ServiceError } from './service-error.ts';
import { queryValue, type RequestTarget } from './sigv4.ts';

export interface S3Request {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly target: RequestTarget;
  readonly bucket: string;
  readonly key: string;
}

/** Says what was done; runs when the fault point behind the effect has been passed. */
export type Answer = () => void | Promise<void>;

/** Query parameters of a signed GET that replace headers of the answer. */
const overrides = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
];

export function getObject(objects: Objects, call: S3Request): Answer {
  const { req, res } = call;
  const object = objects.find(call.bucket, call.key);
  if (object === undefined) {
    throw new ServiceError('NoSuchKey', 'The specified key does not exist.', { status: 404, extra: { Key: call.key } });
  }
  const headers = headersOf(object, call);
  if (notModified(req, object)) {
    return () => void res.writeHead(304, { etag: headers.etag, 'last-modified': headers['last-modified'] }).end();
  }
  const range = parseRange(req, object);
  return async () => {
    if (range === undefined) {
      res.writeHead(200, { ...headers, ...checksumOf(object, req), 'content-length': object.size });
    } else {
      const [bytes, place] = [range.end - range.start + 1, `bytes ${range.start}-${range.end}/${object.size}`];
      res.writeHead(206, { ...headers, 'content-length': bytes, 'content-range': place });
    }
    if (req.method === 'HEAD' || object.size === 0) res.end();
    else await pipeline(objects.read(object, range), res);
  };
}

export function listObjects(objects: Objects, call: S3Request): Answer {
  const value = (name: string): string | undefined => queryValue(call.target, name);
  const maxKeys = Number(value('max-keys') ?? 1000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) {
    throw new ServiceError('InvalidArgument', 'Provided max-keys not an integer or within integer range');
  }
  const [prefix, delimiter] = [value('prefix') ?? '', value('delimiter') ?? ''];
  const token = value('continuation-token');
  const after = token === undefined ? (value('start-after') ?? '') : readToken(token);
  const limit = Math.min(maxKeys, 1000);
  const { contents, prefixes, last, truncated } = page(objects, call.bucket, { prefix, delimiter, after, limit });
  const text = value('encoding-type') === 'url' ? encodeURIComponent : (key: string): string => key;
  const result = {
    Name: call.bucket,
    Prefix: text(prefix),
    ...(delimiter === '' ? {} : { Delimiter: text(delimiter) }),
    ...(token === undefined ? {} : { ContinuationToken: token }),
    KeyCount: contents.length + prefixes.length,
    MaxKeys: limit,
    IsTruncated: truncated,
    ...(truncated ? { NextContinuationToken: Buffer.from(last).toString('base64url') } : {}),
    Contents: contents.map((object) => ({
      Key: text(object.key),
      LastModified: new Date(object.modified_ms).toISOString(),
      ETag: `"${object.etag}"`,
      Size: object.size,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: prefixes.map((common) => ({ Prefix: text(common) })),
  };
  return () => sendXml(call.res, 200, 'ListBucketResult', result);
}

interface Listing {
  readonly prefix: string;
  readonly delimiter: string;
  readonly after: string;
  readonly limit: number;
}

function page(objects: Objects, bucket: string, listing: Listing) {
  const contents: StoredObject[] = [];
  const prefixes: string[] = [];
  let last = listing.after;
  for (;;) {
    const [next] = objects.list(bucket, { prefix: listing.prefix, after: last, limit: 1 });
    if (next === undefined) return { contents, prefixes, last, truncated: false };
    if (contents.length + prefixes.length >= listing.limit)
      return { contents, prefixes, last, truncated: listing.limit > 0 };
    const cut = listing.delimiter === '' ? -1 : next.key.indexOf(listing.delimiter, listing.prefix.length);
    if (cut === -1) {
      contents.push(next);
      last = next.key;
    } else {
      const common = next.key.slice(0, cut + listing.delimiter.length);
      prefixes.push(common);
      // Behind every key with that prefix.
      last = `${common}\u{10FFFF}`;
    }
  }
}

function readToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString('utf8');
  if (key !== '') return key;
  throw new ServiceError('InvalidArgument', 'The continuation token provided is incorrect');
}

function headersOf(object: StoredObject, call: S3Request) {
  const replaced = overrides.flatMap((name) => {
    const value = queryValue(call.target, `response-${name}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...object.headers,
    ...Object.fromEntries(replaced),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modified_ms).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-server-side-encryption': 'AES256',
  };
}

function checksumOf(object: StoredObject, req: IncomingMessage): Record<string, string> {
  const wanted = String(req.headers['x-amz-checksum-mode'] ?? '').toUpperCase() === 'ENABLED';
  return wanted && Object.keys(object.checksum).length > 0
    ? { ...object.checksum, 'x-amz-checksum-type': 'FULL_OBJECT' }
    : {};
}

function notModified(req: IncomingMessage, object: StoredObject): boolean {
  const { 'if-match': match, 'if-none-match': noneMatch, 'if-modified-since': since } = req.headers;
  if (match !== undefined && !hasTag(match, object)) {
    throw new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
      status: 412,
      extra: { Condition: 'If-Match' },
    });
  }
  if (noneMatch !== undefined) return hasTag(noneMatch, object);
  // Header dates have whole seconds.
  return since !== undefined && Math.floor(object.modified_ms / 1000) * 1000 <= Date.parse(since);
}

function hasTag(header: string, object: StoredObject): boolean {
  return header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((tag) => tag === '*' || tag === object.etag);
}

/** One range of bytes, ends included; anything else in the header is ignored, as S3 does. */
function parseRange(req: IncomingMessage, object: StoredObject): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(req.headers.range?.trim() ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, object.size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? object.size - 1 : Math.min(Number(last), object.size - 1);
  if (start >= object.size || (first === '' && Number(last) === 0)) {
    throw new ServiceError('InvalidRange', 'The requested range is not satisfiable', {
      status: 416,
      extra: { RangeRequested: match[0], ActualObjectSize: String(object.size) },
    });
  }
  return { start, end };
}
