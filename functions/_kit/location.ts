/** Where what was made is to be found (RFC 9110, section 10.2.2). */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { AnswerHeaders } from './answer-fields.ts';
import type { EndpointContract } from './contract.ts';

export function locationOf(
  { location }: EndpointContract,
  body: unknown,
  { pathParameters = {} }: APIGatewayProxyEventV2,
): AnswerHeaders {
  if (location === undefined) return {};
  const parts = location.split(/\{([\w.]+)\}/).map((part, index) => {
    if (index % 2 === 0) return part;
    const value = valueAt(body, part.split('.')) ?? pathParameters[part];
    return typeof value === 'string' ? encodeURIComponent(value) : undefined;
  });
  return parts.includes(undefined) ? {} : { location: parts.join('') };
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined),
    body,
  );
}
