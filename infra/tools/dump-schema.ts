/**
 * The live catalogue as readable text, the same for the same schema: `sql/schema.sql` is what it gives after all migrations.
 * To be read and compared, not to be run.
 */
import { CATALOGUE_QUERIES } from './catalogue-queries.ts';
import type { RunSql } from './sql-runner.ts';

export interface Piece {
  /** The table, or `~` and a function; empty for what stands above both. */
  readonly about: string;
  readonly part: number;
  readonly item: string;
  readonly text: string;
}

/** The schema as text: schemas, tables by name with all that hangs on them, then functions by name. */
export async function dumpSchema(run: RunSql): Promise<string> {
  return writeSchema(await readCatalogue(run));
}

/** Everything there is, in the order in which it is written. */
export async function readCatalogue(run: RunSql): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for (const sql of CATALOGUE_QUERIES) {
    for (const row of await run(`select about, part, item, text from (${sql}) as q (about, part, item, text)`)) {
      const [about, item, text] = [row.about, row.item, row.text].map((value) => String(value).trim());
      pieces.push({ about: about ?? '', part: Number(row.part), item: item ?? '', text: text ?? '' });
    }
  }
  return pieces
    .filter(({ text }) => text !== '')
    .sort((a, b) => compare(a.about, b.about) || a.part - b.part || compare(a.item, b.item));
}

export function writeSchema(pieces: readonly Piece[]): string {
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
