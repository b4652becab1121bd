/** PutObject and CopyObject. */
import type { IncomingMessage } from 'node:http';
import { type ChecksumName, checksumNames, incompleteBody, type Measure, unframed } from './s3-body.ts';
import { maxObjectBytes, type NewObject, type ObjectHeaders, type Objects } from './s3-objects.ts';
import type { Answer, S3Request } from './s3-read.ts';
import { sendXml } from './s3-xml.ts';
import { ServiceError } from './service-error.ts';
import { queryValue } from './sigv4.ts';

const framedPayload = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
/** What an uploader may say about an object and gets back with it. */
const keptHeaders = ['content-type', 'cache-control', 'content-disposition', 'content-language', 'expires'];

export async function putObject(objects: Objects, call: S3Request): Promise<Answer> {
  const { req, res } = call;
  const bytes = announcedBytes(req);
  const trailers = new Map<string, string>();
  const source = isFramed(req) ? unframed(req, trailers) : req;
  const staged = await objects.stage(source, { maxBytes: bytes, tooLarge: incompleteBody });
  try {
    if (staged.measure.bytes !== bytes) throw incompleteBody();
    const sent = (name: string): string | undefined => header(call, name) ?? trailers.get(name);
    const checksum = checkSums(staged.measure, sent);
    const object: NewObject = {
      bucket: call.bucket,
      key: call.key,
      headers: uploadHeaders(call),
      event: 'Put',
      onlyIfAbsent: req.headers['if-none-match'] === '*',
      ...(checksum === undefined ? {} : { checksum }),
    };
    const stored = await objects.commit(object, staged);
    const headers = { etag: `"${stored.etag}"`, 'x-amz-server-side-encryption': 'AES256', ...stored.checksum };
    return () => void res.writeHead(200, { ...headers, 'content-length': 0 }).end();
  } catch (error) {
    await objects.discard(staged);
    throw error;
  }
}

export async function copyObject(objects: Objects, call: S3Request): Promise<Answer> {
  const path = decodeURIComponent(String(call.req.headers['x-amz-copy-source'])).replace(/^\//, '');
  const slash = path.indexOf('/');
  objects.requireBucket(path.slice(0, slash));
  const source = objects.find(path.slice(0, slash), path.slice(slash + 1));
  if (source === undefined) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', { status: 404 });
  const replace = call.req.headers['x-amz-metadata-directive'] === 'REPLACE';
  const headers: ObjectHeaders = replace ? uploadHeaders(call) : source.headers;
  const stored = await objects.copy(source, { bucket: call.bucket, key: call.key, headers, event: 'Copy' });
  const result = { ETag: `"${stored.etag}"`, LastModified: new Date(stored.modified_ms).toISOString() };
  return () => sendXml(call.res, 200, 'CopyObjectResult', result);
}

/** Compares every checksum that was sent; returns the `x-amz-checksum-*` one. Throws BadDigest and the like. */
export function checkSums(
  measure: Measure,
  sent: (name: string) => string | undefined,
): readonly [string, string] | undefined {
  const md5 = sent('content-md5');
  if (md5 !== undefined) {
    if (Buffer.from(md5, 'base64').length !== 16) {
      throw new ServiceError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
    }
    if (md5 !== measure.md5.toString('base64')) {
      throw new ServiceError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    }
  }
  const sha256 = sent('x-amz-content-sha256');
  if (sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) && sha256 !== measure.sha256Hex) {
    throw new ServiceError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const other = ['crc32c', 'crc64nvme'].find((name) => sent(`x-amz-checksum-${name}`) !== undefined);
  if (other !== undefined) {
    throw new ServiceError('NotImplemented', `The local endpoint cannot check ${other}.`, { status: 501 });
  }
  const found = checksumNames.filter((name) => sent(`x-amz-checksum-${name}`) !== undefined);
  if (found.length > 1) throw new ServiceError('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  const [name] = found;
  if (name === undefined) return undefined;
  return compareSum(name, measure, sent(`x-amz-checksum-${name}`) ?? '');
}

function compareSum(name: ChecksumName, measure: Measure, value: string): readonly [string, string] {
  if (Buffer.from(value, 'base64').length !== { crc32: 4, sha1: 20, sha256: 32 }[name]) {
    throw new ServiceError('InvalidRequest', `Value for x-amz-checksum-${name} header is invalid.`);
  }
  if (measure.checksum(name) === value) return [`x-amz-checksum-${name}`, value];
  throw new ServiceError('BadDigest', `The ${name.toUpperCase()} you specified did not match the calculated checksum.`);
}

export function isFramed(req: IncomingMessage): boolean {
  const payload = String(req.headers['x-amz-content-sha256'] ?? '');
  if (payload.startsWith('STREAMING-') && payload !== framedPayload) {
    throw new ServiceError('NotImplemented', 'The local endpoint takes no signed chunks.', { status: 501 });
  }
  return payload === framedPayload;
}

/** Bytes of the object itself, which S3 wants to know before they come. */
export function announcedBytes(req: IncomingMessage): number {
  const text = isFramed(req) ? req.headers['x-amz-decoded-content-length'] : req.headers['content-length'];
  if (typeof text !== 'string' || !/^\d+$/.test(text)) {
    throw new ServiceError('MissingContentLength', 'You must provide the Content-Length HTTP header.', { status: 411 });
  }
  if (Number(text) > maxObjectBytes) throw tooLarge(Number(text), maxObjectBytes);
  return Number(text);
}

export function tooLarge(bytes: number, maxBytes: number): ServiceError {
  return new ServiceError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
    extra: { ProposedSize: String(bytes), MaxSizeAllowed: String(maxBytes) },
  });
}

/** A header, or the query parameter into which a presigned URL has hoisted it. */
export function header(call: S3Request, name: string): string | undefined {
  const value = call.req.headers[name];
  if (value !== undefined) return String(value);
  return name.startsWith('x-amz-') ? queryValue(call.target, name) : undefined;
}

export function uploadHeaders(call: S3Request): ObjectHeaders {
  const kept = keptHeaders.flatMap((name) => {
    const value = call.req.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  const encoding = String(call.req.headers['content-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'aws-chunked')
    .join(',');
  const meta = [
    ...Object.entries(call.req.headers).map(([name, value]) => [name, String(value)] as const),
    ...call.target.query.map(([name, value]) => [name.toLowerCase(), value] as const),
  ].filter(([name]) => name.startsWith('x-amz-meta-'));
  return {
    'content-type': 'binary/octet-stream',
    ...Object.fromEntries(kept),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
    ...Object.fromEntries(meta),
  };
}
