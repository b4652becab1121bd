/** Tokens, scopes and rate limits of the Mastodon simulator. */
import { bearer } from './form.ts';
import { type Answer, type Incoming, Refusal, type Route } from './http-server.ts';
import { findUser, type Mastodon, type TokenRow, tokenRow, type UserRow } from './mastodon-store.ts';
import type { RateWindow } from './rate-window.ts';

export interface Caller {
  readonly user: UserRow;
  readonly token: TokenRow;
}

export function refuse(status: number, error: string, headers: Readonly<Record<string, string>> = {}): Refusal {
  return new Refusal({ status, headers, body: { error } });
}

/** The user of a valid token that holds one of `scopes`. */
export function authenticate(mastodon: Mastodon, incoming: Incoming, scopes: readonly string[]): Caller {
  const caller = identify(mastodon, incoming);
  if (caller === null) throw refuse(401, 'The access token is invalid');
  if (!scopes.some((scope) => covers(caller.token.scopes, scope))) {
    throw refuse(403, 'This action is outside the authorized scopes');
  }
  if (caller.user.disabled === 1) throw refuse(403, 'Your login is currently disabled');
  return caller;
}

/** Like `authenticate`, for routes that also answer strangers: no token is null, a bad token is still 401. */
export function identify(mastodon: Mastodon, incoming: Incoming): Caller | null {
  const presented = bearer(incoming);
  if (presented === null) return null;
  const token = mastodon.store.one(tokenRow, 'SELECT * FROM tokens WHERE token = ?', presented);
  if (token === null) throw refuse(401, 'The access token is invalid');
  if (token.revoked === 1) throw refuse(401, 'The access token was revoked');
  if (token.user_id === null) throw refuse(422, 'This method requires an authenticated user');
  const user = findUser(mastodon, token.user_id);
  if (user === null) throw refuse(401, 'The access token is invalid');
  return { user, token };
}

/** `write` covers `write:statuses`; `profile` and `read:accounts` stand for themselves. */
function covers(granted: string, wanted: string): boolean {
  const scopes = granted.split(' ');
  const parent = wanted.split(':')[0] ?? wanted;
  return scopes.includes(wanted) || scopes.includes(parent);
}

const windowMs = 300_000;

/** Counts a call of the token's owner (or of a stranger), and tells the rest in headers of every answer. */
export function limited(mastodon: Mastodon, route: Route): Route {
  return {
    ...route,
    handle: async (incoming) => {
      const key = bearer(incoming) ?? 'stranger';
      const window = mastodon.windows.count(key, mastodon.settings.get().callsPer5Min, windowMs, mastodon.now());
      if (!window.allowed) return tooMany(window);
      return withLimit(await answerOf(route, incoming), window);
    },
  };
}

async function answerOf(route: Route, incoming: Incoming): Promise<Answer> {
  try {
    return await route.handle(incoming);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

/** A second, narrower window for uploads and deletions. */
export function countNarrow(mastodon: Mastodon, what: 'uploads' | 'deletes', user: UserRow): void {
  const { uploadsPer30Min, deletesPer30Min } = mastodon.settings.get();
  const limit = what === 'uploads' ? uploadsPer30Min : deletesPer30Min;
  const window = mastodon.windows.count(`${what}:${user.id}`, limit, 6 * windowMs, mastodon.now());
  if (!window.allowed) throw new Refusal(tooMany(window));
}

function tooMany(window: RateWindow): Answer {
  return withLimit({ status: 429, body: { error: 'Too many requests' } }, window);
}

function withLimit(answer: Answer, window: RateWindow): Answer {
  const headers = {
    'X-RateLimit-Limit': String(window.limit),
    'X-RateLimit-Remaining': String(window.remaining),
    'X-RateLimit-Reset': new Date(window.resetAtMs).toISOString(),
  };
  return { ...answer, headers: { ...headers, ...answer.headers } };
}
