import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorsOf } from '../functions/_kit/endpoint.ts';
import { Problem, statusOf } from '../functions/_kit/problem.ts';
import { type Door, listDoors } from '../infra/doors.ts';
import { openApi } from '../infra/tools/openapi/document.ts';
import { TAGS } from '../infra/tools/openapi/tags.ts';
import { deriveOpenApi } from '../infra/tools/openapi.ts';
import { declaredFields, strayFields } from './support/header-fields.ts';

const schema = z.record(z.string(), z.unknown());
const content = z.record(
  z.string(),
  z.object({ schema, example: z.unknown().optional(), examples: schema.optional() }),
);
const responseShape = z.object({
  content: content.optional(),
  headers: schema.optional(),
  $ref: z.string().optional(),
});
const operationShape = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  description: z.string().optional(),
  security: z.array(schema),
  parameters: z.array(schema).optional(),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), responseShape),
});
const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
  tags: z.array(z.object({ name: z.string(), description: z.string().optional() })),
  components: z.object({
    schemas: z.record(z.string(), schema),
    responses: z.record(z.string(), responseShape),
    examples: z.record(z.string(), z.object({ value: z.unknown() })),
  }),
});

/**
 * Rules of Redocly's strict set (and further ones) that are not ours, with the reason.
 * https://redocly.com/docs/cli/rules/built-in-rules
 */
const lintRules = {
  extends: ['recommended-strict'],
  rules: {
    'no-invalid-parameter-examples': 'error',
    'no-invalid-schema-examples': 'error',
    'no-invalid-media-type-examples': 'error',
    'operation-4xx-response': 'error',
    'operation-2xx-response': 'off', // some lead elsewhere: their success is 302
    'operation-operationId': 'error',
    'operation-singular-tag': 'error',
    'parameter-description': 'off', // an id's name says all there is to say
    'spec-components-invalid-map-name': 'error',
    'tag-description': 'error',
    'tags-alphabetical': 'error',
  },
} satisfies Parameters<typeof createConfig>[0];

let text: string;
let document: z.output<typeof documentShape>;
let doors: readonly Door[];
beforeAll(async () => {
  text = await deriveOpenApi();
  document = documentShape.parse(JSON.parse(text));
  doors = await listDoors();
});

function endpoints() {
  return doors.flatMap(({ operation, contract }) => {
    if (contract.kind !== 'endpoint' || contract.method === '$default') return [];
    const found = document.paths[contract.path]?.[contract.method.toLowerCase()];
    if (found === undefined) throw new Error(`${operation} is not in the document`);
    const responses = Object.fromEntries(
      Object.entries(found.responses).map(([status, { $ref, ...response }]) => [
        status,
        $ref === undefined ? response : (document.components.responses[$ref.split('/').at(-1) ?? ''] ?? {}),
      ]),
    );
    return [{ operation, contract, described: { ...found, responses } }];
  });
}

test('the committed document is the one that the declarations give (npm run openapi)', async () => {
  expect(await readFile(new URL('../functions/system/openapi.json', import.meta.url), 'utf8')).toBe(text);
});

test('the document is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(text));
  expect(result.errors).toBe(undefined);
  expect([result.valid, validator.version]).toEqual([true, '3.1']);
});

