/** What stands here for a value there, and whether it is the same. */
import { keyOf, type Mapping, type SeedMap } from '../../../infra/tools/import/seed-map.ts';
import { unseal } from '../../../shared/accounts/seal.ts';
import { hashToken } from '../../../shared/auth/tokens.ts';
import type { Sql } from '../database.ts';
import type { FilledRow } from './fill.ts';

export interface Place {
  readonly system: string;
  readonly map: SeedMap;
  readonly seedTable: string;
  readonly mapping: Mapping;
  readonly row: FilledRow;
  readonly plan: readonly { readonly table: string; readonly id?: string }[];
}

/** All values that stand at the place for that row, as JSON: one, or the elements of a list. */
export async function readBack(sql: Sql, { system, map, seedTable, mapping, row, plan }: Place): Promise<unknown[]> {
  const table = map.columns[seedTable]?.rows ?? seedTable.slice(4);
  const composed = plan.find((one) => one.table === table)?.id;
  const id =
    composed === undefined
      ? row.id
      : composed
          .split(`|| ' ' ||`)
          .map((part) => row[part.trim().slice(2)])
          .join(' ');
  if (mapping.table === 'import_ids') {
    const rows = await sql(
      'select source_id as value from import_ids where system = $1 and source_table = $2 and source_id = $3',
      [system, table, String(id)],
    );
    return rows.map(({ value }) => value);
  }
  const rows = await sql(
    `select to_json(v.${mapping.place}) as value from import_ids k join ${mapping.table} v on ${keyOf(map, seedTable, mapping.table)} = k.target_id
     where k.system = $1 and k.source_table = $2 and k.source_id = $3`,
    [system, table, String(id)],
  );
  return rows.map(({ value }) => value);
}

export interface Comparison {
  readonly system: string;
  readonly mapping: Mapping;
  readonly theirs: unknown;
  readonly ours: readonly unknown[];
  readonly filled: ReadonlyMap<string, readonly FilledRow[]>;
}

export async function sameValue(sql: Sql, comparison: Comparison): Promise<boolean> {
  const { mapping, theirs, ours, system, filled } = comparison;
  const some = (same: (value: unknown) => boolean) => ours.some(same);
  if (mapping.table === 'import_ids') return some((value) => value === String(theirs));
  // Nothing is counted where there is nothing.
  if (mapping.derived && ours.length === 0) return Number(theirs) === 0;
  if (mapping.by === 'rows') return sameList(theirs, ours);
  if (mapping.by === 'named') {
    const named = filled.get(mapping.ref ?? '')?.find((row) => row.id === theirs);
    return some((value) => value === String(named?.name).toLowerCase());
  }
  if (mapping.by === 'sealed') return unsealsTo(sql, comparison);
  if (mapping.ref !== null || (mapping.by === 'plan' && some(isId)))
    return isSameRow(sql, system, mapping, theirs, ours);
  if (mapping.values !== null) return some((value) => mapping.values?.[String(theirs)] === value);
  switch (mapping.by) {
    case 'present':
      return some((value) => (value !== null) === theirs);
    case 'lower':
      return some((value) => value === String(theirs).toLowerCase());
    case 'milliseconds':
      return some((value) => Number(value) / 1_000 === Number(theirs));
    case 'clock':
      return some((value) => value === `${String(theirs)}:00`);
    case 'hashed':
      return some((value) => value === hashToken(String(theirs)));
    default:
      return some((value) => plain(value) === plain(theirs));
  }
}

const isId = (value: unknown) => typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(value);

/** Instants are compared as such, objects whatever the order of their keys. */
function plain(value: unknown): string {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:/.test(value))
    return value
      .replace(' ', 'T')
      .replace(/(\.\d*?)0+(?=[+Z]|$)/, '$1')
      .replace(/(\+00:00|Z)?$/, '+00:00');
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(value);
}

function sameList(theirs: unknown, ours: readonly unknown[]): boolean {
  const list = typeof theirs === 'object' && theirs !== null ? Object.values(theirs) : [];
  return plain(list.map(String).toSorted()) === plain(ours.map(String).toSorted());
}

async function isSameRow(
  sql: Sql,
  system: string,
  mapping: Mapping,
  theirs: unknown,
  ours: readonly unknown[],
): Promise<boolean> {
  const rows = await sql(
    `select 1 from import_ids where system = $1 and target_id = any ($2::uuid[]) and source_id = $3 and ($4::text is null or split_part(source_table, '#', 1) = $4)`,
    [system, ours.filter(isId), String(theirs), mapping.ref],
  );
  return rows.length > 0;
}

async function unsealsTo(sql: Sql, { mapping, theirs, ours }: Comparison): Promise<boolean> {
  const which = mapping.place === 'access_token_sealed' ? 'access' : 'refresh';
  const [sealed] = ours;
  if (typeof sealed !== 'string' || sealed.includes(String(theirs))) return false;
  const [account] = await sql(
    `select concat_ws('|', a.platform, a.base_url, a.platform_account_id) as binding
     from account_tokens t join social_accounts a on a.id = t.account_id where t.${mapping.place} = $1`,
    [sealed],
  );
  return (await unseal(sealed, `${String(account?.binding)}|${which}`)) === theirs;
}
