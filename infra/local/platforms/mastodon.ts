/**
 * A Mastodon instance (API of the 4.6 era) as strict as the real one where a publisher can meet it: OAuth with PKCE,
 * media, statuses with idempotency, counts, rate limits. What a real instance also does and nobody here asks for
 * (federation, timelines, polls, streaming) answers 404 or 422.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformFaults } from './faults.ts';
import { escapeHtml, html, page } from './html.ts';
import { type Answer, type Incoming, type Route, type RunningServer, serve } from './http-server.ts';
import { authenticate, limited, refuse } from './mastodon-auth.ts';
import {
  descriptionLimit,
  imageMatrixLimit,
  imageSizeLimit,
  imageTypes,
  mastodonMediaRoutes,
  videoSizeLimit,
  videoTypes,
} from './mastodon-media.ts';
import { mastodonOauthRoutes } from './mastodon-oauth.ts';
import { mastodonReactionRoutes } from './mastodon-reactions.ts';
import { mastodonStatusRoutes, maxMedia, visibleStatus } from './mastodon-statuses.ts';
import { createIds, findUser, type Mastodon, mastodonSchema, mediaOf } from './mastodon-store.ts';
import { charactersPerUrl, maxCharacters, toHtml } from './mastodon-text.ts';
import { accountView, mediaView } from './mastodon-views.ts';
import { createRateWindows } from './rate-window.ts';
import { keepSettings, mastodonSettings } from './settings.ts';
import { openStore } from './store.ts';

export interface RunningMastodon extends RunningServer {
  readonly mastodon: Mastodon;
}

export async function startMastodon(options: {
  dataDir: string;
  port: number;
  faults: PlatformFaults;
  log: (line: string) => void;
}): Promise<RunningMastodon> {
  const store = openStore(join(options.dataDir, 'mastodon.sqlite'), mastodonSchema);
  const filesDir = join(options.dataDir, 'files');
  mkdirSync(filesDir, { recursive: true });
  const settings = keepSettings(store, mastodonSettings);
  const now = (): number => Date.now() + settings.get().clockOffsetMs;
  let origin = '';
  const mastodon: Mastodon = {
    store,
    settings,
    windows: createRateWindows(),
    filesDir,
    origin: () => origin,
    now,
    nextId: createIds(now),
  };
  const server = await serve({
    routes: routesOf(mastodon),
    port: options.port,
    faults: { platform: 'mastodon', faults: options.faults },
    notFound: { status: 404, body: { error: 'Not Found' } },
    broken: { status: 500, body: { error: 'Internal Server Error' } },
    maxBodyBytes: 110_000_000,
    log: (line) => options.log(`mastodon: ${line}`),
  });
  origin = server.origin;
  const close = async (): Promise<void> => {
    await server.close();
    store.close();
  };
  return { ...server, close, mastodon };
}

function routesOf(mastodon: Mastodon): Route[] {
  const own: Route[] = [
    {
      method: 'GET',
      path: '/api/v1/accounts/verify_credentials',
      handle: (incoming) => verifyCredentials(mastodon, incoming),
    },
    { method: 'GET', path: '/api/v2/instance', handle: () => instance(mastodon) },
    { method: 'GET', path: '/@{username}/{id}', handle: (incoming) => publicPage(mastodon, incoming) },
  ];
  const all = [
    ...own,
    ...mastodonOauthRoutes(mastodon),
    ...mastodonMediaRoutes(mastodon),
    ...mastodonStatusRoutes(mastodon),
    ...mastodonReactionRoutes(mastodon),
  ];
  return all.map((route) => (route.path.startsWith('/api/') ? limited(mastodon, route) : route));
}

function verifyCredentials(mastodon: Mastodon, incoming: Incoming): Answer {
  const { user } = authenticate(mastodon, incoming, ['profile', 'read:accounts']);
  const source = {
    privacy: 'public',
    sensitive: false,
    language: null,
    note: '',
    fields: [],
    follow_requests_count: 0,
  };
  return { status: 200, body: { ...accountView(mastodon, user), source } };
}

function instance(mastodon: Mastodon): Answer {
  return {
    status: 200,
    body: {
      domain: new URL(mastodon.origin()).host,
      title: 'Mastodon (simulated)',
      version: '4.6.0',
      source_url: 'https://github.com/mastodon/mastodon',
      description: '',
      usage: { users: { active_month: 0 } },
      languages: ['en'],
      registrations: { enabled: false, approval_required: false, message: null },
      api_versions: { mastodon: 8 },
      configuration: {
        urls: {},
        accounts: { max_featured_tags: 10, max_pinned_statuses: 5 },
        statuses: {
          max_characters: maxCharacters,
          max_media_attachments: maxMedia,
          characters_reserved_per_url: charactersPerUrl,
        },
        media_attachments: {
          supported_mime_types: [...imageTypes, ...videoTypes],
          description_limit: descriptionLimit,
          image_size_limit: imageSizeLimit,
          image_matrix_limit: imageMatrixLimit,
          video_size_limit: videoSizeLimit,
          video_frame_rate_limit: 120,
          video_matrix_limit: 8_294_400,
        },
        polls: { max_options: 4, max_characters_per_option: 50, min_expiration: 300, max_expiration: 2_629_746 },
      },
      rules: [],
    },
  };
}

function publicPage(mastodon: Mastodon, incoming: Incoming): Answer {
  const status = visibleStatus(mastodon, incoming.params.id ?? '', null);
  const author = status === null ? null : findUser(mastodon, status.user_id);
  if (status === null || author === null || author.username !== incoming.params.username)
    throw refuse(404, 'Not Found');
  const media = mediaOf(mastodon, status.id).map((entry) => {
    const url = escapeHtml(String(mediaView(mastodon, entry).url));
    const alt = escapeHtml(entry.description ?? '');
    return entry.kind === 'image'
      ? `<img src="${url}" alt="${alt}">`
      : `<video src="${url}" controls title="${alt}"></video>`;
  });
  const when = new Date(status.created_ms).toISOString();
  return html(
    200,
    page(
      `${author.display_name} on Mastodon`,
      `<article><h1>${escapeHtml(author.display_name)} <small>@${escapeHtml(author.username)}</small></h1>
${toHtml(status.text, mastodon.origin())}${media.join('')}<p><time datetime="${when}">${when}</time></p></article>`,
    ),
  );
}
