/** sql/seed-map.json: where everything lives that the five systems know. The importer writes by it; tests read back by it. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const place = z.string().regex(/^[a-z_]+(\.[a-z_0-9]+)?$/, 'table.column');

/**
 * How a value changes on the way. `plan`: the system's plan writes it together with others, `present`: likewise, a yes there is
 * an instant here. `clock`: 14:30 is a time of day. `sealed`: only ever stored sealed. The rest is in change.ts.
 */
const changes = z.enum([
  'plan',
  'present',
  'lower',
  'milliseconds',
  'percent',
  'clock',
  'sealed',
  'hashed',
  'handle',
  'hashtag',
  'rows',
  'named',
  'period',
  'object',
]);
export type Change = z.output<typeof changes>;

const mapped = z.strictObject({
  at: z.union([place, z.array(place).min(1)]),
  /** The seed table whose row it names. */
  ref: z.string().optional(),
  by: changes.optional(),
  /** Words of theirs and ours. */
  values: z.record(z.string(), z.string()).optional(),
  /** Counted or computed here from the rows themselves: read back, never written. */
  derived: z.literal(true).optional(),
  /** Why it does not live in the column of ours that has its name. */
  why: z.string().min(20).optional(),
});
const better = z.strictObject({ better: z.string().min(20), test: z.string() });

const columnEntry = z.union([place, mapped, better]);
const entry = z.union([z.string(), z.array(z.string()).min(1), better]);

const seedMapShape = z.strictObject({
  columns: z.record(
    z.string(),
    z.strictObject({
      /** Of a table of ours: the column, or expression over v, that is the id of what the row became; `id` where nothing is said. */
      keys: z.record(z.string(), z.string()).optional(),
      /** The table whose rows it shows, where it has none of its own. */
      rows: z.string().optional(),
      columns: z.record(z.string(), columnEntry),
    }),
  ),
  indexes: z.record(z.string(), entry),
  queries: z.record(z.string(), entry),
  enums: z.record(z.string(), z.strictObject({ at: z.string(), values: z.record(z.string(), z.string()) })),
  constraints: z.record(z.string(), entry),
  performance: z.record(z.string(), entry),
  operations: z.record(z.string(), entry),
});
export type SeedMap = z.output<typeof seedMapShape>;

export interface Mapping {
  readonly column: string;
  readonly table: string;
  /** Null: the table as a whole. */
  readonly place: string | null;
  readonly ref: string | null;
  readonly by: Change | null;
  readonly values: Readonly<Record<string, string>> | null;
  readonly derived: boolean;
  readonly why: string | null;
}

export async function readSeedMap(): Promise<SeedMap> {
  const text = await readFile(new URL('../../../sql/seed-map.json', import.meta.url), 'utf8');
  return seedMapShape.parse(JSON.parse(text));
}

/** The columns of a seed table (`001.posts`) that live in a column of ours; one that lives in several gives several. */
export function mappingsOf(map: SeedMap, seedTable: string): Mapping[] {
  return Object.entries(map.columns[seedTable]?.columns ?? {}).flatMap(([column, given]) => {
    if (typeof given === 'object' && 'better' in given) return [];
    const { at, ref, by, values, derived, why } = typeof given === 'string' ? mapped.parse({ at: given }) : given;
    return [at].flat().map((text) => {
      const [table = '', target] = text.split('.');
      return {
        column,
        table,
        place: target ?? null,
        ref: ref ?? null,
        by: by ?? null,
        values: values ?? null,
        derived: derived === true,
        why: why ?? null,
      };
    });
  });
}

/** What of a row of `table`, as v, is the id of what a row of `seedTable` became. */
export function keyOf(map: SeedMap, seedTable: string, table: string): string {
  const key = map.columns[seedTable]?.keys?.[table] ?? 'id';
  return key.includes('(') ? key : `v.${key}`;
}
