/** How arguments become text. The statement casts them back: arrays as `'{…}'`, structures as one JSON text. */

export interface Json {
  readonly json: unknown;
}

export type Parameter = string | number | boolean | null | readonly (string | number)[] | Json;

/** Marks a value that travels as JSON text and is cast `::jsonb`. */
export function json(value: unknown): Json {
  return { json: value };
}

export function encode(value: Parameter): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return storable(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if ('json' in value)
    return JSON.stringify(value.json, (_, inner: unknown) => (typeof inner === 'string' ? storable(inner) : inner));
  return encodeArray(value.map((item) => storable(String(item))));
}

/** PostgreSQL's array literal. */
export function encodeArray(values: readonly (string | null)[]): string {
  const items = values.map((value) => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`));
  return `{${items.join(',')}}`;
}

/** PostgreSQL stores neither NUL nor half a surrogate pair. Requests with them are refused before; what a platform says is mended. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}
