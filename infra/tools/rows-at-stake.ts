/** What a down file would take with it: tried in the open transaction, looked at, and undone. */
import type { MigrationFile } from './migration-file.ts';
import type { RunSql } from './sql-runner.ts';

interface Column {
  readonly table: string;
  readonly oid: string;
  readonly column: string;
  readonly number: number;
}

/** Throws a sentence with the tables and columns, by name, whose rows or values `change` would lose; else nothing has happened. */
export async function refuseToLose(
  run: RunSql,
  name: string,
  file: MigrationFile,
  change: () => Promise<void>,
): Promise<void> {
  if (file.outside) {
    // It cannot be tried. What runs outside a transaction is indexes and batches.
    const losing = file.steps.find(({ text }) => /\b(?:drop\s+(?:table|column)|delete\s+from|truncate)\b/i.test(text));
    if (losing === undefined) return;
    throw new Error(`taking back ${name} may lose rows; say --force if that is meant`);
  }
  const before = await columns(run);
  await run('savepoint as_it_was');
  await change();
  const after = await columns(run);
  const counts = new Map<string, string>();
  for (const table of madeAnew(before, after)) counts.set(table, await count(run, table));
  await run('rollback to savepoint as_it_was');
  const lost: string[] = [];
  for (const [table, gone] of Map.groupBy(before.filter(notIn(after)), (column) => column.table)) {
    const kept = counts.get(table);
    if (kept !== undefined) {
      const had = await count(run, table);
      if (had !== kept) lost.push(`${table} (${had} rows become ${kept})`);
    } else if (after.some((column) => column.oid === gone[0]?.oid)) {
      for (const { column } of gone) if (await holdsValues(run, table, column)) lost.push(`${table}.${column}`);
    } else {
      const had = await count(run, table);
      if (had !== '0') lost.push(`${table} (${had} rows)`);
    }
  }
  await run('release savepoint as_it_was');
  if (lost.length > 0)
    throw new Error(`taking back ${name} would lose ${lost.join(', ')}; say --force if that is meant`);
}

async function columns(run: RunSql): Promise<Column[]> {
  const rows = await run(
    `select c.oid::text as oid, c.oid::regclass::text as name, a.attname::text as attname, a.attnum as attnum
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace in ('public'::regnamespace, to_regnamespace('app')) and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> 'schema_migrations' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     order by c.oid::regclass::text collate "C", a.attnum`,
  );
  return rows.map((row) => ({
    table: String(row.name),
    oid: String(row.oid),
    column: String(row.attname),
    number: Number(row.attnum),
  }));
}

const notIn = (others: readonly Column[]) => (one: Column) =>
  !others.some((other) => other.oid === one.oid && other.number === one.number);

/** Tables of the same name that are another table afterwards. */
function madeAnew(before: readonly Column[], after: readonly Column[]): Set<string> {
  const oids = new Map(before.map(({ table, oid }) => [table, oid]));
  return new Set(after.flatMap(({ table, oid }) => (oids.has(table) && oids.get(table) !== oid ? [table] : [])));
}

async function count(run: RunSql, table: string): Promise<string> {
  const [row] = await run(`select count(*)::text as rows from ${table}`);
  return String(row?.rows);
}

async function holdsValues(run: RunSql, table: string, column: string): Promise<boolean> {
  const name = `"${column.replaceAll('"', '""')}"`;
  const [row] = await run(`select exists (select from ${table} where ${name} is not null) as holds`);
  return row?.holds === true;
}
