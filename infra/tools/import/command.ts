/** `npm run db -- import --from <system> --url postgres://…`: the way in for owners of one of the five systems. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { seal } from '../../../shared/accounts/seal.ts';
import { type Command, print, Unwell } from '../command.ts';
import { sqlRunner, type Target } from '../sql-runner.ts';
import { importSystem } from './import-system.ts';
import { refuseOtherSystem } from './recognise.ts';
import { printingReporter, type Report } from './report.ts';
import { readSeedMap } from './seed-map.ts';
import { openSource } from './source.ts';
import { type SystemName, systemNames, systems } from './systems.ts';
import { withWriter } from './target.ts';

const importUsage = `import --from ${systemNames.join('|')} --url postgres://… [--dry-run] [--time-zone UTC] [--as label] [--batch 500]`;

const options = z.object({
  from: z.enum(systemNames),
  url: z.string().regex(/^postgres(ql)?:\/\//, 'is not a postgres:// address'),
  'dry-run': z.boolean().default(false),
  'time-zone': z.string().default('UTC'),
  as: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}$/, 'takes lower-case letters, digits and dashes')
    .optional(),
  batch: z.coerce.number().int().min(1).max(5_000).default(500),
});

export interface ImportOptions {
  readonly from: SystemName;
  readonly url: string;
  readonly dryRun: boolean;
  readonly timeZone: string;
  /** Tells two of a kind apart; the system's name where nothing is said. */
  readonly label: string;
  readonly batchSize: number;
}

/** Throws a sentence with the usage. */
export function readImportOptions(args: readonly string[]): ImportOptions {
  const word = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { from: word, url: word, 'time-zone': word, as: word, batch: word, 'dry-run': { type: 'boolean' } },
  });
  const parsed = options.safeParse(values);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `--${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`${wrong.join('; ')}\nusage: npm run db -- ${importUsage}`);
  }
  const given = parsed.data;
  return {
    from: given.from,
    url: given.url,
    dryRun: given['dry-run'],
    timeZone: given['time-zone'],
    label: given.as ?? given.from,
    batchSize: given.batch,
  };
}

const platformRow = z.object({ name: z.string(), base_url: z.string().nullable() });

export interface Voice {
  say(line: string): void;
  /** Rows that were not taken, and what else an owner should look at. */
  complain(line: string): void;
}

export async function runImport(target: Target, given: ImportOptions, voice: Voice): Promise<Report> {
  const source = await openSource(given.url, given.timeZone).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the database to import from (--url) does not answer: ${reason}`, { cause: error });
  });
  try {
    const plan = systems[given.from];
    const rows = await sqlRunner(target)('select name, base_url from platforms');
    const platforms = new Map(
      z
        .array(platformRow)
        .parse(rows)
        .map((row) => [row.name, row.base_url] as const),
    );
    const map = await readSeedMap();
    await refuseOtherSystem(source, map, given.from);
    const report = await withWriter(target, { system: given.label, dryRun: given.dryRun }, (writer) =>
      importSystem({
        plan,
        map,
        source,
        writer,
        platforms,
        seal,
        system: given.label,
        now: new Date(),
        reporter: printingReporter(voice.say, voice.complain),
        batchSize: given.batchSize,
      }),
    );
    for (const note of report.notes) voice.say(note);
    voice.say(summary(report, given));
    return report;
  } finally {
    await source.close();
  }
}

function summary({ tables }: Report, { from, dryRun }: ImportOptions): string {
  const sum = (pick: (table: Report['tables'][number]) => number) =>
    tables.reduce((total, table) => total + pick(table), 0);
  const verb = dryRun ? 'would be taken (a dry run: nothing was kept)' : 'taken';
  return `${from}: ${sum((t) => t.taken)} rows ${verb}, ${sum((t) => t.known)} known before, ${sum((t) => t.problems)} not taken`;
}

export const importRows: Command = {
  usage: importUsage.replace('import ', ''),
  summary: 'brings in the rows of another system',
  run: async (args, database) => {
    const given = readImportOptions(args);
    const { tables } = await runImport((await database()).target, given, { say: print, complain: console.error });
    const problems = tables.reduce((sum, table) => sum + table.problems, 0);
    if (problems > 0) throw new Unwell(`${problems} rows were not taken`);
  },
};
