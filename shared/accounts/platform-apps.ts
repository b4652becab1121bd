/** Our apps at the platforms: client ids and secrets that an operator or administrator entered. They lie in one secret. */
import { z } from 'zod';
import { changeSecret, readSecret } from '../aws/secrets.ts';
import { config } from '../config/config.ts';
import { type PlatformName, platformNames } from '../platforms/connector.ts';

/** The secret `platformApps`: by the platform's name, for those whose apps an operator registers by hand. */
export const platformApps = z.partialRecord(
  z.enum(platformNames),
  z.object({ clientId: z.string(), clientSecret: z.string() }),
);
type Apps = z.output<typeof platformApps>;

/** @param maxAgeMs as of readSecret; none where the secret has no value yet */
export async function readPlatformApps(maxAgeMs?: number): Promise<Apps> {
  try {
    return await readSecret(config('platformApps').PLATFORM_APPS_SECRET_ARN, platformApps, maxAgeMs);
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return {};
    throw error;
  }
}

/** Null takes the app away. Two who change different platforms at once do not lose each other's. */
export async function changePlatformApp(platform: PlatformName, app: Apps[PlatformName] | null): Promise<void> {
  await changeSecret(config('platformApps').PLATFORM_APPS_SECRET_ARN, platformApps, (apps) => {
    const { [platform]: _, ...others } = apps ?? {};
    return app === null || app === undefined ? others : { ...others, [platform]: app };
  });
}
