/** The S3 wire endpoint, path style (`/bucket/key`): who may call, and which operation a request is. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { type EndpointOptions, passed, readBody } from './json-protocol.ts';
import { createMeter } from './s3-body.ts';
import type { S3Events } from './s3-events.ts';
import { abortUpload, completeUpload, createUpload, createUploads, listUploads, uploadPart } from './s3-multipart.ts';
import { createObjects, type Objects } from './s3-objects.ts';
import { postObject } from './s3-post.ts';
import { checkSums, copyObject, putObject } from './s3-put.ts';
import { type Answer, getObject, listObjects, type S3Request } from './s3-read.ts';
import { parseXml, sendS3Error, sendXml, setCommonHeaders } from './s3-xml.ts';
import { ServiceError } from './service-error.ts';
import { queryValue, type RequestTarget, targetOf, verifyHeader, verifyPresigned } from './sigv4.ts';
import type { Store } from './store.ts';

export interface S3Options extends EndpointOptions {
  readonly store: Store;
  readonly events: S3Events;
}

export interface S3 {
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Idempotent. */
  createBucket(name: string): void;
}

type OperationName =
  | 'PutObject'
  | 'CopyObject'
  | 'PostObject'
  | 'GetObject'
  | 'HeadObject'
  | 'HeadBucket'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'ListMultipartUploads';

/** Query parameters that make a request another operation than its method says; none of them is offered here. */
const subresources = ['acl', 'tagging', 'versions', 'versioning', 'policy', 'lifecycle', 'cors'];
const maxDeleteBytes = 2 * 1024 * 1024;
const deleteShape = z.object({
  Delete: z.object({
    Object: z
      .array(z.object({ Key: z.string().min(1) }))
      .min(1)
      .max(1000),
    Quiet: z.string().optional(),
  }),
});

export function createS3(options: S3Options): S3 {
  const now = options.now ?? Date.now;
  const objects = createObjects({ store: options.store, now, events: options.events });
  const uploads = createUploads({ store: options.store, objects, now });

  async function run(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const target = targetOf(req);
    const [, bucket = '', ...rest] = target.path.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    if (bucket === '') throw notImplemented('ListBuckets');
    const name = operationOf(req, target, key);
    if (name !== 'PostObject') authorize(req, target, name);
    if (Buffer.byteLength(key) > 1024) throw new ServiceError('KeyTooLongError', 'Your key is too long');
    objects.requireBucket(bucket);
    if ((await passed({ ...options, service: 's3' }, `${name}:before`)) === 'drop') return void req.socket.destroy();
    const answer = await perform(name, { req, res, target, bucket, key });
    if ((await passed({ ...options, service: 's3' }, `${name}:after`)) === 'drop') return void req.socket.destroy();
    await answer();
  }

  function authorize(req: IncomingMessage, target: RequestTarget, name: OperationName): void {
    const payload = req.headers['x-amz-content-sha256'];
    const presigned = queryValue(target, 'X-Amz-Signature') !== undefined;
    if (!presigned && req.headers.authorization === undefined) {
      throw new ServiceError('AccessDenied', 'Access Denied', { status: 403 });
    }
    if (options.credentials === undefined) return;
    const check = { credentials: options.credentials, nowMs: now() };
    if (presigned) {
      verifyPresigned(req, target, {
        ...check,
        payloadHash: typeof payload === 'string' ? payload : 'UNSIGNED-PAYLOAD',
      });
      return;
    }
    if (typeof payload !== 'string') {
      throw new ServiceError('InvalidRequest', `Missing required header for ${name}: x-amz-content-sha256`);
    }
    verifyHeader(req, target, { ...check, payloadHash: payload });
  }

  function perform(name: OperationName, call: S3Request): Promise<Answer> | Answer {
    switch (name) {
      case 'PutObject':
        return putObject(objects, call);
      case 'CopyObject':
        return copyObject(objects, call);
      case 'PostObject':
        return postObject({ objects, credentials: options.credentials, nowMs: now() }, call);
      case 'GetObject':
      case 'HeadObject':
        return getObject(objects, call);
      case 'HeadBucket':
        return () => void call.res.writeHead(200, { 'x-amz-bucket-region': 'us-east-1' }).end();
      case 'ListObjectsV2':
        return listObjects(objects, call);
      case 'DeleteObject':
        return deleteObject(objects, call);
      case 'DeleteObjects':
        return deleteObjects(objects, call);
      case 'CreateMultipartUpload':
        return createUpload(uploads, call);
      case 'UploadPart':
        return uploadPart(uploads, call);
      case 'CompleteMultipartUpload':
        return completeUpload(uploads, call);
      case 'AbortMultipartUpload':
        return abortUpload(uploads, call);
      case 'ListMultipartUploads':
        return listUploads(uploads, call);
    }
  }

  return {
    createBucket: objects.createBucket,
    handle: async (req, res) => {
      setCommonHeaders(res);
      if (req.method === 'OPTIONS') return preflight(req, res);
      try {
        await run(req, res);
      } catch (error) {
        const known = error instanceof ServiceError ? error : unexpected(res, error);
        if (known !== undefined) sendS3Error(res, known, (req.url ?? '/').split('?')[0] ?? '/');
      }
      if (!req.complete) req.resume();
    },
  };
}

