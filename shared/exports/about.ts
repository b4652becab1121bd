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
    'data/audit_log.ndjson  what you changed or looked at, one row each: `ip` is the address that you came from, and `personal` has',
    '                       the values about you that oldValues and newValues show as {"hidden": "personal"}. Values about others',
    '                       stay hidden, as do secrets. Changes by others, or made before you had signed in, are not in it.',
    '',
    'A table in which nothing is yours has no file. Left out on purpose:',
    ...Object.entries(leftOut)
      .toSorted()
      .map(([name, why]) => `  ${name}: ${why}`),
    '',
    'Columns left out: secrets and hashes; other people’s addresses; what only the machine needs; words of staff (status_reason),',
    'which may be about others; and of audit_log the sealed form of what `ip` and `personal` show, and ids of the people changed.',
    ...withheld.map(({ name, withheld: columns }) => `  ${name}: ${columns.join(', ')}`),
    '',
  ].join('\n');
}
