/** The page that an export begins with. */

interface Contents {
  readonly tables: readonly { readonly name: string; readonly withheld: readonly string[] }[];
  /** Table → why it is not in it. */
  readonly leftOut: Readonly<Record<string, string>>;
}

export function aboutExport({ tables, leftOut }: Contents): string {
  const withheld = tables.filter((table) => table.withheld.length > 0);
  return [
    'Everything that is yours at Posthaste: rows that name you, and all of the projects that you own.',
    'Of projects that you have left: that you did something there, and words that are yours alone; the rest is theirs.',
    '',
    'data/<table>.ndjson    one row a line, as JSON. Times are UTC. Where an export has several ZIP files, a long',
    '                       table goes on in the next one as <table>.<number>.ndjson.',
    'data/<table>.csv       the same for a spreadsheet, of posts, publications, analytics and comments. A cell that a',
    '                       spreadsheet would take for a formula begins with an apostrophe.',
    'files/<project>/<medium>/   the file as you uploaded it, without its metadata (original), and what was made of it.',
    'files/avatar.webp      your picture.',
    '',
    'A table in which nothing is yours has no file. Left out on purpose:',
    ...Object.entries(leftOut)
      .toSorted()
      .map(([name, why]) => `  ${name}: ${why}`),
    '',
    'Columns left out: secrets and hashes, other people’s addresses, and what only the machine needs.',
    ...withheld.map(({ name, withheld: columns }) => `  ${name}: ${columns.join(', ')}`),
    '',
  ].join('\n');
}
