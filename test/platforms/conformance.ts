/**
 * What every connector must do, whatever its platform: the same story told to the real PDS and to strict simulators.
 * The platform itself is the judge: what counts is what it shows, never what the connector says.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  CommitResult,
  Connector,
  Credentials,
  Draft,
  Evidence,
  MediaItem,
  Prepared,
  PrepareResult,
  Session,
} from '../../shared/platforms/connector.ts';
import type { PlatformHttp } from '../../shared/platforms/http.ts';
import { createPlatformHttp } from '../../shared/platforms/http.ts';
import { validateDraft } from '../../shared/platforms/validate.ts';
import type { MediaShelf } from './media-items.ts';
import { openShelf } from './media-items.ts';

export interface Fault {
  /** `received`: before any effect. `applied`: the post is public, the answer is not sent. `answered`: after it. */
  readonly when: 'received' | 'applied' | 'answered';
  readonly action: 'drop' | 'hang' | 'status';
  readonly status?: number;
}

/** One running platform with one signed-in account. */
export interface PlatformWorld {
  readonly connector: Connector;
  readonly trustedOrigins: readonly string[];
  readonly session?: Pick<Session, 'appViewUrl' | 'community'>;
  /** Makes what must be there before the platform is asked, such as the row of the publication. */
  accept?(draft: Draft): Promise<void>;
  /** Posts of the account that the platform shows, by their text; seen with the platform's own eyes. */
  listTexts(): Promise<readonly string[]>;
  /** Strikes the next committing call. */
  strikeCommit(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  /** Makes the access token useless, as time or its owner would, and says what mends it. */
  spoilToken(): Promise<{ credentials: Credentials; mend: 'refresh' | 'sign-in' }>;
  /** As the owner does it, screens included. */
  signIn(): Promise<Credentials>;
  /** Makes the platform refuse the next commit because of too many calls. */
  limitCommits(): Promise<void>;
  liftLimits(): Promise<void>;
  /** Another person likes and answers the post. */
  engage(platformPostId: string): Promise<void>;
  close(): Promise<void>;
}

/** Cases that a platform cannot have, with the reason from its documentation. */
export interface Declared {
  /** Media are ready at once. */
  readonly noProcessing?: string;
  /** Limits are told without a time. */
  readonly noReset?: string;
  /** Media are not looked at when they arrive. */
  readonly noMediaChecks?: string;
  /** Texts are not measured when they arrive. */
  readonly noTextChecks?: string;
  /** Nobody is refused for calling too often. */
  readonly noLimits?: string;
  /** There is no token. */
  readonly noTokens?: string;
  /** There is no server elsewhere that could be out of reach. */
  readonly noServer?: string;
}

interface Run {
  readonly draft: Draft;
  readonly prepared: Prepared;
  readonly since: string;
  readonly outcome: CommitResult;
}

const maxPolls = 60;

export function describeConnector(open: () => Promise<PlatformWorld>, declared: Declared = {}): void {
  let world: PlatformWorld;
  let shelf: MediaShelf;
  let http: PlatformHttp;
  let credentials: Credentials;

  beforeAll(async () => {
    shelf = await openShelf();
    world = await open();
    http = createPlatformHttp({ trustedOrigins: world.trustedOrigins });
    credentials = await world.signIn();
  });
  afterEach(() => world.clearFaults());
  afterAll(async () => {
    await world?.close();
    await shelf?.close();
  });

  const session = (deadlineMs = 20_000, extra: Partial<Session> = {}): Session => ({
    http,
    credentials,
    signal: AbortSignal.timeout(deadlineMs),
    ...world.session,
    ...extra,
  });

  async function prepare(draft: Draft): Promise<{ result: PrepareResult; waits: number }> {
    await world.accept?.(draft);
    let result = await world.connector.prepare(session(), draft, null);
    let waits = 0;
    while (result.kind === 'waiting' && waits < maxPolls) {
      waits += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      // What is handed back has been stored in between.
      result = await world.connector.prepare(session(), draft, JSON.parse(JSON.stringify(result.prepared)));
    }
    return { result, waits };
  }

  async function preparedOf(draft: Draft): Promise<Prepared> {
    const { result } = await prepare(draft);
    if (result.kind !== 'ready') throw new Error(`not ready: ${JSON.stringify(result)}`);
    return JSON.parse(JSON.stringify(result.prepared));
  }

  async function run(draft: Draft, deadlineMs?: number): Promise<Run> {
    const prepared = await preparedOf(draft);
    const since = new Date().toISOString();
    return { draft, prepared, since, outcome: await world.connector.commit(session(deadlineMs), draft, prepared) };
  }

  async function evidenceOf({ draft, outcome }: Run): Promise<Evidence> {
    if (outcome.kind === 'published') return outcome.evidence;
    if (outcome.kind !== 'accepted') throw new Error(`not published: ${JSON.stringify(outcome)}`);
    const confirmed = await world.connector.confirm(session(), draft, outcome.platformPostId);
    if (confirmed.kind !== 'published') throw new Error(`not confirmed: ${JSON.stringify(confirmed)}`);
    return confirmed.evidence;
  }

  const reconcile = ({ draft, prepared, since }: Run, extra: Partial<Session> = {}) =>
    world.connector.reconcile(session(20_000, extra), draft, prepared, since);

  async function timesShown(text: string): Promise<number> {
    const texts = await world.listTexts();
    return texts.filter((shown) => shown.includes(text)).length;
  }

  async function expectOpens(evidence: Evidence): Promise<void> {
    if (evidence.url === null) throw new Error('no URL');
    expect((await fetch(evidence.url)).status).toBe(200);
  }

  describe('publishing', () => {
    it('makes a text public, with an id and a URL that opens', async () => {
      const draft = draftOf({ text: `Fish & chips <3 ${randomUUID()} #food https://example.com/a?b=c` });
      const before = Date.now();
      const published = await run(draft);
      const evidence = await evidenceOf(published);
      expect(evidence.platformPostId).not.toBe('');
      await expectOpens(evidence);
      expect(await timesShown(draft.text)).toBe(1);
      const at = Date.parse(evidence.publishedAt ?? '');
      expect(at).toBeGreaterThanOrEqual(before - 1000);
      expect(at).toBeLessThanOrEqual(Date.now() + 1000);
    });

    it('makes photos with their descriptions public', async () => {
      const draft = draftOf({ text: `Photos ${randomUUID()}`, media: [shelf.photo, shelf.secondPhoto] });
      await expectOpens(await evidenceOf(await run(draft)));
      expect(await timesShown(draft.text)).toBe(1);
    });

    it('makes a video without a text public', async () => {
      const before = (await world.listTexts()).length;
      await expectOpens(await evidenceOf(await run(draftOf({ text: '', media: [shelf.video] }))));
      expect((await world.listTexts()).length).toBe(before + 1);
    });

    it(declared.noProcessing ?? 'waits while the platform processes a video', async () => {
      const { result, waits } = await prepare(draftOf({ text: 'slow', media: [shelf.video] }));
      expect(result.kind).toBe('ready');
      expect(waits > 0).toBe(declared.noProcessing === undefined);
    });

    it('shows nothing before the commit', async () => {
      const draft = draftOf({ text: `Prepared only ${randomUUID()}`, media: [shelf.photo] });
      await preparedOf(draft);
      expect(await timesShown(draft.text)).toBe(0);
    });
  });

  describe('a refused post', () => {
    it(declared.noTextChecks ?? 'is the author’s to change when the text is too long', async () => {
      if (declared.noTextChecks !== undefined) {
        const long = { text: 'x'.repeat(world.connector.capabilities.text.max + 1), options: {}, media: [] };
        expect(validateDraft(world.connector, long)).toMatchObject([{ pointer: '/text', code: 'text_too_long' }]);
        return;
      }
      const draft = draftOf({ text: `${randomUUID()} ${'x'.repeat(3100)}` });
      const { result } = await prepare(draft);
      const refused =
        result.kind === 'ready' ? await world.connector.commit(session(), draft, result.prepared) : result;
      expect(refused).toMatchObject({ kind: 'failed', class: 'invalid-content' });
      expect(await timesShown(draft.text.slice(0, 36))).toBe(0);
    });

    it(declared.noMediaChecks ?? 'is the author’s to change when a file is not what it says', async () => {
      for (const item of [shelf.fake, shelf.cutOff]) {
        const { result } = await prepare(draftOf({ text: 'broken', media: [item] }));
        if (declared.noMediaChecks !== undefined) expect(result.kind).toBe('ready');
        else expect(result).toMatchObject({ kind: 'failed', class: 'invalid-content' });
      }
    });
  });

  describe('when the outcome of the commit is lost', () => {
    const lost: readonly [string, Fault][] = [
      ['the connection breaks after the post is public', { when: 'applied', action: 'drop' }],
      ['the platform answers 503 although the post is public', { when: 'applied', action: 'status', status: 503 }],
      ['the answer does not come in time', { when: 'applied', action: 'hang' }],
    ];
    it.each(lost)('%s: found again, never repeated', async (_name, fault) => {
      const draft = draftOf({ text: `Lost ${randomUUID()} & found\n\n@someone`, media: [shelf.photo] });
      await world.strikeCommit(fault);
      const attempt = await run(draft, 1500);
      expect(attempt.outcome.kind).toBe('unknown');
      const looked = await reconcile(attempt);
      expect(looked.kind).toBe('found');
      if (looked.kind === 'found') await expectOpens(looked.evidence);
      expect(await world.connector.reconcile(session(), draft, null, attempt.since)).toEqual(looked);
      expect(await timesShown(draft.text.slice(0, 41))).toBe(1);
    });

    it('is found by its text alone, too', async () => {
      const draft = draftOf({ text: `Text ${randomUUID()} <b> & "quotes" https://example.com/x` });
      await world.strikeCommit({ when: 'applied', action: 'drop' });
      const attempt = await run(draft);
      expect(attempt.outcome.kind).toBe('unknown');
      expect((await reconcile(attempt)).kind).toBe('found');
    });

    it.each([
      ['the connection breaks before anything happened', { when: 'received', action: 'drop' }],
      ['the platform answers 500 and did nothing', { when: 'received', action: 'status', status: 500 }],
    ] as const)('%s: absent, and the next attempt publishes once', async (_name, fault) => {
      const draft = draftOf({ text: `Absent ${randomUUID()}` });
      await world.strikeCommit(fault);
      const attempt = await run(draft);
      expect(attempt.outcome.kind).toBe('unknown');
      expect(await reconcile(attempt)).toEqual({ kind: 'absent' });
      expect(await timesShown(draft.text)).toBe(0);
      const again = { ...attempt, outcome: await world.connector.commit(session(), draft, attempt.prepared) };
      await expectOpens(await evidenceOf(again));
      expect(await timesShown(draft.text)).toBe(1);
    });

    it('does not take an earlier post with the same text for this one', async () => {
      const text = `Good morning ${randomUUID()}`;
      const first = await evidenceOf(await run(draftOf({ text })));
      await world.strikeCommit({ when: 'received', action: 'drop' });
      const second = await run(draftOf({ text }));
      expect(await reconcile(second, { knownPostIds: [first.platformPostId] })).toEqual({ kind: 'absent' });
    });

    it('stays one post even when the committing call is made twice', async () => {
      const draft = draftOf({ text: `Twice ${randomUUID()}` });
      const first = await run(draft);
      const evidence = await evidenceOf(first);
      const second = { ...first, outcome: await world.connector.commit(session(), draft, first.prepared) };
      expect(['published', 'unknown']).toContain(second.outcome.kind);
      const known = second.outcome.kind === 'published' ? second.outcome : await reconcile(second);
      expect(known).toMatchObject({ evidence: { platformPostId: evidence.platformPostId } });
      expect(await timesShown(draft.text)).toBe(1);
    });

    it(declared.noServer ?? 'was never sent when the platform cannot be reached, which is no riddle', async () => {
      if (declared.noServer !== undefined) return expect(credentials.baseUrl).toBe('');
      const draft = draftOf({ text: `Away ${randomUUID()}` });
      const prepared = await preparedOf(draft);
      const away = await closedOrigin();
      const elsewhere = createPlatformHttp({ trustedOrigins: [away] });
      const nowhere = { ...session(), http: elsewhere, credentials: { ...credentials, baseUrl: away } };
      expect(await world.connector.commit(nowhere, draft, prepared)).toMatchObject({
        kind: 'failed',
        class: 'retry-later',
        code: 'not_sent',
      });
      expect((await world.connector.reconcile(nowhere, draft, prepared, new Date().toISOString())).kind).toBe(
        'cannot-tell',
      );
    });
  });

  describe('too many calls', () => {
    it(declared.noLimits ?? 'waits as long as the platform says', async () => {
      if (declared.noLimits !== undefined) return expect(world.connector.capabilities.postsPerDay).toBeNull();
      const draft = draftOf({ text: `Limited ${randomUUID()}` });
      const prepared = await preparedOf(draft);
      await world.limitCommits();
      try {
        const refused = await world.connector.commit(session(), draft, prepared);
        expect(refused).toMatchObject({ kind: 'failed', class: 'rate-limited' });
        if (refused.kind === 'failed' && declared.noReset === undefined) {
          expect(refused.retryAfterS).toBeGreaterThan(0);
          expect(refused.retryAfterS).toBeLessThanOrEqual(86_400);
        }
      } finally {
        await world.liftLimits();
      }
      expect(await timesShown(draft.text)).toBe(0);
    });
  });

  describe('afterwards', () => {
    it('counts what others did with the post', async () => {
      const { platformPostId } = await evidenceOf(await run(draftOf({ text: `Liked ${randomUUID()}` })));
      await world.engage(platformPostId);
      const deadline = Date.now() + 10_000;
      let counted = await world.connector.metrics(session(), platformPostId);
      while (Date.now() < deadline && !(counted.kind === 'metrics' && counted.metrics.comments === 1)) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        counted = await world.connector.metrics(session(), platformPostId);
      }
      expect(counted).toMatchObject({ kind: 'metrics', metrics: { likes: 1, comments: 1, shares: 0 } });
      if (counted.kind !== 'metrics') return;
      for (const [name, value] of Object.entries(counted.metrics)) {
        const declaredMetric = world.connector.capabilities.metrics.some((metric) => metric === name);
        expect([name, value !== null]).toEqual([name, declaredMetric]);
      }
    });

    it('takes the post away again', async () => {
      const draft = draftOf({ text: `Removed ${randomUUID()}` });
      const { platformPostId } = await evidenceOf(await run(draft));
      expect(await world.connector.remove?.(session(), platformPostId)).toEqual({ kind: 'removed' });
      expect(await timesShown(draft.text)).toBe(0);
    });
  });

