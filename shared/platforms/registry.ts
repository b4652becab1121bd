/** Every platform by its name on the wire; does not compile while one is missing. */
import { bluesky } from './bluesky/connector.ts';
import { community } from './community/connector.ts';
import type { Connector, PlatformName } from './connector.ts';
import { mastodon } from './mastodon/connector.ts';
import { threads } from './threads/connector.ts';

export const connectors = { community, bluesky, mastodon, threads } as const satisfies {
  readonly [Name in PlatformName]: Connector;
};

export function connectorOf(name: PlatformName): Connector {
  return connectors[name];
}
