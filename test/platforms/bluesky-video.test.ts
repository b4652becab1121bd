/** Bluesky's video service cannot be had on one machine; this one keeps its rules and hands its blob to a real PDS. */

import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bluesky } from '../../shared/platforms/bluesky/connector.ts';
import type { Credentials, Draft, Prepared, Session } from '../../shared/platforms/connector.ts';
import { createPlatformHttp } from '../../shared/platforms/http.ts';
import type { MediaShelf } from './media-items.ts';
import { openShelf } from './media-items.ts';
import type { RunningPlatforms } from './running.ts';
import { credentialsOf, runPlatforms } from './running.ts';

interface VideoService {
  readonly origin: string;
  outcome: 'completed' | 'failed' | 'no-more-today';
  readonly uploads: string[];
  readonly server: Server;
}

const pollsUntilDone = 2;

/** The blob goes to the account's server with `credentials`, where the real service uses the token of the upload. */
async function startVideoService(credentials: Credentials): Promise<VideoService> {
  const jobs = new Map<string, { polls: number; blob: unknown }>();
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
    answer(request).then(
      ({ status, body }) => send(status, body),
      (error: unknown) => send(500, { error: 'InternalServerError', message: String(error) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const service: VideoService = {
    origin: `http://127.0.0.1:${address.port}`,
    outcome: 'completed',
    uploads: [],
    server,
  };

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const url = new URL(request.url ?? '/', service.origin);
    const method = url.pathname.replace('/xrpc/app.bsky.video.', '');
    if (method === 'getJobStatus')
      return { status: 200, body: { jobStatus: statusOf(url.searchParams.get('jobId') ?? '') } };
    const claims = decodeJwt((request.headers.authorization ?? '').replace('Bearer ', ''));
    if (claims.iss !== credentials.platformAccountId) return { status: 401, body: { error: 'AuthMissing' } };
    if (method === 'getUploadLimits') {
      expect(claims).toMatchObject({
        aud: `did:web:${new URL(service.origin).host}`,
        lxm: 'app.bsky.video.getUploadLimits',
      });
      const canUpload = service.outcome !== 'no-more-today';
      return { status: 200, body: canUpload ? { canUpload } : { canUpload, message: 'Daily limit exceeded' } };
    }
    expect(claims).toMatchObject({
      aud: `did:web:${new URL(credentials.baseUrl).host}`,
      lxm: 'com.atproto.repo.uploadBlob',
    });
    return upload(request, url.searchParams.get('name') ?? '');
  }

  async function upload(request: IncomingMessage, name: string) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    expect(request.headers['content-type']).toBe('video/mp4');
    if (jobs.has(name)) return { status: 409, body: { error: 'already_exists', ...statusOf(name) } };
    const stored = await fetch(`${credentials.baseUrl}/xrpc/com.atproto.repo.uploadBlob`, {
      method: 'POST',
      headers: { authorization: `Bearer ${credentials.accessToken}`, 'content-type': 'video/mp4' },
      body: Buffer.concat(chunks),
    });
    jobs.set(name, { polls: 0, blob: z.object({ blob: z.unknown() }).parse(await stored.json()).blob });
    service.uploads.push(name);
    // The service itself leaves out the wrapper that the lexicon has.
    return { status: 200, body: { jobId: name, did: credentials.platformAccountId, state: 'JOB_STATE_CREATED' } };
  }

  function statusOf(jobId: string): Record<string, unknown> {
    const job = jobs.get(jobId);
    const common = { jobId, did: credentials.platformAccountId };
    if (job === undefined) return { ...common, state: 'JOB_STATE_FAILED', failureCode: 'generic_failure' };
    job.polls += 1;
    if (job.polls <= pollsUntilDone) return { ...common, state: 'JOB_STATE_ENCODING', progress: 50 };
    return service.outcome === 'failed'
      ? { ...common, state: 'JOB_STATE_FAILED', failureCode: 'encoding_failure', message: 'Cannot encode' }
      : { ...common, state: 'JOB_STATE_COMPLETED', blob: job.blob };
  }
  return service;
}

describe('a video on Bluesky’s own hosts', () => {
  let running: RunningPlatforms;
  let shelf: MediaShelf;
  let service: VideoService;
  let session: Session;

  beforeAll(async () => {
    [running, shelf] = await Promise.all([runPlatforms({ bluesky: true }), openShelf()]);
    const baseUrl = running.platforms.origins.bluesky;
    const login = await running.client.createBlueskyAccount();
    const plain = createPlatformHttp({ trustedOrigins: [baseUrl] });
    const request = { http: plain, baseUrl, identifier: login.handle, password: login.appPassword };
    const credentials = credentialsOf(await bluesky.signIn?.(request));
    service = await startVideoService(credentials);
    session = {
      http: createPlatformHttp({ trustedOrigins: [baseUrl, service.origin] }),
      credentials,
      signal: AbortSignal.timeout(60_000),
      videoServiceUrl: service.origin,
    };
  });
  afterAll(async () => {
    await new Promise((resolve) => service?.server.close(resolve));
    await Promise.all([running?.close(), shelf?.close()]);
  });

  const draftOf = (publicationId: string): Draft => ({
    publicationId,
    text: `Film ${publicationId}`,
    media: [shelf.video],
    options: {},
    idempotencyKey: publicationId,
    dueAt: new Date().toISOString(),
  });

  async function prepare(draft: Draft, from: Prepared | null = null) {
    let result = await bluesky.prepare(session, draft, from);
    let waits = 0;
    for (; result.kind === 'waiting' && waits < 10; waits += 1)
      result = await bluesky.prepare(session, draft, result.prepared);
    return { result, waits };
  }

  it('is transcoded first, then published', async () => {
    service.outcome = 'completed';
    const draft = draftOf('film-1');
    const { result, waits } = await prepare(draft);
    if (result.kind !== 'ready') throw new Error(JSON.stringify(result));
    expect(waits).toBe(pollsUntilDone + 1);
    expect((await bluesky.commit(session, draft, result.prepared)).kind).toBe('published');
  });

  it('is not uploaded twice when the first upload was forgotten', async () => {
    service.outcome = 'completed';
    const draft = draftOf('film-2');
    expect((await bluesky.prepare(session, draft, null)).kind).toBe('waiting');
    expect((await prepare(draft)).result.kind).toBe('ready');
    expect(service.uploads.filter((name) => name === 'film-2.mp4')).toHaveLength(1);
  });

  it('is the author’s to change when it cannot be encoded', async () => {
    service.outcome = 'failed';
    const { result } = await prepare(draftOf('film-3'));
    expect(result).toMatchObject({
      kind: 'failed',
      class: 'invalid-content',
      code: 'encoding_failure',
      message: 'Cannot encode',
    });
  });

  it('waits for another day when there are too many', async () => {
    service.outcome = 'no-more-today';
    const { result } = await prepare(draftOf('film-4'));
    expect(result).toMatchObject({ kind: 'failed', class: 'rate-limited', message: 'Daily limit exceeded' });
    expect(service.uploads).not.toContain('film-4.mp4');
  });
});
