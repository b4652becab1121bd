import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { BlueskyLogin } from '../../infra/local/platforms/control-client.ts';
import { react } from '../../infra/local/platforms/reactions.ts';
import { bluesky } from '../../shared/platforms/bluesky/connector.ts';
import type { Credentials } from '../../shared/platforms/connector.ts';
import { createPlatformHttp } from '../../shared/platforms/http.ts';
import type { PlatformWorld } from './conformance.ts';
import { describeConnector } from './conformance.ts';
import type { RunningPlatforms } from './running.ts';
import { credentialsOf, runPlatforms } from './running.ts';

const secrets = z.object({ jwt: z.string() });
const limitResetS = 42;

async function signInto(running: RunningPlatforms, login: BlueskyLogin): Promise<Credentials> {
  const baseUrl = running.platforms.origins.bluesky;
  const http = createPlatformHttp({ trustedOrigins: [baseUrl] });
  const request = { http, baseUrl, identifier: `@${login.handle}`, password: login.appPassword };
  return credentialsOf(await bluesky.signIn?.(request));
}

/** The same token as the server would have written it three hours ago. */
async function aged(running: RunningPlatforms, accessToken: string): Promise<string> {
  const file = await readFile(join(running.dataDir, 'pds', 'secrets.json'), 'utf8');
  const key = new TextEncoder().encode(secrets.parse(JSON.parse(file)).jwt);
  const { alg = 'HS256', typ = 'at+jwt' } = decodeProtectedHeader(accessToken);
  const claims = decodeJwt(accessToken);
  const threeHoursS = 10_800;
  const past = { iat: (claims.iat ?? 0) - threeHoursS, exp: (claims.exp ?? 0) - threeHoursS };
  return new SignJWT({ ...claims, ...past }).setProtectedHeader({ alg, typ }).sign(key);
}

async function open(): Promise<PlatformWorld> {
  const running = await runPlatforms({ bluesky: true });
  const { client, platforms } = running;
  if (!platforms.bluesky.available) throw new Error(platforms.bluesky.reason);
  const login = await client.createBlueskyAccount();
  const route = 'POST /xrpc/com.atproto.repo.createRecord';
  return {
    connector: bluesky,
    trustedOrigins: [platforms.origins.bluesky, platforms.origins.appview],
    session: { appViewUrl: platforms.origins.appview },
    signIn: () => signInto(running, login),
    listTexts: async () => {
      const posts = await client.posts('bluesky');
      return posts.filter(({ account }) => account === login.did).map(({ text }) => text);
    },
    strikeCommit: (fault) => client.armFault({ platform: 'bluesky', route, ...fault }),
    clearFaults: () => client.clearFaults(),
    spoilToken: async () => {
      const credentials = await signInto(running, login);
      return {
        credentials: { ...credentials, accessToken: await aged(running, credentials.accessToken) },
        mend: 'refresh',
      };
    },
    // The server's own limit of 1666 posts an hour is out of a test's reach; this is its answer.
    limitCommits: () =>
      client.armFault({
        platform: 'bluesky',
        route,
        when: 'received',
        action: 'status',
        status: 429,
        headers: { 'ratelimit-reset': String(Math.floor(Date.now() / 1000) + limitResetS) },
        body: { error: 'RateLimitExceeded', message: 'Rate Limit Exceeded' },
      }),
    liftLimits: () => client.clearFaults(),
    engage: (postId) => react(client, platforms.origins, { platform: 'bluesky', postId, likes: 1, comments: 1 }),
    close: () => running.close(),
  };
}

describe('Bluesky', () => {
  describeConnector(open, {
    noProcessing: 'A server of one’s own takes the video as a blob; only Bluesky’s hosts have the video service.',
    noMediaChecks: 'The server stores blobs as they come.',
  });

  describe('an account', () => {
    it('is refused with a wrong password, and its session ends with the disconnection', async () => {
      const running = await runPlatforms({ bluesky: true });
      try {
        const login = await running.client.createBlueskyAccount();
        const baseUrl = running.platforms.origins.bluesky;
        const http = createPlatformHttp({ trustedOrigins: [baseUrl] });
        const wrong = { http, baseUrl, identifier: login.handle, password: 'wrong-password-1' };
        const refused = await bluesky.signIn?.(wrong);
        expect(refused).toMatchObject({ kind: 'failed', class: 'reauthorize', code: 'AuthenticationRequired' });
        expect(JSON.stringify(refused)).not.toContain('wrong-password-1');

        const credentials = await signInto(running, login);
        expect(credentials).toMatchObject({ platformAccountId: login.did, handle: login.handle, baseUrl });
        const session = { http, credentials, signal: AbortSignal.timeout(10_000) };
        await bluesky.revoke?.(session, null);
        expect(await bluesky.refresh?.(session)).toMatchObject({ kind: 'failed', class: 'reauthorize' });
      } finally {
        await running.close();
      }
    });

    it('mentions, links and tags by the bytes of the text', async () => {
      const running = await runPlatforms({ bluesky: true });
      try {
        const credentials = await signInto(running, await running.client.createBlueskyAccount());
        const friend = await running.client.createBlueskyAccount();
        const http = createPlatformHttp({ trustedOrigins: [credentials.baseUrl] });
        const session = { http, credentials, signal: AbortSignal.timeout(10_000) };
        const text = `Ünï 👨‍👩‍👧 @${friend.handle} #größe https://example.com/ä, @nobody.invalid`;
        const draft = { publicationId: 'p', text, media: [], options: { langs: ['de'] }, idempotencyKey: 'k' };
        const due = { ...draft, dueAt: new Date().toISOString() };
        const ready = await bluesky.prepare(session, due, null);
        if (ready.kind !== 'ready') throw new Error(JSON.stringify(ready));
        const committed = await bluesky.commit(session, due, ready.prepared);
        if (committed.kind !== 'published') throw new Error(JSON.stringify(committed));
        const shown = await (await fetch(committed.evidence.url ?? '')).json();
        const shape = z.object({
          value: z.object({
            langs: z.array(z.string()),
            facets: z.array(
              z.object({
                index: z.object({ byteStart: z.number(), byteEnd: z.number() }),
                features: z.array(z.looseObject({ $type: z.string() })),
              }),
            ),
          }),
        });
        const { langs, facets } = shape.parse(shown).value;
        expect(langs).toEqual(['de']);
        const bytes = Buffer.from(text);
        const marked = facets.map(({ index, features }) => [
          bytes.subarray(index.byteStart, index.byteEnd).toString(),
          features[0]?.did ?? features[0]?.tag ?? features[0]?.uri,
        ]);
        expect(marked).toEqual([
          [`@${friend.handle}`, friend.did],
          ['#größe', 'größe'],
          ['https://example.com/ä', 'https://example.com/ä'],
        ]);
      } finally {
        await running.close();
      }
    });
  });
});
