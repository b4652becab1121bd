/** Their cached counters against ours, which are counted from the rows: what differs was wrong there, or a row is missing. */
import type { ImportJob } from './job.ts';
import type { TablePlan } from './plan.ts';
import type { TableReport } from './report.ts';
import { keyOf, type Mapping, mappingsOf } from './seed-map.ts';

export async function compareCounts(job: ImportJob, plan: TablePlan, report: TableReport): Promise<void> {
  const seedTable = `${job.plan.seed}.${plan.table}`;
  const numeric = new Set(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8']);
  const present = (await job.source.columnsOf(plan.table)).filter(({ type }) => numeric.has(type));
  const derived = mappingsOf(job.map, seedTable).filter(
    (mapping) => mapping.derived && mapping.place !== null && present.some(({ name }) => name === mapping.column),
  );
  if (derived.length === 0) return;
  const columns = present.filter(({ name }) => derived.some(({ column }) => column === name));
  const reading = { columns, more: { '@id': `(${plan.id ?? 't.id'})::text` } };
  for await (const rows of job.source.read(plan.table, reading, job.batchSize)) {
    const ids = rows.map((row) => String(row['@id']));
    for (const mapping of derived) {
      const ours = await job.writer.read(
        readingSql(mapping, keyOf(job.map, seedTable, mapping.table)),
        plan.table,
        ids,
      );
      for (const row of rows) {
        const id = String(row['@id']);
        const theirs = row[mapping.column];
        const own = ours.get(id);
        // A row that was not taken has been reported already.
        if (own === undefined || theirs === null || Number(own ?? 0) === Number(theirs)) continue;
        job.reporter.note(report, { id, problem: `${mapping.column} was ${theirs}; its rows say ${own ?? 0}` });
      }
    }
  }
}

/** What stands at the place of a mapping, as text, for rows there by id. */
function readingSql({ table, place }: Mapping, key: string): string {
  return `select k.source_id as id, v.${place}::text as value
    from jsonb_array_elements_text(:ids::jsonb) wanted(id)
    join import_ids k on k.system = :system and k.source_table = :table and k.source_id = wanted.id
    left join ${table} v on ${key} = k.target_id`;
}
