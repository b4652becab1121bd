/** The declarations of all endpoints as one OpenAPI 3.1 document. The same declarations give the same text. */
import type { z } from 'zod';
import { maxBodyOf } from '../../../functions/_kit/body.ts';
import type { Contract, EndpointContract } from '../../../functions/_kit/contract.ts';
import { rateClassOf } from '../../../functions/_kit/rate-limit.ts';
import { GatewayMessage, isTagged, objectOf, openAnswerBook } from './answers.ts';
import { exampleOf } from './examples.ts';
import { headers } from './headers.ts';
import { linksOf } from './links.ts';
import { type JsonSchema, openSchemaBook, type SchemaBook } from './schemas.ts';
import { TAGS } from './tags.ts';

/** A door, as `infra/doors.ts` lists it. */
export interface Operation {
  readonly area: string;
  readonly operation: string;
  readonly contract: Contract;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const DESCRIPTION = [
  'Every error is an RFC 9457 problem with a `code`, the `actor` who can fix it, and whether it is `retryable`.',
  'Every POST accepts an `Idempotency-Key`: the same key with the same request returns the first answer again.',
  'Lists take `limit` and `cursor`, and return `data` and `nextCursor`.',
  'Reads return an `ETag`, and 304 for a matching `If-None-Match`; edits of anything with a `version` accept the tag as `If-Match`.',
  'Strings of the format `visible-text` contain at least one character that can be seen.',
  'Requests are limited per caller and class of operation: `RateLimit` and `RateLimit-Policy` tell what is left.',
  'Requests with a token that is unknown or no longer valid are counted per IP address, in the class `refused`.',
  'An unknown path gets a 404 `no_such_route`, another method of a known path a 405 with `Allow`.',
  'Paths are matched after percent-decoding: `%2F` separates segments, and no id contains it.',
  'HEAD works wherever GET needs no sign-in, and answers like GET without the body;',
  'elsewhere it gets a 405, also where GET redirects (302) or can be used only once (`x-once`).',
  'OPTIONS lists the methods of a path.',
  'To pages of other origins that may call, answers also carry the fields of CORS.',
].join(' ');

export function openApi(doors: readonly Operation[], version: string): JsonSchema {
  const book = openSchemaBook();
  const answers = openAnswerBook(book);
  const operations = doors
    .flatMap(({ contract, ...door }) =>
      contract.kind === 'endpoint' && contract.method !== '$default' ? [{ ...door, contract }] : [],
    )
    .sort((a, b) => compare(a.contract.path, b.contract.path) || rank(a.contract) - rank(b.contract));
  // Answers first: they own the plain names of components.
  const responses = new Map(
    operations.map(({ operation, contract }) => [operation, answers.responses(operation, contract)]),
  );
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const { area, operation, contract } of operations) {
    const links = linksOf({ operation, contract }, operations);
    const { [contract.status]: success, ...others } = responses.get(operation) ?? {};
    paths[contract.path] ??= {};
    Object.assign(paths[contract.path] ?? {}, {
      [contract.method.toLowerCase()]: {
        operationId: operation,
        tags: [contract.tag ?? area],
        summary: contract.summary,
        ...describe(contract),
        security: security(contract),
        ...requestOf(operation, contract, book),
        responses: { [contract.status]: { ...success, ...(links && { links }) }, ...others },
      },
    });
  }
  const tags = [...new Set(operations.map(({ area, contract }) => contract.tag ?? area))].sort();
  return {
    openapi: '3.1.0',
    info: {
      title: 'Posthaste',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The host that serves this document.' }],
    tags: tags.map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: componentsOf(paths, { ...answers.components(), schemas: { ...book.components(), GatewayMessage } }),
  };
}

/** Those of the fixed ones that somebody points to. */
function componentsOf(paths: unknown, made: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const text = JSON.stringify([paths, made]);
  const pointed = (kind: string, all: Readonly<Record<string, JsonSchema>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => text.includes(`"#/components/${kind}/${name}"`)));
  const secured = Object.entries(securitySchemes).filter(([name]) => text.includes(`{"${name}":[`));
  return {
    ...made,
    headers: pointed('headers', headers),
    parameters: pointed('parameters', parameters),
    securitySchemes: Object.fromEntries(secured),
  };
}

