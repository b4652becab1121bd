/**
 * Whether the log of changes is what was sealed: every seal follows the one before, every sealed row is there as it was, and no
 * row is there that was never to be sealed. The hashes are computed here, from sha256() of the server alone: functions of the
 * schema could have been changed by whoever changed the rows.
 *
 * Whoever may rewrite all seals can forge a whole chain; that its head is another one shows against the heads that the sweep
 * has logged (`expectedHead`).
 */
import { checkChain } from '../../shared/audit/chain.ts';
import { sealHash } from '../../shared/audit/queries.ts';
import type { RunSql } from './sql-runner.ts';

export interface AuditFinding {
  readonly what:
    | 'row-changed'
    | 'row-removed'
    | 'row-inserted'
    | 'seal-changed'
    | 'seal-removed'
    | 'chain-broken'
    | 'head-unknown';
  /** Id of the row. */
  readonly row?: string;
  /** Sequence of the seal. */
  readonly seal?: number;
}

export interface AuditReport {
  readonly findings: readonly AuditFinding[];
  readonly seals: number;
  readonly sealedRows: number;
  /** Rows that are waiting for their seal. */
  readonly unsealedRows: number;
  /** Months (YYYY-MM-01) whose rows lie in the archive: only their seals were looked at. */
  readonly archivedMonths: readonly string[];
  readonly head: { readonly seal: number; readonly hash: string } | null;
}

const SEALS_PER_CALL = 20;
const FINDINGS_PER_CALL = 500;

const ROW_HASH = `sha256(convert_to(jsonb_build_array(a.id, extract(epoch from a.occurred_at), a.actor, a.user_id, a.session_id, a.api_key_id,
  a.request_id, a.project_id, a.subject_id, a.table_name, a.row_id, a.operation, a.old_values, a.new_values,
  encode(a.personal_sealed, 'hex'), encode(a.ip_sealed, 'hex'))::text, 'UTF8'))`;

const SEAL_HASH = sealHash.parts.join('');

const SEALS = `select s.sequence::text as sequence, s.month::text as month, s.row_count, encode(s.previous_hash, 'hex') as previous,
    encode(s.hash, 'hex') as hash, s.hash = ${SEAL_HASH} and s.row_count = cardinality(s.row_ids) as intact
  from audit_seals s where s.sequence > :after::bigint order by s.sequence limit ${SEALS_PER_CALL}`;

const IN_MONTH = `a.occurred_at >= :month::date::timestamp at time zone 'UTC'
  and a.occurred_at < (:month::date + interval '1 month') at time zone 'UTC'`;

const ROWS = `select s.sequence::text as sequence, l.id::text as row, a.id is null as gone
  from audit_seals s cross join lateral unnest(s.row_ids, s.row_hashes) l (id, hash)
  left join audit_log a on a.id = l.id and ${IN_MONTH}
  where s.sequence between :first::bigint and :last::bigint and s.month = :month::date and (a.id is null or ${ROW_HASH} <> l.hash)
  order by s.sequence, l.id limit ${FINDINGS_PER_CALL}`;

const STRANGERS = `select a.id::text as row from audit_log a
  where ${IN_MONTH} and not exists (select from audit_unsealed u where u.occurred_at = a.occurred_at and u.audit_id = a.id)
    and not exists (select from (select unnest(s.row_ids) as id from audit_seals s where s.month = :month::date) l where l.id = a.id)
  order by a.id limit ${FINDINGS_PER_CALL}`;

const LOST_UNSEALED = `select u.audit_id::text as row from audit_unsealed u
  where not exists (select from audit_log a where a.id = u.audit_id and a.occurred_at = u.occurred_at)
  order by u.audit_id limit ${FINDINGS_PER_CALL}`;

const MONTHS = `select distinct (date_trunc('month', occurred_at at time zone 'UTC'))::date::text as month from audit_log order by 1`;

interface Seal {
  readonly sequence: number;
  readonly month: string;
  readonly rows: number;
  readonly previous: string;
  readonly hash: string;
  readonly intact: boolean;
}

