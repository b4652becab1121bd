import { describe, expect, it } from 'vitest';
import { completeOauth } from '../../infra/local/platforms/control-client.ts';
import { react } from '../../infra/local/platforms/reactions.ts';
import type { AppCredentials, Credentials, Draft, Session } from '../../shared/platforms/connector.ts';
import { createPlatformHttp } from '../../shared/platforms/http.ts';
import { threads } from '../../shared/platforms/threads/connector.ts';
import type { PlatformWorld } from './conformance.ts';
import { describeConnector } from './conformance.ts';
import { openShelf } from './media-items.ts';
import type { RunningPlatforms } from './running.ts';
import { credentialsOf, runPlatforms } from './running.ts';

const redirectUri = 'https://api.example.test/v1/accounts/callback/threads';
const app: AppCredentials = { clientId: 'posthaste-local', clientSecret: 'posthaste-local-secret' };

async function exchange(running: RunningPlatforms, person: { username: string; password: string }, given = app) {
  const baseUrl = running.platforms.origins.threads;
  await running.client.registerThreadsRedirects([redirectUri]);
  const request = { baseUrl, app, redirectUri, state: 'state-1', codeChallenge: 'unused' };
  const back = new URL(await completeOauth(threads.authorizeUrl?.(request) ?? '', person));
  expect(back.searchParams.get('state')).toBe('state-1');
  // The fragment that the platform appends often ends up in the code.
  const code = `${back.searchParams.get('code')}${back.hash}`;
  const http = createPlatformHttp({ trustedOrigins: [baseUrl] });
  return threads.exchangeCode?.({ http, baseUrl, app: given, redirectUri, code, codeVerifier: 'unused' });
}

async function open(): Promise<PlatformWorld> {
  const running = await runPlatforms({ bluesky: false });
  const { client, platforms } = running;
  const baseUrl = platforms.origins.threads;
  await client.configureThreads({ videoProcessingMs: 800, imageProcessingMs: 200 });
  const person = await client.createUser('threads');
  const signIn = async (): Promise<Credentials> => credentialsOf(await exchange(running, person));
  return {
    connector: threads,
    trustedOrigins: [baseUrl],
    signIn,
    listTexts: async () => {
      const posts = await client.posts('threads');
      return posts.filter(({ account }) => account === person.username).map(({ text }) => text);
    },
    strikeCommit: (fault) =>
      client.armFault({ platform: 'threads', route: 'POST /v1.0/{user}/threads_publish', ...fault }),
    clearFaults: () => client.clearFaults(),
    spoilToken: async () => {
      const credentials = await signIn();
      await client.expireThreadsTokens(person.username);
      return { credentials, mend: 'sign-in' };
    },
    limitCommits: () => client.configureThreads({ postsPerDay: 0 }),
    liftLimits: () => client.configureThreads({ postsPerDay: 250 }),
    engage: (postId) => react(client, platforms.origins, { platform: 'threads', postId, likes: 1, comments: 1 }),
    close: () => running.close(),
  };
}

describe('Threads', () => {
  describeConnector(open, { noReset: 'Graph answers limits with 400/403 and no dependable Retry-After.' });

  describe('an account', () => {
    const withAccount = async (work: (running: RunningPlatforms, credentials: Credentials) => Promise<void>) => {
      const running = await runPlatforms({ bluesky: false });
      try {
        await work(running, credentialsOf(await exchange(running, await running.client.createUser('threads'))));
      } finally {
        await running.close();
      }
    };
    const sessionOf = (credentials: Credentials): Session => ({
      http: createPlatformHttp({ trustedOrigins: [credentials.baseUrl] }),
      credentials,
      signal: AbortSignal.timeout(20_000),
    });

    it('is connected with a token of sixty days and keeps every digit of its id', () =>
      withAccount(async (running) => {
        const person = await running.client.createUser('threads', { username: 'ann', displayName: 'Ann' });
        const grant = await exchange(running, person);
        expect(grant).toMatchObject({
          kind: 'granted',
          platformAccountId: person.id,
          handle: 'ann',
          displayName: 'Ann',
        });
        if (grant?.kind === 'granted') expect(grant.expiresInS).toBeGreaterThan(59 * 86_400);
        const wrong = await exchange(running, person, { ...app, clientSecret: 'guessed-secret' });
        expect(wrong).toMatchObject({ kind: 'failed', class: 'reauthorize' });
      }));

    it('rolls its token, once the token is a day old', () =>
      withAccount(async (running, credentials) => {
        const young = await threads.refresh?.(sessionOf(credentials));
        expect(young?.kind, 'the token stays good').toBe('not-yet');
        await running.client.configureThreads({ refreshAfterS: 0 });
        const rolled = await threads.refresh?.(sessionOf(credentials));
        expect(rolled?.kind).toBe('refreshed');
        if (rolled?.kind === 'refreshed') expect(rolled.accessToken).not.toBe(credentials.accessToken);
      }));

    it('gets another container when a prepared one has expired', () =>
      withAccount(async (running, credentials) => {
        const draft = textDraft('Late');
        const made = await threads.prepare(sessionOf(credentials), draft, null);
        if (made.kind !== 'ready') throw new Error('not ready');
        await running.client.configureThreads({ clockOffsetMs: 25 * 3_600_000 });
        const expired = await threads.prepare(sessionOf(credentials), draft, made.prepared);
        expect(expired).toMatchObject({ kind: 'failed', class: 'retry-later', dropPrepared: true });
        expect((await threads.prepare(sessionOf(credentials), draft, null)).kind).toBe('ready');
      }));

    it('never takes a published container for absent, although its post is not listed yet', () =>
      withAccount(async (running, credentials) => {
        const draft = textDraft('Slow list');
        const made = await threads.prepare(sessionOf(credentials), draft, null);
        if (made.kind !== 'ready') throw new Error('not ready');
        await threads.commit(sessionOf(credentials), draft, made.prepared);
        await running.client.armFault({
          platform: 'threads',
          route: 'GET /v1.0/{user}/threads',
          when: 'received',
          action: 'status',
          status: 200,
          body: { data: [] },
        });
        const look = () => threads.reconcile(sessionOf(credentials), draft, made.prepared, draft.dueAt);
        expect((await look()).kind).toBe('cannot-tell');
        expect((await look()).kind).toBe('found');
      }));

    it('publishes photo and video together as one carousel', () =>
      withAccount(async (running, credentials) => {
        const shelf = await openShelf();
        await running.client.configureThreads({ videoProcessingMs: 300, imageProcessingMs: 100 });
        const draft = { ...textDraft('Both'), media: [shelf.photo, shelf.video] };
        let prepared = await threads.prepare(sessionOf(credentials), draft, null);
        for (let polls = 0; prepared.kind === 'waiting' && polls < 50; polls += 1) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          prepared = await threads.prepare(sessionOf(credentials), draft, prepared.prepared);
        }
        await shelf.close();
        if (prepared.kind !== 'ready') throw new Error(JSON.stringify(prepared));
        expect(prepared.prepared.children).toHaveLength(2);
        expect((await threads.commit(sessionOf(credentials), draft, prepared.prepared)).kind).toBe('accepted');
        const found = await threads.reconcile(
          sessionOf(credentials),
          draft,
          prepared.prepared,
          new Date().toISOString(),
        );
        expect(found.kind).toBe('found');
      }));
  });
});

function textDraft(text: string): Draft {
  return {
    publicationId: 'publication-1',
    text,
    media: [],
    options: { replyControl: 'everyone' },
    idempotencyKey: 'key-1',
    dueAt: new Date().toISOString(),
  };
}
