/** The platforms beside the host: its own ones, or those of somebody who watches it. */
import { join } from 'node:path';
import type { PlatformPlace } from './host-database.ts';
import type { HostLog } from './host-log.ts';
import { readApps } from './host-secrets.ts';
import type { HostOptions, PlatformOrigins } from './options.ts';
import { createPlatformsClient } from './platforms/control-client.ts';
import type { Ports } from './ports.ts';
import { supervisePlatforms } from './supervisor.ts';
import type { Wire } from './wire.ts';

export interface FoundPlatforms {
  readonly origins: PlatformOrigins;
  readonly missing: string | null;
  stop(): Promise<void>;
}

/** Starts them and keeps them running, adopts those of a killed run, or takes the given ones. */
export async function findPlatforms(
  { dataDir, platforms = 'start', report }: HostOptions,
  parts: { readonly wire: Wire; readonly ports: Ports; readonly log: HostLog },
): Promise<FoundPlatforms | null> {
  if (platforms === 'none') return null;
  const { wire, ports, log } = parts;
  if (platforms !== 'start') {
    wire.putSecret(wire.secrets.platformApps, JSON.stringify({ threads: platforms.threadsApp }));
    return { origins: platforms.origins, missing: null, stop: async () => undefined };
  }
  const app = readApps({ get: wire.secretText }, wire.secrets.platformApps).threads;
  const { aws: _, postgres: __, ...own } = ports;
  const note = (line: string) => log.write({ level: 'info', message: line });
  const supervisor = await supervisePlatforms(
    { dataDir: join(dataDir, 'platforms'), ports: own, app, log: note },
    (line) => {
      note(line);
      report?.(line);
    },
  );
  const { origins, bluesky } = supervisor.current();
  return { origins, missing: bluesky.available ? null : (bluesky.reason ?? 'unknown'), stop: supervisor.stop };
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