/** Looks at everything; `run` is the owner's. With `expectedHead`, a seal of that hash must be in the chain. */
export async function verifyAudit(run: RunSql, expectedHead?: string): Promise<AuditReport> {
  const seals = await readSeals(run);
  const findings: AuditFinding[] = checkChain(seals);
  if (expectedHead !== undefined && !seals.some(({ hash }) => hash === expectedHead))
    findings.push({ what: 'head-unknown' });
  const archivedMonths = await listArchived(run);
  for (const batch of batches(seals.filter(({ month }) => !archivedMonths.includes(month))))
    findings.push(...(await checkRows(run, batch)));
  for (const { month } of await run(MONTHS)) {
    const rows = await run(STRANGERS, { month: String(month) });
    findings.push(...rows.map(({ row }) => ({ what: 'row-inserted', row: String(row) }) as const));
  }
  const lost = await run(LOST_UNSEALED);
  findings.push(...lost.map(({ row }) => ({ what: 'row-removed', row: String(row) }) as const));
  const [unsealed] = await run('select count(*)::text as rows from audit_unsealed');
  const last = seals.at(-1);
  return {
    findings,
    seals: seals.length,
    sealedRows: seals.reduce((sum, { rows }) => sum + rows, 0),
    unsealedRows: Number(unsealed?.rows),
    archivedMonths,
    head: last === undefined ? null : { seal: last.sequence, hash: last.hash },
  };
}

/** The report for a terminal: what was looked at, then a line per finding. */
export function describeAudit(report: AuditReport): string[] {
  const { findings, seals, sealedRows, unsealedRows, archivedMonths, head } = report;
  return [
    `${seals} seals over ${sealedRows} rows; ${unsealedRows} rows not sealed yet`,
    `head: ${head === null ? 'none' : `${head.seal} ${head.hash}`}`,
    ...archivedMonths.map((month) => `${month.slice(0, 7)} is archived: its seals were checked, its rows were not`),
    ...findings.map(({ what, row, seal }) =>
      [what, row && `row ${row}`, seal && `seal ${seal}`].filter((part) => part !== undefined).join(' '),
    ),
    findings.length === 0 ? 'the log is as it was sealed' : `${findings.length} findings`,
  ];
}

async function readSeals(run: RunSql): Promise<Seal[]> {
  const seals: Seal[] = [];
  for (;;) {
    const rows = await run(SEALS, { after: String(seals.at(-1)?.sequence ?? 0) });
    for (const row of rows) {
      const [month, previous, hash] = [String(row.month), String(row.previous), String(row.hash)];
      const sequence = Number(row.sequence);
      seals.push({ sequence, month, rows: Number(row.row_count), previous, hash, intact: row.intact === true });
    }
    if (rows.length < SEALS_PER_CALL) return seals;
  }
}

/** Runs of seals of one month: their rows lie in one partition. */
function batches(seals: readonly Seal[]): Seal[][] {
  const found: Seal[][] = [];
  for (const seal of seals) {
    const open = found.at(-1);
    if (open !== undefined && open.length < SEALS_PER_CALL && open[0]?.month === seal.month) open.push(seal);
    else found.push([seal]);
  }
  return found;
}

async function checkRows(run: RunSql, batch: readonly Seal[]): Promise<AuditFinding[]> {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined) return [];
  const rows = await run(ROWS, { first: String(first.sequence), last: String(last.sequence), month: first.month });
  return rows.map(({ row, sequence, gone }) => ({
    what: gone === true ? 'row-removed' : 'row-changed',
    row: String(row),
    seal: Number(sequence),
  }));
}

/** Months whose partition was detached by age, as the ledger of archives says. That ledger is in the log too. */
async function listArchived(run: RunSql): Promise<string[]> {
  const rows =
    await run(`select distinct s.month::text as month from audit_seals s join partition_archives p on p.table_name = 'audit_log'
    and coalesce(p.from_at, '-infinity') <= s.month::timestamp at time zone 'UTC'
    and p.to_at >= (s.month + interval '1 month') at time zone 'UTC' order by 1`);
  return rows.map(({ month }) => String(month));
}
