/** `npm run db -- seed …`: made-up rows to look at and to measure with. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Command, print } from '../command.ts';
import { clearSeed, loadSeed } from './load.ts';
import { scaled, seedNames, seedSets } from './sets.ts';

const name = z.enum(seedNames, { error: `which set? ${seedNames.join(', ')}` });
const scale = z.coerce.number().positive().max(1_000).default(1);

export const seed: Command = {
  usage: `${seedNames.join('|')} [--scale 1] [--force] | clear [set] [--force]`,
  summary: 'loads a set of made-up rows, or takes exactly them away',
  run: async (args, database) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { force: { type: 'boolean', default: false }, scale: { type: 'string' } },
    });
    const [first, second] = positionals;
    const options = { force: values.force, report: print };
    if (first === 'clear') {
      const { target } = await database();
      const sets = second === undefined ? seedNames : [said(name.safeParse(second))];
      for (const one of sets)
        print(`${one}: ${await clearSeed(target, seedSets[one], options)} rows taken away, with what hung on them`);
      return;
    }
    const set = scaled(seedSets[said(name.safeParse(first))], said(scale.safeParse(values.scale)));
    const { login, rows } = await loadSeed((await database()).target, set, options);
    print(`${set.name}: ${rows} rows`);
    if (login !== null)
      print(`log in as ${login.email} with ${login.password} (everybody of the set has it; shown once)`);
  },
};

function said<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ message }) => message).join('; '));
}
