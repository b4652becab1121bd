/** Every route once, as people would use them; create-post twice, since what is due soon is sent at once. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import { connectAccounts } from '../../infra/local/demo/accounts.ts';
import type { Api } from '../../infra/local/demo/api.ts';
import { upload } from '../../infra/local/demo/uploads.ts';
import type { HostProcess } from './host-process.ts';
import { type Person, registerPerson } from './person.ts';

const photo = pathToFileURL(fileURLToPath(new URL('../media/camera.jpg', import.meta.url)));
const withId = z.object({ id: z.string() });
const post = z.object({ id: z.string(), publications: z.array(z.object({ id: z.string(), state: z.string() })) });
const page = z.object({ data: z.array(withId) });

/** Fails on the first answer that is no success. */
export async function driveAllRoutes(host: HostProcess): Promise<void> {
  const person = await registerPerson(host.origin);
  const accountId = await driveAccounts(host, person);
  const published = await drivePosts(host, person, accountId);
  await driveMedia(person);
  await driveCommunity(host, person, published);
  await driveReports(host, person, published.postId);
  await driveProjects(person);
  await driveSystem(host, person);
  await driveSessions(host, person);
}

async function driveAccounts({ ports }: HostProcess, { api, projectId }: Person): Promise<string> {
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const origins = {
    control: at(ports.control),
    mastodon: at(ports.mastodon),
    threads: at(ports.threads),
    bluesky: at(ports.bluesky),
    appview: at(ports.appview),
  };
  const { community, mastodon } = await connectAccounts(api, projectId, origins, false);
  await send(api, 'GET', '/v1/platforms');
  await send(api, 'GET', `/v1/accounts/${community.id}`);
  await send(api, 'DELETE', `/v1/accounts/${mastodon.id}`);
  return community.id;
}

interface Published {
  readonly postId: string;
  readonly communityPostId: string;
}

async function drivePosts(host: HostProcess, person: Person, accountId: string): Promise<Published> {
  const { api, projectId } = person;
  const body = (schedule: unknown) => ({ projectId, text: 'Hello', schedule, publications: [{ accountId }] });
  await send(api, 'POST', '/v1/posts/validate', body({ type: 'draft' }));
  const draft = await api.call('POST', '/v1/posts', post, body({ type: 'draft' }));
  const now = await api.call('POST', '/v1/posts', post, body({ type: 'now' }));
  await send(api, 'GET', `/v1/posts/${draft.id}`);
  await send(api, 'GET', '/v1/posts');
  await send(api, 'POST', `/v1/posts/${draft.id}/cancel`);
  const [first] = now.publications;
  if (first === undefined) throw new Error('the post has no publication');
  await send(api, 'GET', `/v1/publications/${first.id}`);
  for (const state of ['unknown', 'failed']) {
    const id = await insertIn(host, person, { accountId, state });
    const action = state === 'unknown' ? 'resolve' : 'retry';
    const answer =
      state === 'unknown' ? { outcome: 'live', url: 'https://example.com/1', platformPostId: '1' } : undefined;
    await send(api, 'POST', `/v1/publications/${id}/${action}`, answer);
  }
  return { postId: now.id, communityPostId: await communityPostOf(host, first.id) };
}

/** A publication in a state that only a broken platform leads to. */
async function insertIn(
  { pool }: HostProcess,
  { projectId }: Person,
  wanted: { accountId: string; state: string },
): Promise<string> {
  const { rows } = await pool.query(
    `with made as (insert into posts (project_id, text, schedule_type, due_at) values ($1, 'Hello', 'at', now()) returning id)
     insert into post_publications (project_id, post_id, account_id, platform, state, due_at, failure_class)
     select $1, made.id, $2, 'community', $3, now(), 'unknown' from made returning id`,
    [projectId, wanted.accountId, wanted.state],
  );
  return withId.parse(rows[0]).id;
}

