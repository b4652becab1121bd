/** The header fields that the OpenAPI document declares, and what real answers of functions lack of them or have besides. */
import { z } from 'zod';
import type { answered } from './answers.ts';

type Answered = z.output<typeof answered>;

const reference = z.object({ $ref: z.string() });
const response = z.object({ headers: z.record(z.string(), reference).default({}) });
const documentShape = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ operationId: z.string(), responses: z.record(z.string(), z.union([reference, response])) }),
    ),
  ),
  components: z.object({
    responses: z.record(z.string(), response),
    headers: z.record(z.string(), z.object({ required: z.boolean().optional() })),
  }),
});

interface Fields {
  readonly declared: ReadonlySet<string>;
  readonly required: readonly string[];
}

/** Fields that say what the body is: OpenAPI has them elsewhere. */
const OF_THE_BODY = ['content-type'];

/** By operation and status, such as `getPost 200`. */
export function declaredFields(document: unknown): ReadonlyMap<string, Fields> {
  const { paths, components } = documentShape.parse(document);
  const last = (pointer: string) => pointer.slice(pointer.lastIndexOf('/') + 1);
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  return new Map(
    operations.flatMap(({ operationId, responses }) =>
      Object.entries(responses).map(([status, given]): [string, Fields] => {
        const { headers } = '$ref' in given ? (components.responses[last(given.$ref)] ?? { headers: {} }) : given;
        const names = Object.entries(headers);
        const isRequired = (name: string) => components.headers[name]?.required === true;
        return [
          `${operationId} ${status}`,
          {
            declared: new Set(names.map(([name]) => name.toLowerCase())),
            required: names.filter(([, { $ref }]) => isRequired(last($ref))).map(([name]) => name.toLowerCase()),
          },
        ];
      }),
    ),
  );
}

/** In words; empty where the answer has what the document says. What no route takes has no place in the document. */
export function strayFields(declared: ReadonlyMap<string, Fields>, { operation, status, fields }: Answered): string[] {
  if (operation === 'default') return [];
  const known = declared.get(`${operation} ${status}`);
  if (known === undefined) return [`${operation} answered ${status}, which the document does not declare`];
  const more = fields.filter((name) => !known.declared.has(name) && !OF_THE_BODY.includes(name));
  const less = known.required.filter((name) => !fields.includes(name));
  return [
    ...more.map((name) => `${operation} sent ${name} with ${status}, which the document does not declare`),
    ...less.map((name) => `${operation} did not send ${name} with ${status}, which the document promises`),
  ];
}
