/** `platforms.json` in the data folder: who runs, and where. A later start adopts or stops by it, and keeps the ports. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const platformPorts = z.strictObject({
  control: z.int().nonnegative().default(0),
  mastodon: z.int().nonnegative().default(0),
  threads: z.int().nonnegative().default(0),
  /** The fault proxy before the PDS: what clients use. */
  bluesky: z.int().nonnegative().default(0),
  pds: z.int().nonnegative().default(0),
  plc: z.int().nonnegative().default(0),
  appview: z.int().nonnegative().default(0),
});
export type PlatformPorts = z.output<typeof platformPorts>;

const platformsState = z.object({
  /** Null after a graceful stop. */
  pid: z.int().nullable(),
  /** Everything answers. */
  ready: z.boolean().default(true),
  /** Drawn at each start; the running process tells the same by its health call. */
  instance: z.string(),
  ports: platformPorts,
  /** Why there is no Bluesky; null when there is. */
  blueskyUnavailable: z.string().nullable(),
  startedAt: z.string(),
});
export type PlatformsState = z.output<typeof platformsState>;

export function readState(dataDir: string): PlatformsState | null {
  const file = join(dataDir, 'platforms.json');
  if (!existsSync(file)) return null;
  try {
    return platformsState.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

export function writeState(dataDir: string, state: PlatformsState): void {
  const file = join(dataDir, 'platforms.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
