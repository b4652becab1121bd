/** Which PostgreSQL types a result may have, and how each is described. Everything else the service refuses. */

export interface ColumnType {
  /** PostgreSQL's internal name. */
  readonly name: string;
  readonly kind: Kind;
  /** Type number of JDBC. */
  readonly jdbc: number;
  /** Type of the elements; the column is an array. */
  readonly element?: ColumnType;
}

export type Kind =
  | 'boolean'
  | 'long'
  | 'bigint'
  | 'decimal'
  | 'double'
  | 'text'
  | 'bytes'
  | 'instant'
  | 'time'
  | 'void';

const scalars: Readonly<Record<number, ColumnType>> = {
  16: { name: 'bool', kind: 'boolean', jdbc: -7 },
  17: { name: 'bytea', kind: 'bytes', jdbc: -2 },
  19: { name: 'name', kind: 'text', jdbc: 12 },
  20: { name: 'int8', kind: 'bigint', jdbc: -5 },
  21: { name: 'int2', kind: 'long', jdbc: 5 },
  23: { name: 'int4', kind: 'long', jdbc: 4 },
  25: { name: 'text', kind: 'text', jdbc: 12 },
  114: { name: 'json', kind: 'text', jdbc: 1111 },
  650: { name: 'cidr', kind: 'text', jdbc: 1111 },
  700: { name: 'float4', kind: 'double', jdbc: 7 },
  701: { name: 'float8', kind: 'double', jdbc: 8 },
  869: { name: 'inet', kind: 'text', jdbc: 1111 },
  1042: { name: 'bpchar', kind: 'text', jdbc: 1 },
  1043: { name: 'varchar', kind: 'text', jdbc: 12 },
  1082: { name: 'date', kind: 'time', jdbc: 91 },
  1083: { name: 'time', kind: 'time', jdbc: 92 },
  1114: { name: 'timestamp', kind: 'time', jdbc: 93 },
  1184: { name: 'timestamptz', kind: 'instant', jdbc: 93 },
  1700: { name: 'numeric', kind: 'decimal', jdbc: 2 },
  2278: { name: 'void', kind: 'void', jdbc: 1111 },
  2950: { name: 'uuid', kind: 'text', jdbc: 1111 },
  3802: { name: 'jsonb', kind: 'text', jdbc: 1111 },
};

/** Array type → element type, for the elements that are documented. */
const arrays: Readonly<Record<number, number>> = {
  1000: 16,
  1005: 21,
  1007: 23,
  1016: 20,
  1021: 700,
  1022: 701,
  1231: 1700,
  1009: 25,
  1015: 1043,
  1182: 1082,
  1183: 1083,
  1115: 1114,
  199: 114,
  2951: 2950,
};

/** Types made in the database itself begin here. */
export const firstOwnOid = 16_384;

export function builtInType(oid: number): ColumnType | null {
  const scalar = scalars[oid];
  if (scalar !== undefined) return scalar;
  const element = scalars[arrays[oid] ?? -1];
  return element === undefined ? null : { name: `_${element.name}`, kind: element.kind, jdbc: 2003, element };
}

/** A type from the catalogue: enums and vectors are text, all else is unsupported. */
export function ownType(name: string, category: string): ColumnType | null {
  if (category === 'e') return { name, kind: 'text', jdbc: 12 };
  return name === 'vector' ? { name, kind: 'text', jdbc: 1111 } : null;
}
