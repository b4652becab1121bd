/**
 * Threads (Graph v1.0) as strict as the real one where a publisher can meet it: OAuth with rolling tokens, containers
 * that fetch and process, one publication per container, quotas, insights, Graph's error envelope.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformFaults } from './faults.ts';
import { escapeHtml, html, page } from './html.ts';
import { type Answer, type Incoming, Refusal, type Route, type RunningServer, serve } from './http-server.ts';
import { createRateWindows } from './rate-window.ts';
import { keepSettings, threadsSettings } from './settings.ts';
import { openStore } from './store.ts';
import { graphAnswer, metered } from './threads-auth.ts';
import { childrenOf, containerRoutes } from './threads-containers.ts';
import { fileOfContainer, processVideo, resumeProcessing } from './threads-fetch.ts';
import { threadsOauthRoutes } from './threads-oauth.ts';
import { publishRoutes } from './threads-publish.ts';
import { readRoutes } from './threads-read.ts';
import {
  findContainer,
  findThreadsUser,
  type Threads,
  type ThreadsApp,
  threadsMediaRow,
  threadsSchema,
} from './threads-store.ts';

export interface RunningThreads extends RunningServer {
  readonly threads: Threads;
}

export async function startThreads(options: {
  dataDir: string;
  port: number;
  app: ThreadsApp;
  faults: PlatformFaults;
  log: (line: string) => void;
}): Promise<RunningThreads> {
  const store = openStore(join(options.dataDir, 'threads.sqlite'), threadsSchema);
  const filesDir = join(options.dataDir, 'files');
  mkdirSync(filesDir, { recursive: true });
  const settings = keepSettings(store, threadsSettings);
  let origin = '';
  const running = new Set<Promise<void>>();
  const threads: Threads = {
    store,
    settings,
    windows: createRateWindows(),
    filesDir,
    app: options.app,
    origin: () => origin,
    now: () => Date.now() + settings.get().clockOffsetMs,
    process: (container) => {
      const work: Promise<void> = processVideo(threads, container)
        .catch((error: unknown) => options.log(`threads: processing of ${container.id} broke off: ${String(error)}`))
        .finally(() => running.delete(work));
      running.add(work);
    },
  };
  const server = await serve({
    routes: routesOf(threads),
    port: options.port,
    faults: { platform: 'threads', faults: options.faults },
    notFound: graphAnswer({ message: 'Unknown path components', code: 2500, status: 404 }),
    broken: graphAnswer({ message: 'An unknown error occurred', code: 1, status: 500, transient: true }),
    maxBodyBytes: 1_000_000,
    log: (line) => options.log(`threads: ${line}`),
  });
  origin = server.origin;
  resumeProcessing(threads);
  const close = async (): Promise<void> => {
    await server.close();
    await Promise.race([Promise.allSettled(running), new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    store.close();
  };
  return { ...server, close, threads };
}

function routesOf(threads: Threads): Route[] {
  const graph = [...containerRoutes(threads), ...publishRoutes(threads), ...readRoutes(threads)].map((route) =>
    metered(threads, route),
  );
  return [
    ...threadsOauthRoutes(threads),
    { method: 'GET', path: '/@{username}/post/{shortcode}', handle: (incoming) => publicPage(threads, incoming) },
    { method: 'GET', path: '/_files/{id}', handle: (incoming) => file(threads, incoming.params.id ?? '') },
    // With the version, and without: then the oldest one is meant.
    ...graph.map((route) => ({ ...route, path: `/v1.0${route.path}` })),
    ...graph,
  ];
}

const missing = html(404, page('Not found', '<h1>Sorry, this page is not available</h1>'));

function publicPage(threads: Threads, incoming: Incoming): Answer {
  const sql = 'SELECT * FROM media WHERE shortcode = ? AND deleted_ms IS NULL';
  const media = threads.store.one(threadsMediaRow, sql, incoming.params.shortcode ?? '');
  const owner = media === null ? null : findThreadsUser(threads, media.user_id);
  if (media === null || owner === null || owner.username !== incoming.params.username) throw new Refusal(missing);
  const files = media.file_id === null ? childrenOf(media) : [media.file_id];
  const shown = files.map((id) => element(threads, id)).join('');
  const when = new Date(media.created_ms).toISOString();
  return html(
    200,
    page(
      `${owner.display_name} on Threads`,
      `<article><h1>${escapeHtml(owner.display_name)} <small>@${escapeHtml(owner.username)}</small></h1>
<p style="white-space:pre-wrap">${escapeHtml(media.text)}</p>${shown}
<p><time datetime="${when}">${when}</time> · ${media.likes} likes</p></article>`,
    ),
  );
}

function element(threads: Threads, id: string): string {
  const alt = escapeHtml(findContainer(threads, id)?.alt_text ?? '');
  const isVideo = findContainer(threads, id)?.mime?.startsWith('video/') === true;
  return isVideo
    ? `<video src="/_files/${id}" controls title="${alt}"></video>`
    : `<img src="/_files/${id}" alt="${alt}">`;
}

function file(threads: Threads, id: string): Answer {
  const mime = findContainer(threads, id)?.mime ?? null;
  if (mime === null) throw new Refusal(missing);
  return { status: 200, headers: { 'content-type': mime }, body: readFileSync(fileOfContainer(threads, id)) };
}
