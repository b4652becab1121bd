/** `npm run db -- <command>`: everything an operator does with the database, on AWS and on one machine alike. */
import { type Command, openDatabase, print, Unwell } from './command.ts';

/** Loaded when it is run: a command costs nothing to those that do without it. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./migrations.ts')).up,
  down: async () => (await import('./migrations.ts')).down,
  status: async () => (await import('./migrations.ts')).status,
  dump: async () => (await import('./migrations.ts')).dump,
  er: async () => (await import('./er/command.ts')).er,
  verify: async () => (await import('./verify.ts')).verify,
  'verify-audit': async () => (await import('./verify.ts')).verifyLog,
  drift: async () => (await import('./drift.ts')).drift,
  archive: async () => (await import('./archive.ts')).archive,
  seed: async () => (await import('./seed/command.ts')).seed,
  'restore-drill': async () => (await import('./restore-drill.ts')).restoreDrill,
  import: async () => (await import('./import/command.ts')).importRows,
};

async function main([name = '', ...args]: string[]): Promise<void> {
  const load = commands[name];
  if (load === undefined) throw new Error(await usage());
  const command = await load();
  await command.run(args, openDatabase);
}

async function usage(): Promise<string> {
  const lines = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => {
      const { usage: words, summary } = await load();
      return `  ${`${name} ${words}`.trimEnd()}\n      ${summary}`;
    }),
  );
  return ['usage: npm run db -- <command>', ...lines].join('\n');
}

main(process.argv.slice(2)).then(
  // What a library keeps open must not keep the program open.
  () => process.exit(),
  (error: unknown) => {
    if (error instanceof Unwell) {
      if (error.message !== '') print(error.message);
    } else console.error(error instanceof Error ? error.message : String(error));
    process.exit(error instanceof Unwell ? 2 : 1);
  },
);
