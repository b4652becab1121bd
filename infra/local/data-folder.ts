/** What a program looks at in its data folder before it starts a host there. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { findHome } from './postgres-home.ts';
import { oneLine, shown } from './terminal.ts';

/** Makes the folder where it is missing. Throws one line where nothing can be written. */
export function checkWritable(dataDir: string): void {
  const probe = join(dataDir, `.probe-${process.pid}`);
  try {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new Error(`cannot write to ${shown(dataDir)}: ${oneLine(error)}; --data DIR names another folder`);
  }
}

/** Says where the database lies when that is not in the data folder. */
export async function tellDatabasePlace(dataDir: string, print: (line: string) => void): Promise<void> {
  const { location } = await findHome(dataDir);
  if (relative(dataDir, location).startsWith('..')) {
    print(`the database lies in ${location}, since PostgreSQL's own user cannot reach ${shown(dataDir)}`);
  }
}
