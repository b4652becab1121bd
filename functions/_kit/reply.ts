/** From what a door returns to the answer of the gateway. What nobody declared never leaves the house. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { AnswerHeaders } from './answer-fields.ts';
import { gzipped } from './compress.ts';
import type { EndpointContract } from './contract.ts';
import { entityTag, isKnown } from './entity-tag.ts';
import { locationOf } from './location.ts';

type Result = APIGatewayProxyStructuredResultV2;

/** An answer that is not JSON: a page, a picture, a redirect. */
export interface Page {
  readonly body?: string | Uint8Array;
  readonly headers?: AnswerHeaders;
}

export function reply(contract: EndpointContract, sent: unknown, event: APIGatewayProxyEventV2): Result {
  if (contract.status === 204) return { statusCode: 204 };
  if (contract.response === undefined) return page(contract, sent as Page, event);
  const body = contract.response.parse(sent);
  const text = JSON.stringify(body);
  const isRead = contract.method === 'GET' && !contract.secretAnswer;
  const result = {
    statusCode: contract.status,
    headers: {
      'content-type': 'application/json',
      // Reads may be kept by who asked, and asked for again by their tag.
      'cache-control': isRead ? 'private, no-cache' : 'no-store',
      ...locationOf(contract, body, event),
    },
    body: text,
  };
  return isRead || contract.ifMatch ? tagged(result, entityTag(body, text), event) : result;
}

function page(contract: EndpointContract, { body = '', headers = {} }: Page, event: APIGatewayProxyEventV2): Result {
  const result = {
    statusCode: contract.status,
    headers: {
      ...(contract.content !== undefined && { 'content-type': [contract.content].flat()[0] ?? '' }),
      'cache-control': 'no-store',
      ...headers,
    },
  };
  if (typeof body === 'object') {
    const full = { ...result, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
    return headers['cache-control'] === undefined ? full : tagged(full, entityTag(null, full.body), event);
  }
  if (headers['cache-control'] === undefined) return { ...result, body };
  const plainTag = entityTag(null, body);
  if (contract.cached !== true) return tagged({ ...result, body }, plainTag, event);
  // Either coding is a representation of its own, with its own tag (RFC 9110, section 8.8.3.3).
  const packed = gzipped(event, plainTag, body);
  const cached = { ...result, headers: { ...result.headers, vary: 'accept-encoding' } };
  if (packed === null) return tagged({ ...cached, body }, plainTag, event);
  const coded = { ...cached, headers: { ...cached.headers, 'content-encoding': 'gzip' } };
  return tagged({ ...coded, body: packed, isBase64Encoded: true }, plainTag.replace(/"$/, '-gzip"'), event);
}

function tagged(
  result: Result & { readonly headers: Readonly<Record<string, string>> },
  etag: string,
  event: APIGatewayProxyEventV2,
): Result {
  const isRead = ['GET', 'HEAD'].includes(event.requestContext.http.method);
  if (isRead && isKnown(event, etag)) {
    const { 'cache-control': keeping = 'no-cache', vary } = result.headers;
    return { statusCode: 304, headers: { etag, 'cache-control': keeping, ...(vary !== undefined && { vary }) } };
  }
  return { ...result, headers: { ...result.headers, etag } };
}
