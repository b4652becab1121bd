/** Graph's error envelope, tokens, permissions and call limits of the Threads simulator. */
import { randomBytes } from 'node:crypto';
import { bearer, type Fields, readFields } from './form.ts';
import { type Answer, type Incoming, Refusal, type Route } from './http-server.ts';
import {
  findThreadsUser,
  type Threads,
  type ThreadsToken,
  type ThreadsUser,
  threadsTokenRow,
} from './threads-store.ts';

export interface GraphError {
  readonly message: string;
  readonly code: number;
  readonly subcode?: number;
  readonly status?: number;
  readonly transient?: boolean;
  readonly title?: string;
  readonly userMessage?: string;
}

export function graphAnswer(error: GraphError): Answer {
  const body: Record<string, unknown> = { message: error.message, type: 'OAuthException', code: error.code };
  if (error.subcode !== undefined) body.error_subcode = error.subcode;
  body.is_transient = error.transient ?? false;
  if (error.title !== undefined) body.error_user_title = error.title;
  if (error.userMessage !== undefined) body.error_user_msg = error.userMessage;
  body.fbtrace_id = `A${randomBytes(16).toString('base64url')}`;
  return { status: error.status ?? 400, body: { error: body } };
}

export function graphRefusal(error: GraphError): Refusal {
  return new Refusal(graphAnswer(error));
}

export function invalidParameter(message: string): Refusal {
  return graphRefusal({ message, code: 100 });
}

/** What Graph says both of things that are not there and of things that are not yours. */
export function noSuchObject(id: string): Refusal {
  return graphRefusal({
    message: `Unsupported get request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`,
    code: 100,
    subcode: 33,
  });
}

export interface GraphCall {
  readonly user: ThreadsUser;
  readonly token: ThreadsToken;
  readonly fields: Fields;
}

/** Reads the token from `access_token` or the Authorization header, checks permissions, counts the call. */
export async function graphCall(
  threads: Threads,
  incoming: Incoming,
  permissions: readonly string[],
): Promise<GraphCall> {
  const fields = await readFields(incoming);
  const token = validToken(threads, fields.get('access_token') ?? bearer(incoming));
  const user = findThreadsUser(threads, token.user_id);
  if (user === null) throw invalidToken('Error validating access token: The user does not exist.', 467);
  const granted = token.scopes.split(',');
  for (const permission of ['threads_basic', ...permissions]) {
    if (!granted.includes(permission)) {
      throw graphRefusal({
        message: `(#10) Application does not have permission for this action: ${permission}`,
        code: 10,
        status: 403,
      });
    }
  }
  return { user, token, fields };
}

export function validToken(threads: Threads, presented: string | null): ThreadsToken {
  if (presented === null || presented === '') {
    throw graphRefusal({ message: 'An access token is required to request this resource.', code: 104, status: 401 });
  }
  const token = threads.store.one(threadsTokenRow, 'SELECT * FROM tokens WHERE token = ?', presented);
  if (token === null) {
    throw graphRefusal({ message: 'Invalid OAuth access token - Cannot parse access token', code: 190, status: 401 });
  }
  if (token.revoked === 1) {
    throw invalidToken('Error validating access token: The user has not authorized application.', 458);
  }
  if (threads.now() >= token.expires_ms) {
    const expired = new Date(token.expires_ms).toUTCString();
    const message = `Error validating access token: Session has expired on ${expired}. The current time is ${new Date(threads.now()).toUTCString()}.`;
    throw invalidToken(message, 463);
  }
  return token;
}

function invalidToken(message: string, subcode: number): Refusal {
  return graphRefusal({ message, code: 190, subcode, status: 401 });
}

const dayMs = 86_400_000;

/** Counts each call per token; every answer tells the use in percent. */
export function metered(threads: Threads, route: Route): Route {
  return {
    ...route,
    handle: async (incoming) => {
      const key = incoming.url.searchParams.get('access_token') ?? bearer(incoming) ?? 'stranger';
      const window = threads.windows.count(key, threads.settings.get().callsPerDay, dayMs, threads.now());
      const percent = Math.min(100, Math.floor(((window.limit - window.remaining) * 100) / window.limit));
      const usage = JSON.stringify({ call_count: window.allowed ? percent : 100, total_cputime: 0, total_time: 0 });
      const answer = window.allowed
        ? await answerOf(route, incoming)
        : graphAnswer({ message: '(#4) Application request limit reached', code: 4, status: 403, transient: true });
      return { ...answer, headers: { 'X-App-Usage': usage, ...answer.headers } };
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
