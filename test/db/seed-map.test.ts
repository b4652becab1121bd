/** Everything that the five documents name lives somewhere: sql/seed-map.json says where, and that is really there. */
import { access, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listDoors } from '../../infra/doors.ts';
import { mappingsOf, readSeedMap } from '../../infra/tools/import/seed-map.ts';
import { dbCommands } from '../../infra/tools/programs.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { statements } from './every-statement.ts';

interface Checklist {
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly indexes: readonly string[];
  readonly queries: readonly string[];
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly constraints: readonly string[];
  readonly performance: readonly string[];
  readonly operations: readonly string[];
}

const root = new URL('../../', import.meta.url);
const map = await readSeedMap();
const checklist: Checklist = JSON.parse(await readFile(new URL('sql/seed-checklist.json', root), 'utf8'));
const BETTER_AT_MOST = 20;

let open: OpenDatabase;
beforeAll(async () => {
  open = await openDatabase();
});
afterAll(() => open.close());

describe('every entry of the checklist has its place', () => {
  it('columns', () => {
    const missing = Object.entries(checklist.columns).flatMap(([table, columns]) =>
      columns
        .filter((column) => map.columns[table]?.columns[column] === undefined)
        .map((column) => `${table}.${column}`),
    );
    expect(missing).toEqual([]);
  });

  it.each(['indexes', 'queries', 'constraints', 'performance', 'operations'] as const)('%s', (kind) => {
    expect(Object.keys(map[kind]).toSorted()).toEqual([...checklist[kind]].toSorted());
  });

  it('enums, with every word', () => {
    expect(Object.keys(map.enums).toSorted()).toEqual(Object.keys(checklist.enums).toSorted());
    for (const [name, words] of Object.entries(checklist.enums))
      expect([name, Object.keys(map.enums[name]?.values ?? {}).toSorted()]).toEqual([name, [...words].toSorted()]);
  });

  it('and few are answered otherwise, each with a reason and a test', async () => {
    const columns = Object.values(map.columns).flatMap((table) => Object.values(table.columns));
    const others = [map.indexes, map.queries, map.constraints, map.performance, map.operations].flatMap(Object.values);
    const better = [...columns, ...others].filter((entry) => typeof entry === 'object' && 'better' in entry);
    expect(better.length).toBeLessThanOrEqual(BETTER_AT_MOST);
    for (const { test } of better) {
      const [, file = '', title] = /^(\S+): (.+)$/.exec(test) ?? [];
      expect(title, `${test} names no test`).toBeDefined();
      expect(await readFile(new URL(file, root), 'utf8').catch(() => ''), test).toContain(title);
    }
  });
});

const RELATION = `select 1 from pg_class where relnamespace = 'public'::regnamespace and relname = $1`;
const COLUMN = `select format_type(a.atttypid, null) as type from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relnamespace = 'public'::regnamespace and c.relname = $1 and a.attname = $2 and not a.attisdropped`;

describe('every place is really there', () => {
  it('columns', async () => {
    const gone: string[] = [];
    for (const seedTable of Object.keys(map.columns))
      for (const { table, place, column } of mappingsOf(map, seedTable)) {
        const found = place === null ? await open.sql(RELATION, [table]) : await open.sql(COLUMN, [table, place]);
        if (found.length === 0) gone.push(`${seedTable}.${column}: ${table}.${place}`);
      }
    expect(gone).toEqual([]);
  });

  it('and a column whose name one of ours has lives there, not in another', async () => {
    const plain = (name: string) =>
      name
        .replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
        .replace(/^is_|_counts?$/g, '')
        .replace(/s$/, '');
    const columns = await open.sql(`select c.relname as table, a.attname as column from pg_attribute a
      join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped`);
    const astray: string[] = [];
    for (const seedTable of Object.keys(map.columns)) {
      const mappings = mappingsOf(map, seedTable).filter(({ table }) => table !== 'import_ids');
      const tables = new Set(mappings.map(({ table }) => table));
      for (const { column } of mappings.filter(({ why }) => why === null)) {
        const namesakes = columns.filter(
          (c) => tables.has(String(c.table)) && plain(String(c.column)) === plain(column),
        );
        const own = mappings
          .filter((mapping) => mapping.column === column)
          .map(({ table, place }) => `${table}.${place}`);
        if (namesakes.length > 0 && !namesakes.some((c) => own.includes(`${c.table}.${c.column}`)))
          astray.push(`${seedTable}.${column}: ${own} and not ${namesakes.map((c) => `${c.table}.${c.column}`)}`);
      }
    }
    expect(astray).toEqual([]);
  });

  it('and no two columns live in one place', () => {
    const crowded: string[] = [];
    for (const seedTable of Object.keys(map.columns)) {
      const kept = mappingsOf(map, seedTable).filter(
        ({ table, place, by }) => table !== 'import_ids' && place !== null && by !== 'present',
      );
      for (const [index, { table, place, column }] of kept.entries())
        if (
          kept
            .slice(0, index)
            .some((other) => other.table === table && other.place === place && other.column !== column)
        )
          crowded.push(`${seedTable}.${column}: ${table}.${place}`);
    }
    expect(crowded).toEqual([]);
  });

  it('words of enums: a row of ours may have them', async () => {
    const refused: string[] = [];
    for (const [name, { at, values }] of Object.entries(map.enums))
      for (const [theirs, ours] of Object.entries(values))
        if (!(await isAllowed(at, ours))) refused.push(`${name} ${theirs}: ${at} = ${ours}`);
    expect(refused).toEqual([]);
  });

  it.each(['indexes', 'queries', 'constraints', 'performance', 'operations'] as const)('%s', async (kind) => {
    const gone: string[] = [];
    for (const [entry, places] of Object.entries(map[kind])) {
      if (typeof places === 'object' && 'better' in places) continue;
      for (const place of [places].flat()) if (!(await isThere(place))) gone.push(`${entry}: ${place}`);
    }
    expect(gone).toEqual([]);
  });
});

