/** What the demo shows: steps with their seconds, and a table. */
const began = performance.now();

export function step(line: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${line}\n`);
}

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const draw = (cells: readonly string[]) =>
    say(
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  draw(head);
  draw(widths.map((width) => '─'.repeat(width)));
  for (const row of rows) draw(row);
}
