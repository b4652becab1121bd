/** Loads a set in batches, so that no statement comes near the time the Data API waits, and takes it away again. */
import { randomBytes } from 'node:crypto';
import { hashPassword } from '../../../shared/auth/password.ts';
import { type RunSql, sqlRunner, type Target } from '../sql-runner.ts';
import { isOf, type SeedSet, seededPeople, seededProjects, seedSets, seedTags } from './sets.ts';
import { stepsOf } from './steps.ts';

const BATCH_ROWS = 2_000;
const CLEAR_POSTS = 250;

export interface SeedOptions {
  /** Load into what looks like production; take away what people have added to made-up projects. */
  readonly force?: boolean;
  readonly report?: (line: string) => void;
}

export interface Loaded {
  /** Null where the set's people cannot log in. */
  readonly login: { readonly email: string; readonly password: string } | null;
  readonly rows: number;
}

/** Throws a sentence where the set is there already, or where the database looks like production. */
export async function loadSeed(target: Target, set: SeedSet, options: SeedOptions = {}): Promise<Loaded> {
  const run = sqlRunner(target);
  await refuseTwice(run, set);
  if (options.force !== true) await refuseProduction(run);
  const [day] = await run(`select date_trunc('day', app.now())::text as base`);
  const base = String(day?.base);
  await makeMonths(run, base);
  const password = set.logins ? randomBytes(9).toString('base64url') : null;
  const steps = stepsOf(set, password === null ? null : await hashPassword(password));
  let rows = 0;
  for (const { table, count, sql } of steps) {
    let made = 0;
    for (let first = 1; first <= count; first += BATCH_ROWS) {
      const last = Math.min(count, first + BATCH_ROWS - 1);
      const [batch] = await run(`with made as (${sql} returning 1) select count(*) as rows from made`, {
        base,
        first: String(first),
        last: String(last),
      });
      made += Number(batch?.rows);
    }
    rows += made;
    options.report?.(`${table}: ${made}`);
  }
  await foldCounters(run);
  return { login: password === null ? null : { email: `person1@${set.name}.seed.example`, password }, rows };
}

async function refuseTwice(run: RunSql, set: SeedSet): Promise<void> {
  const [row] = await run(`select exists (${seededPeople(set)}) as there`);
  if (row?.there === true) throw new Error(`${set.name} is there already: npm run db -- seed clear ${set.name}`);
}

/** People of their own, or posts that the world has seen. */
async function refuseProduction(run: RunSql): Promise<void> {
  const ours = Object.values(seedSets)
    .map((set) => isOf(set, 'users', 'u.id'))
    .join(' or ');
  const [row] = await run(
    `select (select count(*) from (select from users u where not (${ours}) limit 26) p) > 25 as people,
       exists (select from post_publications pp where pp.state = 'published' and pp.platform <> 'community') as posts`,
  );
  if (row?.people === true || row?.posts === true)
    throw new Error(
      `this looks like production (${row.people === true ? 'more than 25 people' : 'posts on platforms outside'}); say --force if it is meant`,
    );
}

/** Rows of the last two months need their partitions, or they would lie among those of no month. */
async function makeMonths(run: RunSql, base: string): Promise<void> {
  for (const table of ['analytics', 'publication_attempts', 'engagement_events'])
    for (const back of [2, 1, 0])
      await run(
        `select app.add_month_partition(:name::regclass, (date_trunc('month', :base::timestamptz) - make_interval(months => :back::integer))::date)`,
        { name: table, base, back: String(back) },
      );
}

/** What the schedules would do within a minute: sums that were noted are added to their rows. */
async function foldCounters(run: RunSql): Promise<void> {
  for (const fold of [
    'select coalesce(sum(f.folded), 0) as folded from app.fold_counters(10000) f',
    'select app.fold_hashtags(10000) as folded',
  ])
    while (Number((await run(fold))[0]?.folded) > 0);
}

/** Takes away the set's rows and what hangs on them. Throws a sentence where people have added rows of their own to them. */
export async function clearSeed(target: Target, set: SeedSet, options: SeedOptions = {}): Promise<number> {
  const run = sqlRunner(target);
  if (options.force !== true) await refuseOthersRows(run, set);
  const [people, projects] = [seededPeople(set), seededProjects(set)];
  let rows = 0;
  const remove = async (table: string, which: string) => {
    let removed = 0;
    for (;;) {
      const [batch] = await run(
        `with gone as (delete from ${table} x where x.ctid = any (array(${which} limit ${CLEAR_POSTS})) returning 1)
         select count(*) as rows from gone`,
      );
      if (Number(batch?.rows) === 0) break;
      removed += Number(batch?.rows);
    }
    rows += removed;
    if (removed > 0) options.report?.(`${table}: ${removed}`);
  };
  const inProjects = (table: string) => `select t.ctid from ${table} t where t.project_id in (${projects})`;
  for (const table of ['posts', 'content', 'media', 'outbox_events']) await remove(table, inProjects(table));
  await remove('projects', `select t.ctid from projects t where t.id in (${projects})`);
  await remove('users', `select t.ctid from users t where t.id in (${people})`);
  await foldCounters(run);
  await remove(
    'hashtags',
    `select t.ctid from hashtags t where t.tag = any ('{${seedTags.join(',')}}'::text[])
       and not exists (select from content_hashtags l where l.tag = t.tag)
       and not exists (select from post_hashtags l where l.tag = t.tag)
       and not exists (select from community_hashtags l where l.tag = t.tag)`,
  );
  return rows;
}

async function refuseOthersRows(run: RunSql, set: SeedSet): Promise<void> {
  const [people, projects] = [seededPeople(set), seededProjects(set)];
  const columns = await run(
    `select c.relname::text as table_name, a.attname::text as column_name
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     join pg_attribute a on a.attrelid = k.conrelid and k.conkey = array[a.attnum]
     where k.contype = 'f' and k.confrelid = 'users'::regclass and not c.relispartition
       and (a.attname in ('created_by', 'connected_by') or c.relname = 'project_collaborators')
       and exists (select from pg_attribute p where p.attrelid = c.oid and p.attname = 'project_id')
     order by 1, 2`,
  );
  const found: string[] = [];
  for (const { table_name: table, column_name: column } of columns) {
    const [row] = await run(
      `select count(*) as rows from ${String(table)} t where t.project_id in (${projects}) and t.${String(column)} not in (${people})`,
    );
    if (Number(row?.rows) > 0) found.push(`${String(table)} (${Number(row?.rows)})`);
  }
  const [comments] = await run(
    `select count(*) as rows from comments c join community_posts p on p.id = c.community_post_id
     where p.project_id in (${projects}) and c.author_id not in (${people})`,
  );
  if (Number(comments?.rows) > 0) found.push(`comments (${Number(comments?.rows)})`);
  if (found.length > 0)
    throw new Error(`people have added to ${set.name}: ${found.join(', ')}; say --force to take that away, too`);
}
