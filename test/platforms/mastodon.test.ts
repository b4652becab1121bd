import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { completeOauth } from '../../infra/local/platforms/control-client.ts';
import { react } from '../../infra/local/platforms/reactions.ts';
import type { AppCredentials, Credentials } from '../../shared/platforms/connector.ts';
import { createPlatformHttp } from '../../shared/platforms/http.ts';
import { mastodon } from '../../shared/platforms/mastodon/connector.ts';
import type { PlatformWorld } from './conformance.ts';
import { describeConnector } from './conformance.ts';
import type { RunningPlatforms } from './running.ts';
import { credentialsOf, runPlatforms } from './running.ts';

const redirectUri = 'http://127.0.0.1:3000/v1/accounts/callback/mastodon';

interface Person {
  readonly username: string;
  readonly password: string;
}

async function register(running: RunningPlatforms): Promise<AppCredentials> {
  const baseUrl = running.platforms.origins.mastodon;
  const http = createPlatformHttp({ trustedOrigins: [baseUrl] });
  const app = await mastodon.registerApp?.({ http, baseUrl, redirectUri });
  if (app === undefined || 'kind' in app) throw new Error(`not registered: ${JSON.stringify(app)}`);
  return app;
}

async function exchange(running: RunningPlatforms, app: AppCredentials, person: Person, verifier = 'v'.repeat(43)) {
  const baseUrl = running.platforms.origins.mastodon;
  const codeChallenge = createHash('sha256').update('v'.repeat(43)).digest('base64url');
  const url = mastodon.authorizeUrl?.({ baseUrl, app, redirectUri, state: 'state-1', codeChallenge }) ?? '';
  const back = new URL(await completeOauth(url, person));
  expect(back.searchParams.get('state')).toBe('state-1');
  const code = back.searchParams.get('code') ?? '';
  const http = createPlatformHttp({ trustedOrigins: [baseUrl] });
  return mastodon.exchangeCode?.({ http, baseUrl, app, redirectUri, code, codeVerifier: verifier });
}

async function open(): Promise<PlatformWorld> {
  const running = await runPlatforms({ bluesky: false });
  const { client, platforms } = running;
  const baseUrl = platforms.origins.mastodon;
  const generous = { callsPer5Min: 100_000, uploadsPer30Min: 100_000 };
  await client.configureMastodon({ ...generous, videoProcessingMs: 600 });
  const person = await client.createUser('mastodon');
  const app = await register(running);
  const signIn = async (): Promise<Credentials> => credentialsOf(await exchange(running, app, person));
  return {
    connector: mastodon,
    trustedOrigins: [baseUrl],
    signIn,
    listTexts: async () => {
      const posts = await client.posts('mastodon');
      return posts.filter(({ account }) => account === person.username).map(({ text }) => text);
    },
    strikeCommit: (fault) => client.armFault({ platform: 'mastodon', route: 'POST /api/v1/statuses', ...fault }),
    clearFaults: () => client.clearFaults(),
    spoilToken: async () => {
      const credentials = await signIn();
      await client.revokeTokens('mastodon', person.username);
      return { credentials, mend: 'sign-in' };
    },
    limitCommits: () => client.configureMastodon({ callsPer5Min: 1 }),
    liftLimits: () => client.configureMastodon(generous),
    engage: (postId) => react(client, platforms.origins, { platform: 'mastodon', postId, likes: 1, comments: 1 }),
    close: () => running.close(),
  };
}

describe('Mastodon', () => {
  describeConnector(open);

  describe('connecting an account', () => {
    it('grants the person’s own account, and only with the code’s verifier', async () => {
      const running = await runPlatforms({ bluesky: false });
      try {
        const person = await running.client.createUser('mastodon', { username: 'ann', displayName: 'Ann' });
        const app = await register(running);
        const host = new URL(running.platforms.origins.mastodon).host;
        expect(await exchange(running, app, person)).toMatchObject({
          kind: 'granted',
          platformAccountId: person.id,
          handle: `ann@${host}`,
          displayName: 'Ann',
          refreshToken: null,
          expiresInS: null,
        });
        const stolen = await exchange(running, app, person, randomBytes(32).toString('base64url'));
        expect(stolen).toMatchObject({ kind: 'failed', class: 'reauthorize', code: 'invalid_grant' });
        const wrongSecret = await exchange(running, { ...app, clientSecret: 'guessed-secret' }, person);
        expect(wrongSecret?.kind).toBe('failed');
        expect(JSON.stringify(wrongSecret)).not.toContain('guessed-secret');
      } finally {
        await running.close();
      }
    });

    it('ends when the account is disconnected', async () => {
      const running = await runPlatforms({ bluesky: false });
      try {
        const app = await register(running);
        const credentials = credentialsOf(await exchange(running, app, await running.client.createUser('mastodon')));
        const http = createPlatformHttp({ trustedOrigins: [credentials.baseUrl] });
        const session = { http, credentials, signal: AbortSignal.timeout(10_000) };
        await mastodon.revoke?.(session, app);
        expect(await mastodon.metrics(session, '1')).toMatchObject({ kind: 'failed', class: 'reauthorize' });
      } finally {
        await running.close();
      }
    });
  });
});
