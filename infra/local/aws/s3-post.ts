/** Browser uploads: POST of a multipart form whose policy says what may come. */
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { maxObjectBytes, type ObjectHeaders, type Objects, type Staged } from './s3-objects.ts';
import { checkPolicy, type SizeRange } from './s3-policy.ts';
import { checkSums, tooLarge } from './s3-put.ts';
import type { Answer, S3Request } from './s3-read.ts';
import { sendXml } from './s3-xml.ts';
import { ServiceError } from './service-error.ts';
import type { Credentials } from './sigv4.ts';

/** S3's limit for all fields before the file. */
const maxFieldBytes = 20_480;

/** S3 puts the name of the posted file here. */
const fileNamePlace = '$' + '{filename}';

interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly key: string;
  readonly staged: Staged;
}

interface PostOptions {
  readonly objects: Objects;
  readonly credentials?: Credentials | undefined;
  readonly nowMs: number;
}

/** Fields of the form by lower-case name → header of the object. */
const keptFields = ['content-type', 'cache-control', 'content-disposition', 'content-encoding', 'expires'];

export async function postObject(options: PostOptions, call: S3Request): Promise<Answer> {
  if (call.req.headers['content-length'] === undefined) {
    throw new ServiceError('MissingContentLength', 'You must provide the Content-Length HTTP header.', { status: 411 });
  }
  const { objects } = options;
  const form = await readForm(options, call);
  try {
    const checksum = checkSums(form.staged.measure, (name) => form.fields.get(name));
    const headers = headersOf(form.fields);
    const stored = await objects.commit(
      { bucket: call.bucket, key: form.key, headers, event: 'Post', ...(checksum === undefined ? {} : { checksum }) },
      form.staged,
    );
    return () => answer(call, form, stored.etag);
  } catch (error) {
    await objects.discard(form.staged);
    throw error;
  }
}

function answer(call: S3Request, form: Form, etag: string): void {
  const path = `/${call.bucket}/${form.key.split('/').map(encodeURIComponent).join('/')}`;
  const location = `http://${call.req.headers.host ?? ''}${path}`;
  const status = form.fields.get('success_action_status');
  const headers = { etag: `"${etag}"`, location };
  if (status === '201') {
    const document = { Location: location, Bucket: call.bucket, Key: form.key, ETag: `"${etag}"` };
    sendXml(call.res, 201, 'PostResponse', document, headers);
    return;
  }
  call.res.writeHead(status === '200' ? 200 : 204, headers).end();
}

/**
 * Reads fields up to the file, checks the policy, then streams the file. Fields after it are ignored, as by S3. A form that
 * is refused is read to its end, because a browser shows the answer only then.
 */
async function readForm(options: PostOptions, call: S3Request): Promise<Form> {
  const { req } = call;
  const fields = new Map<string, string>();
  let fieldBytes = 0;
  let outcome: Promise<Form | ServiceError> | undefined;
  const parser = openParser(req.headers);
  parser.on('field', (name, value) => {
    if (outcome !== undefined) return;
    fieldBytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    fields.set(name.toLowerCase(), value);
  });
  parser.on('file', (name, stream, info) => {
    if (name !== 'file' || outcome !== undefined) {
      stream.resume();
      return;
    }
    outcome = receiveFile(options, call, { fields, fieldBytes, stream, fileName: info.filename ?? '' }).catch(
      (error: unknown) => {
        stream.resume();
        return error instanceof ServiceError ? error : incompleteForm();
      },
    );
  });
  const parsed = await new Promise<boolean>((resolve) => {
    parser.on('close', () => resolve(true));
    parser.on('error', () => resolve(false));
    req.on('close', () => {
      if (!req.complete) resolve(false);
    });
    req.pipe(parser);
  });
  if (!parsed) parser.destroy();
  const form = await outcome;
  if (form instanceof ServiceError) throw form;
  if (!parsed || !req.complete) {
    if (form !== undefined) await options.objects.discard(form.staged);
    throw incompleteForm();
  }
  if (form === undefined)
    throw new ServiceError('InvalidArgument', 'POST requires exactly one file upload per request.');
  return form;
}

interface Incoming {
  readonly fields: ReadonlyMap<string, string>;
  readonly fieldBytes: number;
  readonly stream: Readable;
  readonly fileName: string;
}

async function receiveFile(options: PostOptions, call: S3Request, incoming: Incoming): Promise<Form> {
  const { fields, fileName } = incoming;
  if (incoming.fieldBytes > maxFieldBytes) {
    throw new ServiceError(
      'MaxPostPreDataLengthExceeded',
      'Your POST request fields preceding the upload file were too large.',
    );
  }
  const key = fields.get('key')?.replaceAll(fileNamePlace, () => fileName);
  if (key === undefined || key === '') {
    throw new ServiceError('InvalidArgument', "Bucket POST must contain a field named 'key'.");
  }
  const range = checkPolicy({ bucket: call.bucket, fields: new Map([...fields, ['key', key]]) }, options);
  if (Buffer.byteLength(key) > 1024) throw new ServiceError('KeyTooLongError', 'Your key is too long');
  return { fields, key, staged: await stageWithin(options.objects, incoming.stream, range) };
}

async function stageWithin(objects: Objects, stream: Readable, range: SizeRange | undefined): Promise<Staged> {
  const maxBytes = Math.min(range?.maxBytes ?? maxObjectBytes, maxObjectBytes);
  let bytes = 0;
  let refused: ServiceError | undefined;
  // What is over the limit is read on without being kept.
  async function* within(): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes <= maxBytes) yield chunk;
    }
    if (bytes > maxBytes) refused = tooLarge(bytes, maxBytes);
  }
  const staged = await objects.stage(within(), { maxBytes, tooLarge: () => tooLarge(bytes, maxBytes) });
  if (bytes < (range?.minBytes ?? 0)) {
    refused = new ServiceError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      extra: { ProposedSize: String(bytes), MinSizeAllowed: String(range?.minBytes) },
    });
  }
  if (refused === undefined) return staged;
  await objects.discard(staged);
  throw refused;
}

function headersOf(fields: ReadonlyMap<string, string>): ObjectHeaders {
  const kept = [...fields].filter(([name]) => keptFields.includes(name) || name.startsWith('x-amz-meta-'));
  return { 'content-type': 'binary/octet-stream', ...Object.fromEntries(kept) };
}

function openParser(headers: S3Request['req']['headers']): busboy.Busboy {
  try {
    return busboy({
      headers,
      limits: { fieldSize: maxFieldBytes + 1, fileSize: Number.POSITIVE_INFINITY },
      preservePath: false,
    });
  } catch {
    throw new ServiceError(
      'MalformedPOSTRequest',
      'The body of your POST request is not well-formed multipart/form-data.',
    );
  }
}

function incompleteForm(): ServiceError {
  return new ServiceError(
    'MalformedPOSTRequest',
    'The body of your POST request is not well-formed multipart/form-data.',
  );
}
