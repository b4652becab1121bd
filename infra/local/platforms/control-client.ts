/** Typed client of the control calls, for tests, the demo and the kill test. */
import { z } from 'zod';
import { type PlatformFaultInput, platformName, type SimulatedPlatform } from './faults.ts';
import { type PublishedPost, publishedPost } from './published-post.ts';
import type { MastodonSettings, ThreadsSettings } from './settings.ts';

const simulatedUser = z.object({ id: z.string(), username: z.string(), password: z.string() });
const blueskyAccount = z.object({
  did: z.string(),
  handle: z.string(),
  email: z.string(),
  password: z.string(),
  appPassword: z.string(),
});
const health = z.object({ instance: z.string(), pid: z.int(), bluesky: z.string().nullable() });
const mastodonMember = z.object({ username: z.string(), accessToken: z.string() });
const threadsMember = mastodonMember.extend({ userId: z.string() });
const seenRequest = z.object({
  at: z.string(),
  platform: platformName,
  route: z.string(),
  status: z.int().nullable(),
  request: z.string().nullable(),
  answer: z.string().nullable(),
});
export type SeenRequest = z.output<typeof seenRequest>;
const token = z.object({ accessToken: z.string() });

export type SimulatedUser = z.output<typeof simulatedUser>;
export type BlueskyLogin = z.output<typeof blueskyAccount>;

export interface NewUser {
  readonly username?: string;
  readonly password?: string;
  readonly displayName?: string;
}

export interface PlatformsClient {
  readonly origin: string;
  /** `bluesky` is null when it runs, else one line. Rejects when there is no answer within 2 s: they hang. */
  health(): Promise<z.output<typeof health>>;
  createUser(platform: 'mastodon' | 'threads', user?: NewUser): Promise<SimulatedUser>;
  createBlueskyAccount(account?: { handle?: string }): Promise<BlueskyLogin>;
  /** A token without the OAuth screen. Mastodon: `read write profile`; Threads: all permissions, long-lived. */
  issueToken(
    platform: 'mastodon' | 'threads',
    request: { username: string; scopes?: readonly string[]; kind?: 'short' | 'long' },
  ): Promise<string>;
  revokeTokens(platform: 'mastodon' | 'threads', username: string): Promise<void>;
  expireThreadsTokens(username: string): Promise<void>;
  restrictThreadsUser(username: string, restricted: boolean): Promise<void>;
  disableMastodonUser(username: string, disabled: boolean): Promise<void>;
  revokeBlueskyAppPasswords(did: string): Promise<void>;
  registerThreadsRedirects(uris: readonly string[]): Promise<void>;
  setThreadsLikes(mediaId: string, count: number): Promise<void>;
  setThreadsViews(mediaId: string, count: number): Promise<void>;
  configureMastodon(change: Partial<MastodonSettings>): Promise<void>;
  configureThreads(change: Partial<ThreadsSettings>): Promise<void>;
  armFault(fault: PlatformFaultInput): Promise<void>;
  /** With the count of times each has struck. */
  faults(): Promise<readonly { route: string; action: string; struck: number }[]>;
  /** Disarms all and forgets the requests seen. */
  clearFaults(): Promise<void>;
  requests(): Promise<z.output<typeof seenRequest>[]>;
  /** Everything that is public there now, oldest first within a platform. */
  posts(platform?: SimulatedPlatform): Promise<PublishedPost[]>;
  /** Other users with tokens: the same ones on each call. */
  mastodonCrowd(count: number): Promise<z.output<typeof mastodonMember>[]>;
  threadsCrowd(count: number): Promise<z.output<typeof threadsMember>[]>;
  blueskyCrowd(count: number): Promise<BlueskyLogin[]>;
  /** Forgets everything of these platforms, all by default; Bluesky's PDS starts anew. */
  reset(platforms?: readonly SimulatedPlatform[]): Promise<void>;
}

const healthTimeoutMs = 2_000;

