/** What an import says: progress while it runs, then what was taken, what was not and why. */
import type { Problem } from './target.ts';

export interface TableReport {
  readonly name: string;
  /** Their database has no such table. */
  missing: boolean;
  total: number;
  read: number;
  taken: number;
  /** Taken by a run before. */
  known: number;
  problems: number;
  readonly unknownColumns: string[];
  readonly missingColumns: string[];
}

export interface Report {
  readonly tables: readonly TableReport[];
  readonly notes: readonly string[];
}

export interface Reporter {
  begin(table: TableReport): void;
  progress(table: TableReport): void;
  end(table: TableReport): void;
  /** A row that was not taken. */
  problem(table: TableReport, problem: Problem): void;
  /** A row that was taken, with a change that its owner should know, or a counter that its rows do not bear out. */
  note(table: TableReport, problem: Problem): void;
}

export function emptyTable(name: string): TableReport {
  const counts = { total: 0, read: 0, taken: 0, known: 0, problems: 0 };
  return { name, missing: false, ...counts, unknownColumns: [], missingColumns: [] };
}

const EVERY_MS = 2_000;

/** Writes lines: problems and notes to `complain`, the rest to `say`. */
export function printingReporter(say: (line: string) => void, complain: (line: string) => void): Reporter {
  let began = performance.now();
  let last = began;
  const rate = (table: TableReport) => Math.round(table.read / Math.max(0.001, (performance.now() - began) / 1_000));
  return {
    begin: () => {
      began = performance.now();
      last = began;
    },
    progress: (table) => {
      if (performance.now() - last < EVERY_MS) return;
      last = performance.now();
      say(`${table.name}: ${table.read} of ${table.total} rows, ${rate(table)} a second`);
    },
    end: (table) => {
      if (table.missing) return complain(`${table.name}: there is no such table`);
      const known = table.known === 0 ? '' : `, ${table.known} known before`;
      const problems = table.problems === 0 ? '' : `, ${table.problems} not taken`;
      say(`${table.name}: ${table.taken} taken${known}${problems}; ${rate(table)} rows a second`);
      if (table.unknownColumns.length > 0)
        complain(`${table.name}: not described, so not taken: ${table.unknownColumns.join(', ')}`);
      if (table.missingColumns.length > 0) complain(`${table.name}: not there: ${table.missingColumns.join(', ')}`);
    },
    problem: (table, { id, problem }) => {
      table.problems += 1;
      complain(`${table.name} ${id}: not taken: ${problem}`);
    },
    note: (table, { id, problem }) => complain(`${table.name} ${id}: ${problem}`),
  };
}
