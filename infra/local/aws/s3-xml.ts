/** XML documents of S3, and its headers that every answer has. */
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import type { ServiceError } from './service-error.ts';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

export function sendXml(
  res: ServerResponse,
  status: number,
  root: string,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: false });
  const attributes = root === 'Error' ? {} : { '@_xmlns': namespace };
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { ...attributes, ...value } })}`;
  res.writeHead(status, {
    ...headers,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
  });
  res.end(body);
}

/** The error document; a HEAD has no body, and a 304 neither. */
export function sendS3Error(res: ServerResponse, error: ServiceError, resource: string): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  if (res.req.method === 'HEAD') {
    res.writeHead(error.status).end();
    return;
  }
  const requestId = String(res.getHeader('x-amz-request-id') ?? '');
  sendXml(res, error.status, 'Error', {
    Code: error.code,
    Message: error.message,
    ...error.detail.extra,
    Resource: resource,
    RequestId: requestId,
    HostId: String(res.getHeader('x-amz-id-2') ?? ''),
  });
}

/** Document as nested objects; texts stay texts, `lists` are always arrays. Throws when it is not XML. */
export function parseXml(text: string, lists: readonly string[]): unknown {
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    isArray: (name) => lists.includes(name),
  });
  return parser.parse(text, true);
}

/** Request ids, and CORS for any page: the local buckets are for every origin. */
export function setCommonHeaders(res: ServerResponse): void {
  res.setHeader('x-amz-request-id', randomBytes(8).toString('hex').toUpperCase());
  res.setHeader('x-amz-id-2', randomBytes(48).toString('base64'));
  res.setHeader('server', 'AmazonS3');
  const origin = res.req.headers.origin;
  if (origin === undefined) return;
  res.setHeader('access-control-allow-origin', '*');
  res.setHeader('access-control-expose-headers', 'ETag, x-amz-request-id, x-amz-checksum-crc32, Content-Range');
  res.setHeader('vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method');
}
