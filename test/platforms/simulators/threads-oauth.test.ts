import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeOauth } from '../../../infra/local/platforms/control-client.ts';
import { call, objectOf, type Reply, startWorld, stringOf, type World } from './world.ts';

const redirectUri = 'http://127.0.0.1:3000/v1/accounts/callback/threads';
const app = { clientId: 'app-of-this-test', clientSecret: 'its-secret' };
const scope = 'threads_basic,threads_content_publish';

let world: World;
let origin: string;

beforeAll(async () => {
  world = await startWorld({ bluesky: false, app });
  origin = world.platforms.origins.threads;
  await world.client.registerThreadsRedirects([redirectUri]);
});

afterAll(() => world.end());

function errorOf(reply: Reply): unknown[] {
  const error = objectOf(reply.body.error);
  return [reply.status, error.code, error.error_subcode ?? null];
}

describe('signing in', () => {
  function authorizeUrl(change: Record<string, string> = {}): string {
    const values = {
      client_id: app.clientId,
      redirect_uri: redirectUri,
      scope,
      response_type: 'code',
      state: 's1',
      ...change,
    };
    return `${origin}/oauth/authorize?${new URLSearchParams(values)}`;
  }
  function exchange(code: string, change: Record<string, string> = {}): Promise<Reply> {
    const form = {
      client_id: app.clientId,
      client_secret: app.clientSecret,
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      code,
    };
    return call(`${origin}/oauth/access_token`, { form: { ...form, ...change } });
  }
  const long = (token: string, secret = app.clientSecret): Promise<Reply> =>
    call(`${origin}/access_token?grant_type=th_exchange_token&client_secret=${secret}&access_token=${token}`);
  const refresh = (token: string): Promise<Reply> =>
    call(`${origin}/refresh_access_token?grant_type=th_refresh_token&access_token=${token}`);

  test('goes from a one-use code over a short token to a long one that rolls after a day', async () => {
    const user = await world.client.createUser('threads', { displayName: 'Ada' });
    const location = await completeOauth(authorizeUrl(), user);
    expect(location.endsWith('#_')).toBe(true);
    const back = new URL(location);
    expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([redirectUri, 's1']);
    const code = stringOf(back.searchParams.get('code'));

    const invalid = { status: 400, body: { error_type: 'OAuthException', code: 400 } };
    expect(await exchange(code, { client_secret: 'wrong' })).toMatchObject(invalid);
    expect(await exchange(code, { redirect_uri: `${redirectUri}?x=1` })).toMatchObject(invalid);
    expect(await exchange(`${code}#_`)).toMatchObject(invalid);
    const short = await exchange(code);
    expect(short.status).toBe(200);
    expect(short.text).toContain(`"user_id":${user.id}`);
    expect(await exchange(code)).toMatchObject(invalid);

    const shortToken = stringOf(short.body.access_token);
    expect((await long(shortToken, 'wrong')).status).toBe(400);
    const longer = await long(shortToken);
    expect(longer.body).toMatchObject({ token_type: 'bearer', expires_in: 5_183_944 });
    const token = stringOf(longer.body.access_token);
    const me = await call(`${origin}/v1.0/me?fields=id,username,name`, { token });
    expect(me.body).toEqual({ id: user.id, username: user.username, name: 'Ada' });

    expect((await refresh(token)).status).toBe(400);
    await world.client.configureThreads({ clockOffsetMs: 86_500_000 });
    const rolled = await refresh(token);
    const shortLater = await call(`${origin}/v1.0/me`, { token: shortToken });
    await world.client.configureThreads({ clockOffsetMs: 70 * 86_400_000 });
    const tooLate = await refresh(token);
    await world.client.configureThreads({ clockOffsetMs: 0 });
    expect([rolled.status, rolled.body.expires_in]).toEqual([200, 5_183_944]);
    expect(rolled.body.access_token).not.toBe(token);
    expect(errorOf(shortLater)).toEqual([401, 190, 463]);
    expect(errorOf(tooLate)).toEqual([401, 190, 463]);
  });

  test('shows errors of the request on the page and sends only a denial back', async () => {
    const user = await world.client.createUser('threads');
    const denied = new URL(await completeOauth(authorizeUrl(), { ...user, decision: 'deny' }));
    expect(Object.fromEntries(denied.searchParams)).toMatchObject({
      error: 'access_denied',
      error_reason: 'user_denied',
      state: 's1',
    });
    for (const wrong of [
      { redirect_uri: `${redirectUri}/` },
      { client_id: 'other' },
      { scope: 'threads_content_publish' },
      { scope: 'threads_basic,everything' },
      { response_type: 'token' },
    ]) {
      const { status, headers } = await call(authorizeUrl(wrong));
      expect([status, headers.get('location')], JSON.stringify(wrong)).toEqual([400, null]);
    }
    await expect(completeOauth(authorizeUrl(), { ...user, password: 'no' })).rejects.toThrow('Invalid username');
  });
});