async function communityPostOf({ pool }: HostProcess, publicationId: string): Promise<string> {
  for (const giveUpAt = performance.now() + 20_000; performance.now() < giveUpAt; ) {
    const { rows } = await pool.query('select id from community_posts where publication_id = $1', [publicationId]);
    if (rows.length > 0) return withId.parse(rows[0]).id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the post was not published');
}

async function driveMedia({ api, projectId }: Person): Promise<void> {
  const { id } = await upload(api, projectId, photo, 'image/jpeg');
  await send(api, 'GET', '/v1/media');
  await send(api, 'DELETE', `/v1/media/${id}`);
}

async function driveCommunity(
  _host: HostProcess,
  { api }: Person,
  { postId, communityPostId }: Published,
): Promise<void> {
  const at = `/v1/community/posts/${communityPostId}`;
  await send(api, 'GET', at);
  await send(api, 'PUT', `${at}/like`);
  await send(api, 'DELETE', `${at}/like`);
  const made = z.object({ comment: withId });
  const { comment } = await api.call('POST', `${at}/comments`, made, { text: 'Well said' });
  await send(api, 'GET', `${at}/comments`);
  await send(api, 'DELETE', `/v1/community/comments/${comment.id}`);
  await send(api, 'GET', '/v1/community/popular');
  await send(api, 'GET', '/v1/community/search?q=bench');
  await send(api, 'GET', `/v1/posts/${postId}/analytics`);
  await send(api, 'POST', `/v1/posts/${postId}/analytics/refresh`);
}

async function driveReports({ origin }: HostProcess, { api }: Person, postId: string): Promise<void> {
  const link = z.object({ id: z.string(), url: z.string() });
  const { id, url } = await api.call('POST', `/v1/posts/${postId}/report-links`, link, {});
  await read(url, 200);
  await send(api, 'DELETE', `/v1/report-links/${id}`);
  await read(`${origin}/nowhere`, 404);
}

async function driveProjects({ api }: Person): Promise<void> {
  const { id } = await api.call('POST', '/v1/projects', withId, { name: 'Second' });
  await send(api, 'GET', `/v1/projects/${id}`);
  await send(api, 'GET', '/v1/projects');
  await send(api, 'PATCH', `/v1/projects/${id}`, { name: 'Third' });
  await send(api, 'DELETE', `/v1/projects/${id}`);
}

async function driveSystem({ origin }: HostProcess, { api }: Person): Promise<void> {
  for (const path of ['/health', '/openapi.json', '/docs']) await read(origin + path, 200);
  const asset = /\/docs\/[\w.-]+/.exec(await read(`${origin}/docs`, 200))?.[0];
  if (asset !== undefined) await read(origin + asset, 200);
  await send(api, 'GET', '/v1/me');
}

async function driveSessions({ origin }: HostProcess, person: Person): Promise<void> {
  const { api, email, password, refreshToken } = person;
  const tokens = z.object({ accessToken: z.string() });
  const fresh = await api.call('POST', '/v1/auth/refresh', tokens, { refreshToken });
  const first = api.as(fresh.accessToken);
  const second = api.as((await api.call('POST', '/v1/auth/login', tokens, { email, password })).accessToken);
  await read(`${origin}/verify-email/${'a'.repeat(43)}`, 200);
  const sessions = await first.call('GET', '/v1/auth/sessions', page);
  for (const { id } of sessions.data.slice(0, 1)) await send(first, 'DELETE', `/v1/auth/sessions/${id}`);
  await Promise.any([first, second].map((left) => send(left, 'POST', '/v1/auth/logout')));
}

async function send(api: Api, method: string, path: string, body?: unknown): Promise<void> {
  await api.call(method, path, z.unknown(), body);
}

async function read(url: string, status: number): Promise<string> {
  const response = await fetch(url);
  if (response.status !== status) throw new Error(`${url} answered ${response.status}`);
  return response.text();
}
