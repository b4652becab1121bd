/** Statements as a person or the worker makes them: through app.run, under their policies. */
import type { OpenDatabase, Row } from './database.ts';
import type { Someone } from './seed.ts';

type Act = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

export interface Actors {
  readonly as: (person: Someone) => Act;
  readonly worker: Act;
}

export async function openActors(open: OpenDatabase): Promise<Actors> {
  const api = await open.login('api');
  const worker = await open.login('worker');
  const run = async (client: typeof api, call: object, text: string, values: readonly unknown[]): Promise<Row[]> => {
    const given = values.map((value) => (value === null ? null : String(value)));
    const { rows } = await client.query<{ part: string }>(
      'select part from app.run($1::jsonb, $2, $3::text[]) as part',
      [JSON.stringify(call), text, given],
    );
    const lines = rows
      .map(({ part }) => part)
      .join('')
      .split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  };
  return {
    as:
      (person) =>
      (text, values = []) =>
        run(api, { kind: 'actor', ...person }, text, values),
    worker: (text, values = []) => run(worker, { kind: 'worker', name: 'test' }, text, values),
  };
}

/** `done`, or the SQLSTATE that refused it. */
export async function outcomeOf(done: Promise<unknown>): Promise<string> {
  try {
    await done;
    return 'done';
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}
