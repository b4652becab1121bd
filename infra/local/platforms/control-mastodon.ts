/** Control calls of the Mastodon simulator. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { bodyOf, crowdRequest, ok, type PlatformControl } from './control-call.ts';
import { type Incoming, Refusal, type Route } from './http-server.ts';
import { createApp, issueToken } from './mastodon-oauth.ts';
import { appRow, findUser, type Mastodon, mastodonTables, statusRow, type UserRow, userRow } from './mastodon-store.ts';
import { statusUrl } from './mastodon-views.ts';
import type { PublishedPost } from './published-post.ts';

const userRequest = z.strictObject({
  username: z
    .string()
    .regex(/^[a-z0-9_]{1,30}$/)
    .optional(),
  password: z.string().optional(),
  displayName: z.string().optional(),
});
const tokenRequest = z.strictObject({
  username: z.string(),
  scopes: z.array(z.string()).default(['read', 'write', 'profile']),
});
const ofUser = z.strictObject({ username: z.string() });

export function mastodonControl(mastodon: Mastodon): PlatformControl {
  return {
    routes: routesOf(mastodon),
    posts: () => posts(mastodon),
    settings: (change) => mastodon.settings.set(change),
    reset: () => {
      for (const table of mastodonTables) mastodon.store.run(`DELETE FROM ${table}`);
      mastodon.settings.reset();
      mastodon.windows.clear();
    },
  };
}

function routesOf(mastodon: Mastodon): Route[] {
  const post = (path: string, handle: (incoming: Incoming) => unknown): Route => ({
    method: 'POST',
    path: `/_control/mastodon/${path}`,
    handle: (incoming) => ok(handle(incoming)),
  });
  return [
    post('users', (incoming) => createUser(mastodon, bodyOf(incoming, userRequest))),
    post('tokens', (incoming) => {
      const { username, scopes } = bodyOf(incoming, tokenRequest);
      return { accessToken: tokenFor(mastodon, named(mastodon, username), scopes) };
    }),
    post('tokens/revoke', (incoming) => {
      const user = named(mastodon, bodyOf(incoming, ofUser).username);
      return { revoked: mastodon.store.run('UPDATE tokens SET revoked = 1 WHERE user_id = ?', user.id) };
    }),
    post('users/disable', (incoming) => {
      const { username, disabled } = bodyOf(incoming, ofUser.extend({ disabled: z.boolean() }));
      mastodon.store.run('UPDATE users SET disabled = ? WHERE username = ?', disabled ? 1 : 0, username);
      return {};
    }),
    post('crowd', (incoming) => crowd(mastodon, bodyOf(incoming, crowdRequest).count)),
  ];
}

function createUser(mastodon: Mastodon, wanted: z.output<typeof userRequest>) {
  const username = wanted.username ?? `user_${randomBytes(4).toString('hex')}`;
  const password = wanted.password ?? randomBytes(9).toString('base64url');
  const known = mastodon.store.one(userRow, 'SELECT * FROM users WHERE username = ?', username);
  if (known !== null) throw new Refusal({ status: 409, body: { error: `${username} is taken` } });
  const id = mastodon.nextId();
  mastodon.store.run(
    'INSERT INTO users (id, username, password, display_name, created_ms) VALUES (?, ?, ?, ?, ?)',
    id,
    username,
    password,
    wanted.displayName ?? username,
    mastodon.now(),
  );
  return { id, username, password };
}

function named(mastodon: Mastodon, username: string): UserRow {
  const user = mastodon.store.one(userRow, 'SELECT * FROM users WHERE username = ?', username);
  if (user === null) throw new Refusal({ status: 404, body: { error: `no user ${username}` } });
  return user;
}

function tokenFor(mastodon: Mastodon, user: UserRow, scopes: readonly string[]): string {
  const name = 'control';
  const app =
    mastodon.store.one(appRow, 'SELECT * FROM apps WHERE name = ?', name) ??
    createApp(mastodon, {
      name,
      redirectUris: ['urn:ietf:wg:oauth:2.0:oob'],
      scopes: ['read', 'write'],
      website: null,
    });
  return issueToken(mastodon, app, user.id, scopes);
}

/** Other users, the same ones each time. */
function crowd(mastodon: Mastodon, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const username = `crowd_${index + 1}`;
    const known = mastodon.store.one(userRow, 'SELECT * FROM users WHERE username = ?', username);
    if (known === null) createUser(mastodon, { username });
    return { username, accessToken: tokenFor(mastodon, named(mastodon, username), ['read', 'write']) };
  });
}

function posts(mastodon: Mastodon): PublishedPost[] {
  const sql = 'SELECT * FROM statuses WHERE deleted_ms IS NULL AND reblog_of_id IS NULL ORDER BY created_ms, id';
  return mastodon.store.all(statusRow, sql).map((status) => {
    const author = findUser(mastodon, status.user_id);
    if (author === null) throw new Error(`status ${status.id} has no author`);
    return {
      platform: 'mastodon',
      id: status.id,
      account: author.username,
      text: status.text,
      createdAt: new Date(status.created_ms).toISOString(),
      url: statusUrl(mastodon, status, author),
      replyTo: status.in_reply_to_id,
    };
  });
}
