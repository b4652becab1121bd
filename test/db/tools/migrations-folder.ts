/** A folder of migrations of a test's own, below the version of nothing else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface MigrationsFolder {
  readonly url: URL;
  /** Writes a pair, or writes it anew. */
  write(name: string, up: string, down: string): Promise<void>;
  remove(): Promise<void>;
}

export async function makeMigrationsFolder(): Promise<MigrationsFolder> {
  const path = await mkdtemp(join(tmpdir(), 'posthaste-migrations-'));
  return {
    url: pathToFileURL(`${path}/`),
    write: async (name, up, down) => {
      await writeFile(join(path, `${name}.up.sql`), up);
      await writeFile(join(path, `${name}.down.sql`), down);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
