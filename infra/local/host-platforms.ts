/** The platforms beside the host: its own ones, or those of somebody who watches it. */
import { join } from 'node:path';
import type { PlatformPlace } from './host-database.ts';
import type { HostLog } from './host-log.ts';
import { readApps } from './host-secrets.ts';
import type { HostOptions, PlatformOrigins, ThreadsApp } from './options.ts';
import { createPlatformsClient } from './platforms/control-client.ts';
import { type Platforms, startPlatforms } from './platforms/process.ts';
import { readState } from './platforms/state-file.ts';
import type { Ports } from './ports.ts';
import type { Wire } from './wire.ts';

function startOwnPlatforms(
  dataDir: string,
  { aws: _, postgres: __, ...ports }: Ports,
  options: { readonly app: ThreadsApp; readonly log: (line: string) => void },
): Promise<Platforms> {
  return startPlatforms({ dataDir: platformsFolder(dataDir), ports, ...options });
}

export interface FoundPlatforms {
  readonly origins: PlatformOrigins;
  readonly missing: string | null;
  stop(): Promise<void>;
}

/** Starts them, adopts those of a killed run, or takes the given ones. */
export async function findPlatforms(
  { dataDir, platforms = 'start' }: HostOptions,
  parts: { readonly wire: Wire; readonly ports: Ports; readonly log: HostLog },
): Promise<FoundPlatforms | null> {
  if (platforms === 'none') return null;
  const { wire, ports, log } = parts;
  if (platforms !== 'start') {
    wire.putSecret(wire.secrets.platformApps, JSON.stringify({ threads: platforms.threadsApp }));
    return { origins: platforms.origins, missing: null, stop: async () => undefined };
  }
  const app = readApps({ get: wire.secretText }, wire.secrets.platformApps).threads;
  const started = await startOwnPlatforms(dataDir, ports, {
    app,
    log: (line) => log.write({ level: 'info', message: line }),
  });
  const { available, reason } = started.bluesky;
  return { origins: started.origins, missing: available ? null : (reason ?? 'unknown'), stop: started.stop };
}

/** Ends what a killed run left, so that its folder can be removed. */
export async function stopLeftPlatforms(dataDir: string): Promise<void> {
  const state = readState(platformsFolder(dataDir));
  if (state === null || state.pid === null) return;
  const { pid, instance } = state;
  const isOurs = () =>
    createPlatformsClient(`http://127.0.0.1:${state.ports.control}`)
      .health()
      .then((health) => health.instance === instance && health.pid === pid)
      .catch(() => false);
  if (!(await isOurs())) return;
  process.kill(pid, 'SIGTERM');
  while (await isOurs()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Threads sends people only to addresses that its app has named. */
export async function registerCallbacks({ control }: PlatformOrigins, addresses: readonly string[]): Promise<void> {
  if (addresses.length > 0) await createPlatformsClient(control).registerThreadsRedirects(addresses);
}

/** Mastodon has no place: every account brings its instance. */
export function placesOf({ bluesky, appview, threads }: PlatformOrigins): PlatformPlace[] {
  return [
    { name: 'bluesky', baseUrl: bluesky, authorizeUrl: null, metricsUrl: appview },
    { name: 'threads', baseUrl: threads, authorizeUrl: threads, metricsUrl: null },
  ];
}

/** What functions may fetch although it is not public. */
export function trustedOf({ bluesky, appview, threads, mastodon }: PlatformOrigins): string[] {
  return [bluesky, appview, threads, mastodon];
}

function platformsFolder(dataDir: string): string {
  return join(dataDir, 'platforms');
}