async function deleteObject(objects: Objects, call: S3Request): Promise<Answer> {
  await objects.remove(call.bucket, call.key);
  return () => void call.res.writeHead(204).end();
}

async function deleteObjects(objects: Objects, call: S3Request): Promise<Answer> {
  const body = await readBody(call.req, maxDeleteBytes);
  const sent = (name: string): string | undefined => {
    const value = call.req.headers[name];
    return value === undefined ? undefined : String(value);
  };
  const meter = createMeter();
  meter.update(body);
  if (checkSums(meter.result(), sent) === undefined && sent('content-md5') === undefined) {
    throw new ServiceError(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const request = parseDelete(body);
  for (const { Key } of request.Object) await objects.remove(call.bucket, Key);
  const deleted = request.Quiet === 'true' ? [] : request.Object.map(({ Key }) => ({ Key }));
  return () => sendXml(call.res, 200, 'DeleteResult', { Deleted: deleted });
}

function parseDelete(body: Buffer): z.output<typeof deleteShape>['Delete'] {
  try {
    return deleteShape.parse(parseXml(body.toString('utf8'), ['Object'])).Delete;
  } catch {
    throw new ServiceError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  }
}

function operationOf(req: IncomingMessage, target: RequestTarget, key: string): OperationName {
  const has = (name: string): boolean => target.query.some(([given]) => given === name);
  const other = subresources.find(has);
  if (other !== undefined) throw notImplemented(other);
  const parts =
    has('uploads') || has('uploadId') ? multipart(`${req.method} ${has('uploads') ? 'uploads' : 'upload'}`) : undefined;
  if (parts !== undefined) return parts;
  switch (`${req.method} ${key === '' ? 'bucket' : 'object'}`) {
    case 'PUT object':
      return req.headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
    case 'GET object':
      return 'GetObject';
    case 'HEAD object':
      return 'HeadObject';
    case 'DELETE object':
      return 'DeleteObject';
    case 'HEAD bucket':
      return 'HeadBucket';
    case 'POST bucket':
      return has('delete') ? 'DeleteObjects' : 'PostObject';
    case 'GET bucket':
      if (queryValue(target, 'list-type') === '2') return 'ListObjectsV2';
      throw notImplemented('ListObjects');
    default:
      throw new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
        status: 405,
      });
  }
}

function multipart(request: string): OperationName {
  switch (request) {
    case 'POST uploads':
      return 'CreateMultipartUpload';
    case 'GET uploads':
      return 'ListMultipartUploads';
    case 'PUT upload':
      return 'UploadPart';
    case 'POST upload':
      return 'CompleteMultipartUpload';
    case 'DELETE upload':
      return 'AbortMultipartUpload';
    default:
      throw notImplemented('ListParts');
  }
}

function preflight(req: IncomingMessage, res: ServerResponse): void {
  const asked = req.headers['access-control-request-headers'];
  if (asked !== undefined) res.setHeader('access-control-allow-headers', asked);
  res.writeHead(200, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
    'access-control-max-age': '3000',
    'content-length': 0,
  });
  res.end();
}

function notImplemented(name: string): ServiceError {
  return new ServiceError(
    'NotImplemented',
    `A header or query you provided implies functionality that is not implemented: ${name}`,
    {
      status: 501,
    },
  );
}

/** Nobody is left to answer when the client has gone in the middle of a body. */
function unexpected(res: ServerResponse, error: unknown): ServiceError | undefined {
  if (res.destroyed || res.req.destroyed) return undefined;
  console.error('s3: unexpected failure', error);
  return new ServiceError('InternalError', 'We encountered an internal error. Please try again.', { status: 500 });
}