it('an index refuses now() in the predicate, so “scheduled and ahead” cannot be one', async () => {
  const made = open.sql('create index on posts (due_at) where due_at > now()');
  await expect(made).rejects.toThrow(/must be marked IMMUTABLE/);
});

/** A word of a CHECK, a row of reference data, or a boolean. */
async function isAllowed(at: string, word: string): Promise<boolean> {
  const [table = '', column = ''] = at.split('.');
  if (at === 'platforms.name') return (await open.sql('select from platforms where name = $1', [word])).length > 0;
  if (at === 'statuses of app.post_status') {
    const [row] = await open.sql(`select pg_get_functiondef('app.post_status'::regproc) as text`);
    return String(row?.text).includes(`'${word}'`);
  }
  const rows = await open.sql(
    `select pg_get_constraintdef(k.oid) as text from pg_constraint k
     join pg_attribute a on a.attrelid = k.conrelid and a.attname = $2 and a.attnum = any (k.conkey)
     where k.contype = 'c' and k.conrelid = to_regclass($1)`,
    [table, column],
  );
  const generated = await open.sql(
    `select pg_get_expr(d.adbin, d.adrelid) as text from pg_attrdef d
     join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum and a.attgenerated <> ''
     where d.adrelid = to_regclass($1) and a.attname = $2`,
    [table, column],
  );
  return [...rows, ...generated].some(({ text }) => String(text).includes(`'${word}'::text`));
}

const one = (text: string) => async (name: string) => (await open.sql(text, [name])).length > 0;
const CATALOGUE: Readonly<Record<string, (name: string) => Promise<boolean>>> = {
  table: one(RELATION),
  view: one(RELATION),
  column: async (name) => (await open.sql(COLUMN, name.split('.'))).length > 0,
  index: one(`select 1 from pg_index where indexrelid = to_regclass('public.' || quote_ident($1))`),
  constraint: one(`select 1 from pg_constraint where conname = $1`),
  unique: one(`select 1 from pg_index where indisunique and indexrelid = to_regclass('public.' || quote_ident($1))`),
  exclusion: one(`select 1 from pg_constraint where conname = $1 and contype = 'x'`),
  trigger: one(`select 1 from pg_trigger where tgname = $1 and not tgisinternal`),
  policy: one(`select 1 from pg_policy where polname = $1`),
  function: one(`select 1 from pg_proc where oid = to_regproc($1)`),
  role: one(`select 1 from pg_roles where rolname = $1`),
  partitioned: one(`select 1 from pg_partitioned_table where partrelid = to_regclass($1)`),
  // post_publications autovacuum_vacuum_scale_factor=0.05
  setting: async (name) => {
    const [table = '', option = ''] = name.split(' ');
    return (
      (await open.sql(`select 1 from pg_class where oid = to_regclass($1) and $2 = any (reloptions)`, [table, option]))
        .length > 0
    );
  },
  // posts.due_at=1000
  statistics: async (name) => {
    const [, table, column, target] = /^(\w+)\.(\w+)=(\d+)$/.exec(name) ?? [];
    const text = `select 1 from pg_attribute where attrelid = to_regclass($1) and attname = $2 and attstattarget = $3`;
    return (await open.sql(text, [table, column, target])).length > 0;
  },
  statement: async (name) => statements.some((statement) => statement.name === name),
  schedule: async (name) =>
    (await listDoors()).some(({ operation, contract }) => operation === name && contract.kind === 'schedule'),
  door: async (name) => (await listDoors()).some(({ operation }) => operation === name),
  command: async (name) => name in dbCommands,
  // The beginning of a decision in sql/README.md, after its date.
  heading: async (name) =>
    (await readFile(new URL('sql/README.md', root), 'utf8')).toLowerCase().includes(`: ${name}\n`),
  file: (name) =>
    access(new URL(name, root)).then(
      () => true,
      () => false,
    ),
};

/** `index users_email_key`, `schedule sweep`, `file infra/stacks/data.ts`: the kind, and the name after it. */
async function isThere(place: string): Promise<boolean> {
  const [kind = ''] = place.split(' ');
  return (await CATALOGUE[kind]?.(place.slice(kind.length + 1))) === true;
}

it('platforms are there before anybody writes one', async () => {
  const rows = await open.sql('select name from platforms order by name');
  const names = rows.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['bluesky', 'community', 'mastodon', 'threads', 'youtube']));
});
