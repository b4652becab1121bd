/** Platforms as administrators set them up. */
import { changePlatformApp, readPlatformApps } from '../accounts/platform-apps.ts';
import type { Db } from '../db/client.ts';
import { fail } from '../errors.ts';
import type { PlatformName } from '../platforms/connector.ts';
import { connectorOf } from '../platforms/registry.ts';
import { listSwitches, notePlatformApp, switchPlatform } from './platform-queries.ts';
import { platformName } from './platform-shapes.ts';

/** Throws `not_found` for whoever is no administrator. */
export async function listPlatformSettings(db: Db) {
  await db.change(notePlatformApp, { platform: null, action: 'read', expectedVersion: null });
  return settingsOf(db);
}

/** Throws `not_found`. */
export async function getPlatformSettings(db: Db, platform: PlatformName) {
  await db.change(notePlatformApp, { platform, action: 'read', expectedVersion: null });
  return oneOf(db, platform);
}

async function settingsOf(db: Db) {
  const [switches, apps] = await Promise.all([db.many(listSwitches, {}), readPlatformApps(0)]);
  return switches.flatMap(({ name, displayName, enabled, version }) => {
    const platform = platformName.safeParse(name);
    if (!platform.success) return [];
    const clientId = apps[platform.data]?.clientId ?? null;
    return [{ platform: platform.data, displayName, enabled, needsApp: needsApp(platform.data), clientId, version }];
  });
}

async function oneOf(db: Db, platform: PlatformName) {
  const found = (await settingsOf(db)).find((one) => one.platform === platform);
  return found ?? fail('not_found');
}

/** The version of its settings that the caller saw, or null. */
type Seen = number | null;

/** Throws `not_found` and `stale`. */
export async function setEnabled(db: Db, platform: PlatformName, enabled: boolean, expectedVersion: Seen) {
  await db.change(switchPlatform, { platform, enabled, expectedVersion });
  return oneOf(db, platform);
}

interface App {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Throws `not_found`, `stale`, and `wrong_state` for a platform that knows no such apps. */
export async function setApp(db: Db, platform: PlatformName, app: App | null, expectedVersion: Seen) {
  await db.change(notePlatformApp, { platform, action: app === null ? 'delete' : 'set', expectedVersion });
  if (!needsApp(platform)) fail('wrong_state', { detail: 'Accounts there are connected without a registered app.' });
  await changePlatformApp(platform, app);
  return oneOf(db, platform);
}

/** Whether its accounts are connected through an app that somebody registers there by hand. */
export function needsApp(platform: PlatformName): boolean {
  const { capabilities, registerApp } = connectorOf(platform);
  return capabilities.connect === 'oauth' && registerApp === undefined;
}
