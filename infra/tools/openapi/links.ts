/** Where to go with what was made or listed: from the id in an answer to the operations that take it in their path. */
import { z } from 'zod';
import type { EndpointContract } from '../../../functions/_kit/contract.ts';
import type { JsonSchema } from './schemas.ts';

export interface Linked {
  readonly operation: string;
  readonly contract: EndpointContract;
}

/** Links of an operation's success, by name. */
export function linksOf({ contract }: Linked, all: readonly Linked[]): Record<string, JsonSchema> | undefined {
  const links: Record<string, JsonSchema> = {};
  for (const { operation, contract: next } of all) {
    const name = parameterBehind(contract.path, next.path);
    const place = name === undefined ? undefined : placeOf(contract, name);
    if (name === undefined || place === undefined) continue;
    links[operation] = {
      operationId: operation,
      description: next.summary,
      parameters: { ...samePath(contract, next), [name]: `$response.body#${place}` },
    };
  }
  return Object.keys(links).length === 0 ? undefined : links;
}

/** The parameter's name where the one path is the other with a parameter behind it. */
function parameterBehind(path: string, next: string): string | undefined {
  if (!next.startsWith(`${path}/`)) return undefined;
  return /^\{(\w+)\}$/.exec(next.slice(path.length + 1))?.[1];
}

/** Where the answer has the id: its own, the one inside of what the parameter names, or the first of a list. */
function placeOf({ method, response }: EndpointContract, parameter: string): string | undefined {
  if (response instanceof z.ZodDiscriminatedUnion) {
    const options: readonly z.core.$ZodType[] = response.options;
    return options.map((option) => placeIn(method, option, parameter)).find((place) => place !== undefined);
  }
  return placeIn(method, response, parameter);
}

function placeIn(method: string, response: z.core.$ZodType | undefined, parameter: string): string | undefined {
  if (!(response instanceof z.ZodObject)) return undefined;
  const shape: Readonly<Record<string, z.core.$ZodType>> = response.shape;
  const noun = parameter.replace(/Id$/, '');
  if (method === 'POST' && hasId(response)) return '/id';
  if (method === 'POST' && hasId(shape[noun])) return `/${noun}/id`;
  const list = shape.data;
  if (method === 'GET' && list instanceof z.ZodArray && hasId(list.element)) return '/data/0/id';
  return undefined;
}

function hasId(schema: z.core.$ZodType | undefined): boolean {
  return schema instanceof z.ZodObject && 'id' in schema.shape;
}

function samePath(from: EndpointContract, to: EndpointContract): Record<string, string> {
  const names = Object.keys(from.params?.shape ?? {}).filter(
    (name) => to.params !== undefined && name in to.params.shape,
  );
  return Object.fromEntries(names.map((name) => [name, `$request.path.${name}`]));
}
