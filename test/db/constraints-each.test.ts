/** Every rule that a table holds refuses a row that breaks it, under the rule's own name. */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { allConstraints, type Constraint, dangling, requiredColumns, sameRowAgain } from './constraints-each.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { buildPolicyWorld, type PolicyWorld } from './policy-world.ts';
import { violations } from './violations/all.ts';

let open: OpenDatabase;
let world: PolicyWorld;
let constraints: Constraint[];

beforeAll(async () => {
  open = await openDatabase();
  world = await buildPolicyWorld(open.sql);
  constraints = await allConstraints(open.sql);
});
afterAll(() => open.close());

const chosen = ({ kind }: Constraint) => kind === 'check' || kind === 'unique' || kind === 'exclude';

it('every check, unique and exclusion rule has a statement that breaks it, and no statement is left over', () => {
  const names = constraints.filter(chosen).map(({ name }) => name);
  expect(Object.keys(violations).sort()).toEqual([...new Set(names)].sort());
});

it.each(Object.entries(violations))('%s', async (name, violation) => {
  const { table } = constraints.find((constraint) => constraint.name === name) ?? { table: '' };
  const text = typeof violation === 'string' ? violation : violation(world);
  expect(await refusalOf(table, text)).toBe(name);
});

it('no row is there twice, and none refers to nothing', async () => {
  const wrong: string[] = [];
  for (const constraint of constraints.filter(({ kind }) => kind === 'primary' || kind === 'reference')) {
    const { table, name, kind } = constraint;
    const texts = kind === 'primary' ? [await sameRowAgain(open.sql, table)] : await dangling(open.sql, constraint);
    const refusals: string[] = [];
    for (const text of texts) refusals.push(await refusalOf(table, text));
    if (!refusals.includes(name)) wrong.push(`${table}.${name}: ${refusals.join(', ')}`);
  }
  expect(wrong).toEqual([]);
});

it('what must be there cannot be left out', async () => {
  const wrong: string[] = [];
  for (const { table, name } of await requiredColumns(open.sql)) {
    const refusal = await refusalOf(table, `update ${table} set ${name} = null returning 1`);
    if (refusal !== `not null ${name}`) wrong.push(`${table}.${name}: ${refusal}`);
  }
  expect(wrong).toEqual([]);
});

/** The name of the rule that refused it (`not null x` for a column), or what happened instead. Takes everything back. */
async function refusalOf(table: string, text: string): Promise<string> {
  await open.sql('begin');
  try {
    // Triggers would put right or refuse what is to reach the rule.
    await open.sql(`alter table ${table} disable trigger user`);
    const rows = await open.sql(text);
    await open.sql('set constraints all immediate');
    return rows.length === 0 && text.endsWith('returning 1') ? 'no row to try' : 'nothing refused it';
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    if (error.code === '23502') return `not null ${error.column}`;
    // A partition's index has the partition's name in the place of the table's.
    return error.constraint?.replace(/_(y\d{4}m\d\d|default)_/, '_') ?? `${error.code} ${error.message}`;
  } finally {
    await open.sql('rollback');
  }
}
