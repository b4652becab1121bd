/** The judge's side: JSON under `/_control`, on 127.0.0.1 alone. Creates users, arms faults, tells what was published. */
import { z } from 'zod';
import type { RunningBluesky } from './bluesky.ts';
import { bodyOf, crowdRequest, ok, type PlatformControl } from './control-call.ts';
import { mastodonControl } from './control-mastodon.ts';
import { threadsControl } from './control-threads.ts';
import { type PlatformFaults, platformFault, platformName } from './faults.ts';
import { type Route, type RunningServer, serve } from './http-server.ts';
import type { Mastodon } from './mastodon-store.ts';
import type { Threads } from './threads-store.ts';

export interface ControlParts {
  readonly instance: string;
  readonly mastodon: Mastodon;
  readonly threads: Threads;
  readonly bluesky: RunningBluesky;
  readonly faults: PlatformFaults;
}

export async function startControl(
  parts: ControlParts,
  port: number,
  log: (line: string) => void,
): Promise<RunningServer> {
  const controls = { mastodon: mastodonControl(parts.mastodon), threads: threadsControl(parts.threads) };
  const routes = [
    ...controls.mastodon.routes,
    ...controls.threads.routes,
    ...blueskyRoutes(parts.bluesky),
    ...faultRoutes(parts.faults),
    ...sharedRoutes(parts, controls),
  ];
  return serve({
    routes: routes.map(guarded),
    port,
    notFound: { status: 404, body: { error: 'no such control call' } },
    broken: { status: 500, body: { error: 'the control call failed, see platforms.log' } },
    maxBodyBytes: 1_000_000,
    log: (line) => log(`control: ${line}`),
  });
}

/** Foreign host names are refused, so that no web page reaches this by DNS; malformed bodies answer 422. */
function guarded(route: Route): Route {
  return {
    ...route,
    handle: async (incoming) => {
      const host = (incoming.headers.host ?? '').replace(/:\d+$/, '');
      if (host !== '127.0.0.1' && host !== 'localhost') return { status: 403, body: { error: 'only on this machine' } };
      try {
        return await route.handle(incoming);
      } catch (error) {
        if (error instanceof z.ZodError) return { status: 422, body: { error: z.prettifyError(error) } };
        throw error;
      }
    },
  };
}

const accountRequest = z.strictObject({ handle: z.string().optional() });

function blueskyRoutes(bluesky: RunningBluesky): Route[] {
  return [
    {
      method: 'POST',
      path: '/_control/bluesky/accounts',
      handle: async (incoming) => ok(await bluesky.createAccount(bodyOf(incoming, accountRequest))),
    },
    {
      method: 'POST',
      path: '/_control/bluesky/crowd',
      handle: async (incoming) => {
        const { count } = bodyOf(incoming, crowdRequest);
        while (bluesky.crowd().length < count) await bluesky.createAccount({ crowd: true });
        return ok(bluesky.crowd().slice(0, count));
      },
    },
    {
      method: 'POST',
      path: '/_control/bluesky/app-passwords/revoke',
      handle: async (incoming) => {
        await bluesky.revokeAppPasswords(bodyOf(incoming, z.strictObject({ did: z.string() })).did);
        return ok();
      },
    },
  ];
}

function faultRoutes(faults: PlatformFaults): Route[] {
  return [
    {
      method: 'POST',
      path: '/_control/faults',
      handle: (incoming) => {
        faults.arm(bodyOf(incoming, platformFault));
        return ok();
      },
    },
    { method: 'GET', path: '/_control/faults', handle: () => ok(faults.armed()) },
    {
      method: 'DELETE',
      path: '/_control/faults',
      handle: () => {
        faults.clear();
        return ok();
      },
    },
    { method: 'GET', path: '/_control/requests', handle: () => ok(faults.seen()) },
  ];
}

const simulated = z.enum(['mastodon', 'threads']);
const resetRequest = z.strictObject({ platforms: z.array(platformName).default(['mastodon', 'threads', 'bluesky']) });

function sharedRoutes(
  parts: ControlParts,
  controls: Readonly<Record<z.output<typeof simulated>, PlatformControl>>,
): Route[] {
  return [
    {
      method: 'GET',
      path: '/_control/health',
      handle: () => ok({ instance: parts.instance, pid: process.pid, bluesky: parts.bluesky.unavailable() }),
    },
    {
      method: 'POST',
      path: '/_control/{platform}/settings',
      handle: (incoming) => {
        const platform = simulated.parse(incoming.params.platform);
        return ok(controls[platform].settings(bodyOf(incoming, z.unknown())));
      },
    },
    {
      method: 'GET',
      path: '/_control/posts',
      handle: async (incoming) => {
        const wanted = incoming.url.searchParams.get('platform');
        const only = wanted === null ? null : platformName.parse(wanted);
        const posts: unknown[] = [];
        if (only === null || only === 'mastodon') posts.push(...controls.mastodon.posts());
        if (only === null || only === 'threads') posts.push(...controls.threads.posts());
        if (only === null || only === 'bluesky') posts.push(...(await parts.bluesky.posts()));
        return ok(posts);
      },
    },
    {
      method: 'POST',
      path: '/_control/reset',
      handle: async (incoming) => {
        const { platforms } = bodyOf(incoming, resetRequest);
        if (platforms.includes('mastodon')) controls.mastodon.reset();
        if (platforms.includes('threads')) controls.threads.reset();
        if (platforms.includes('bluesky')) await parts.bluesky.reset();
        parts.faults.clear();
        return ok();
      },
    },
  ];
}
