/** Brings one of the five systems in: table by table, batch by batch, as the map and the system's plan say. */
import { change } from './change.ts';
import { compareCounts } from './compare-counts.ts';
import type { ImportJob } from './job.ts';
import {
  type Cells,
  type Context,
  isRef,
  type Mapped,
  type Merge,
  type Ref,
  Refused,
  type TablePlan,
  timedId,
} from './plan.ts';
import { emptyTable, type Report, type TableReport } from './report.ts';
import { type Mapping, mappingsOf } from './seed-map.ts';
import type { Column, Row } from './source.ts';
import { keyOfName, type Line, type Name, type OurRow, type Problem, type Writer } from './target.ts';

/** Takes what is not yet taken, and compares counters with the rows that they counted. */
export async function importSystem(job: ImportJob): Promise<Report> {
  const tables: TableReport[] = [];
  for (const table of job.plan.tables) tables.push(await importTable(job, table));
  await job.writer.settle();
  for (const table of job.plan.tables) {
    const report = tables.find(({ name }) => name === table.table);
    if (report !== undefined && !report.missing) await compareCounts(job, table, report);
  }
  return { tables, notes: job.plan.notes };
}

async function importTable(job: ImportJob, plan: TablePlan): Promise<TableReport> {
  const report = emptyTable(plan.table);
  const present = await job.source.columnsOf(plan.table);
  if (present.length === 0) {
    report.missing = true;
    job.reporter.end(report);
    return report;
  }
  const mappings = mappingsOf(job.map, `${job.plan.seed}.${plan.table}`);
  const described = Object.keys(job.map.columns[`${job.plan.seed}.${plan.table}`]?.columns ?? {});
  const columns = wanted(present, { mappings, described }, plan, report);
  report.total = await job.source.count(plan.table);
  job.reporter.begin(report);
  const more = { ...plan.more, '@id': `(${plan.id ?? 't.id'})::text` };
  const reading = { columns, more, join: plan.join, order: plan.order };
  for await (const rows of job.source.read(plan.table, reading, job.batchSize)) {
    await importBatch(job, plan, mappings, rows, report);
    job.reporter.progress(report);
  }
  job.reporter.end(report);
  return report;
}

interface Known {
  readonly mappings: readonly Mapping[];
  /** All columns of the map, also those that are answered otherwise. */
  readonly described: readonly string[];
}

/** The columns to read; what the map does not know, and what it misses, is said. */
function wanted(present: readonly Column[], known: Known, plan: TablePlan, report: TableReport): Column[] {
  const columns = known.mappings.filter(({ place }) => place !== null).map(({ column }) => column);
  const names = new Set([...columns, ...(plan.reads ?? [])]);
  const there = new Set(present.map(({ name }) => name));
  const strange = [...there].filter((name) => !names.has(name) && !known.described.includes(name));
  report.unknownColumns.push(...strange);
  report.missingColumns.push(...[...names].filter((name) => !there.has(name)));
  return present.filter(({ name }) => names.has(name));
}

interface Draft {
  readonly id: string;
  readonly ids: { table: string; id: string; target: string | Ref }[];
  readonly into: OurRow[];
}

async function importBatch(
  job: ImportJob,
  plan: TablePlan,
  mappings: readonly Mapping[],
  rows: readonly Row[],
  report: TableReport,
): Promise<void> {
  const idOf = (row: Row) => String(row['@id']);
  const known = await job.writer.known(rows.map((row) => ({ table: plan.table, id: idOf(row) })));
  const fresh = rows.filter((row) => !known.has(keyOfName({ table: plan.table, id: idOf(row) })));
  report.known += rows.length - fresh.length;
  report.read += rows.length;
  const merged = await findMerged(job, plan.merge, fresh);
  const drafts: Draft[] = [];
  const refused: Problem[] = [];
  for (const row of fresh) {
    try {
      drafts.push(await draft(job, plan, mappings, row, { merged, report }));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ id: idOf(row), problem: error.message });
    }
  }
  const { lines, problems } = await resolve(job.writer, drafts);
  const written = explain(plan, drafts, await job.writer.write(lines));
  const all = [...refused, ...problems, ...written];
  report.taken += fresh.length - all.length;
  for (const problem of all) job.reporter.problem(report, problem);
}

/** What refers to a row of its own batch that was refused says so, as it would of a row of another batch. */
function explain(plan: TablePlan, drafts: readonly Draft[], problems: readonly Problem[]): Problem[] {
  const refused = new Set(problems.map(({ id }) => id));
  return problems.map((problem) => {
    const draft = drafts.find(({ id }) => id === problem.id);
    const missing = draft && refsOf(draft).find(({ ref: table, id }) => table === plan.table && refused.has(id));
    return missing === undefined ? problem : { id: problem.id, problem: wordsOf(missing) };
  });
}

