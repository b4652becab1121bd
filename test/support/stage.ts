/** Publishing on the outside platforms: accounts connected as people do it, and the platforms' own word on what happened. */

import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { SeenRequest } from '../../infra/local/platforms/control-client.ts';
import { completeOauth } from '../../infra/local/platforms/control-client.ts';
import type { PlatformFaultInput } from '../../infra/local/platforms/faults.ts';
import type { PublishedPost } from '../../infra/local/platforms/published-post.ts';
import { Connection } from '../../shared/accounts/shapes.ts';
import { createProject, type Person, registerUser } from './people.ts';
import { createPost, eventually, getPublication } from './posts.ts';
import { beginSignIn, connectByScreen, followCallback, openSocialWorld, type SocialWorld } from './social.ts';

export type Outside = 'bluesky' | 'mastodon' | 'threads';
export const outside: readonly Outside[] = ['bluesky', 'mastodon', 'threads'];

/** The calls that matter, as the platforms' fault points and request logs name them. */
export const routes = {
  bluesky: {
    upload: 'POST /xrpc/com.atproto.repo.uploadBlob',
    commit: 'POST /xrpc/com.atproto.repo.createRecord',
    look: 'GET /xrpc/com.atproto.repo.getRecord',
    refresh: 'POST /xrpc/com.atproto.server.refreshSession',
  },
  mastodon: {
    upload: 'POST /api/v2/media',
    commit: 'POST /api/v1/statuses',
    look: 'GET /api/v1/accounts/{id}/statuses',
    refresh: 'none',
  },
  threads: {
    upload: 'POST /v1.0/{user}/threads',
    commit: 'POST /v1.0/{user}/threads_publish',
    look: 'GET /v1.0/{user}/threads',
    refresh: 'GET /refresh_access_token',
  },
} as const;

export type Step = 'upload' | 'commit' | 'look' | 'refresh';
type Publication = Awaited<ReturnType<typeof getPublication>>;

export interface ConnectedAccount {
  readonly id: string;
  readonly projectId: string;
  readonly platform: Outside;
  /** Username, or DID on Bluesky. */
  readonly name: string;
  /** Signs in once more, as the same person; returns the id of the account. */
  reconnect(): Promise<string>;
}

export interface Stage {
  readonly world: SocialWorld;
  readonly owner: Person;
  /** A new user of the platform, in a project of its own. */
  connect(platform: Outside): Promise<ConnectedAccount>;
  /** Schedules a post on the one account; its text is unique. */
  publish(account: ConnectedAccount, change?: Record<string, unknown>): Promise<string>;
  read(publicationId: string): Promise<Publication>;
  until(publicationId: string, done: (one: Publication) => boolean, withinMs?: number): Promise<Publication>;
  published(publicationId: string, withinMs?: number): Promise<Publication>;
  /** What the account shows, oldest first. */
  shown(account: ConnectedAccount): Promise<PublishedPost[]>;
  /** The calls of one kind that the platform has seen since the last test. */
  calls(platform: Outside, step: Step): Promise<SeenRequest[]>;
  strike(platform: Outside, step: Step, fault: Omit<PlatformFaultInput, 'platform' | 'route'>): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const world = await openSocialWorld({ workers: true, bluesky: true });
  const health = await world.platforms.health();
  if (health.bluesky !== null) throw new Error(health.bluesky);
  const owner = await registerUser(world, 'Olivia Owner');
  const read = (publicationId: string) => getPublication(world, owner, publicationId);
  const until: Stage['until'] = (publicationId, done, withinMs = 25_000) =>
    eventually(() => read(publicationId), done, withinMs);
  return {
    world,
    owner,
    read,
    until,
    connect: (platform) => connect(world, owner, platform),
    publish: async (account, change = {}) => {
      const post = await createPost(world, owner, {
        projectId: account.projectId,
        text: `Hello ${randomUUID()}`,
        schedule: { type: 'now' },
        publications: [{ accountId: account.id }],
        ...change,
      });
      const [publication] = post.publications;
      if (publication === undefined) throw new Error('a post has a publication');
      return publication.id;
    },
    published: (publicationId, withinMs) => until(publicationId, ({ state }) => state === 'published', withinMs),
    shown: async ({ platform, name }) =>
      (await world.platforms.posts(platform)).filter((post) => post.account === name),
    calls: async (platform, step) =>
      (await world.platforms.requests()).filter(
        (request) => request.platform === platform && request.route === routes[platform][step],
      ),
    strike: (platform, step, fault) => world.platforms.armFault({ platform, route: routes[platform][step], ...fault }),
    close: world.close,
  };
}

/** As the person does it in the settings of the account. */
async function newAppPassword(
  origin: string,
  { handle, password }: { handle: string; password: string },
): Promise<string> {
  const ask = async <S extends z.ZodType>(method: string, body: unknown, answer: S, token?: string) => {
    const response = await fetch(`${origin}/xrpc/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    return answer.parse(await response.json());
  };
  const session = { identifier: handle, password };
  const { accessJwt } = await ask('com.atproto.server.createSession', session, z.object({ accessJwt: z.string() }));
  const made = z.object({ password: z.string() });
  return (await ask('com.atproto.server.createAppPassword', { name: 'again' }, made, accessJwt)).password;
}

async function connect(world: SocialWorld, owner: Person, platform: Outside): Promise<ConnectedAccount> {
  const { id: projectId } = await createProject(world, owner);
  if (platform === 'bluesky') {
    const login = await world.platforms.createBlueskyAccount();
    const signIn = async (appPassword: string) => {
      const answer = await world.call('POST', '/v1/accounts', {
        token: owner.token,
        json: {
          projectId,
          platform,
          baseUrl: world.origins.bluesky,
          identifier: login.handle,
          appPassword,
        },
      });
      const connection = answer.json(Connection);
      if (connection.status !== 'connected') throw new Error('an app password connects at once');
      return connection.account.id;
    };
    // Its app passwords may be what was taken away.
    const reconnect = async () => signIn(await newAppPassword(world.origins.bluesky, login));
    return { id: await signIn(login.appPassword), projectId, platform, name: login.did, reconnect };
  }
  const account = await connectByScreen(world, owner, { platform, projectId });
  const reconnect = async () => {
    const origin = platform === 'mastodon' ? { baseUrl: world.origins.mastodon } : {};
    const screen = await beginSignIn(world, owner, { projectId, platform, ...origin });
    const page = await followCallback(world, await completeOauth(screen, account));
    if (page.status !== 200) throw new Error(page.text);
    const listed = await world.sql(
      'select id from social_accounts where project_id = $1 and platform_account_id = $2',
      [projectId, account.platformAccountId],
    );
    if (listed.length !== 1) throw new Error(`${listed.length} accounts of one person`);
    return String(listed[0]?.id);
  };
  return { id: account.id, projectId, platform, name: account.username, reconnect };
}
