/**
 * Row-level security as people: for every table, everybody and every verb, exactly the rows that they may touch. Then every
 * policy is taken away or weakened in turn, and at least one of the expectations has to notice.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld, type PolicyWorld } from './policy-world.ts';
import { rights } from './rights/all.ts';
import { expected, type Rights, type RoleName, roleNames, sorted, type Verb, verbs } from './rights/format.ts';
import { people } from './rights/people.ts';

let open: OpenDatabase;
let world: PolicyWorld;
/** A superuser's connection that becomes the login of each role, so that all happens in one transaction. */
let client: pg.Client;

beforeAll(async () => {
  open = await openDatabase();
  world = await buildPolicyWorld(open.sql);
  client = await open.database.connect(open.database.server.superuser);
});
afterAll(async () => {
  await client.end();
  await open.close();
});

const cases = Object.entries(rights).flatMap(([table, right]) =>
  askedOf(table, right).map((verb) => ({ table, verb })),
);

/** All verbs of a table; of a variant in parentheses only those that it lists. */
function askedOf(table: string, right: Rights): readonly Verb[] {
  return table.includes(' ') ? verbs.filter((verb) => verb in right.verbs) : verbs;
}

describe.each(cases)('$verb on $table', ({ table, verb }) => {
  it('touches exactly what each may touch', async () => {
    await rolledBack(async () => {
      const { found, wanted } = await compare(table, verb);
      expect(found).toEqual(wanted);
    });
  });
});

it('has expectations for every table with row-level security', async () => {
  const rows = await open.sql(`select relname from pg_class where relrowsecurity and not relispartition order by 1`);
  const listed = new Set(Object.keys(rights).map((name) => name.split(' ')[0]));
  expect(rows.map(({ relname }) => relname)).toEqual([...listed].sort());
});

it('nobody moves a post or a publication into a project, not even where they may write', async () => {
  for (const role of people) {
    for (const table of ['posts', 'post_publications']) {
      const { own, other } = world.projects;
      const text = `update ${table} set project_id = $2::uuid where project_id = $1::uuid returning 1`;
      const done = await rolledBack(() => attempt(role, text, [own.projectId, other.projectId]));
      expect(done, `${role} ${table}`).toBe('refused');
    }
  }
});

describe('no policy is idle', () => {
  it('taking one away is noticed', async () => {
    const policies = await open.sql('select polname, polrelid::regclass::text as table from pg_policy order by 2, 1');
    expect(policies.length).toBeGreaterThan(40);
    const unnoticed: string[] = [];
    for (const { polname, table } of policies) {
      if (!(await isNoticed(`drop policy ${polname} on ${table}`, String(table)))) unnoticed.push(String(polname));
    }
    expect(unnoticed).toEqual([]);
  });

  it('opening one to all rows is noticed', async () => {
    const policies = await open.sql(`select polname, polrelid::regclass::text as table, clause
      from pg_policy cross join lateral (values ('using', pg_get_expr(polqual, polrelid)), ('with check', pg_get_expr(polwithcheck, polrelid))) c (clause, text)
      where text <> 'true' and not (clause = 'with check' and polcmd = 'w' and not exists (
        select from pg_attribute a where a.attrelid = polrelid and a.attname in ('project_id', 'user_id', 'author_id')
          and has_column_privilege('posthaste_api', polrelid, a.attnum, 'update')))
      order by 2, 1`);
    expect(policies.length).toBeGreaterThan(30);
    const unnoticed: string[] = [];
    for (const { polname, table, clause } of policies) {
      const opened = `alter policy ${polname} on ${table} ${clause} (true)`;
      if (!(await isNoticed(opened, String(table)))) unnoticed.push(`${polname} ${clause}`);
    }
    expect(unnoticed).toEqual([]);
  });

  it('switching row-level security off is noticed, wherever a grant reaches rows of more than one person', async () => {
    const unnoticed: string[] = [];
    for (const { table } of await open.sql(
      `select oid::regclass::text as table from pg_class where relrowsecurity and not relispartition order by 1`,
    )) {
      if (!(await isNoticed(`alter table ${table} disable row level security`, String(table))))
        unnoticed.push(String(table));
    }
    // Only roles that may see all of it have a grant.
    expect(unnoticed).toEqual([
      'analytics_touched',
      'archive_parts',
      'audit_keys',
      'audit_unsealed',
      'auth_attempts',
      'community_hashtags',
      'counter_deltas',
      'derivation_marks',
      'email_verification_tokens',
      'export_tables',
      'hashtag_deltas',
      'hashtags',
      'idempotency_keys',
      'import_ids',
      'niches',
      'outbox_events',
      'partition_archives',
      'partitioned_tables',
      'password_reset_tokens',
      'pause_checks',
      'platform_apps',
      'platforms',
      'proof_tries',
      'provider_sign_ins',
      'rate_counters',
      'sign_in_tickets',
      'starter_templates',
    ]);
  });
});

