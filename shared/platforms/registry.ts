/** Every platform by its name on the wire; does not compile while one is missing. */
import { bluesky } from './bluesky/connector.ts';
import { community } from './community/connector.ts';
import type { Connector, PlatformName, SupportedPlatform } from './connector.ts';
import { mastodon } from './mastodon/connector.ts';
import { notYet } from './not-yet.ts';
import { threads } from './threads/connector.ts';

export const connectors = { community, bluesky, mastodon, threads } as const satisfies {
  readonly [Name in SupportedPlatform]: Connector;
};

export function connectorOf(name: PlatformName): Connector {
  return isSupported(name) ? connectors[name] : notYet(name);
}

function isSupported(name: PlatformName): name is SupportedPlatform {
  return name in connectors;
}
