/** Four accounts on four platforms, connected as a person would: an app password, and two consent screens. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { PlatformOrigins } from '../options.ts';
import { completeOauth, createPlatformsClient } from '../platforms/control-client.ts';
import type { Api } from './api.ts';

const account = z.object({ id: z.string(), platform: z.string(), handle: z.string() });
export type Account = z.output<typeof account>;

const connected = z.object({ status: z.literal('connected'), account });
const authorize = z.object({ status: z.literal('authorize'), authorizeUrl: z.string() });
const accounts = z.object({ data: z.array(account) });

export interface Connected {
  readonly community: Account;
  readonly mastodon: Account;
  readonly threads: Account & { readonly username: string };
  /** Null where the PDS cannot run. */
  readonly bluesky: (Account & { readonly did: string }) | null;
}

export async function connectAccounts(
  api: Api,
  projectId: string,
  origins: PlatformOrigins,
  withBluesky: boolean,
): Promise<Connected> {
  const control = createPlatformsClient(origins.control);
  const suffix = randomBytes(3).toString('hex');
  const community = await api.call('POST', '/v1/accounts', connected, {
    projectId,
    platform: 'community',
    handle: `demo-${suffix}`,
  });
  const byScreen = async (platform: 'mastodon' | 'threads', body: object) => {
    const person = await control.createUser(platform, { username: `demo${suffix}` });
    const { authorizeUrl } = await api.call('POST', '/v1/accounts', authorize, { projectId, platform, ...body });
    const callback = await fetch(await completeOauth(authorizeUrl, person));
    if (!callback.ok)
      throw new Error(`the ${platform} callback answered ${callback.status}: ${(await callback.text()).slice(0, 300)}`);
    const { data } = await api.call('GET', `/v1/accounts?projectId=${projectId}&platform=${platform}`, accounts);
    const [found] = data;
    if (found === undefined) throw new Error(`the ${platform} account is not in the list`);
    return { ...found, username: person.username };
  };
  const mastodon = await byScreen('mastodon', { baseUrl: origins.mastodon });
  const threads = await byScreen('threads', {});
  if (!withBluesky) return { community: community.account, mastodon, threads, bluesky: null };
  const login = await control.createBlueskyAccount();
  const bluesky = await api.call('POST', '/v1/accounts', connected, {
    projectId,
    platform: 'bluesky',
    baseUrl: origins.bluesky,
    identifier: login.handle,
    appPassword: login.appPassword,
  });
  return { community: community.account, mastodon, threads, bluesky: { ...bluesky.account, did: login.did } };
}
