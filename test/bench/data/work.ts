/** What gives a statement work to do: rows that are laid out for it within its own transaction, and arguments that fit them. */
import type pg from 'pg';
import type { Asking } from '../../db/crowd.ts';
import { type AnyStatement, argumentOf, callOf, loginOfKind } from '../../db/every-statement.ts';
import { work } from './work-of.ts';

export interface Asked {
  readonly asking: Asking;
  /** Whether the filters of lists are given. */
  readonly filtered: boolean;
}

/** Arguments of a statement, in the order of its keys: those that fit what `layOut` lays, else as a request would bring them. */
export function valuesOf(statement: AnyStatement, asked: Asked): (string | null)[] {
  const { values: fitting = {}, needs } = work[statement.name] ?? {};
  return statement.keys.map((key) => {
    const filtered = asked.filtered || (needs?.includes(key) ?? false);
    const usual = argumentOf(statement, key, { ...asked, filtered });
    const value = fitting[key];
    // A filter that is left out is left out.
    if (value === undefined || usual === null) return usual;
    return value === null ? null : named(value, asked.asking);
  });
}

/** To be called inside of the transaction of the statement, as a superuser. No trigger sees the rows. */
export async function layOut(client: pg.Client, { name }: AnyStatement, asking: Asking): Promise<void> {
  const rows = work[name]?.rows;
  if (rows === undefined) return;
  await client.query('set local session_replication_role = replica');
  await client.query(named(rows, asking));
  await client.query('set local session_replication_role = origin');
}

/** `{user}`, `{project}` … are the ids of the person who asks and of what is theirs. */
function named(text: string, asking: Asking): string {
  const ids = new Map(Object.entries(asking).map(([key, id]) => [key.replace(/Id$/, ''), id]));
  return text.replace(/\{(\w+)\}/g, (whole, name) => ids.get(name) ?? whole);
}

/** Why a statement did nothing: the outcome that refused it, its error, or that no row answered. Null: it did its work. */
export async function idleness(client: pg.Client, statement: AnyStatement, asked: Asked): Promise<string | null> {
  await client.query('begin');
  try {
    await layOut(client, statement, asked.asking);
    await client.query(`set local session authorization ${loginOfKind[statement.kind]}`);
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [callOf(statement, asked.asking), statement.text, valuesOf(statement, asked)],
    );
    const [first] = rows
      .map(({ part }) => part)
      .join('')
      .split('\n');
    if (first === undefined || first === '') return 'no row';
    const { outcome } = JSON.parse(first);
    return outcome === undefined || DONE.has(String(outcome)) ? null : String(outcome);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.query('rollback');
  }
}

/** Outcomes of work that was done. */
const DONE = new Set(['ok', 'done', 'leased', 'yours', 'process']);
