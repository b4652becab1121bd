/** Which fields the objects of a body have, by its schema: for adding others. */
import { z } from 'zod';

type Place = readonly (string | number)[];

interface Node {
  readonly $ref?: string | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly additionalProperties?: unknown;
  readonly items?: Node | undefined;
  readonly const?: unknown;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
  readonly allOf?: readonly Node[] | undefined;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    properties: z.record(z.string(), node).optional(),
    items: node.optional(),
    anyOf: z.array(node).optional(),
    oneOf: z.array(node).optional(),
    allOf: z.array(node).optional(),
  }),
);
const root = z.looseObject({ $defs: z.record(z.string(), node).optional() });
const record = z.record(z.string(), z.unknown());

/** The forms that a value of the body may have, by where it stands. */
export type Declared = (value: unknown) => readonly Found[];

interface Found {
  readonly place: Place;
  readonly declared: ReadonlySet<string>;
}

/** @param schema of a body; undefined for a door that takes none */
export function declaredFields(schema: z.ZodType | undefined): Declared {
  if (schema === undefined) return () => [{ place: [], declared: new Set() }];
  const json: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const { $defs = {} } = root.parse(json);
  const forms = (at: Node): readonly Node[] => {
    if (at.$ref !== undefined) return forms($defs[at.$ref.split('/').at(-1) ?? ''] ?? {});
    const inner = [...(at.anyOf ?? []), ...(at.oneOf ?? []), ...(at.allOf ?? [])];
    return inner.length === 0 ? [at] : inner.flatMap(forms);
  };
  const walk = (value: unknown, nodes: readonly Node[], place: Place): Found[] => {
    if (Array.isArray(value)) {
      const items = nodes.flatMap(({ items: inner }) => (inner === undefined ? [] : forms(inner)));
      return value.slice(0, 1).flatMap((item) => walk(item, items, [...place, 0]));
    }
    const object = record.safeParse(value);
    if (!object.success) return [];
    // Of a union the forms whose marks the value has.
    const fitting = nodes.filter(({ properties }) => properties !== undefined && marksFit(properties, object.data));
    const strict = fitting.length > 0 && fitting.every(({ additionalProperties }) => additionalProperties === false);
    const declared = new Set(fitting.flatMap(({ properties = {} }) => Object.keys(properties)));
    const inside = Object.entries(object.data).flatMap(([name, inner]) => {
      const deeper = fitting.flatMap(({ properties }) =>
        properties?.[name] === undefined ? [] : forms(properties[name]),
      );
      return walk(inner, deeper, [...place, name]);
    });
    return [...(strict ? [{ place, declared }] : []), ...inside];
  };
  return (value) => walk(value, forms(node.parse(json)), []);
}

function marksFit(properties: Readonly<Record<string, Node>>, value: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(properties).every(([name, at]) => at.const === undefined || at.const === value[name]);
}

/** Every object of the body that takes its own fields alone; those that hold the caller's data are not among them. */
export function objectsIn(body: unknown, declared: Declared): readonly Found[] {
  const found = declared(body);
  if (!found.some(({ place }) => place.length === 0)) throw new Error('a body takes its own fields alone');
  return found;
}
