/** The schema can be built, taken back and built again by somebody who is no superuser, and it keeps its own rules. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asSuperuser } from '../../infra/local/postgres.ts';
import { dumpSchema } from '../../infra/tools/dump-schema.ts';
import { listMigrations, migrateDown, migrateUp, migrationStatus } from '../../infra/tools/migrate.ts';
import { sqlRunner, type Target } from '../../infra/tools/sql-runner.ts';
import { loginOf, type OpenDatabase, openDatabase } from './database.ts';

const migrations = await listMigrations();
const names = migrations.map(({ name }) => name);
const passwords = {
  api: loginOf('api').password,
  worker: loginOf('worker').password,
  reporting: loginOf('reporting').password,
};

let open: OpenDatabase;
let target: Target;
const dump = () => dumpSchema(sqlRunner(target));

beforeAll(async () => {
  open = await openDatabase();
  target = open.target;
});

afterAll(() => open.close());

describe('building and taking back', () => {
  it('is done by a role that is no superuser and owns nothing but the schema', async () => {
    const [me] = await open.sql(
      'select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user',
    );
    expect(me).toEqual({ rolsuper: false, rolbypassrls: false, rolcreaterole: true });
  });

  it('every single step down to nothing and up again leaves the catalogue as it was', async () => {
    const dumps = [await dump()];
    expect(dumps[0]).toContain('create policy posts_read');
    for (const name of [...names].reverse()) {
      expect(await migrateDown(target, 1)).toEqual([name]);
      dumps.push(await dump());
    }
    const [left] = await open.sql(`select
      (select string_agg(c.relname, ',') from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r') as tables,
      (select count(*)::integer from pg_namespace where nspname = 'app') as schemas,
      (select count(*)::integer from pg_proc p where p.pronamespace = 'public'::regnamespace) as functions,
      (select count(*)::integer from pg_default_acl) as defaults`);
    expect(left).toEqual({ tables: 'schema_migrations', schemas: 0, functions: 0, defaults: 0 });
    for (const migration of migrations) {
      expect(await dump(), `before ${migration.name}`).toBe(dumps.pop());
      await upTo(migration.version);
    }
    expect(await dump()).toBe(dumps.pop());
  }, 600_000);

  it('two migrators at once apply each file once', async () => {
    const before = await dump();
    await migrateDown(target, names.length);
    const applied = await Promise.all([1, 2, 3].map(() => migrateUp(target, passwords)));
    expect(applied.flat().sort()).toEqual(names);
    expect(await dump()).toBe(before);
  }, 600_000);

  it('says that it waits for another, and gives up in words', async () => {
    const said: string[] = [];
    await open.sql('begin');
    await open.sql('select pg_advisory_xact_lock(7164913350442961)');
    const waiting = migrateUp(target, passwords, { timing: { patienceMs: 2_000 }, report: (line) => said.push(line) });
    await expect(waiting).rejects.toThrow('another migrator is at work');
    await open.sql('rollback');
    expect(said).toEqual([expect.stringMatching(/^waiting: another migrator/)]);
  });

  it('is what sql/schema.sql shows (npm run db -- dump writes it)', async () => {
    await expect(await dump()).toMatchFileSnapshot('../../sql/schema.sql');
  });
});

describe('a folder with one more migration', () => {
  let folder: URL;
  beforeEach(async () => {
    const path = await mkdtemp(join(tmpdir(), 'posthaste-migrations-'));
    await cp(new URL('../../sql/migrations/', import.meta.url), path, { recursive: true });
    folder = pathToFileURL(`${path}/`);
    return () => rm(path, { recursive: true, force: true });
  });
  const write = (file: string, text: string) => writeFile(new URL(file, folder), text);

  it('leaves nothing half done when it fails, and names the file', async () => {
    const before = await dump();
    await write('9001-good.up.sql', 'create table good (id uuid);');
    await write('9001-good.down.sql', 'drop table good;');
    await write('9002-bad.up.sql', 'create table half (id uuid); insert into half values (1); create table never ();');
    await write('9002-bad.down.sql', 'drop table half;');
    await expect(migrateUp(target, passwords, folder)).rejects.toThrow(/9002-bad/);
    expect(await dump()).toContain('create table good');
    expect(await dump()).not.toContain('create table half');
    expect(await statesOf(folder)).toMatchObject({ '9001-good': 'applied', '9002-bad': 'pending' });
    expect(await migrateDown(target, 1, folder)).toEqual(['9001-good']);
    expect(await dump()).toBe(before);
  });

  it('names the file whose way back fails, and stays where it was', async () => {
    await write('9001-stuck.up.sql', 'create table stuck (id uuid);');
    await write('9001-stuck.down.sql', 'drop table stuck; drop table nothing_of_the_kind;');
    await migrateUp(target, passwords, folder);
    await expect(migrateDown(target, 1, folder)).rejects.toThrow(/9001-stuck/);
    expect(await dump()).toContain('create table stuck');
    await write('9001-stuck.down.sql', 'drop table stuck;');
    await migrateDown(target, 1, folder);
  });

  it('refuses to go on when an applied file was changed, and says so', async () => {
    const [first] = names;
    await write(`${first}.up.sql`, `${migrations[0]?.up}-- changed\n`);
    await write('9001-late.up.sql', 'create table late (id uuid);');
    await write('9001-late.down.sql', 'drop table late;');
    await expect(migrateUp(target, passwords, folder)).rejects.toThrow(`${first} was changed after it was applied`);
    expect(await dump()).not.toContain('create table late');
    expect(await statesOf(folder)).toMatchObject({ [first ?? '']: 'changed', '9001-late': 'pending' });
  });

  it('shows what was applied from a file that is gone', async () => {
    await write('9001-brief.up.sql', 'create table brief (id uuid);');
    await write('9001-brief.down.sql', 'drop table brief;');
    await migrateUp(target, passwords, folder);
    expect(await statesOf()).toMatchObject({ '9001-brief': 'unknown' });
    await migrateDown(target, 1, folder);
    expect(new Set(Object.values(await statesOf()))).toEqual(new Set(['applied']));
  });

  async function statesOf(of?: URL): Promise<Record<string, string>> {
    return Object.fromEntries((await migrationStatus(target, of)).map(({ name, state }) => [name, state]));
  }
});

describe('roles', () => {
  const roles = ['posthaste_api', 'posthaste_public', 'posthaste_reporting', 'posthaste_worker'];

  it('have no rights of the server, bypass nothing and own nothing', async () => {
    const rows = await open.sql(
      `select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as mighty, rolcanlogin
       from pg_roles where rolname like 'posthaste\\_%' and rolname <> current_user order by 1`,
    );
    expect(rows).toEqual(
      roles.map((rolname) => ({ rolname, mighty: false, rolcanlogin: rolname !== 'posthaste_public' })),
    );
    const owned = await asSuperuser(open.database.server, (client) =>
      client.query(
        `select * from pg_shdepend where deptype = 'o' and refobjid in (select oid from pg_roles where rolname = any ($1))`,
        [roles],
      ),
    );
    expect(owned.rows).toEqual([]);
  });

  it('are members of nothing, but that the api may become the public', async () => {
    const rows = await open.sql(
      `select m.member::regrole::text as member, m.roleid::regrole::text as of from pg_auth_members m
       where m.member::regrole::text = any ($1)`,
      [roles],
    );
    expect(rows).toEqual([{ member: 'posthaste_api', of: 'posthaste_public' }]);
  });
});

describe('the schema keeps its own rules', () => {
  const none = async (rule: string) => expect(await open.sql(rule)).toEqual([]);
  const OUR_TABLES = `pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'schema_migrations'`;

  it('every foreign key says what becomes of it on delete', () =>
    none(
      `select conname from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace and confdeltype = 'a'`,
    ));

  it('every foreign key has an index that begins with its columns', () =>
    none(`select k.conname from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace and not exists (
      select from pg_index i where i.indrelid = k.conrelid and i.indpred is null
        and (i.indkey::int2[])[0 : cardinality(k.conkey) - 1] @> k.conkey)`));

  it('every constraint, index, trigger and policy has a name of ours', () =>
    none(`select name from (
        select conname as name, conrelid as table from pg_constraint where contype <> 'n' and connamespace = 'public'::regnamespace
        union all select c.relname, i.indrelid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = 'public'::regnamespace
        union all select tgname, tgrelid from pg_trigger where not tgisinternal
        union all select polname, polrelid from pg_policy
      ) named where not (select relispartition from pg_class where oid = named.table) and (name !~ '^[a-z][a-z0-9_]*$' or name !~ ('^' || (select relname from pg_class where oid = named.table) || '_')
        or name ~ '_(check|key|fkey|idx|excl)[0-9]+$|_check$')`));

  it('every table with rows of users has row-level security, forced on nobody', () =>
    none(`select c.relname from ${OUR_TABLES} and (not c.relrowsecurity or c.relforcerowsecurity)`));

  it('every table has a policy for whoever was granted anything on it', () =>
    none(`select c.relname, g.rolname from ${OUR_TABLES.replace('pg_class c', 'pg_class c cross join pg_roles g')}
      and g.rolname = any ('{${rolesOfCode.join(',')}}') and has_any_column_privilege(g.rolname, c.oid, 'select, insert, update')
      and not exists (select from pg_policy p where p.polrelid = c.oid and g.oid = any (p.polroles))`));

  it('the ledger of migrations is the owner’s alone', async () => {
    const rows =
      await open.sql(`select has_table_privilege(r, 'schema_migrations', 'select, insert, update, delete') as may
      from unnest('{${rolesOfCode.join(',')}}'::text[]) r`);
    expect(rows).toEqual(rolesOfCode.map(() => ({ may: false })));
  });

  it('no function of ours can be run by everybody', () =>
    none(`select f.oid::regprocedure from pg_proc f cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
      where f.pronamespace in ('app'::regnamespace, 'public'::regnamespace) and g.grantee = 0`));

  it('every function with the rights of its owner pins its search path, temporary tables last', () =>
    none(`select f.oid::regprocedure from pg_proc f where f.pronamespace = 'app'::regnamespace and f.prosecdef
      and not coalesce('search_path=public, pg_temp' = any (f.proconfig), false)`));

  it('whoever is nobody may run the named functions, and no other', async () => {
    const rows = await open.sql(`select f.proname from pg_proc f
      where f.pronamespace = 'app'::regnamespace and has_function_privilege('posthaste_public', f.oid, 'execute') order by 1`);
    expect(rows.map(({ proname }) => proname)).toEqual(publicFunctions);
  });

  it('tenants filter by text with a check, never by an enum type', () =>
    none(
      `select typname from pg_type where typnamespace in ('public'::regnamespace, 'app'::regnamespace) and typtype = 'e'`,
    ));

  it('every table says what it is', () =>
    none(
      `select c.relname from ${OUR_TABLES} and not c.relispartition and obj_description(c.oid, 'pg_class') is null`,
    ));

  it('every instant has its zone and every id of ours is a uuidv7', () =>
    none(`select c.relname, a.attname from ${OUR_TABLES.replace('pg_class c where', 'pg_class c join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where')}
      and a.attnum > 0 and not a.attisdropped
      and (a.atttypid = 'timestamp'::regtype or (a.attname = 'id' and pg_get_expr(d.adbin, d.adrelid) is distinct from 'uuidv7()'))`));

  it('default rights give a new function to nobody', async () => {
    await open.sql(`create function app.fresh() returns integer language sql as 'select 1'`);
    const [row] = await open.sql(`select has_function_privilege('posthaste_public', 'app.fresh()', 'execute') as may`);
    await open.sql('drop function app.fresh()');
    expect(row).toEqual({ may: false });
  });
});

const rolesOfCode = ['posthaste_api', 'posthaste_public', 'posthaste_worker', 'posthaste_reporting'];

/** What may be called before an actor is known. A new one belongs here, with a thought. */
const publicFunctions = [
  'api_key_id',
  'ask_password_reset',
  'avatar_of',
  'begin_provider_sign_in',
  'community_profiles',
  'decline_invitation',
  'display_names',
  'faces',
  'finish_oauth',
  'finish_provider_sign_in',
  'is_user_invitation',
  'keep_provider_sign_in',
  'key_project',
  'liked',
  'log_in',
  'login_recipe',
  'mail_sent',
  'now',
  'open_provider_sign_in',
  'open_ticket',
  'popular_posts',
  'post_counts',
  'profiles',
  'register',
  'renew_password_hash',
  'report',
  'resend_verification',
  'reset_candidate',
  'reset_password',
  'return_provider_sign_in',
  'review',
  'review_by_link',
  'rotate_session',
  'search_community',
  'session_id',
  'show_invitation',
  'sign_in_providers',
  'use_oauth_state',
  'use_ticket',
  'user_id',
  'verify_email',
  'verify_invited',
];

/** Applies the files up to this version, from a folder that ends there. */
async function upTo(version: number): Promise<void> {
  await migrateUp(target, passwords, { only: (migration) => migration.version <= version });
}
