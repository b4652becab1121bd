/**
 * The live catalogue as readable text, the same for the same schema: `sql/schema.sql` is what it gives after all migrations.
 * To be read and compared, not to be run.
 */
import type { RunSql } from './sql-runner.ts';

/** Schemas that are ours. */
const OURS = `('public', 'app')`;
/** Name of a table or function as seen from `public`. */
const NAMED = (schema: string, name: string) =>
  `case ${schema} when 'public' then '' else ${schema}::text || '.' end || quote_ident(${name})`;

/** Partitions come and go with the months: their table speaks for them. */
const TABLES = `
  select c.oid, ${NAMED('n.nspname', 'c.relname')} as name, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ${OURS} and c.relkind not in ('i', 'I', 't', 'S', 'c') and not c.relispartition`;

/** Who may do what: owner's own rights are left out, since they are the same everywhere. */
const granted = (acl: string, owner: string) => `
  select coalesce(r.rolname, 'public') as grantee, string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) as rights
  from aclexplode(${acl}) g left join pg_roles r on r.oid = g.grantee
  where g.grantee <> ${owner}
  group by 1`;

const QUERIES = [
  // What a table is made of. NOT NULL stands with its column, so its constraint is not repeated.
  `select t.name as about, 1 as part, '' as item,
    'create ' || case t.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end
      || ' ' || t.name || case when t.relkind in ('v', 'm') then E' as\\n' || pg_get_viewdef(t.oid) else E' (\\n' || (
        select string_agg(line, E',\\n' order by kind, place, line) from (
          select 1 as kind, a.attnum::integer as place, '  ' || quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
            || case when a.attnotnull then ' not null' else '' end
            || case a.attgenerated when '' then coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
               else ' generated always as (' || pg_get_expr(d.adbin, d.adrelid) || ')' end as line
          from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
          where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
          union all
          select 2, case k.contype when 'p' then 1 when 'u' then 2 when 'f' then 3 else 4 end,
            '  constraint ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
          from pg_constraint k where k.conrelid = t.oid and k.contype <> 'n'
        ) lines) || E'\\n)' || coalesce(' partition by ' || pg_get_partkeydef(t.oid), '') end || ';' as text
  from (${TABLES}) t`,
  `select t.name, 2, coalesce(a.attname, ''), 'comment on ' || case when a.attnum is null then 'table ' || t.name else 'column ' || t.name || '.' || a.attname end
    || ' is ' || quote_literal(d.description) || ';'
  from (${TABLES}) t join pg_description d on d.classoid = 'pg_class'::regclass and d.objoid = t.oid
  left join pg_attribute a on a.attrelid = t.oid and a.attnum = d.objsubid and d.objsubid > 0`,
  `select t.name, 3, i.relname::text, pg_get_indexdef(x.indexrelid) || ';'
  from (${TABLES}) t join pg_index x on x.indrelid = t.oid join pg_class i on i.oid = x.indexrelid
  where not exists (select from pg_constraint k where k.conindid = x.indexrelid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x'))`,
  `select t.name, 4, g.tgname::text, pg_get_triggerdef(g.oid) || ';'
  from (${TABLES}) t join pg_trigger g on g.tgrelid = t.oid where not g.tgisinternal`,
  `select t.name, 5, '', 'alter table ' || t.name || ' ' || verb || ' row level security;'
  from (${TABLES}) t cross join lateral (values ('enable', t.relrowsecurity), ('force', t.relforcerowsecurity)) as v (verb, is_so)
  where is_so`,
  `select t.name, 6, p.polname::text, 'create policy ' || quote_ident(p.polname) || ' on ' || t.name
    || case when p.polpermissive then '' else ' as restrictive' end
    || ' for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end
    || ' to ' || (select string_agg(coalesce(r.rolname, 'public'), ', ' order by r.rolname)
        from unnest(p.polroles) as role (oid) left join pg_roles r on r.oid = role.oid)
    || coalesce(E'\\n  using (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
    || coalesce(E'\\n  with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') || ';'
  from (${TABLES}) t join pg_policy p on p.polrelid = t.oid`,
  `select t.name, 7, g.grantee, 'grant ' || g.rights || ' on ' || t.name || ' to ' || g.grantee || ';'
  from (${TABLES}) t cross join lateral (${granted('t.relacl', 't.relowner')}) g`,
  `select t.name, 8, grantee || ' ' || privilege,
    'grant ' || privilege || ' (' || string_agg(quote_ident(attname), ', ' order by attnum) || ') on ' || t.name || ' to ' || grantee || ';'
  from (${TABLES}) t cross join lateral (
    select a.attname, a.attnum, coalesce(r.rolname, 'public') as grantee, lower(g.privilege_type) as privilege
    from pg_attribute a cross join lateral aclexplode(a.attacl) g left join pg_roles r on r.oid = g.grantee
    where a.attrelid = t.oid and not a.attisdropped
  ) c group by t.name, grantee, privilege`,
  `select '~' || ${NAMED('n.nspname', 'f.proname')}, 1, f.oid::regprocedure::text, rtrim(pg_get_functiondef(f.oid), E'\\n') || ';'
    || coalesce(E'\\ncomment on function ' || f.oid::regprocedure || ' is ' || quote_literal(obj_description(f.oid, 'pg_proc')) || ';', '')
    || coalesce((select string_agg(E'\\ngrant execute on function ' || f.oid::regprocedure || ' to ' || g.grantee || ';', '' order by g.grantee)
      from (${granted("coalesce(f.proacl, acldefault('f', f.proowner))", 'f.proowner')}) g), '')
  from pg_proc f join pg_namespace n on n.oid = f.pronamespace where n.nspname in ${OURS}`,
  `select '', 1, n.nspname::text, 'create schema ' || n.nspname || ';'
    || coalesce(E'\\ncomment on schema ' || n.nspname || ' is ' || quote_literal(obj_description(n.oid, 'pg_namespace')) || ';', '')
    || coalesce((select string_agg(E'\\ngrant ' || g.rights || ' on schema ' || n.nspname || ' to ' || g.grantee || ';', '' order by g.grantee)
      from (${granted('n.nspacl', 'n.nspowner')}) g), '')
  from pg_namespace n where n.nspname = 'app'`,
  `select '', 2, a.defaclobjtype::text, 'alter default privileges: ' || array_to_string(a.defaclacl, ', ') || ';'
  from pg_default_acl a`,
  `select '', 3, t.typname::text, 'create type ' || ${NAMED('n.nspname', 't.typname')} || ' -- ' || t.typtype::text
    || coalesce((select ' (' || string_agg(e.enumlabel, ', ' order by e.enumsortorder) || ')' from pg_enum e where e.enumtypid = t.oid), '') || ';'
  from pg_type t join pg_namespace n on n.oid = t.typnamespace
  where n.nspname in ${OURS} and t.typrelid = 0 and t.typelem = 0`,
  `select '', 4, c.relname::text, 'create sequence ' || ${NAMED('n.nspname', 'c.relname')} || ';'
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ${OURS} and c.relkind = 'S'`,
];

interface Piece {
  readonly about: string;
  readonly part: number;
  readonly item: string;
  readonly text: string;
}

/** The schema as text: schemas, tables by name with all that hangs on them, then functions by name. */
export async function dumpSchema(run: RunSql): Promise<string> {
  const pieces: Piece[] = [];
  for (const sql of QUERIES) {
    for (const row of await run(`select about, part, item, text from (${sql}) as q (about, part, item, text)`)) {
      const [about, item, text] = [row.about, row.item, row.text].map(String);
      pieces.push({ about: about ?? '', part: Number(row.part), item: item ?? '', text: text ?? '' });
    }
  }
  pieces.sort((a, b) => compare(a.about, b.about) || a.part - b.part || compare(a.item, b.item));
  const lines = pieces.map(({ text, part }, index) => {
    const previous = pieces[index - 1];
    const begins = previous !== undefined && (part === 1 || previous.part === 1 || previous.part !== part);
    return `${begins ? '\n' : ''}${text}\n`;
  });
  return lines.join('');
}

/** By code points, so that no locale has a say. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
