/** Whether a database is as it should be: each check asks one thing, and names what is not so. Nothing is changed. */
import { type Command, print, Unwell } from './command.ts';
import { driftLines, findDrift } from './drift.ts';
import { migrationStatus } from './migrate.ts';
import { type RunSql, sqlRunner, type Target } from './sql-runner.ts';
import { describeAudit, verifyAudit } from './verify-audit.ts';

export interface Check {
  readonly about: string;
  /** One line each; none where all is well. */
  readonly find: (target: Target, run: RunSql) => Promise<readonly string[]>;
}

/** A check that is one statement with one text column `problem`. */
const bySql = (about: string, sql: string): Check => ({
  about,
  find: async (_target, run) => (await run(sql)).map((row) => String(row.problem)),
});

/** As `bySql`, where the schema has the function already. */
const byFunction = (about: string, name: string, sql: string): Check => ({
  about,
  find: async (_target, run) => {
    const [row] = await run('select to_regprocedure(:name) is not null as known', { name });
    return row?.known === true ? (await run(sql)).map((one) => String(one.problem)) : [];
  },
});

const ourTables = `c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'schema_migrations'`;

const checks: readonly Check[] = [
  {
    about: 'every migration is applied, and as its file is',
    find: async (target) =>
      (await migrationStatus(target))
        .filter(({ state }) => state !== 'applied')
        .map(({ name, state }) => `${name}: ${state}`),
  },
  {
    about: 'the catalogue is what the migrations build',
    find: async (target) => driftLines(await findDrift(target)),
  },
  bySql(
    'every index is valid',
    'select i.indexrelid::regclass::text as problem from pg_index i where not i.indisvalid order by 1',
  ),
  bySql(
    'every constraint is validated and enforced',
    `select k.conrelid::regclass || ': ' || k.conname as problem from pg_constraint k
     where k.connamespace = 'public'::regnamespace and (not k.convalidated or not k.conenforced) order by 1`,
  ),
  bySql(
    'every foreign key says what becomes of it on delete, and has an index',
    `select k.conrelid::regclass || ': ' || k.conname as problem from pg_constraint k
     where k.contype = 'f' and k.connamespace = 'public'::regnamespace and k.conparentid = 0 and (k.confdeltype = 'a' or not exists (
       select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
         and (i.indkey::int2[])[0 : cardinality(k.conkey) - 1] @> k.conkey)) order by 1`,
  ),
  bySql(
    'every table, and every partition, has row-level security',
    `select c.oid::regclass::text as problem from pg_class c where ${ourTables} and not c.relrowsecurity order by 1`,
  ),
  bySql(
    'nobody but the owner reaches a partition past its table',
    `select c.oid::regclass::text as problem from pg_class c
     where ${ourTables} and c.relispartition and exists (select from aclexplode(c.relacl) g where g.grantee <> c.relowner) order by 1`,
  ),
  bySql(
    'the roles of the code own nothing and bypass nothing',
    `select r.rolname || ': ' || case when r.rolsuper then 'is a superuser' else 'bypasses row-level security' end as problem
     from pg_roles r where r.rolname like 'posthaste\\_%' and r.rolname <> current_user and (r.rolsuper or r.rolbypassrls)
     union all
     select r.rolname || ': owns ' || c.oid::regclass from pg_class c join pg_roles r on r.oid = c.relowner
     where r.rolname in ('posthaste_api', 'posthaste_public', 'posthaste_worker', 'posthaste_reporting')`,
  ),
  bySql(
    'no function may be run by everybody',
    `select f.oid::regprocedure::text as problem from pg_proc f
     cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
     where f.pronamespace in ('public'::regnamespace, to_regnamespace('app')) and g.grantee = 0 order by 1`,
  ),
  {
    about: 'every month has its partition ahead',
    find: async (_target, run) => findMissingPartitions(run),
  },
  byFunction(
    'the counters are what their rows say',
    'app.counter_drift()',
    `select d.kind || ' ' || d.id || ': ' || d.counter || ' is ' || d.stored || ', and ' || d.actual || ' are there' as problem
     from app.counter_drift() d order by 1 limit 100`,
  ),
  byFunction(
    'the rows are consistent',
    'app.check_consistency()',
    'select f::text as problem from app.check_consistency() f limit 100',
  ),
  {
    about: 'the log of changes is what was sealed',
    find: async (_target, run) => {
      const [row] = await run(`select to_regclass('audit_seals') is not null as known`);
      if (row?.known !== true) return [];
      const { findings } = await verifyAudit(run);
      return findings.map(({ what, row: id, seal }) => [what, id, seal && `seal ${seal}`].filter(Boolean).join(' '));
    },
  },
];

async function findMissingPartitions(run: RunSql): Promise<string[]> {
  const [known] = await run(`select to_regclass('partitioned_tables') is not null as known`);
  if (known?.known !== true) return [];
  const ahead = await run(
    `select t.name || ': none for ' || to_char(m.at, 'YYYY-MM') as problem
     from partitioned_tables t cross join (values (app.now()), (app.now() + interval '1 month')) m (at)
     where not exists (select from app.partitions(to_regclass(t.name)) p
       where not p.is_default and coalesce(p.from_at, '-infinity') <= m.at and coalesce(p.to_at, 'infinity') > m.at) order by 1`,
  );
  const spare = await run(
    `select p.partition::text as name from partitioned_tables t cross join app.partitions(to_regclass(t.name)) p where p.is_default`,
  );
  const strays: string[] = [];
  for (const { name } of spare) {
    const [row] = await run(`select exists (select from ${String(name)}) as holds`);
    if (row?.holds === true)
      strays.push(
        `${String(name)}: holds rows of months without a partition (the schedule maintain makes them within the hour)`,
      );
  }
  return [...ahead.map((row) => String(row.problem)), ...strays];
}

export interface Verdict {
  readonly about: string;
  readonly problems: readonly string[];
}

export async function verifyDatabase(target: Target): Promise<Verdict[]> {
  const run = sqlRunner(target);
  const verdicts: Verdict[] = [];
  for (const { about, find } of checks) verdicts.push({ about, problems: await find(target, run) });
  return verdicts;
}

export const verify: Command = {
  usage: '',
  summary: 'checks ledger, drift, indexes, rights, partitions, counters, log',
  run: async (_args, database) => {
    const verdicts = await verifyDatabase((await database()).target);
    for (const { about, problems } of verdicts) {
      print(`${problems.length === 0 ? 'ok ' : 'NOT'} ${about}`);
      for (const problem of problems) print(`      ${problem}`);
    }
    const failed = verdicts.filter(({ problems }) => problems.length > 0);
    if (failed.length > 0) throw new Unwell(`${failed.length} of ${verdicts.length} checks failed`);
  },
};

export const verifyLog: Command = {
  usage: '[hash of a seal]',
  summary: 'checks the log of changes against its seals, row by row',
  run: async ([head], database) => {
    const report = await verifyAudit(sqlRunner((await database()).target), head);
    for (const line of describeAudit(report)) print(line);
    if (report.findings.length > 0) throw new Unwell();
  },
};
