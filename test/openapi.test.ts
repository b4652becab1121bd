import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { errorsOf } from '../functions/_kit/endpoint.ts';
import { openApi } from '../functions/_kit/openapi.ts';
import { statusOf } from '../functions/_kit/problem.ts';
import { type Door, listDoors } from '../infra/doors.ts';
import { deriveOpenApi } from '../infra/tools/openapi.ts';

const schema = z.record(z.string(), z.unknown());
const operationShape = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  security: z.array(schema),
  parameters: z.array(schema).optional(),
  requestBody: schema.optional(),
  responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.object({ schema })).optional() })),
});
const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
  components: z.object({ schemas: z.record(z.string(), schema) }),
});

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
    return [{ operation, contract, described: found }];
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
  for (const name of Object.keys(document.components.schemas))
    expect(references).toContain(`#/components/schemas/${name}`);
});

describe('every operation', () => {
  test('is named as its door and documents each error with its status and code', () => {
    for (const { operation, contract, described } of endpoints()) {
      expect(described.operationId).toBe(operation);
      for (const code of errorsOf(contract)) {
        const { schema: problem } = described.responses[statusOf(code)]?.content?.['application/problem+json'] ?? {};
        expect(JSON.stringify(problem), `${operation} ${code}`).toContain(`"${code}"`);
      }
      for (const status of ['400', '413', '429', '500', '503'])
        expect(described.responses[status]?.content, `${operation} ${status}`).toHaveProperty('application/json');
    }
  });

  test('says whether it needs a token, what it takes and what it answers', () => {
    for (const { operation, contract, described } of endpoints()) {
      expect(described.security, operation).toHaveLength(
        { user: 1, person: 1, optional: 2, public: 0, page: 0 }[contract.auth],
      );
      const names = (described.parameters ?? []).map((parameter) => parameter.name ?? parameter.$ref);
      expect(names.toSorted(), operation).toEqual(
        [
          ...Object.keys(contract.params?.shape ?? {}),
          ...Object.keys(contract.query?.shape ?? {}),
          ...(contract.method === 'POST' ? ['#/components/parameters/IdempotencyKey'] : []),
        ].toSorted(),
      );
      expect(described.requestBody !== undefined, operation).toBe(contract.body !== undefined);
      const { content } = described.responses[contract.status] ?? {};
      expect(Object.keys(content ?? {}), operation).toEqual(
        contract.response === undefined
          ? [contract.content].filter((type) => type !== undefined)
          : ['application/json'],
      );
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

test('the order of the doors does not change the document', () => {
  const version = '1.2.3';
  expect(JSON.stringify(openApi(doors.toReversed(), version))).toBe(JSON.stringify(openApi(doors, version)));
});
