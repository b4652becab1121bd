/** Rows of an export as bytes of a file: lines of JSON, and for what people open in a spreadsheet CSV as well. */
import { stringify } from 'csv-stringify/sync';

/** Tables that have a CSV file beside their JSON. */
export const spreadsheets: ReadonlySet<string> = new Set(['analytics', 'comments', 'post_publications', 'posts']);

type Pages = AsyncGenerator<readonly string[]>;

export async function* linesOf(pages: Pages): AsyncGenerator<Uint8Array> {
  for await (const page of pages)
    yield Buffer.from(page.map((line) => `${JSON.stringify(Object.fromEntries(rowOf(line)))}\n`).join(''));
}

/** A cell that a spreadsheet would take for a formula begins with an apostrophe. Lists and objects are JSON. */
export async function* csvOf(columns: readonly string[], pages: Pages): AsyncGenerator<Uint8Array> {
  let header = true;
  for await (const page of pages) {
    const rows = page.map((line) => Object.fromEntries(rowOf(line).map(([name, value]) => [name, cellOf(value)])));
    const options = {
      header,
      bom: header,
      columns: columns.map(camel),
      escape_formulas: true,
      record_delimiter: '\r\n',
    };
    yield Buffer.from(stringify(rows, options));
    header = false;
  }
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Columns in the words of the API. */
function rowOf(line: string): [string, unknown][] {
  const row: unknown = JSON.parse(line);
  const entries = Object.entries(typeof row === 'object' && row !== null ? row : {});
  return entries.map(([name, value]) => [camel(name), value]);
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