async function findMerged(
  job: ImportJob,
  merge: Merge | undefined,
  rows: readonly Row[],
): Promise<Map<string, string>> {
  if (merge === undefined) return new Map();
  const keys = [...new Set(rows.flatMap((row) => merge.keys(row)))];
  return keys.length === 0 ? new Map() : job.writer.existing(merge.sql, keys);
}

async function draft(
  job: ImportJob,
  plan: TablePlan,
  mappings: readonly Mapping[],
  row: Row,
  { merged, report }: { readonly merged: ReadonlyMap<string, string>; readonly report: TableReport },
): Promise<Draft> {
  const id = String(row['@id']);
  const newId = (table: string, of: string, at: unknown) => timedId(`${job.system}|${table}|${of}`, at, job.now);
  const existing = merged.get(plan.merge?.keys(row)[0] ?? '');
  const target = existing ?? newId(plan.table, id, row[plan.since ?? 'created_at']);
  const made: Draft = { id, ids: [{ table: plan.table, id, target: plan.same?.(row) ?? target }], into: [] };
  const context: Context = {
    system: job.system,
    now: job.now,
    target,
    merged: existing !== undefined,
    found: merged,
    platforms: job.platforms,
    alias: (table, of, to) => made.ids.push({ table, id: of, target: to }),
    newId,
    seal: job.seal,
    note: (text) => job.reporter.note(report, { id, problem: text }),
  };
  const cells = mapCells(mappings, row);
  const more = await plan.make(row, cells, context);
  plan.into.forEach((table, step) => {
    const given = more[table];
    if (given === null || given === undefined) return;
    if (existing !== undefined && table === plan.merge?.into) return;
    const rows = isList(given) ? given : [{ ...cells[table], ...given }];
    const shared = plan.shared?.includes(table) === true;
    for (const cells of rows) {
      // A null says nothing: the column's own default holds.
      const said = Object.entries(cells).filter(([, value]) => value !== null && value !== undefined);
      made.into.push({ step, table, shared, row: Object.fromEntries(said) });
    }
  });
  return made;
}

function isList(given: Cells | readonly Cells[]): given is readonly Cells[] {
  return Array.isArray(given);
}

function mapCells(mappings: readonly Mapping[], row: Row): Mapped {
  const made: Record<string, Record<string, unknown>> = {};
  for (const mapping of mappings) {
    if (mapping.place === null || mapping.table === 'import_ids') continue;
    const value = change(mapping, row[mapping.column]);
    if (value === undefined) continue;
    made[mapping.table] = { ...made[mapping.table], [mapping.place]: value };
  }
  return made;
}

/** Puts ids in the place of references; a row that refers to one that was not taken is not taken either. */
async function resolve(
  writer: Writer,
  drafts: readonly Draft[],
): Promise<{ readonly lines: Line[]; readonly problems: Problem[] }> {
  // What this very batch brings refers to itself, as a comment to the one that it answers.
  const ids = new Map<string, string>();
  for (const one of drafts)
    for (const id of one.ids) if (typeof id.target === 'string') ids.set(keyOfName(id), id.target);
  const names = new Map<string, Name>();
  for (const { ref: table, id } of drafts.flatMap(refsOf))
    if (!ids.has(keyOfName({ table, id }))) names.set(keyOfName({ table, id }), { table, id });
  for (const [key, id] of await writer.known([...names.values()])) ids.set(key, id);
  const idOf = ({ ref: table, id }: Ref) => ids.get(keyOfName({ table, id }));
  const problems: Problem[] = [];
  const lines: Line[] = [];
  for (const one of drafts) {
    const missing = refsOf(one).find((value) => !value.optional && idOf(value) === undefined);
    if (missing === undefined) {
      lines.push({
        id: one.id,
        ids: one.ids.map(({ table, id, target }) => ({
          table,
          id,
          target: (typeof target === 'string' ? target : idOf(target)) ?? '',
        })),
        into: one.into.map(({ row, ...rest }) => ({ ...rest, row: withIds(row, idOf) })),
      });
    } else {
      problems.push({ id: one.id, problem: wordsOf(missing) });
    }
  }
  return { lines, problems };
}

function wordsOf({ ref: table, id }: Ref): string {
  return `refers to ${table.replace('#', '’s ')} ${id}, which was not taken`;
}

function refsOf({ ids, into }: Draft): Ref[] {
  return [...ids.map(({ target }) => target), ...into.flatMap(({ row }) => Object.values(row))].filter(isRef);
}

function withIds(row: Readonly<Record<string, unknown>>, idOf: (ref: Ref) => string | undefined) {
  const cells = Object.entries(row).map(([column, value]) => [column, isRef(value) ? idOf(value) : value] as const);
  return Object.fromEntries(cells.filter(([, value]) => value !== undefined));
}
