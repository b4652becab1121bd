/**
 * Examples from the shapes themselves: a field's own `.meta({ examples: [...] })` first, else what its name, format and limits
 * allow. Ids are made of what they name, so that `postId` of one operation is the `id` of another's post. A body that follows
 * rules which no schema tells has its `example` in the declaration of the door.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Direction, jsonSchemaOf } from './schemas.ts';

interface Node {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly const?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly examples?: readonly unknown[] | undefined;
  readonly format?: string | undefined;
  readonly pattern?: string | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly minItems?: number | undefined;
  readonly items?: Node | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly anyOf?: readonly Node[] | undefined;
  readonly oneOf?: readonly Node[] | undefined;
  readonly allOf?: readonly Node[] | undefined;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    examples: z.array(z.unknown()).optional(),
    format: z.string().optional(),
    pattern: z.string().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minItems: z.number().optional(),
    items: node.optional(),
    properties: z.record(z.string(), node).optional(),
    required: z.array(z.string()).optional(),
    anyOf: z.array(node).optional(),
    oneOf: z.array(node).optional(),
    allOf: z.array(node).optional(),
  }),
);
const root = z.looseObject({ $defs: z.record(z.string(), node).optional() });

/** Which fields that may be left out are in the example. */
type Fields = 'all' | 'first' | 'required';

interface Walk {
  readonly resolve: (reference: string) => Node;
  readonly fields: Fields;
}

/** A value that the schema takes; undefined where its rules are more than its names and limits tell. */
export function exampleOf(schema: z.ZodType, direction: Direction, noun: string): unknown {
  const json: unknown = jsonSchemaOf(schema, direction);
  const { $defs = {} } = root.parse(json);
  const resolve = (reference: string) => $defs[reference.split('/').at(-1) ?? ''] ?? {};
  for (const fields of ['all', 'first', 'required'] as const) {
    const value = sampleOf(node.parse(json), noun, { resolve, fields });
    if (z.safeParse(schema, value).success) return value;
  }
  return undefined;
}

function sampleOf(at: Node, name: string, walk: Walk): unknown {
  if (at.$ref !== undefined) {
    const id = at.$ref.split('/').at(-1) ?? '';
    return sampleOf(walk.resolve(at.$ref), /^id$|s$/.test(name) ? nounOf(id) : name, walk);
  }
  if (at.examples?.[0] !== undefined) return at.examples[0];
  if (at.const !== undefined) return at.const;
  if (at.enum !== undefined) return at.enum[0];
  const forms = at.anyOf ?? at.oneOf;
  if (forms !== undefined) return ofForms(forms, name, walk);
  if (at.allOf !== undefined)
    return Object.assign({}, ...at.allOf.map((part) => sampleOf(part, name, walk) ?? undefined));
  const types = typeof at.type === 'string' ? [at.type] : (at.type ?? []);
  if (types.includes('null') && !types.some((type) => isTold(type, at, name))) return null;
  if (types.includes('object')) return ofObject(at, name, walk);
  if (types.includes('array')) return ofArray(at, name, walk);
  if (types.includes('string')) return textOf(at, name);
  if (types.includes('integer') || types.includes('number')) return numberOf(at, name);
  if (types.includes('boolean')) return at.default ?? true;
  return at.default ?? {};
}

/** Of what may be null, only what has a name that speaks. */
function isTold(type: string, at: Node, name: string): boolean {
  if (type === 'null' || NULLS.test(name)) return false;
  return type !== 'string' || at.format !== undefined || wordOf(name) !== undefined;
}

function ofForms(forms: readonly Node[], name: string, walk: Walk): unknown {
  const isNull = (form: Node) => form.type === 'null';
  if (NULLS.test(name) && forms.some(isNull)) return null;
  const first = forms.find((form) => !isNull(form));
  return first === undefined ? null : sampleOf(first, name, walk);
}

function ofObject({ properties = {}, required = [] }: Node, noun: string, walk: Walk): unknown {
  const given = Object.entries(properties).filter(
    ([name], index) =>
      walk.fields === 'all' ||
      required.includes(name) ||
      (walk.fields === 'first' && required.length === 0 && index === 0),
  );
  return Object.fromEntries(
    given.map(([name, at]) => [name, sampleOf(at, /^(id|data)$/.test(name) ? noun : name, walk)]),
  );
}

