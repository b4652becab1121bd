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
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if ('json' in value) return JSON.stringify(value.json);
  return encodeArray(value.map(String));
}

/** PostgreSQL's array literal. */
export function encodeArray(values: readonly (string | null)[]): string {
  const items = values.map((value) => (value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`));
  return `{${items.join(',')}}`;
}
