/** The commands around migrations. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Command, print } from './command.ts';
import { dumpSchema } from './dump-schema.ts';
import { migrateDown, migrateUp, migrationStatus } from './migrate.ts';
import { sqlRunner } from './sql-runner.ts';

export const up: Command = {
  usage: '',
  summary: 'applies what is pending',
  run: async (_args, database) => {
    const { target, passwords } = await database();
    const applied = await migrateUp(target, await passwords(), { report: print });
    print(applied.length === 0 ? 'nothing to apply' : `applied ${applied.join(', ')}`);
  },
};

export const down: Command = {
  usage: '[steps] [--force]',
  summary: 'takes back the newest; --force also where rows are lost',
  run: async (args, database) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { force: { type: 'boolean', default: false } },
    });
    const steps = Number(positionals[0] ?? 1);
    if (!Number.isInteger(steps) || steps < 1) throw new Error('how many steps? A whole number from 1');
    const { target } = await database();
    const undone = await migrateDown(target, steps, { keepRows: !values.force, report: print });
    print(undone.length === 0 ? 'nothing to take back' : `took back ${undone.join(', ')}`);
  },
};

export const status: Command = {
  usage: '',
  summary: 'applied, pending, begun, changed, unknown',
  run: async (_args, database) => {
    for (const row of await migrationStatus((await database()).target))
      print(`${row.state.padEnd(8)} ${row.name} ${row.appliedAt ?? ''}`.trimEnd());
  },
};

export const dump: Command = {
  usage: '',
  summary: 'writes sql/schema.sql from the live catalogue',
  run: async (_args, database) => {
    const text = await dumpSchema(sqlRunner((await database()).target));
    await writeFile(new URL('../../sql/schema.sql', import.meta.url), text);
  },
};
