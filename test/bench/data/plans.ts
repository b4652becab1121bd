/** Every statement of the code through app.run, as its role: plan, buffers and time in a small database and in a large one. */
import type pg from 'pg';
import { z } from 'zod';
import type { Asking } from '../../db/crowd.ts';
import { type AnyStatement, callOf, loginOfKind, statements } from '../../db/every-statement.ts';
import { type Asked, idleness, layOut, valuesOf } from './work.ts';
import { idle } from './work-of.ts';

export interface Figures {
  readonly name: string;
  readonly ms: number;
  /** Pages of 8 KiB that were touched, from memory or disk. */
  readonly buffers: number;
  /** Tables of more than GROWN_ROWS rows that were read from their begin to their end. */
  readonly wholeTables: readonly string[];
  /** Why it had nothing to do, if so; its figures are then of finding that out. */
  readonly idle: string | null;
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

/**
 * Measures all of them, each twice: the second time counts. With every filter of a list, and (`… (all)`) with none. Throws where
 * one did not do its work, or did what `idle` says it cannot: figures of a refusal would look fast for ever.
 */
export async function measureStatements(client: pg.Client, asking: Asking): Promise<Figures[]> {
  await client.query('set plan_cache_mode = force_custom_plan');
  const { rows } = await client.query<{ name: string }>('select relname as name from pg_class where reltuples > $1', [
    GROWN_ROWS,
  ]);
  const grown = new Set(rows.map(({ name }) => name));
  const figures: Figures[] = [];
  const astray: string[] = [];
  for (const statement of statements) {
    for (const filtered of statement.keys.includes('limit') ? [true, false] : [true]) {
      const name = filtered ? statement.name : `${statement.name} (all)`;
      const asked = { asking, filtered };
      const idleHere = await idleness(client, statement, asked);
      if ((idleHere === null) === statement.name in idle) astray.push(`${name}: ${idleHere ?? 'works'}`);
      if (idleHere !== null && !(statement.name in idle)) continue;
      await explain(client, statement, asked);
      const found = await explain(client, statement, asked);
      const wholeTables = found.wholeTables.filter((table) => grown.has(table));
      figures.push({ name, ...found, wholeTables, idle: idleHere });
    }
  }
  if (astray.length > 0)
    throw new Error(`only what is work is measured (test/bench/data/work-of.ts):\n${astray.join('\n')}`);
  return figures;
}

async function explain(
  client: pg.Client,
  statement: AnyStatement,
  asked: Asked,
): Promise<Omit<Figures, 'name' | 'idle'>> {
  await client.query('begin');
  try {
    await layOut(client, statement, asked.asking);
    await client.query(`set local session authorization ${loginOfKind[statement.kind]}`);
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [
        callOf(statement, asked.asking),
        `explain (analyze, buffers, format json) ${statement.text}`,
        valuesOf(statement, asked),
      ],
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
