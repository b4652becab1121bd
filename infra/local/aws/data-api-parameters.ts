/**
 * Parameters with their explicit types: the service sends a stringValue as text, never as `unknown`, so PostgreSQL
 * refuses `uuid_column = :x` without a cast or a hint here as it does there.
 */
import { DataApiError } from './data-api-errors.ts';
import type { Parameter } from './data-api-requests.ts';

export interface Bound {
  /** Type of each value, 0 for a null without a hint. */
  readonly oids: readonly number[];
  readonly values: readonly (string | Buffer | null)[];
}

type Hint = NonNullable<Parameter['typeHint']>;

const hints: Readonly<Record<Hint, { readonly oid: number; readonly form?: RegExp }>> = {
  JSON: { oid: 114 },
  UUID: { oid: 2950 },
  TIMESTAMP: { oid: 1114, form: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,3})?$/ },
  DATE: { oid: 1082, form: /^\d{4}-\d{2}-\d{2}$/ },
  TIME: { oid: 1083, form: /^\d{2}:\d{2}:\d{2}(\.\d{1,3})?$/ },
  DECIMAL: { oid: 1700 },
};

/** The values for `names`, in their order. Throws ValidationException for what is missing, doubled, unused or an array. */
export function bind(names: readonly string[], parameters: readonly Parameter[]): Bound {
  const given = new Map<string, Parameter>();
  for (const parameter of parameters) {
    const name = parameter.name ?? '';
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw invalid(`'${name}' is no valid parameter name`);
    if (given.has(name)) throw invalid(`The parameter '${name}' is given twice`);
    if (!names.includes(name)) throw invalid(`The parameter '${name}' does not occur in the statement`);
    given.set(name, parameter);
  }
  const bound = names.map((name) => {
    const parameter = given.get(name);
    if (parameter === undefined) throw invalid(`The parameter '${name}' has no value`);
    return bindOne(name, parameter);
  });
  return { oids: bound.map((one) => one.oid), values: bound.map((one) => one.value) };
}

function bindOne(name: string, parameter: Parameter): { oid: number; value: string | Buffer | null } {
  const hint = parameter.typeHint === undefined ? undefined : hints[parameter.typeHint];
  const members = Object.entries(parameter.value ?? {});
  if (members.length !== 1) throw invalid(`The parameter '${name}' needs exactly one value`);
  const value = parameter.value ?? {};
  if (value.arrayValue !== undefined) throw invalid('Array parameters are not supported.');
  if (value.isNull !== undefined) {
    if (!value.isNull) throw invalid(`The parameter '${name}' has isNull false and no value`);
    return { oid: hint?.oid ?? 0, value: null };
  }
  if (value.stringValue !== undefined) return bindText(name, value.stringValue, hint);
  if (hint !== undefined) throw invalid(`The type hint of '${name}' needs a stringValue`);
  if (value.longValue !== undefined) return { oid: 20, value: BigInt(value.longValue).toString() };
  if (value.doubleValue !== undefined) return { oid: 701, value: String(value.doubleValue) };
  if (value.booleanValue !== undefined) return { oid: 16, value: String(value.booleanValue) };
  return { oid: 17, value: Buffer.from(value.blobValue ?? '', 'base64') };
}

function bindText(name: string, text: string, hint: (typeof hints)[Hint] | undefined): { oid: number; value: string } {
  if (hint?.form !== undefined && !hint.form.test(text)) {
    throw invalid(`The value of '${name}' does not have the format of its type hint`);
  }
  return { oid: hint?.oid ?? 25, value: text };
}

function invalid(message: string): DataApiError {
  return new DataApiError('ValidationException', message);
}
