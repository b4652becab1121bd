/**
 * Erasure, asked of the catalogue: whatever column of a personal row, or of a project of one's own, can hold a text, an address
 * or JSON, holds the person's here; afterwards no table of any schema does. A new table is asked without a line here.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld, type PolicyWorld } from './policy-world.ts';

const MARK = 'lovelace-byron';
const IP = '203.0.113.77';

/**
 * What the log of changes keeps as it is, and why it cannot be a person's. A column that is logged plainly and not named here
 * fails: it belongs among the personal ones.
 */
const loggedPlainly: Readonly<Record<string, string>> = {
  'api_keys.prefix': 'made by us, at random',
  'approval_requests.content_hash': 'a SHA-256 of ours',
  'projects.time_zone': 'one of the IANA names, or the door refuses it',
  'social_accounts.scopes': 'words of the platform, from its list of rights',
  'user_identities.provider': 'named by an administrator, for everybody',
  'user_sessions.revoked_because': 'words of ours',
  'webhooks.events': 'words of our own list, or the door refuses them',
};

let open: OpenDatabase;
let world: PolicyWorld;
beforeAll(async () => {
  open = await openDatabase();
  world = await buildPolicyWorld(open.sql);
});
afterAll(() => open.close());

/** Tables whose rows go with their person (references that cascade, and plain user ids), and those of projects. */
const OWNED = `
  select c.oid::regclass::text as name, a.attname as key,
    case when a.attname = 'project_id' then 'project' else 'person' end as of
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname not like 'audit%'
    and (a.attname = 'project_id' or exists (
      select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.confrelid = 'users'::regclass
        and k.confdeltype = 'c' and a.attnum = any (k.conkey)))
  union all values ('users', 'id', 'person'), ('projects', 'id', 'project')
  order by 1, 2`;

/** Writes the mark into every column of those rows that takes it. Returns which. */
async function mark(key: string, name: string, id: string): Promise<string[]> {
  const columns = await open.sql(
    `select a.attname as name, format_type(a.atttypid, null) as type from pg_attribute a
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
       and format_type(a.atttypid, null) in ('text', 'text[]', 'jsonb', 'inet')`,
    [name],
  );
  const done: string[] = [];
  for (const { name: column, type } of columns.filter((each) => !(`${name}.${String(each.name)}` in loggedPlainly))) {
    const values: Readonly<Record<string, string>> = {
      text: `'${MARK}' || left(md5(random()::text), 6)`,
      'text[]': `array['${MARK}']`,
      jsonb: `'{"name": "${MARK}"}'`,
      inet: `'${IP}'`,
    };
    await open.sql('savepoint marking');
    try {
      const [row] = await open.sql(
        `with changed as (update ${name} set ${String(column)} = ${values[String(type)]} where ${key} = $1 returning 1) select count(*)::integer as rows from changed`,
        [id],
      );
      if (Number(row?.rows) > 0) done.push(`${name}.${String(column)}`);
      await open.sql('release savepoint marking');
    } catch {
      await open.sql('rollback to savepoint marking'); // a rule of the column says what may stand there: no name
    }
  }
  return done;
}

async function tablesHolding(): Promise<string[]> {
  const tables =
    await open.sql(`select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not like 'pg_%' and n.nspname <> 'information_schema' order by 1`);
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await open.sql(
      `select coalesce(string_agg(t::text, E'\\n'), '') as text from only ${String(name)} t`,
    );
    const text = String(row?.text);
    const marks = [MARK, IP].flatMap((value) => [value, Buffer.from(value).toString('hex')]);
    if (marks.some((value) => text.includes(value))) found.push(String(name));
  }
  return found;
}

it('nothing that stood in a row of a person, or of a project of theirs alone, is left anywhere', {
  timeout: 120_000,
}, async () => {
  const { rival, projects } = world;
  const marked: string[] = [];
  await open.sql('begin');
  await open.sql("select set_config('app.ip', $1, true)", [IP]);
  for (const { name, key, of } of await open.sql(OWNED)) {
    marked.push(...(await mark(String(key), String(name), of === 'project' ? projects.other.projectId : rival.userId)));
  }
  await open.sql('commit');
  // So many that the search below cannot come up empty for want of something to find.
  expect(new Set(marked).size).toBeGreaterThan(100);
  const logged =
    await open.sql(`select distinct l.table_name || '.' || v.key as column from audit_log l, jsonb_each_text(l.new_values) v
    where v.value like '%${MARK}%' or v.value like '%${IP}%' order by 1`);
  expect(logged.map(({ column }) => column)).toEqual([]);
  const before = await tablesHolding();
  expect(before.length).toBeGreaterThan(35);
  expect(before.filter((name) => name.startsWith('audit_'))).toEqual([]);

  await open.sql('update users set deletion_requested_at = app.now() where id = $1', [rival.userId]);
  const worker = await open.login('worker');
  let outcome = 'waiting';
  for (let step = 0; step < 20 && outcome === 'waiting'; step += 1) {
    const { rows } = await worker.query<{ outcome: string }>('select outcome from app.erase_user($1)', [rival.userId]);
    outcome = rows[0]?.outcome ?? '';
    // What the sweep does.
    await open.sql("update outbox_events set dispatched_at = app.now() where kind <> 'mail'");
    await open.sql(
      "update post_publications set state = 'failed' where project_id = $1 and state in ('publishing', 'processing')",
      [projects.other.projectId],
    );
  }
  expect(outcome).toBe('ok');
  expect(await tablesHolding()).toEqual([]);
});

it('what the log keeps in the clear no person can write a word of their own into', async () => {
  const written = await open.sql(
    `select c.name from unnest($1::text[]) c (name)
     where has_column_privilege('posthaste_api', split_part(c.name, '.', 1), split_part(c.name, '.', 2), 'insert')
       or has_column_privilege('posthaste_api', split_part(c.name, '.', 1), split_part(c.name, '.', 2), 'update') order by 1`,
    [Object.keys(loggedPlainly)],
  );
  // Doors write these themselves: what we made up, or what is on a list of ours.
  expect(written.map(({ name }) => name)).toEqual([
    'api_keys.prefix',
    'projects.time_zone',
    'user_sessions.revoked_because',
    'webhooks.events',
  ]);
});
