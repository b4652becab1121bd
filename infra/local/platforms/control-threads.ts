/** Control calls of the Threads simulator. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { bodyOf, crowdRequest, ok, type PlatformControl } from './control-call.ts';
import { type Incoming, Refusal, type Route } from './http-server.ts';
import type { PublishedPost } from './published-post.ts';
import { issueThreadsToken, threadsScopes } from './threads-oauth.ts';
import { permalink } from './threads-read.ts';
import {
  findMedia,
  findThreadsUser,
  graphId,
  type Threads,
  type ThreadsUser,
  threadsMediaRow,
  threadsTables,
  threadsUserRow,
} from './threads-store.ts';

const userRequest = z.strictObject({
  username: z
    .string()
    .regex(/^[a-z0-9_.]{1,30}$/)
    .optional(),
  password: z.string().optional(),
  displayName: z.string().optional(),
});
const tokenRequest = z.strictObject({
  username: z.string(),
  scopes: z.array(z.enum(threadsScopes)).default([...threadsScopes]),
  kind: z.enum(['short', 'long']).default('long'),
});
const ofUser = z.strictObject({ username: z.string() });

export function threadsControl(threads: Threads): PlatformControl {
  return {
    routes: routesOf(threads),
    posts: () => posts(threads),
    settings: (change) => threads.settings.set(change),
    reset: () => {
      for (const table of threadsTables) threads.store.run(`DELETE FROM ${table}`);
      threads.settings.reset();
      threads.windows.clear();
    },
  };
}

function routesOf(threads: Threads): Route[] {
  const post = (path: string, handle: (incoming: Incoming) => unknown): Route => ({
    method: 'POST',
    path: `/_control/threads/${path}`,
    handle: (incoming) => ok(handle(incoming)),
  });
  const changeTokens = (incoming: Incoming, assignment: string, ...values: number[]) => {
    const user = named(threads, bodyOf(incoming, ofUser).username);
    return { changed: threads.store.run(`UPDATE tokens SET ${assignment} WHERE user_id = ?`, ...values, user.id) };
  };
  return [
    post('users', (incoming) => createUser(threads, bodyOf(incoming, userRequest))),
    post('tokens', (incoming) => {
      const { username, scopes, kind } = bodyOf(incoming, tokenRequest);
      const user = named(threads, username);
      return { userId: user.id, accessToken: issueThreadsToken(threads, user.id, scopes.join(','), kind).token };
    }),
    post('tokens/revoke', (incoming) => changeTokens(incoming, 'revoked = 1')),
    post('tokens/expire', (incoming) => changeTokens(incoming, 'expires_ms = ?', threads.now() - 1)),
    post('users/restrict', (incoming) => {
      const { username, restricted } = bodyOf(incoming, ofUser.extend({ restricted: z.boolean() }));
      threads.store.run('UPDATE users SET restricted = ? WHERE username = ?', restricted ? 1 : 0, username);
      return {};
    }),
    post('redirect-uris', (incoming) => {
      const { uris } = bodyOf(incoming, z.strictObject({ uris: z.array(z.url()).min(1) }));
      for (const uri of uris) threads.store.run('INSERT OR IGNORE INTO redirect_uris (uri) VALUES (?)', uri);
      return { uris };
    }),
    post('{media}/likes', (incoming) => {
      const { count } = bodyOf(incoming, z.strictObject({ count: z.int().nonnegative() }));
      return seed(threads, incoming.params.media ?? '', 'UPDATE media SET likes = ? WHERE id = ?', count);
    }),
    post('{media}/views', (incoming) => {
      const { count } = bodyOf(incoming, z.strictObject({ count: z.int().nonnegative() }));
      return seed(threads, incoming.params.media ?? '', 'UPDATE media SET views = ? WHERE id = ?', count);
    }),
    post('crowd', (incoming) => crowd(threads, bodyOf(incoming, crowdRequest).count)),
  ];
}

function seed(threads: Threads, id: string, sql: string, count: number) {
  if (findMedia(threads, id) === null) throw new Refusal({ status: 404, body: { error: `no media ${id}` } });
  threads.store.run(sql, count, id);
  return { count };
}

function createUser(threads: Threads, wanted: z.output<typeof userRequest>) {
  const username = wanted.username ?? `user_${randomBytes(4).toString('hex')}`;
  const password = wanted.password ?? randomBytes(9).toString('base64url');
  const known = threads.store.one(threadsUserRow, 'SELECT * FROM users WHERE username = ?', username);
  if (known !== null) throw new Refusal({ status: 409, body: { error: `${username} is taken` } });
  const id = graphId();
  threads.store.run(
    'INSERT INTO users (id, username, password, display_name, created_ms) VALUES (?, ?, ?, ?, ?)',
    id,
    username,
    password,
    wanted.displayName ?? username,
    threads.now(),
  );
  return { id, username, password };
}

function named(threads: Threads, username: string): ThreadsUser {
  const user = threads.store.one(threadsUserRow, 'SELECT * FROM users WHERE username = ?', username);
  if (user === null) throw new Refusal({ status: 404, body: { error: `no user ${username}` } });
  return user;
}

function crowd(threads: Threads, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const username = `crowd_${index + 1}`;
    const known = threads.store.one(threadsUserRow, 'SELECT * FROM users WHERE username = ?', username);
    if (known === null) createUser(threads, { username });
    const user = named(threads, username);
    const { token } = issueThreadsToken(threads, user.id, threadsScopes.join(','), 'long');
    return { username, userId: user.id, accessToken: token };
  });
}

function posts(threads: Threads): PublishedPost[] {
  const sql = 'SELECT * FROM media WHERE deleted_ms IS NULL ORDER BY created_ms, id';
  return threads.store.all(threadsMediaRow, sql).map((media) => ({
    platform: 'threads',
    id: media.id,
    account: findThreadsUser(threads, media.user_id)?.username ?? media.user_id,
    text: media.text,
    createdAt: new Date(media.created_ms).toISOString(),
    url: permalink(threads, media),
    replyTo: media.reply_to_id,
  }));
}
