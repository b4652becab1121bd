/** After a disconnection: the tokens are ended at the platform, then deleted here. */
import type { Db } from '../db/client.ts';
import { describeError, log } from '../log.ts';
import type { PlatformHttp } from '../platforms/http.ts';
import { connectorOf } from '../platforms/registry.ts';
import { makeSession, openCredentials } from '../publications/session.ts';
import { claimRevocations, type Revocation, settleRevocations } from './revoke-queries.ts';
import { appBinding, unseal } from './seal.ts';

const BATCH = 20;

/** One batch. Returns how many accounts were dealt with; a platform that does not answer keeps no token alive here. */
export async function revokeDisconnected(db: Db, http: PlatformHttp, signal: AbortSignal): Promise<number> {
  const claimed = await db.many(claimRevocations, { limit: BATCH });
  if (claimed.length === 0) return 0;
  await Promise.all(
    claimed.map((revocation) =>
      revokeOne(revocation, { db, http, signal }).catch((error: unknown) => {
        log('error', 'revoke', {
          accountId: revocation.accountId,
          platform: revocation.platform,
          ...describeError(error),
        });
      }),
    ),
  );
  const { events } = await db.one(settleRevocations, { events: claimed.map(({ id }) => id) });
  return events;
}

async function revokeOne(
  revocation: Revocation,
  tools: { readonly db: Db; readonly http: PlatformHttp; readonly signal: AbortSignal },
): Promise<void> {
  const { token, app, platform, account } = revocation;
  const connector = connectorOf(platform);
  if (token === null || connector.revoke === undefined) return;
  const credentials = await openCredentials(revocation, token);
  const ours =
    app === null
      ? null
      : {
          clientId: app.clientId,
          clientSecret: await unseal(app.clientSecretSealed, appBinding(platform, account.baseUrl)),
        };
  await connector.revoke(makeSession(revocation, credentials, tools), ours);
}
