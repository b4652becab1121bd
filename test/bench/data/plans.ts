/** Every statement of the code through app.run, as its role: plan, buffers and time in a small database and in a large one. */
import type pg from 'pg';
import { z } from 'zod';
import type { Asking } from '../../db/crowd.ts';
import { type AnyStatement, argumentOf, callOf, loginOfKind, statements } from '../../db/every-statement.ts';

export interface Figures {
  readonly name: string;
  readonly ms: number;
  /** Pages of 8 KiB that were touched, from memory or disk. */
  readonly buffers: number;
  /** Tables of more than GROWN_ROWS rows that were read from their begin to their end. */
  readonly wholeTables: readonly string[];
  /** Why it could not run to its end with made-up arguments; its figures are then of the plan up to there. */
  readonly refused: string | null;
}

/** A table with fewer is read whole because that is cheapest. */
const GROWN_ROWS = 5_000;

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Node[] | undefined;
}
const node: z.ZodType<Node> = z.object({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Shared Hit Blocks': z.number().default(0),
  'Shared Read Blocks': z.number().default(0),
  get Plans() {
    return z.array(node).optional();
  },
});
const explained = z.object({
  'QUERY PLAN': z.array(z.object({ Plan: node, 'Execution Time': z.number().default(0) })).min(1),
});

/** Measures all of them, each twice: the second time counts. With every filter of a list, and (`… (all)`) with none. */
export async function measureStatements(client: pg.Client, asking: Asking): Promise<Figures[]> {
  await client.query('set plan_cache_mode = force_custom_plan');
  const { rows } = await client.query<{ name: string }>('select relname as name from pg_class where reltuples > $1', [
    GROWN_ROWS,
  ]);
  const grown = new Set(rows.map(({ name }) => name));
  const figures: Figures[] = [];
  for (const statement of statements) {
    for (const filtered of statement.keys.includes('limit') ? [true, false] : [true]) {
      const name = filtered ? statement.name : `${statement.name} (all)`;
      await measure(client, statement, { asking, filtered });
      const found = await measure(client, statement, { asking, filtered });
      figures.push({ name, ...found, wholeTables: found.wholeTables.filter((table) => grown.has(table)) });
    }
  }
  return figures;
}

async function measure(
  client: pg.Client,
  statement: AnyStatement,
  how: { readonly asking: Asking; readonly filtered: boolean },
): Promise<Omit<Figures, 'name'>> {
  const values = statement.keys.map((key) => argumentOf(statement, key, how));
  try {
    return { ...(await explain(client, statement, 'analyze, buffers, ', how.asking, values)), refused: null };
  } catch (error) {
    const plan = await explain(client, statement, '', how.asking, values);
    return { ...plan, refused: error instanceof Error ? error.message : String(error) };
  }
}

async function explain(
  client: pg.Client,
  statement: AnyStatement,
  options: string,
  asking: Asking,
  values: readonly (string | null)[],
): Promise<Omit<Figures, 'name' | 'refused'>> {
  await client.query('begin');
  try {
    await client.query(`set local session authorization ${loginOfKind[statement.kind]}`);
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [callOf(statement, asking), `explain (${options}format json) ${statement.text}`, values],
    );
    const [plan] = explained.parse(JSON.parse(rows.map(({ part }) => part).join('')))['QUERY PLAN'];
    if (plan === undefined) throw new Error(`${statement.name} has no plan`);
    return {
      ms: plan['Execution Time'],
      buffers: plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'],
      wholeTables: [...new Set(wholeTablesOf(plan.Plan))],
    };
  } finally {
    await client.query('rollback');
  }
}

function wholeTablesOf(plan: Node): string[] {
  const below = (plan.Plans ?? []).flatMap(wholeTablesOf);
  const table = plan['Relation Name'];
  return plan['Node Type'] === 'Seq Scan' && table !== undefined ? [table, ...below] : below;
}