const parameters: Readonly<Record<string, JsonSchema>> = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Choose one per intended effect; it is kept for 24 hours. It belongs to your user or API key or, where no sign-in is needed, to your IP address and `User-Agent`, so use one that cannot be guessed. The same request means the same path, in whatever spelling, and the same query and body, byte for byte.',
    schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x2b\\x2d-\\x7e]+$' },
    example: '7c1b8a52-3f1e-4b0e-9d3c-0d5f2f1f6a11',
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of your copy: 304 if nothing has changed.',
    schema: { type: 'string', format: 'entity-tag' },
    example: '"3-Qm1uK0f0yJmC2w0xqk1b9A"',
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` of the version you read, or several: 412 `stale` if it has changed since. Without it the last write wins.',
    schema: { type: 'string', format: 'entity-tag' },
    example: '"3-Qm1uK0f0yJmC2w0xqk1b9A"',
  },
};

const securitySchemes: Readonly<Record<string, JsonSchema>> = {
  session: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Access token of a session: from `POST /v1/auth/login`, renewed with `POST /v1/auth/refresh`.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'phk_…',
    description: 'API key of a program. It needs the scope named by the operation; `write` includes `read`.',
  },
};

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function rank(contract: EndpointContract): number {
  return METHODS.indexOf(contract.method);
}

/** What the declaration says in words, and what it implies. */
function describe(contract: EndpointContract): JsonSchema {
  const { description, scope, stepUp, once, uses } = contract;
  const words = [
    description,
    scope === undefined ? undefined : `An API key needs the scope \`${scope}\`.`,
    stepUp === undefined
      ? undefined
      : `${stepUp === true ? 'The' : `${stepUp.when}, the`} session must have been confirmed in the last ten minutes (\`POST /v1/auth/step-up\`).`,
  ].filter((sentence) => sentence !== undefined);
  return {
    ...(words.length > 0 && { description: words.join('\n\n') }),
    ...(scope !== undefined && { 'x-scope': scope }),
    ...(once === true && { 'x-once': true }),
    ...(uses.database !== undefined && { 'x-rate-class': rateClassOf(contract) }),
  };
}

function security({ auth, scope }: EndpointContract): JsonSchema[] {
  const session = { session: [] };
  if (auth === 'person') return [session];
  const either = [session, ...(scope === undefined ? [] : [{ apiKey: [scope] }])];
  if (auth === 'user') return either;
  return auth === 'optional' ? [{}, ...either] : [];
}

function requestOf(operation: string, contract: EndpointContract, book: SchemaBook): JsonSchema {
  const shared = (name: keyof typeof parameters) => ({ $ref: `#/components/parameters/${name}` });
  const given = [
    ...parametersOf('path', contract.params, book),
    ...parametersOf('query', contract.query, book),
    ...(contract.method === 'POST' ? [shared('IdempotencyKey')] : []),
    ...(isTagged(contract) ? [shared('IfNoneMatch')] : []),
    ...(contract.ifMatch === true ? [shared('IfMatch')] : []),
  ];
  return {
    ...(given.length > 0 && { parameters: given }),
    ...(contract.body && { requestBody: bodyOf(operation, contract, contract.body, book) }),
  };
}

function bodyOf(operation: string, contract: EndpointContract, body: z.ZodType, book: SchemaBook): JsonSchema {
  const example = contract.example?.body ?? exampleOf(body, 'input', objectOf(operation));
  const schema = book.schema(body, 'input');
  // No body at all says the same as an object without fields.
  const required = !body.safeParse({}).success;
  const description = `At most ${maxBodyOf(contract) / 1024} KiB and 10,000 values.`;
  return {
    description,
    required,
    content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
  };
}

function parametersOf(place: 'path' | 'query', fields: z.ZodObject | undefined, book: SchemaBook): JsonSchema[] {
  if (fields === undefined) return [];
  const { properties = {}, required = [] } = book.schema(fields, 'input') as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  const examples = exampleOf(fields, 'input', place);
  const exampleFor = (name: string): unknown =>
    typeof examples === 'object' && examples !== null ? Reflect.get(examples, name) : undefined;
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: place,
    ...(required.includes(name) && { required: true }),
    ...(description !== undefined && { description }),
    schema,
    ...(required.includes(name) && exampleFor(name) !== undefined && { example: exampleFor(name) }),
  }));
}
