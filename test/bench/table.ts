/** Figures as aligned text. */

export type Cell = string | number | null;

/** Prints a title, a header and rows; the first column is text, the others stand right. `null` is a dash. */
export function printTable(title: string, header: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const lines = [header, ...rows.map((row) => row.map(shown))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  process.stdout.write(`\n${title}\n${[text[0], rule, ...text.slice(1)].join('\n')}\n`);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Three digits that matter, or the whole number where it is longer. */
function shown(cell: Cell): string {
  if (cell === null) return '-';
  if (typeof cell === 'string') return cell;
  if (!Number.isFinite(cell)) return '-';
  return Math.abs(cell) >= 100 || Number.isInteger(cell) ? Math.round(cell).toString() : cell.toPrecision(3);
}

/** `share` 0–1 of the values lie at or below the answer (nearest rank). Fails on an empty list. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error('there is nothing to take a percentile of');
  return found;
}