/** Calls reject with the status and the words of the control call. */
export function createPlatformsClient(controlOrigin: string): PlatformsClient {
  const call = <Schema extends z.ZodType>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    answer: Schema,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<z.output<Schema>> => request(`${controlOrigin}/_control/${path}`, method, answer, body, signal);
  const post = async (path: string, body: unknown): Promise<void> => {
    await call('POST', path, z.unknown(), body);
  };
  return {
    origin: controlOrigin,
    health: () => call('GET', 'health', health, undefined, AbortSignal.timeout(healthTimeoutMs)),
    createUser: (platform, user = {}) => call('POST', `${platform}/users`, simulatedUser, user),
    createBlueskyAccount: (account = {}) => call('POST', 'bluesky/accounts', blueskyAccount, account),
    issueToken: async (platform, wanted) => (await call('POST', `${platform}/tokens`, token, wanted)).accessToken,
    revokeTokens: (platform, username) => post(`${platform}/tokens/revoke`, { username }),
    expireThreadsTokens: (username) => post('threads/tokens/expire', { username }),
    restrictThreadsUser: (username, restricted) => post('threads/users/restrict', { username, restricted }),
    disableMastodonUser: (username, disabled) => post('mastodon/users/disable', { username, disabled }),
    revokeBlueskyAppPasswords: (did) => post('bluesky/app-passwords/revoke', { did }),
    registerThreadsRedirects: (uris) => post('threads/redirect-uris', { uris }),
    setThreadsLikes: (mediaId, count) => post(`threads/${mediaId}/likes`, { count }),
    setThreadsViews: (mediaId, count) => post(`threads/${mediaId}/views`, { count }),
    configureMastodon: (change) => post('mastodon/settings', change),
    configureThreads: (change) => post('threads/settings', change),
    armFault: (fault) => post('faults', fault),
    faults: () => call('GET', 'faults', z.array(z.object({ route: z.string(), action: z.string(), struck: z.int() }))),
    clearFaults: async () => {
      await call('DELETE', 'faults', z.unknown());
    },
    requests: () => call('GET', 'requests', z.array(seenRequest)),
    posts: (platform) =>
      call('GET', platform === undefined ? 'posts' : `posts?platform=${platform}`, z.array(publishedPost)),
    mastodonCrowd: (count) => call('POST', 'mastodon/crowd', z.array(mastodonMember), { count }),
    threadsCrowd: (count) => call('POST', 'threads/crowd', z.array(threadsMember), { count }),
    blueskyCrowd: (count) => call('POST', 'bluesky/crowd', z.array(blueskyAccount), { count }),
    reset: (platforms) => post('reset', platforms === undefined ? {} : { platforms }),
  };
}

async function request<Schema extends z.ZodType>(
  url: string,
  method: string,
  answer: Schema,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<z.output<Schema>> {
  const response = await fetch(url, {
    method,
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`control call ${method} ${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return answer.parse(text === '' ? null : JSON.parse(text));
}

/**
 * Does what a person does on the OAuth screen: opens it, fills in the form, allows or denies.
 * Returns the URL that the platform redirects to, fragment included; rejects when the screen shows an error instead.
 */
export async function completeOauth(
  authorizeUrl: string,
  person: { readonly username: string; readonly password: string; readonly decision?: 'allow' | 'deny' },
): Promise<string> {
  const opened = await fetch(authorizeUrl, { redirect: 'manual' });
  const early = opened.headers.get('location');
  if (early !== null) return early;
  const page = await opened.text();
  if (!opened.ok) throw new Error(`the OAuth screen answered ${opened.status}: ${textOf(page)}`);
  const action = /<form[^>]*action="([^"]*)"/.exec(page)?.[1];
  if (action === undefined) throw new Error('the OAuth screen has no form');
  const form = new URLSearchParams();
  for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
    form.set(unescapeHtml(name ?? ''), unescapeHtml(value ?? ''));
  }
  form.set('username', person.username);
  form.set('password', person.password);
  form.set('decision', person.decision ?? 'allow');
  const decided = await fetch(new URL(unescapeHtml(action), authorizeUrl), {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  const location = decided.headers.get('location');
  if (location === null) {
    throw new Error(`the OAuth screen answered ${decided.status}: ${textOf(await decided.text())}`);
  }
  return location;
}

function textOf(page: string): string {
  const body = page.replace(/<style>[\s\S]*?<\/style>/g, '').replace(/<[^>]*>/g, ' ');
  return body.replace(/\s+/g, ' ').trim().slice(0, 300);
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