function ofArray({ items, minItems = 0 }: Node, name: string, walk: Walk): unknown {
  if (items === undefined || (EMPTY.test(name) && minItems === 0)) return [];
  return [sampleOf(items, singular(name), walk)];
}

const NULLS =
  /^(nextCursor|failure|failureClass|failureCode|statusReason|disconnectedAt|pausedAt|deletedAt|revokedAt|parentId)$/;
const EMPTY = /^(errors|violations|missing)$/;
const INSTANT = '2026-12-24T18:00:00.000Z';

/** By the end of a field's name; the first that fits. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/email$/i, 'ada@example.com'],
  [/(At|since|until|from|to)$/, INSTANT],
  [/password$/i, 'correct horse battery staple'],
  [/displayName$/, 'Ada Lovelace'],
  [/fileName$/, 'launch.jpg'],
  [/(handle|userName|username)$/, 'ada'],
  [/(url|uri|href|Url|Uri|Href)$/, 'https://example.com/launch'],
  [/timeZone$/, 'Europe/Berlin'],
  [/language$/, 'en'],
  [/altText$/, 'A rocket on its ramp.'],
  [/(mimeType|mediaType)$/i, 'image/jpeg'],
  [/codec$/i, 'h264'],
  [/^version$/, '1.0.0'],
  [/sha256$/, '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  [/(token|Token)$/, 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'],
  [/userAgent$/, 'Mozilla/5.0'],
  [/^ip$/, '203.0.113.7'],
  [/^(title|name)$/, 'Spring launch'],
  [/^text$/, 'We are live.'],
  [/description$/, 'Everything about the launch.'],
  [/^(q|prefix|tag|hashtag)$/, 'launch'],
  [/^bio$/, 'I write programs.'],
];

function wordOf(name: string): string | undefined {
  return WORDS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Texts of the forms that patterns ask for. */
const FORMS = [
  'launch',
  'ada',
  'en',
  '123456',
  '1',
  INSTANT,
  '2026-12-24',
  '2026-12-24T18:00:00',
  'abcd-efgh-2345-mnop',
  'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
];

function textOf(at: Node, name: string): unknown {
  if (at.format === 'uuid') return idOf(name);
  if (at.format === 'date-time') return INSTANT;
  if (at.format === 'uri') return 'https://example.com/launch';
  const { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = at;
  const takes = (text: string) =>
    text.length >= minLength &&
    text.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern, 'u').test(text));
  const candidates = [wordOf(name), at.default, name, ...FORMS].filter((one) => typeof one === 'string');
  return candidates.find((text) => text !== '' && takes(text)) ?? name.padEnd(minLength, '-');
}

/** The same noun has the same id everywhere. */
export function idOf(name: string): string {
  const noun = /^(me|createdBy|updatedBy|userId|ownerId|authorId|actorId|\w+By)$/.test(name) ? 'user' : nounOf(name);
  const hex = createHash('sha256').update(noun).digest('hex');
  return `018f${hex.slice(0, 4)}-${hex.slice(4, 8)}-7${hex.slice(8, 11)}-8${hex.slice(11, 14)}-${hex.slice(14, 26)}`;
}

/** `postId`, `Post`, `posts`, `PostSummary`: post. */
export function nounOf(name: string): string {
  const bare = singular(name.replace(/(Id|Ids|Summary|Details|Item)$/, ''));
  return bare.charAt(0).toLowerCase() + bare.slice(1);
}

function singular(name: string): string {
  return name.replace(/ies$/, 'y').replace(/(?<=[a-z]{2})s$/, '');
}

function numberOf({ default: usual, minimum = 0, maximum = Number.POSITIVE_INFINITY }: Node, name: string): number {
  if (typeof usual === 'number') return usual;
  const known = Object.entries({ bytes: 184_320, width: 1080, height: 1350, expiresIn: 900, version: 1 });
  const wanted = known.find(([word]) => name.toLowerCase().endsWith(word.toLowerCase()))?.[1] ?? 1;
  return Math.min(Math.max(wanted, minimum), maximum);
}
