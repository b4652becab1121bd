/** What a database holds, in one value per table: equal means that every row is there as it was. */
import { inTransaction, type Target } from './sql-runner.ts';

/** Table → rows and a hash over them, whatever their order. All as of one instant. Unlogged tables are in no backup, and left out. */
export type TableHashes = ReadonlyMap<string, string>;

export async function hashTables(target: Target): Promise<TableHashes> {
  return inTransaction(target, async (run) => {
    await run('set transaction isolation level repeatable read, read only');
    const tables = await run(
      `select c.oid::regclass::text as name from pg_class c
       where c.relnamespace in ('public'::regnamespace, to_regnamespace('app')) and c.relkind in ('r', 'p', 'm') and not c.relispartition
         and c.relpersistence = 'p'
         and (c.relkind <> 'm' or c.relispopulated) order by 1`,
    );
    const hashes = new Map<string, string>();
    for (const { name } of tables) {
      const [row] = await run(
        `select count(*)::text || ' ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text
           || ' ' || coalesce(sum(hashtextextended(t::text, 1)::numeric), 0)::text as hash from ${String(name)} t`,
      );
      hashes.set(String(name), String(row?.hash));
    }
    return hashes;
  });
}

/** Tables that only one of the two has, or whose rows differ. */
export function differingTables(one: TableHashes, other: TableHashes): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).sort();
}
