/** What a host keeps in its data folder, and taking it away for `--fresh`: never anything that a host did not make. */
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stopPlatforms } from './platforms/process.ts';
import { removePostgres } from './postgres.ts';
import { shown } from './terminal.ts';

/** The ports go last: by them an interrupted removal is still known as ours. */
const removed = ['aws', 'logs', 'platforms', 'postgres', 'ports.json'] as const;
/** Made before anything else. They stay, since this very process may hold the lock. */
const lockFiles = ['host.lock', 'host.pid'] as const;
const known: ReadonlySet<string> = new Set([...removed, ...lockFiles]);

/** Throws one line for a folder that no host has ever used. To be asked before the lock is taken, which lies there too. */
export function checkOurs(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  if (existsSync(join(dataDir, 'ports.json')) || existsSync(join(dataDir, 'host.lock'))) return;
  const foreign = readdirSync(dataDir).find((name) => !known.has(name));
  if (foreign === undefined) return;
  throw new Error(`${shown(dataDir)} holds ${foreign} and no data of Posthaste: --fresh removes nothing there`);
}

/** Ends what a killed run left there, and removes what it kept. */
export async function removeKept(dataDir: string): Promise<void> {
  checkOurs(dataDir);
  await stopPlatforms(join(dataDir, 'platforms'));
  await removePostgres(dataDir);
  for (const name of removed) await rm(join(dataDir, name), { recursive: true, force: true });
}
