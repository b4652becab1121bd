/** Our side of an import, through the Data API as everything else: what is known already, and the writing of a batch. */
import { z } from 'zod';
import { inTransaction, type RunSql, sqlRunner, type Target } from '../sql-runner.ts';

export interface OurRow {
  readonly step: number;
  readonly table: string;
  /** It may be there already, and then stays as it is. */
  readonly shared: boolean;
  readonly row: Readonly<Record<string, unknown>>;
}

export interface Line {
  /** The key there. */
  readonly id: string;
  readonly ids: readonly { readonly table: string; readonly id: string; readonly target: string }[];
  readonly into: readonly OurRow[];
}

export interface Problem {
  readonly id: string;
  readonly problem: string;
}

export interface Name {
  readonly table: string;
  readonly id: string;
}

export interface Writer {
  /** The ids here of rows there, by `keyOfName`. */
  known(names: readonly Name[]): Promise<Map<string, string>>;
  /** Rows of ours that a merge finds: its key and id. */
  existing(sql: string, keys: readonly string[]): Promise<Map<string, string>>;
  write(lines: readonly Line[]): Promise<Problem[]>;
  /** Brings waiting counts into the rows that show them, as the sweep does every minute. */
  settle(): Promise<void>;
  /** What ours say of rows there, by id there: `sql` takes :system, :table and :ids (JSON) and gives (id, value). */
  read(sql: string, table: string, ids: readonly string[]): Promise<Map<string, string | null>>;
}

/** The Data API takes 4 MiB and answers with 1; a call also has to end within 45 s. */
const CALL_CHARACTERS = 800_000;
const LARGEST_ROW_CHARACTERS = 3_000_000;

const FOLDED_AT_ONCE = 5_000;
const FOLDS_AT_MOST = 10_000;

export const keyOfName = ({ table, id }: Name) => `${table}\n${id}`;

const found = z.object({ key: z.string(), id: z.string() });
const knownRow = z.object({ source_table: z.string(), source_id: z.string(), target_id: z.string() });
const problemRow = z.object({ source_id: z.string(), problem: z.string() });
const foldedRow = z.object({ folded: z.string() });
const readRow = z.object({ id: z.string(), value: z.string().nullable() });

export function writer(run: RunSql, system: string): Writer {
  return {
    known: async (names) => {
      const ids = new Map<string, string>();
      for (const part of parts(names, (name) => name.id.length + name.table.length + 30)) {
        const rows = await run(
          `select k.source_table, k.source_id, k.target_id::text as target_id
           from jsonb_to_recordset(:names::jsonb) as n("table" text, id text)
           join import_ids k on k.system = :system and k.source_table = n."table" and k.source_id = n.id`,
          { names: JSON.stringify(part), system },
        );
        for (const row of z.array(knownRow).parse(rows))
          ids.set(keyOfName({ table: row.source_table, id: row.source_id }), row.target_id);
      }
      return ids;
    },
    existing: async (sql, keys) => {
      const ids = new Map<string, string>();
      for (const part of parts(keys, (key) => key.length + 4))
        for (const row of z.array(found).parse(await run(sql, { keys: JSON.stringify(part) })))
          ids.set(row.key, row.id);
      return ids;
    },
    write: async (lines) => {
      const problems: Problem[] = [];
      const fitting = lines.filter((line) => {
        const fits = JSON.stringify(line).length <= LARGEST_ROW_CHARACTERS;
        if (!fits) problems.push({ id: line.id, problem: 'is larger than one call to the database may be' });
        return fits;
      });
      for (const part of parts(fitting, (line) => JSON.stringify(line).length)) {
        const rows = await run('select source_id, problem from app.import_rows(:system, :batch::jsonb)', {
          system,
          batch: JSON.stringify(part),
        });
        for (const row of z.array(problemRow).parse(rows)) problems.push({ id: row.source_id, problem: row.problem });
      }
      return problems;
    },
    settle: async () => {
      for (const fold of ['fold_counters', 'fold_hashtags', 'roll_up'])
        for (let rounds = 0; rounds < FOLDS_AT_MOST; rounds += 1) {
          const rows = await run(`select folded::text as folded from app.${fold}(${FOLDED_AT_ONCE}) as folded`);
          if (Number(z.array(foldedRow).parse(rows)[0]?.folded ?? 0) === 0) break;
        }
    },
    read: async (sql, table, ids) => {
      const values = new Map<string, string | null>();
      for (const part of parts(ids, (id) => id.length + 60))
        for (const row of z.array(readRow).parse(await run(sql, { system, table, ids: JSON.stringify(part) })))
          values.set(row.id, row.value);
      return values;
    },
  };
}

/** Cuts a list so that each part fits one call. */
function* parts<T>(list: readonly T[], sizeOf: (item: T) => number): Generator<readonly T[]> {
  let part: T[] = [];
  let size = 0;
  for (const item of list) {
    const own = sizeOf(item);
    if (part.length > 0 && size + own > CALL_CHARACTERS) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(item);
    size += own;
  }
  if (part.length > 0) yield part;
}

/** Lends a writer; with `dryRun` all that it wrote is taken back at the end. */
export async function withWriter<T>(
  target: Target,
  options: { readonly system: string; readonly dryRun: boolean },
  work: (writer: Writer) => Promise<T>,
): Promise<T> {
  if (!options.dryRun) return work(writer(sqlRunner(target), options.system));
  let result: { readonly value: T } | undefined;
  await inTransaction(target, async (run) => {
    result = { value: await work(writer(run, options.system)) };
    throw new TakenBack();
  }).catch((error: unknown) => {
    if (!(error instanceof TakenBack)) throw error;
  });
  if (result === undefined) throw new Error('the dry run came to no end');
  return result.value;
}

class TakenBack extends Error {}