  describe('a token that no longer works', () => {
    it(declared.noTokens ?? 'is renewed or asks for its owner, and names neither itself nor a secret', async () => {
      if (declared.noTokens !== undefined) return expect(world.connector.capabilities.connect).toBe('none');
      const draft = draftOf({ text: `Token ${randomUUID()}` });
      const prepared = await preparedOf(draft);
      const spoilt = await world.spoilToken();
      credentials = spoilt.credentials;
      const refused = await world.connector.commit(session(), draft, prepared);
      expect(refused).toMatchObject({ kind: 'failed', class: 'reauthorize' });
      expect(JSON.stringify(refused)).not.toContain(credentials.accessToken);
      // Refused before it is read to the end: the answer often gets lost.
      for (const media of [[shelf.photo], [shelf.large]]) {
        const upload = await world.connector.prepare(session(), draftOf({ text: 'upload', media }), null);
        expect(upload).toMatchObject({ kind: 'failed', class: 'reauthorize' });
      }
      credentials = spoilt.mend === 'sign-in' ? await world.signIn() : await refreshed();
      const again = await world.connector.commit(session(), draft, prepared);
      await evidenceOf({ draft, prepared, since: draft.dueAt, outcome: again });
      expect(await timesShown(draft.text)).toBe(1);
    });

    async function refreshed(): Promise<Credentials> {
      const renewed = await world.connector.refresh?.(session());
      if (renewed?.kind !== 'refreshed') throw new Error(`not refreshed: ${JSON.stringify(renewed)}`);
      expect(renewed.accessToken).not.toBe(credentials.accessToken);
      return { ...credentials, accessToken: renewed.accessToken, refreshToken: renewed.refreshToken };
    }
  });
}

function draftOf({ text, media = [] }: { text: string; media?: readonly MediaItem[] }): Draft {
  const publicationId = randomUUID();
  return {
    publicationId,
    text,
    media,
    options: {},
    idempotencyKey: createHash('sha256').update(publicationId).digest('hex'),
    dueAt: new Date().toISOString(),
  };
}

/** An origin at which nobody listens. */
async function closedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}
