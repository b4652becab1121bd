/**
 * The main job, told by a client that knows nothing but the OpenAPI document: `#api` are the types generated from it, and
 * openapi-fetch is the client. Not part of the project's own type check; `test/api/client.test.ts` generates, checks and runs it.
 */

import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from '#api';

type Schemas = components['schemas'];

export interface Told {
  readonly rows: readonly (readonly [platform: string, state: string, likes: number | null, comments: number | null])[];
  readonly report: string;
  readonly notModified: number;
  readonly refused: readonly string[];
}

export interface Given {
  readonly origin: string;
  readonly photo: Uint8Array<ArrayBuffer>;
  mailedToken(email: string): Promise<string>;
}

export async function tell({ origin, photo, mailedToken }: Given): Promise<Told> {
  const ada = await signUp(origin, 'Ada', mailedToken);
  const { id: projectId } = ok(await ada.POST('/v1/projects', { body: { name: 'Client', timeZone: 'Europe/Berlin' } }));
  const connection = ok(await ada.POST('/v1/accounts', { body: { platform: 'community', projectId } }));
  if (connection.status !== 'connected') throw new Error('the community connects at once');
  const mediaId = await upload(ada, projectId, photo);
  const body: Schemas['PostInput'] = {
    projectId,
    text: 'Told by a generated client.',
    media: [{ mediaId, altText: 'Four corners' }],
    schedule: { type: 'now' },
    publications: [{ accountId: connection.account.id }],
  };
  const { valid } = ok(await ada.POST('/v1/posts/validate', { body }));
  if (!valid) throw new Error('the post is not valid');
  const header = { 'Idempotency-Key': crypto.randomUUID() };
  const post = ok(await ada.POST('/v1/posts', { params: { header }, body }));
  const again = ok(await ada.POST('/v1/posts', { params: { header }, body }));
  if (again.id !== post.id) throw new Error('a repeat made another post');
  const published = await awaitPublished(ada, post.id);
  await react(await signUp(origin, 'Fan', mailedToken), published.platformPostId ?? '');
  const rows = await measure(ada, post.id);
  const { url } = ok(
    await ada.POST('/v1/posts/{postId}/report-links', { params: { path: { postId: post.id } }, body: {} }),
  );
  return { rows, report: url, notModified: await readAgain(ada, post.id), refused: await refusals(ada, projectId) };
}

type Client = ReturnType<typeof createClient<paths>>;

/** The data, or an error that says what the API said. */
function ok<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data === undefined) throw new Error(`${response.status} ${JSON.stringify(error)}`);
  return data;
}

async function signUp(origin: string, displayName: string, mailedToken: Given['mailedToken']): Promise<Client> {
  const client = createClient<paths>({ baseUrl: origin });
  const email = `${displayName.toLowerCase()}.${crypto.randomUUID().slice(0, 8)}@example.com`;
  const password = crypto.randomUUID();
  ok(await client.POST('/v1/auth/register', { body: { email, password, displayName } }));
  ok(await client.POST('/v1/auth/verify-email', { body: { token: await mailedToken(email) } }));
  const answer = ok(await client.POST('/v1/auth/login', { body: { email, password } }));
  if (!('accessToken' in answer)) throw new Error('nobody has a second factor yet');
  const { accessToken } = answer;
  const authorize: Middleware = {
    onRequest: ({ request }) => void request.headers.set('authorization', `Bearer ${accessToken}`),
  };
  client.use(authorize);
  return client;
}

async function upload(client: Client, projectId: string, photo: Uint8Array<ArrayBuffer>): Promise<string> {
  const asked = { projectId, fileName: 'camera.jpg', mimeType: 'image/jpeg', bytes: photo.length } as const;
  const { media, upload: form } = ok(await client.POST('/v1/media', { body: asked }));
  const parts = new FormData();
  for (const [name, value] of Object.entries(form.fields)) parts.append(name, value);
  parts.append('file', new Blob([photo], { type: 'image/jpeg' }));
  const stored = await fetch(form.url, { method: 'POST', body: parts });
  if (!stored.ok) throw new Error(`the store answered ${stored.status}`);
  const look = async () => ok(await client.GET('/v1/media/{mediaId}', { params: { path: { mediaId: media.id } } }));
  return (await until(look, ({ status }) => status === 'ready')).id;
}

async function awaitPublished(client: Client, postId: string) {
  const look = async () => ok(await client.GET('/v1/posts/{postId}', { params: { path: { postId } } }));
  const { publications } = await until(look, ({ status }) => status === 'published');
  const publicationId = publications[0]?.id ?? '';
  return ok(await client.GET('/v1/publications/{publicationId}', { params: { path: { publicationId } } }));
}

async function react(fan: Client, communityPostId: string): Promise<void> {
  const params = { path: { communityPostId } };
  const { likeCount } = ok(await fan.PUT('/v1/community/posts/{communityPostId}/like', { params }));
  const body = { text: 'On the second.' };
  const { comment } = ok(await fan.POST('/v1/community/posts/{communityPostId}/comments', { params, body }));
  if (likeCount !== 1 || comment.text !== body.text) throw new Error('the reaction is another');
}

async function measure(client: Client, postId: string): Promise<Told['rows']> {
  const params = { path: { postId } };
  ok(await client.POST('/v1/posts/{postId}/analytics/refresh', { params }));
  const look = async () => ok(await client.GET('/v1/posts/{postId}/analytics', { params }));
  const { publications } = await until(look, (now) => now.publications.every(({ comments }) => comments === 1));
  return publications.map(({ platform, state, likes, comments }) => [platform, state, likes, comments]);
}

/** The status of a read whose tag is known. */
async function readAgain(client: Client, postId: string): Promise<number> {
  const path = { postId };
  const { response } = await client.GET('/v1/posts/{postId}', { params: { path } });
  const header = { 'If-None-Match': response.headers.get('etag') ?? '' };
  return (await client.GET('/v1/posts/{postId}', { params: { path, header } })).response.status;
}

/** Codes of problems, which are as typed as data. */
async function refusals(client: Client, projectId: string): Promise<string[]> {
  const missing = await client.GET('/v1/posts/{postId}', { params: { path: { postId: projectId } } });
  const invalid = await client.GET('/v1/posts', { params: { query: { limit: 1_000 } } });
  return [missing, invalid].map(({ error }) => {
    if (error === undefined || !('code' in error)) throw new Error('there is no problem');
    const { code, actor, retryable }: Pick<Schemas['Problem'], 'code' | 'actor' | 'retryable'> = error;
    return `${code} ${actor} ${retryable}`;
  });
}

async function until<T>(look: () => Promise<T>, done: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const seen = await look();
    if (done(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not come about');
}