/** Whether any expectation fails after the change, which is taken back. */
async function isNoticed(ddl: string, table: string): Promise<boolean> {
  return rolledBack(async () => {
    await client.query(ddl);
    // What reads another table's rows in its own policy is asked too.
    const concerned = Object.entries(rights).filter(
      ([name]) => name.split(' ')[0] === table || (table === 'community_posts' && name === 'comments'),
    );
    for (const [name, right] of concerned) {
      for (const verb of askedOf(name, right)) {
        const { found, wanted } = await compare(name, verb);
        if (JSON.stringify(found) !== JSON.stringify(wanted)) return true;
      }
    }
    return false;
  });
}

async function compare(
  name: string,
  verb: Verb,
): Promise<{ found: Record<string, string>; wanted: Record<string, string> }> {
  const right = rights[name];
  if (right === undefined) throw new Error(`no rights of ${name}`);
  const table = name.split(' ')[0] ?? '';
  const found: Record<string, string> = {};
  const wanted: Record<string, string> = {};
  for (const role of roleNames) {
    wanted[role] = expected(right.verbs[verb], role);
    found[role] =
      verb === 'insert' ? await insertAs(role, table, right) : await attempt(role, textOf(table, verb, right), []);
  }
  return { found, wanted };
}

function textOf(table: string, verb: Verb, { key, set }: Rights): string {
  if (verb === 'select') return `select ${key} as key from ${table}`;
  if (verb === 'delete') return `delete from ${table} where ${key} is not null returning ${key} as key`;
  return `update ${table} set ${set ?? 'id = id'} returning ${key} as key`;
}

async function insertAs(role: RoleName, table: string, { add }: Rights): Promise<string> {
  const me = role in world.people ? world.people[role as keyof typeof world.people].userId : world.rival.userId;
  const rows = Object.entries(add?.(world, me) ?? {});
  if (rows.length === 0) return attempt(role, await insertOfNothing(table), []);
  const done: string[] = [];
  const refusals: string[] = [];
  for (const [label, row] of rows) {
    const columns = Object.keys(row);
    const text = `insert into ${table} (${columns.join(', ')}) select ${columns.map((column) => `r.${column}`).join(', ')}
      from jsonb_populate_record(null::${table}, $1::jsonb) r returning 1`;
    const outcome = await attempt(role, text, [JSON.stringify(row)]);
    if (outcome === 'refused') refusals.push(label);
    else done.push(outcome === '1' ? label : outcome);
  }
  // Whoever was refused every row, and has no right to insert at all, is simply refused.
  if (done.length === 0 && !(await mayInsert(role, table))) return 'refused';
  return sorted(done);
}

/** Generated columns cannot be named. */
async function insertOfNothing(table: string): Promise<string> {
  const { rows } = await client.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
    [table],
  );
  const columns = rows[0]?.columns ?? '';
  return `insert into ${table} (${columns}) select ${columns} from ${table} where false returning 1`;
}

const logins: Readonly<Record<string, string>> = {
  nobody: 'posthaste_public',
  worker: 'posthaste_worker',
  reporting: 'posthaste_reporting',
};

async function mayInsert(role: RoleName, table: string): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>("select has_any_column_privilege($1, $2, 'insert') as may", [
    logins[role] ?? 'posthaste_api',
    table,
  ]);
  return rows[0]?.may === true;
}

/** Runs a statement as somebody, through app.run, and takes it back: labels of the rows, `refused`, or the SQLSTATE. */
async function attempt(role: RoleName, text: string, values: readonly string[]): Promise<string> {
  await client.query('savepoint attempt');
  try {
    const login = role === 'nobody' ? 'posthaste_api' : (logins[role] ?? 'posthaste_api');
    await client.query(`set local session authorization ${login}`);
    const keys = role === 'reporting' ? await plainly(text, values) : await throughRun(role, text, values);
    return sorted(keys.map((key) => world.labels.get(key) ?? key));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return code === '42501' ? 'refused' : code;
  } finally {
    await client.query('rollback to savepoint attempt');
  }
}

async function plainly(text: string, values: readonly string[]): Promise<string[]> {
  const { rows } = await client.query({ text, values: [...values], rowMode: 'array' });
  return rows.map((row: unknown[]) => String(row[0]));
}

async function throughRun(role: RoleName, text: string, values: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    JSON.stringify(callerOf(role)),
    text,
    values,
  ]);
  const lines = rows
    .map(({ part }) => part)
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => String(Object.values(JSON.parse(line))[0]));
}

function callerOf(role: RoleName) {
  if (role === 'nobody') return { kind: 'public', ip: null, route: 'GET /' };
  if (role === 'worker' || role === 'reporting') return { kind: 'worker', name: 'test' };
  return { kind: 'actor', ...world.people[role] };
}

async function rolledBack<T>(work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    return await work();
  } finally {
    await client.query('rollback');
  }
}
