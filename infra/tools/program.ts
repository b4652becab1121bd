/** What `npm run db` and `npm run admin` share: which command, what it says when it fails, and what it exits with. */
import { type Command, explain, openDatabase, print, Unwell } from './command.ts';

/** Loaded when it is run: a command costs nothing to those that do without it. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

export function runProgram(program: string, commands: Commands): void {
  void runCommand(program, commands, process.argv.slice(2)).then(({ code, complaint }) => {
    if (complaint !== '') console.error(complaint);
    // What a library keeps open must not keep the program open.
    process.exit(code);
  });
}

/** 0: done; 1: not, and the complaint says what to do; 2: done, and what was found is not well. */
export async function runCommand(program: string, commands: Commands, args: readonly string[]) {
  try {
    await main(program, commands, args);
    return { code: 0, complaint: '' };
  } catch (error) {
    if (!(error instanceof Unwell)) return { code: 1, complaint: explain(error) };
    if (error.message !== '') print(error.message);
    return { code: 2, complaint: '' };
  }
}

async function main(program: string, commands: Commands, [name = '', ...args]: readonly string[]): Promise<void> {
  const helps = ['--help', '-h'];
  if (helps.includes(name)) return print(await usage(program, commands));
  const load = commands[name];
  if (load === undefined) throw new Error(await usage(program, commands));
  const command = await load();
  if (args.some((arg) => helps.includes(arg))) {
    return print(`usage: npm run ${program} -- ${`${name} ${command.usage}`.trimEnd()}\n  ${command.summary}`);
  }
  const unknown = args.find((arg) => arg.startsWith('-') && !command.usage.includes(arg.split('=')[0] ?? arg));
  if (unknown !== undefined || (command.usage === '' && args.length > 0)) {
    throw new Error(
      `${name} does not know ${unknown ?? args[0]}\nusage: npm run ${program} -- ${`${name} ${command.usage}`.trimEnd()}`,
    );
  }
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
