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
  await db.change(notePlatformApp, { platform: null, action: 'read' });
  return settingsOf(db);
}

async function settingsOf(db: Db) {
  const [switches, apps] = await Promise.all([db.many(listSwitches, {}), readPlatformApps(0)]);
  return switches.flatMap(({ name, displayName, enabled }) => {
    const platform = platformName.safeParse(name);
    if (!platform.success) return [];
    const clientId = apps[platform.data]?.clientId ?? null;
    return [{ platform: platform.data, displayName, enabled, needsApp: needsApp(platform.data), clientId }];
  });
}

async function oneOf(db: Db, platform: PlatformName) {
  const found = (await settingsOf(db)).find((one) => one.platform === platform);
  return found ?? fail('not_found');
}

/** Throws `not_found`. */
export async function setEnabled(db: Db, platform: PlatformName, enabled: boolean) {
  await db.change(switchPlatform, { platform, enabled });
  return oneOf(db, platform);
}

/** Throws `not_found`, and `wrong_state` for a platform that knows no such apps. */
export async function setApp(db: Db, platform: PlatformName, app: { clientId: string; clientSecret: string } | null) {
  await db.change(notePlatformApp, { platform, action: app === null ? 'delete' : 'set' });
  if (!needsApp(platform)) fail('wrong_state', { detail: 'Its accounts are connected without an app of ours.' });
  await changePlatformApp(platform, app);
  return oneOf(db, platform);
}

/** Whether its accounts are connected through an app that somebody registers there by hand. */
export function needsApp(platform: PlatformName): boolean {
  const { capabilities, registerApp } = connectorOf(platform);
  return capabilities.connect === 'oauth' && registerApp === undefined;
}
