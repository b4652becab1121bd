/** Calls of app.run as the doors' login makes them, and what comes back. */
import type pg from 'pg';
import { encodeArray } from '../../shared/db/parameters.ts';
import type { Someone } from './seed.ts';

export type Call = Readonly<Record<string, unknown>>;
export const actor = (person: Someone): Call => ({ kind: 'actor', ...person });
export const nobody: Call = { kind: 'public', ip: '::1', route: 'POST /x' };

/** The text as it comes, cut into parts. */
export async function parts(
  as: pg.Client,
  call: Call,
  text: string,
  values: readonly (string | null)[] = [],
): Promise<string[]> {
  const { rows } = await as.query<{ part: string }>('select part from app.run($1::jsonb, $2, $3::text[]) as part', [
    JSON.stringify(call),
    text,
    encodeArray(values),
  ]);
  return rows.map(({ part }) => part);
}

/** The rows; a stored answer as `['stored', row]`. */
export async function run(
  as: pg.Client,
  call: Call,
  text: string,
  values: readonly (string | null)[] = [],
): Promise<unknown[]> {
  const lines = (await parts(as, call, text, values)).join('').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('!') ? ['stored', JSON.parse(line.slice(1))] : JSON.parse(line)));
}

/** SQLSTATE of what went wrong. */
export const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
