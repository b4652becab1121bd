/** The declarations of all endpoints as one OpenAPI 3.1 document. The same declarations give the same text. */
import { z } from 'zod';
import { errors } from '../../shared/errors.ts';
import type { Contract, EndpointContract } from './contract.ts';
import { errorsOf } from './endpoint.ts';
import { Problem, statusOf } from './problem.ts';

export type JsonSchema = { readonly [key: string]: unknown };

/** A door, as `infra/doors.ts` lists it. */
export interface Operation {
  readonly area: string;
  readonly operation: string;
  readonly contract: Contract;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DESCRIPTION = [
  'Every error is an RFC 9457 problem with a `code`, the `actor` who can mend it, and whether it is `retryable`.',
  'Every POST takes an `Idempotency-Key`: the same key with the same request gets the first answer again.',
  'Lists take `limit` and `cursor` and answer `data` and `nextCursor`.',
  'Any other path is answered 404, any other method of a path 405 with `Allow`;',
  'HEAD is answered 200 without a body where a GET route without parameters has the path, else 405.',
].join(' ');

/** What the gateway writes itself, before or instead of a function: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const GATEWAY_STATUSES: readonly number[] = [400, 413, 429, 500, 503];

const REASONS: Readonly<Record<number, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted.',
  204: 'Done; there is nothing to say.',
  302: 'Elsewhere.',
  400: 'The request cannot be read.',
  413: 'The request is too large.',
  429: 'Too many requests.',
  500: 'Something went wrong on our side.',
  503: 'The service is away for a moment.',
};

export function openApi(doors: readonly Operation[], version: string): JsonSchema {
  const book = openSchemaBook();
  const problem = book.schema(Problem, 'output');
  const operations = doors
    .flatMap(({ contract, ...door }) =>
      contract.kind === 'endpoint' && contract.method !== '$default' ? [{ ...door, contract }] : [],
    )
    .sort((a, b) => compare(a.contract.path, b.contract.path) || rank(a.contract) - rank(b.contract));
  // Answers first: they own the plain names of components.
  const answers = new Map(operations.map(({ operation, contract }) => [operation, responses(contract, problem, book)]));
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const { area, operation, contract } of operations) {
    paths[contract.path] ??= {};
    Object.assign(paths[contract.path] ?? {}, {
      [contract.method.toLowerCase()]: {
        operationId: operation,
        tags: [contract.tag ?? area],
        summary: contract.summary,
        ...(contract.description !== undefined && { description: contract.description }),
        security: security(contract),
        ...requestOf(contract, book),
        responses: answers.get(operation),
      },
    });
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Posthaste',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ area, contract }) => contract.tag ?? area))].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...book.components(), GatewayMessage },
      parameters: { IdempotencyKey },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

const GatewayMessage: JsonSchema = {
  type: 'object',
  description: 'Written by the gateway, when no function was asked or none answered.',
  properties: { message: { type: 'string' } },
  required: ['message'],
};

const IdempotencyKey: JsonSchema = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Chosen by you, once per intended effect; kept for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function rank(contract: EndpointContract): number {
  return METHODS.indexOf(contract.method);
}

function security(contract: EndpointContract): JsonSchema[] {
  if (contract.auth === 'user' || contract.auth === 'person') return [{ bearer: [] }];
  return contract.auth === 'optional' ? [{}, { bearer: [] }] : [];
}

function requestOf(contract: EndpointContract, book: SchemaBook): JsonSchema {
  const parameters = [
    ...parametersOf('path', contract.params, book),
    ...parametersOf('query', contract.query, book),
    ...(contract.method === 'POST' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
  const body = contract.body && {
    required: true,
    content: { 'application/json': { schema: book.schema(contract.body, 'input') } },
  };
  return { ...(parameters.length > 0 && { parameters }), ...(body && { requestBody: body }) };
}

function parametersOf(place: 'path' | 'query', fields: z.ZodObject | undefined, book: SchemaBook): JsonSchema[] {
  if (fields === undefined) return [];
  const { properties = {}, required = [] } = book.schema(fields, 'input') as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    ...(required.includes(name) && { required: true }),
    ...(description !== undefined && { description }),
    schema,
  }));
}

function responses(contract: EndpointContract, problem: JsonSchema, book: SchemaBook): JsonSchema {
  const codes = Map.groupBy(errorsOf(contract), statusOf);
  const failures = [...new Set([...codes.keys(), ...GATEWAY_STATUSES])].sort((a, b) => a - b);
  return {
    [contract.status]: success(contract, book),
    ...Object.fromEntries(failures.map((status) => [status, failure(status, codes.get(status) ?? [], problem)])),
  };
}

function success(contract: EndpointContract, book: SchemaBook): JsonSchema {
  const description = REASONS[contract.status] ?? '';
  if (contract.status === 302) return { description, headers: { Location: { schema: { type: 'string' } } } };
  if (contract.response !== undefined)
    return { description, content: { 'application/json': { schema: book.schema(contract.response, 'output') } } };
  if (contract.content === undefined) return { description };
  // JSON without a declared shape is the OpenAPI document itself.
  const schema = contract.content.startsWith('application/json') ? { type: 'object' } : { type: 'string' };
  return { description, content: { [contract.content]: { schema } } };
}

function failure(status: number, codes: readonly (keyof typeof errors)[], problem: JsonSchema): JsonSchema {
  const sorted = [...codes].sort();
  const byCode = { allOf: [problem, { type: 'object', properties: { code: { enum: sorted } } }] };
  return {
    description:
      sorted.length === 0 ? REASONS[status] : sorted.map((code) => `\`${code}\`: ${errors[code].title}`).join('\n'),
    ...((status === 429 || status === 503) && {
      headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
    }),
    content: {
      ...(sorted.length > 0 && { 'application/problem+json': { schema: byCode } }),
      ...(GATEWAY_STATUSES.includes(status) && {
        'application/json': { schema: { $ref: '#/components/schemas/GatewayMessage' } },
      }),
    },
  };
}

/** What a client sends, or what it gets. */
type Direction = 'input' | 'output';

/** zod schemas as OpenAPI schemas; those with an id become components. */
interface SchemaBook {
  /** The schema of what a client sends, or gets, as it stands in the document. */
  schema(of: z.ZodType, direction: Direction): JsonSchema;
  /** Call it last: all components by name. */
  components(): Record<string, JsonSchema>;
}

const DEFINITIONS = '#/$defs/';

function openSchemaBook(): SchemaBook {
  const known = new Map<string, string>();

  function schema(of: z.ZodType, direction: Direction): JsonSchema {
    const {
      $schema: _,
      $defs = {},
      ...root
    } = z.toJSONSchema(of, {
      io: direction,
      unrepresentable: 'any',
      // What is answered may grow a field without being another version.
      override: ({ zodSchema, jsonSchema }) => {
        const { def } = zodSchema._zod;
        if (direction === 'output' && def.type === 'object' && !('catchall' in def && def.catchall !== undefined))
          delete jsonSchema.additionalProperties;
        delete jsonSchema.id;
      },
    });
    const names = new Map<string, string>();
    for (const id of Object.keys($defs)) names.set(id, nameFor(id, $defs[id], direction));
    for (const [id, definition] of Object.entries($defs)) known.set(names.get(id) ?? id, rename(definition, names));
    return JSON.parse(rename(root, names)) as JsonSchema;
  }

  /** The plain id; where the two directions differ, what is sent is another component than what is answered. */
  function nameFor(id: string, definition: unknown, direction: Direction): string {
    const text = rename(definition, new Map());
    if (known.get(id) === undefined || known.get(id) === text) return id;
    if (direction === 'output') throw new Error(`two schemas of answers have the id ${id}`);
    return `${id}Input`;
  }

  return {
    schema,
    components: () =>
      Object.fromEntries(
        [...known]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, text]): [string, JsonSchema] => [name, JSON.parse(text) as JsonSchema]),
      ),
  };
}

/** As JSON text, with references that lead to the components. */
function rename(value: unknown, names: ReadonlyMap<string, string>): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (key !== '$ref' || typeof inner !== 'string' || !inner.startsWith(DEFINITIONS)) return inner;
    const id = inner.slice(DEFINITIONS.length);
    return `#/components/schemas/${names.get(id) ?? id}`;
  });
}
