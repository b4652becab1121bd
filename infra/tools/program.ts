/** What `npm run db` and `npm run admin` share: which command, what it says when it fails, and what it exits with. */
import { type Command, explain, openDatabase, print, Unwell } from './command.ts';

/** Loaded when it is run: a command costs nothing to those that do without it. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

export function runProgram(program: string, commands: Commands): void {
  main(program, commands, process.argv.slice(2)).then(
    // What a library keeps open must not keep the program open.
    () => process.exit(),
    (error: unknown) => {
      if (error instanceof Unwell) {
        if (error.message !== '') print(error.message);
      } else console.error(explain(error));
      process.exit(error instanceof Unwell ? 2 : 1);
    },
  );
}

async function main(program: string, commands: Commands, [name = '', ...args]: string[]): Promise<void> {
  const load = commands[name];
  if (load === undefined) throw new Error(await usage(program, commands));
  const command = await load();
  await command.run(args, openDatabase);
}

async function usage(program: string, commands: Commands): Promise<string> {
  const lines = await Promise.all(
    Object.entries(commands).map(async ([name, load]) => {
      const { usage: words, summary } = await load();
      return `  ${`${name} ${words}`.trimEnd()}\n      ${summary}`;
    }),
  );
  return [`usage: npm run ${program} -- <command>`, ...lines].join('\n');
}