test('every reference leads somewhere, and every component is used', () => {
  const references = new Set([...text.matchAll(/"\$ref": "([^"]+)"/g)].map(([, target]) => target ?? ''));
  const root: unknown = JSON.parse(text);
  for (const reference of references) {
    let at = root;
    for (const step of reference.slice(2).split('/')) at = schema.parse(at)[step];
    expect(at, reference).toBeDefined();
  }
  for (const kind of ['schemas', 'responses', 'examples'] as const)
    for (const name of Object.keys(document.components[kind]))
      expect(references).toContain(`#/components/${kind}/${name}`);
});

test('a public linter finds nothing', async () => {
  const config = await createConfig(lintRules);
  const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
  expect(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location.map(({ pointer }) => pointer)}`),
  ).toEqual([]);
});

test('its patterns are those of any language', () => {
  expect([...text.matchAll(/"pattern": ".*\\\\[pP]\{.*"/g)].map(([line]) => line)).toEqual([]);
});

test('what a generator makes types and functions of is a name in its language, and one file on any disk', () => {
  const { components } = z.looseObject({ components: z.record(z.string(), schema) }).parse(JSON.parse(text));
  const named = Object.entries(components).map(([kind, all]): [string, string[]] => [kind, Object.keys(all)]);
  named.push(['operations', endpoints().map(({ operation }) => operation)]);
  for (const [kind, names] of named) {
    expect(names.filter((name) => !/^[A-Za-z][A-Za-z0-9_]{0,199}$/.test(name))).toEqual([]);
    expect([kind, new Set(names.map((name) => name.toLowerCase())).size]).toEqual([kind, names.length]);
  }
});

test('every area is described, and none that is not there', () => {
  expect(document.tags.filter(({ description }) => description === undefined)).toEqual([]);
  const missing = document.tags.filter(({ name }) => TAGS[name] === undefined);
  expect(missing.map(({ name }) => `${name} has no line in infra/tools/openapi/tags.ts`)).toEqual([]);
});

describe('examples are what they are examples of', () => {
  const advice = 'give its fields .meta({ examples }), or the door an example';

  test('of requests', () => {
    const wrong = endpoints().flatMap(({ operation, contract, described }) => {
      if (contract.body === undefined) return [];
      const result = contract.body.safeParse(described.requestBody?.content['application/json']?.example);
      return result.success ? [] : [`${operation}: ${advice}: ${z.prettifyError(result.error)}`];
    });
    expect(wrong).toEqual([]);
  });

  test('of answers, and nothing is in them that nobody declared', () => {
    const wrong = endpoints().flatMap(({ operation, contract, described }) => {
      if (contract.response === undefined) return [];
      const example = described.responses[contract.status]?.content?.['application/json']?.example;
      const result = contract.response.safeParse(example);
      if (result.success) expect(result.data, operation).toEqual(example);
      return result.success ? [] : [`${operation}: ${advice}: ${z.prettifyError(result.error)}`];
    });
    expect(wrong).toEqual([]);
  });

  test('of problems: one of each code, with its status', () => {
    for (const [code, { value }] of Object.entries(document.components.examples)) {
      const problem = Problem.strict().parse(value);
      expect(problem.code).toBe(code);
      const places = Object.values(document.components.responses).filter(({ content: kinds }) =>
        Object.hasOwn(kinds?.['application/problem+json']?.examples ?? {}, code),
      );
      expect(places.length, code).toBeGreaterThan(0);
    }
    for (const { operation, contract, described } of endpoints())
      for (const code of errorsOf(contract)) {
        const { examples = {} } = described.responses[statusOf(code)]?.content?.['application/problem+json'] ?? {};
        expect(Object.keys(examples), `${operation} ${code}`).toContain(code);
      }
  });
});

describe('every operation', () => {
  test('is named as its door and documents each error with its status and code', () => {
    for (const { operation, contract, described } of endpoints()) {
      expect(described.operationId).toBe(operation);
      for (const code of errorsOf(contract)) {
        const { schema: problem } = described.responses[statusOf(code)]?.content?.['application/problem+json'] ?? {};
        expect(JSON.stringify(problem), `${operation} ${code}`).toContain(`"${code}"`);
      }
      if (contract.params !== undefined)
        expect(JSON.stringify(described.responses['404']), operation).toContain('"no_such_route"');
      for (const status of ['400', '413', '429', '500', '503'])
        expect(described.responses[status]?.content, `${operation} ${status}`).toHaveProperty('application/json');
    }
  });

  test('says whether it needs a token, what it takes and what it answers', () => {
    for (const { operation, contract, described } of endpoints()) {
      expect(described.security, operation).toHaveLength(
        { user: 2, person: 1, optional: 3, public: 0, page: 0 }[contract.auth],
      );
      const names = (described.parameters ?? []).map((parameter) => parameter.name ?? parameter.$ref);
      expect(names.toSorted(), operation).toEqual(
        [
          ...Object.keys(contract.params?.shape ?? {}),
          ...Object.keys(contract.query?.shape ?? {}),
          ...(contract.method === 'POST' ? ['#/components/parameters/IdempotencyKey'] : []),
          ...('304' in described.responses ? ['#/components/parameters/IfNoneMatch'] : []),
          ...(contract.ifMatch === true ? ['#/components/parameters/IfMatch'] : []),
        ].toSorted(),
      );
      expect(described.requestBody !== undefined, operation).toBe(contract.body !== undefined);
      const { content } = described.responses[contract.status] ?? {};
      expect(Object.keys(content ?? {}), operation).toEqual(
        contract.response === undefined
          ? [contract.content].flat().filter((type) => type !== undefined)
          : ['application/json'],
      );
    }
  });

  test('names the scope that an API key needs', () => {
    for (const { operation, contract, described } of endpoints()) {
      const { scope } = contract;
      const scheme = described.security.find((one) => 'apiKey' in one);
      expect(scheme?.apiKey, operation).toEqual(scope === undefined ? undefined : [scope]);
      if (scope !== undefined) expect(described.description, operation).toContain(`\`${scope}\``);
    }
  });

  test('tells the header fields of its answers', () => {
    for (const { operation, contract, described } of endpoints()) {
      const { headers = {} } = described.responses[contract.status] ?? {};
      expect(Object.keys(headers), operation).toContain('x-request-id');
      for (const name of contract.fields ?? [])
        expect(
          Object.keys(headers).map((spelled) => spelled.toLowerCase()),
          operation,
        ).toContain(name);
      if (contract.cached === true) expect(Object.keys(headers), operation).toContain('Content-Encoding');
      for (const [status, { content: kinds, headers: fields }] of Object.entries(described.responses))
        if (kinds?.['application/problem+json'] !== undefined)
          expect(Object.keys(fields ?? {}), `${operation} ${status}`).toEqual(
            expect.arrayContaining(['x-request-id', 'Link', 'Cache-Control', 'Vary', 'apigw-requestid']),
          );
      const isRead = contract.method === 'GET' && contract.response !== undefined && contract.secretAnswer !== true;
      if (isRead) expect([operation, 'ETag' in headers, '304' in described.responses]).toEqual([operation, true, true]);
      if (contract.uses.database !== undefined) expect(Object.keys(headers), operation).toContain('RateLimit');
      for (const status of ['429', '503'])
        if (described.responses[status]?.content?.['application/problem+json'] !== undefined)
          expect(described.responses[status]?.headers, `${operation} ${status}`).toHaveProperty('Retry-After');
    }
  });

  test('documents no answer that could be anything', () => {
    for (const { operation, contract, described } of endpoints()) {
      if (contract.response === undefined) continue;
      const answer = described.responses[contract.status]?.content?.['application/json']?.schema;
      expect(Object.keys(answer ?? {}), operation).not.toEqual([]);
    }
  });
});

test('an answer with a field that the document does not tell, or without one that it promises, fails the run', () => {
  const declared = declaredFields(JSON.parse(text));
  const told = [...(declared.get('exportAuditCsv 200')?.declared ?? [])];
  expect(told).toEqual(expect.arrayContaining(['link', 'content-disposition', 'x-request-id', 'ratelimit']));
  const answer = { operation: 'exportAuditCsv', code: 'ok', status: 200, fields: [...told, 'content-type'] };
  expect(strayFields(declared, answer)).toEqual([]);
  expect(strayFields(declared, { ...answer, fields: [...told, 'allow'] })).toHaveLength(1);
  expect(strayFields(declared, { ...answer, fields: told.filter((name) => name !== 'x-request-id') })).toHaveLength(1);
  expect(strayFields(declared, { ...answer, status: 418 })).toHaveLength(1);
});

test('the order of the doors does not change the document', () => {
  const version = '1.2.3';
  expect(JSON.stringify(openApi(doors.toReversed(), version))).toBe(JSON.stringify(openApi(doors, version)));
});
