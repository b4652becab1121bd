/** From what a door returns to the answer of the gateway. What nobody declared never leaves the house. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { AnswerHeaders } from './answer-fields.ts';
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
  const full =
    typeof body === 'object'
      ? { ...result, body: Buffer.from(body).toString('base64'), isBase64Encoded: true }
      : { ...result, body };
  return headers['cache-control'] === undefined ? full : tagged(full, entityTag(null, full.body), event);
}

function tagged(
  result: Result & { readonly headers: Readonly<Record<string, string>> },
  etag: string,
  event: APIGatewayProxyEventV2,
): Result {
  const isRead = ['GET', 'HEAD'].includes(event.requestContext.http.method);
  if (isRead && isKnown(event, etag)) {
    return { statusCode: 304, headers: { etag, 'cache-control': result.headers['cache-control'] ?? 'no-cache' } };
  }
  return { ...result, headers: { ...result.headers, etag } };
}
