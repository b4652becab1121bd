/** A world with the platforms beside it: simulators and PDS of this test file's own, which the functions may call. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  completeOauth,
  createPlatformsClient,
  type PlatformsClient,
} from '../../infra/local/platforms/control-client.ts';
import { type Platforms, startPlatforms } from '../../infra/local/platforms/process.ts';
import { Account, Connection } from '../../shared/accounts/shapes.ts';
import type { Answer } from './call.ts';
import type { Person } from './people.ts';
import { testServer } from './postgres.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

export interface SocialWorld extends World {
  readonly platforms: PlatformsClient;
  readonly origins: Platforms['origins'];
}

/** `bluesky: true` also starts the PDS, which takes seconds. */
export async function openSocialWorld(
  options: WorldOptions & { readonly bluesky?: boolean } = {},
): Promise<SocialWorld> {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'posthaste-platforms-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true }));
  const platforms = await startPlatforms({ dataDir, bluesky: options.bluesky === true, app: threadsApp() });
  parts.defer(platforms.stop);
  const { origins } = platforms;
  const world = await openWorld({
    ...options,
    platformOrigins: [origins.mastodon, origins.threads, origins.bluesky, origins.appview],
  });
  parts.defer(world.close);
  const client = createPlatformsClient(origins.control);
  await client.registerThreadsRedirects([`${world.origin}/v1/accounts/callback`]);
  const place = 'update platforms set base_url = $2, authorize_url = $2, metrics_url = $3 where name = $1';
  await world.sql(place, ['threads', origins.threads, null]);
  await world.sql(place, ['bluesky', origins.bluesky, origins.appview]);
  const kept = parts.move();
  return { ...world, platforms: client, origins, close: () => kept.disposeAsync() };
}

const secretsFile = z.object({
  secrets: z.array(z.object({ name: z.string(), versions: z.array(z.object({ value: z.string() })) })),
});
const apps = z.object({ threads: z.object({ clientId: z.string(), clientSecret: z.string() }) });

/** The Threads app that the functions find in their secret. */
function threadsApp(): z.output<typeof apps>['threads'] {
  const { secrets } = secretsFile.parse(JSON.parse(testServer().secrets));
  const secret = secrets.find(({ name }) => name === 'posthaste/platformApps');
  return apps.parse(JSON.parse(secret?.versions[0]?.value ?? 'null')).threads;
}

/** Begins a sign-in and returns the address of the platform's screen. */
export async function beginSignIn(world: SocialWorld, person: Person, body: Record<string, unknown>): Promise<string> {
  const answer = await world.call('POST', '/v1/accounts', { token: person.token, json: body });
  const connection = answer.json(Connection);
  if (connection.status !== 'authorize') throw new Error(`no sign-in was begun: ${answer.text}`);
  return connection.authorizeUrl;
}

/** Calls the callback as the browser does that the platform sends back. */
export function followCallback(world: World, address: string): Promise<Answer> {
  const { origin, pathname, search } = new URL(address);
  if (origin !== world.origin) throw new Error(`the platform sends people to ${origin}`);
  return world.call('GET', pathname + search);
}

/** A new user of the platform, connected through its screen. */
export async function connectByScreen(
  world: SocialWorld,
  person: Person,
  request: { readonly platform: 'mastodon' | 'threads'; readonly projectId: string },
): Promise<z.output<typeof Account> & { username: string; password: string }> {
  const user = await world.platforms.createUser(request.platform);
  const screen = await beginSignIn(world, person, {
    ...request,
    ...(request.platform === 'mastodon' && { baseUrl: world.origins.mastodon }),
  });
  const page = await followCallback(world, await completeOauth(screen, user));
  if (page.status !== 200) throw new Error(`the callback answered ${page.text}`);
  const list = await world.call('GET', `/v1/accounts?projectId=${request.projectId}&platform=${request.platform}`, {
    token: person.token,
  });
  const account = list.json(z.object({ data: z.array(z.unknown()) })).data[0];
  return { ...Account.parse(account), username: user.username, password: user.password };
}
