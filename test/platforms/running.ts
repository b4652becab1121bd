import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformsClient } from '../../infra/local/platforms/control-client.ts';
import { createPlatformsClient } from '../../infra/local/platforms/control-client.ts';
import type { Platforms } from '../../infra/local/platforms/process.ts';
import { startPlatforms } from '../../infra/local/platforms/process.ts';
import type { Credentials, Failure, Grant } from '../../shared/platforms/connector.ts';

export interface RunningPlatforms {
  readonly platforms: Platforms;
  readonly client: PlatformsClient;
  readonly dataDir: string;
  close(): Promise<void>;
}

/** Platforms of this test's own, on free ports, in a folder that goes with them. */
export async function runPlatforms(options: { bluesky: boolean }): Promise<RunningPlatforms> {
  const dataDir = await mkdtemp(join(tmpdir(), 'platforms-'));
  const platforms = await startPlatforms({ dataDir, ...options });
  return {
    platforms,
    client: createPlatformsClient(platforms.origins.control),
    dataDir,
    close: async () => {
      await platforms.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function credentialsOf(grant: Grant | Failure | undefined): Credentials {
  if (grant?.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(grant)}`);
  return {
    accountId: 'account-under-test',
    platformAccountId: grant.platformAccountId,
    handle: grant.handle,
    baseUrl: grant.baseUrl,
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken,
  };
}
