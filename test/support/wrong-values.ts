/** From the JSON schema of a body to values that it cannot take, each at its field. */
import { z } from 'zod';

type Path = readonly (string | number)[];

export interface WrongBody {
  /** `/body/schedule/at` */
  readonly pointer: string;
  /** What is wrong, for people. */
  readonly what: string;
  /** The whole body as JSON text. */
  readonly text: string;
}

interface Node {
  readonly type?: string | readonly string[] | undefined;
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly format?: string | undefined;
  readonly pattern?: string | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly $ref?: string | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly items?: Node | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
  readonly allOf?: readonly Node[] | undefined;
  readonly [key: string]: unknown;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    format: z.string().optional(),
    pattern: z.string().optional(),
    maxLength: z.number().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    maxItems: z.number().optional(),
    $ref: z.string().optional(),
    properties: z.record(z.string(), node).optional(),
    items: node.optional(),
    anyOf: z.array(node).optional(),
    oneOf: z.array(node).optional(),
    allOf: z.array(node).optional(),
  }),
);
const document = z.looseObject({ $defs: z.record(z.string(), node).optional() });

/** One field of a body, in one of its forms. */
interface Field {
  readonly path: Path;
  /** The alternatives of its value. */
  readonly nodes: readonly Node[];
  /** Fields that say which form of a union it is, with their values. */
  readonly needs: readonly { readonly path: Path; readonly value: unknown }[];
}

const MAX_UNTESTED = 1_000_000; // characters: more is over the limit of the body itself

/**
 * Every field of every form, wrong in every way that its schema forbids, set into the sample that has this form.
 * Throws when no sample has a field's surroundings: the samples are to cover the body.
 */
export function wrongBodies(schema: z.ZodType, samples: readonly unknown[]): WrongBody[] {
  const json: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const { $defs = {} } = document.parse(json);
  const resolve = (at: Node): Node =>
    at.$ref === undefined ? at : resolve($defs[at.$ref.split('/').at(-1) ?? ''] ?? {});
  return fieldsOf(node.parse(json), { path: [], needs: [], resolve }).flatMap((field) => {
    const sample = samples.find((candidate) => fits(candidate, field));
    const pointer = ['/body', ...field.path].join('/');
    if (sample === undefined) throw new Error(`no sample has what surrounds ${pointer}`);
    return wrongValues(field.nodes).map(({ what, value }) => ({
      pointer,
      what,
      text: withValue(sample, field.path, value),
    }));
  });
}

interface Where {
  readonly path: Path;
  readonly needs: Field['needs'];
  readonly resolve: (node: Node) => Node;
}

function fieldsOf(at: Node, where: Where): Field[] {
  return alternatives(at, where.resolve).flatMap((form) => [...inObject(form, where), ...inList(form, where)]);
}

function inObject({ properties = {} }: Node, where: Where): Field[] {
  const entries = Object.entries(properties).map(([name, value]) => ({
    path: [...where.path, name],
    nodes: alternatives(value, where.resolve),
    value,
  }));
  const marks = entries.flatMap(({ path, nodes: [first] }) =>
    first?.const === undefined ? [] : [{ path, value: first.const }],
  );
  const needs = [...where.needs, ...marks];
  return entries.flatMap(({ path, nodes, value }) => [
    { path, nodes, needs },
    ...fieldsOf(value, { ...where, path, needs }),
  ]);
}

function inList({ items }: Node, where: Where): Field[] {
  if (items === undefined) return [];
  const path = [...where.path, 0];
  return [
    { path, nodes: alternatives(items, where.resolve), needs: where.needs },
    ...fieldsOf(items, { ...where, path }),
  ];
}

function alternatives(at: Node, resolve: (node: Node) => Node): Node[] {
  const plain = resolve(at);
  const options = [...(plain.anyOf ?? []), ...(plain.oneOf ?? []), ...(plain.allOf ?? [])];
  return options.length === 0 ? [plain] : options.flatMap((option) => alternatives(option, resolve));
}

function fits(sample: unknown, { path, needs }: Field): boolean {
  const parent = valueAt(sample, path.slice(0, -1));
  return (
    typeof parent === 'object' && parent !== null && needs.every((need) => valueAt(sample, need.path) === need.value)
  );
}

function valueAt(body: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined),
    body,
  );
}

function withValue(sample: unknown, path: Path, value: unknown): string {
  const copy: unknown = structuredClone(sample);
  const parent = valueAt(copy, path.slice(0, -1));
  if (typeof parent === 'object' && parent !== null) Reflect.set(parent, path.at(-1) ?? '', value);
  return JSON.stringify(copy).replace('"1e400"', '1e400');
}

interface WrongValue {
  readonly what: string;
  readonly value: unknown;
}

const ofEachType: readonly (WrongValue & { readonly types: readonly string[] })[] = [
  { what: 'null', value: null, types: ['null'] },
  { what: 'a number', value: 7, types: ['integer', 'number'] },
  { what: 'a fraction', value: 0.5, types: ['number'] },
  { what: 'a number without end', value: '1e400', types: [] },
  { what: 'a truth', value: true, types: ['boolean'] },
  { what: 'a list', value: [], types: ['array'] },
  { what: 'an object', value: {}, types: ['object'] },
  { what: 'a text', value: 'nonsense', types: ['string'] },
  { what: 'a text with NUL', value: 'a\0b', types: [] },
  { what: 'half a surrogate pair', value: 'half \ud83d', types: [] },
];

/** Formats that nonsense has, too. */
const WIDE = ['password', 'visible-text'];

function wrongValues(nodes: readonly Node[]): WrongValue[] {
  const types = new Set(nodes.flatMap(typesOf));
  const anything = nodes.some((one) => typesOf(one).length === 0);
  const wrong = ofEachType.filter(
    (value) => value.types.length === 0 || !(anything || value.types.some((type) => types.has(type))),
  );
  const texts = nodes.filter((one) => typesOf(one).includes('string'));
  const isBound =
    texts.length > 0 &&
    texts.every(
      (one) =>
        one.const !== undefined || one.enum !== undefined || (one.format !== undefined && !WIDE.includes(one.format)),
    );
  const isSeen = texts.length > 0 && texts.every(({ format }) => format === 'visible-text');
  return [
    ...wrong.filter(({ what }) => !(anything && what === 'a number without end')),
    ...(isBound && !anything ? [{ what: 'another text', value: 'nonsense' }] : []),
    ...(isSeen ? [{ what: 'a text that shows nothing', value: '\u3164\u00ad' }] : []),
    ...nodes.flatMap(beyond),
  ];
}

function beyond({ maxLength, minimum, maximum, maxItems }: Node): WrongValue[] {
  return [
    ...(maxLength === undefined || maxLength > MAX_UNTESTED
      ? []
      : [{ what: 'too long', value: 'x'.repeat(maxLength + 1) }]),
    ...(minimum === undefined ? [] : [{ what: 'too small', value: minimum - 1 }]),
    ...(maximum === undefined ? [] : [{ what: 'too large', value: maximum + 1 }]),
    ...(maxItems === undefined ? [] : [{ what: 'too many', value: new Array<null>(maxItems + 1).fill(null) }]),
  ];
}

function typesOf({ type, const: only, enum: values }: Node): readonly string[] {
  if (type !== undefined) return typeof type === 'string' ? [type] : type;
  return [...new Set([...(only === undefined ? [] : [only]), ...(values ?? [])].map((value) => typeof value))];
}
