/** zod schemas as OpenAPI schemas; those with an id become components. */
import { z } from 'zod';

export type JsonSchema = { readonly [key: string]: unknown };

/** What a client sends, or what it gets. */
export type Direction = 'input' | 'output';

export interface SchemaBook {
  /** The schema of what a client sends, or gets, as it stands in the document. */
  schema(of: z.ZodType, direction: Direction): JsonSchema;
  /** Call it last: all components by name. */
  components(): Record<string, JsonSchema>;
}

const DEFINITIONS = '#/$defs/';

/** With `$defs` for what has an id. */
export function jsonSchemaOf(of: z.ZodType, direction: Direction) {
  return z.toJSONSchema(of, {
    io: direction,
    unrepresentable: 'any',
    // What is answered may grow a field without being another version.
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (direction === 'output' && def.type === 'object' && !('catchall' in def && def.catchall !== undefined))
        delete jsonSchema.additionalProperties;
      delete jsonSchema.id;
      // zod leaves them out where what is given is changed on its way in.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      // What is read from text (`shared/text/plain-values.ts`) has its default in the same terms.
      if (def.type === 'default' && 'innerType' in def && isRead(def.innerType)) jsonSchema.default = defaultOf(def);
      const { pattern, format } = jsonSchema;
      // The format says it; the pattern beside it is zod's own.
      if (format !== undefined && FORMATS.has(format)) delete jsonSchema.pattern;
      else if (pattern !== undefined) jsonSchema.pattern = portable(pattern);
    },
  });
}

function isRead(schema: unknown): boolean {
  return schema instanceof z.ZodPipe && schema.def.in instanceof z.ZodTransform;
}

function defaultOf(def: object): unknown {
  return 'defaultValue' in def ? def.defaultValue : undefined;
}

const FORMATS = new Set(['uuid', 'date-time', 'email']);

/** Classes of Unicode that few languages know, as ranges. */
const CLASSES: Readonly<Record<string, string>> = {
  '\\p{Cc}': '\\u0000-\\u001f\\u007f-\\u009f',
  '\\p{Zl}': '\\u2028',
  '\\p{Zp}': '\\u2029',
};

function portable(pattern: string): string {
  return Object.entries(CLASSES).reduce((text, [name, ranges]) => text.replaceAll(name, ranges), pattern);
}

export function openSchemaBook(): SchemaBook {
  const known = new Map<string, string>();

  function schema(of: z.ZodType, direction: Direction): JsonSchema {
    const { $schema: _, $defs = {}, ...root } = jsonSchemaOf(of, direction);
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
