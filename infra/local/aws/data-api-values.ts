/** From PostgreSQL's text output to the service's Field union. */
import { DataApiError } from './data-api-errors.ts';
import type { RequestOf } from './data-api-requests.ts';
import type { ColumnType, Kind } from './data-api-types.ts';

type Options = RequestOf<'ExecuteStatement'>['resultSetOptions'];

type Scalar =
  | { readonly booleanValue: boolean }
  | { readonly longValue: number }
  | { readonly doubleValue: number }
  | { readonly stringValue: string }
  | { readonly blobValue: string };

export type Field = { readonly isNull: true } | Scalar | { readonly arrayValue: Readonly<Record<string, unknown[]>> };

/** One value of a result. Throws UnsupportedResultException for arrays of arrays, InternalFailure for infinities. */
export function toField(text: string | null, type: ColumnType, options: Options): Field {
  if (text === null) return { isNull: true };
  if (type.element === undefined) return toScalar(text, type.kind, options);
  const element = type.element;
  const values = elementsOf(text).map((part) =>
    part === null ? null : contentOf(toScalar(part, element.kind, options)),
  );
  return { arrayValue: { [memberOf(element.kind, options)]: values } };
}

/** The value of formatRecordsAs JSON. */
export function toPlain(field: Field): unknown {
  if ('isNull' in field) return null;
  if ('arrayValue' in field) return Object.values(field.arrayValue)[0];
  return contentOf(field);
}

function contentOf(scalar: Scalar): unknown {
  return Object.values(scalar)[0];
}

function toScalar(text: string, kind: Kind, options: Options): Scalar {
  switch (kind) {
    case 'boolean':
      return { booleanValue: text === 't' };
    case 'long':
    case 'bigint':
      // Beyond 2^53 a JavaScript client sees the nearest double in the service's answer too.
      return options.longReturnType === 'STRING' ? { stringValue: text } : { longValue: Number(text) };
    case 'double':
      return { doubleValue: finite(text) };
    case 'decimal':
      return decimal(text, options);
    case 'bytes':
      return { blobValue: Buffer.from(text.slice(2), 'hex').toString('base64') };
    case 'instant':
      return { stringValue: withoutOffset(refuseInfinity(text)) };
    case 'time':
      return { stringValue: refuseInfinity(text) };
    case 'text':
    case 'void':
      return { stringValue: text };
  }
}

function memberOf(kind: Kind, options: Options): string {
  if (kind === 'boolean') return 'booleanValues';
  if (kind === 'double') return 'doubleValues';
  if (kind === 'long' || kind === 'bigint') return options.longReturnType === 'STRING' ? 'stringValues' : 'longValues';
  return kind === 'decimal' && options.decimalReturnType !== 'STRING' ? 'doubleValues' : 'stringValues';
}

function decimal(text: string, options: Options): Scalar {
  if (options.decimalReturnType === 'STRING') return { stringValue: text };
  return text.includes('.') ? { doubleValue: finite(text) } : { longValue: finite(text) };
}

function finite(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new DataApiError('InternalFailure', '');
  return value;
}

function refuseInfinity(text: string): string {
  if (text.endsWith('infinity')) throw new DataApiError('InternalFailure', '');
  return text;
}

/** The service's session is in UTC and its answer has no offset, also after a SET TIME ZONE. */
function withoutOffset(text: string): string {
  if (text.endsWith('+00')) return text.slice(0, -3);
  const parts = /^(\d+-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d)(?::?(\d\d))?$/.exec(text);
  if (parts === null) throw new DataApiError('InternalFailure', '');
  const [, day, clock, fraction = '', hours, minutes = '00'] = parts;
  const instant = new Date(`${day}T${clock}${hours}:${minutes}`);
  return instant.toISOString().slice(0, 19).replace('T', ' ') + fraction;
}

/** Elements of PostgreSQL's array literal with one dimension. */
function elementsOf(literal: string): (string | null)[] {
  const bounds = /^\[[^=]*\]=/.exec(literal)?.[0] ?? '';
  const body = literal.slice(bounds.length);
  if (body.startsWith('{{') || bounds.includes('][')) {
    throw new DataApiError('UnsupportedResultException', 'The result contains a multidimensional array.');
  }
  if (body === '{}') return [];
  const elements: (string | null)[] = [];
  for (const [, quoted, plain] of body.slice(1, -1).matchAll(/"((?:[^"\\]|\\[\s\S])*)"(?:,|$)|([^,"]+)(?:,|$)/g)) {
    if (quoted !== undefined) elements.push(quoted.replace(/\\([\s\S])/g, '$1'));
    else elements.push(plain === undefined || plain === 'NULL' ? null : plain);
  }
  return elements;
}
