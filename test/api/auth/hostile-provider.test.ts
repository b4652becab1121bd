/** A provider that lies lets nobody in, and nobody is let in by what another provider said. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SignedIn } from '../../../shared/auth/shapes.ts';
import { Me } from '../../../shared/users/shapes.ts';
import { openBrowser } from '../../support/browser.ts';
import { freePort } from '../../support/free-port.ts';
import { type HostileProvider, type Lie, startHostile } from '../../support/hostile-provider.ts';
import type { Person } from '../../support/people.ts';
import { addProvider, begin, comeBack, finish, returnTo } from '../../support/sign-in.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let provider: HostileProvider;
let admin: Person;
beforeAll(async () => {
  const port = await freePort();
  world = await openWorld({ platformOrigins: [`http://127.0.0.1:${port}`] });
  provider = await startHostile(port);
  const { issuer } = provider;
  admin = await addProvider(world, { issuer, clientId: 'posthaste', clientSecret: 'known to both' });
});
beforeEach(() => {
  provider.lie = {};
  provider.exchanges.splice(0);
});
afterAll(async () => {
  await provider.close();
  await world.close();
});

/** Seconds since 1970. */
const nowS = () => Math.floor(Date.now() / 1000);

test('while it tells the truth, it lets people in', async () => {
  expect((await finish(world, await comeBack(world))).json(SignedIn).status).toBe('signed_in');
});

test('it is shown the verifier whose hash went ahead, and the client’s secret', async () => {
  const browser = openBrowser();
  const { url } = await browser.go((await begin(world)).url, `${provider.issuer}/auth`);
  const ahead = new URL(url).searchParams;
  expect([ahead.get('code_challenge_method'), ahead.get('response_type')]).toEqual(['S256', 'code']);
  expect(ahead.get('client_secret')).toBe(null);
  await browser.go(url, returnTo);
  const [exchange] = provider.exchanges;
  const verifier = exchange?.get('code_verifier') ?? '';
  expect(createHash('sha256').update(verifier).digest('base64url')).toBe(ahead.get('code_challenge'));
  expect(exchange?.get('client_secret')).toBe('known to both');
});

test('a step-up asks for a sign-in of this moment, and takes no other', async () => {
  const browser = openBrowser();
  const { url } = await browser.go((await begin(world, admin, 'step_up')).url, `${provider.issuer}/auth`);
  const ahead = new URL(url).searchParams;
  expect([ahead.get('prompt'), ahead.get('max_age')]).toEqual(['login', '0']);
  provider.lie = { claims: { auth_time: nowS() - 301 } };
  expect((await comeBack(world, admin, 'step_up')).error).toBe('sign_in_refused');
  // Whoever does not say when has perhaps asked nobody.
  provider.lie = {};
  expect((await comeBack(world, admin, 'step_up')).error).toBe('sign_in_refused');
  provider.lie = { claims: { auth_time: nowS() - 30 } };
  expect((await comeBack(world, admin, 'step_up')).error).toBe(null);
  // Who signs in is not asked anew: the provider may know them from yesterday.
  provider.lie = { claims: { auth_time: nowS() - 86_400 } };
  expect((await comeBack(world)).error).toBe(null);
});

test('whom it merely recognises must prove themselves before what is dangerous; whom it asked just now need not', async () => {
  const email = `${crypto.randomUUID()}@example.com`;
  const claims = { sub: crypto.randomUUID(), email };
  const dangerous = async (authTime: number | undefined) => {
    provider.lie = { claims: { ...claims, auth_time: authTime } };
    const { accessToken: token } = (await finish(world, await comeBack(world))).json(SignedIn);
    return (await world.call('POST', '/v1/auth/factors', { token, json: {} })).code;
  };
  // Somebody new has nothing yet that it would open.
  expect(await dangerous(undefined)).toBeNull();
  expect(await dangerous(undefined)).toBe('step_up_needed');
  expect(await dangerous(nowS() - 86_400)).toBe('step_up_needed');
  expect(await dangerous(nowS() - 301)).toBe('step_up_needed');
  expect(await dangerous(nowS() - 30)).toBeNull();
});

test('it is asked to say when one signed in there, and asks nobody anew for that', async () => {
  const { url } = await openBrowser().go((await begin(world)).url, `${provider.issuer}/auth`);
  const ahead = new URL(url).searchParams;
  expect(ahead.get('prompt')).toBe(null);
  expect(Number(ahead.get('max_age'))).toBeGreaterThan(30 * 86_400);
});

test.each(['\u3164', '\u200b\u00ad', '\u2800', ' '])('a name %j that nobody sees is none', async (name) => {
  const email = `seen.${crypto.randomUUID()}@example.com`;
  provider.lie = { claims: { sub: crypto.randomUUID(), email, name } };
  const { accessToken: token } = (await finish(world, await comeBack(world))).json(SignedIn);
  const me = (await world.call('GET', '/v1/me', { token })).json(Me);
  expect(me.displayName).toBe(email.split('@')[0]);
});

test('what it tells of somebody else, where more is asked, is told of nobody', async () => {
  const asked = { claims: { email: undefined, email_verified: undefined } };
  const more = { email: 'victim@example.com', email_verified: true };
  const metadata = { userinfo_endpoint: `${provider.issuer}/me` };
  const signIn = async (userInfo: object) => {
    provider.lie = { ...asked, metadata, userInfo };
    await world.call('PATCH', '/v1/admin/identity-providers/somewhere', {
      token: admin.token,
      json: { label: 'Anew' },
    });
    return comeBack(world);
  };
  expect((await signIn({ sub: 'victim', ...more })).error).toBe('sign_in_refused');
  expect((await signIn(more)).error).toBe('sign_in_refused');
  expect((await signIn({ sub: 'mallory', ...more })).error).toBe(null);
});

describe('an id token', () => {
  test.each<[string, () => Lie]>([
    ['with the nonce of another sign-in', () => ({ claims: { nonce: 'x'.repeat(43) } })],
    ['without a nonce', () => ({ claims: { nonce: undefined } })],
    ['of another issuer', () => ({ claims: { iss: 'https://accounts.example.com' } })],
    ['for another client', () => ({ claims: { aud: 'another' } })],
    ['for several, none of them authorized', () => ({ claims: { aud: ['posthaste', 'another'] } })],
    ['for several, another one authorized', () => ({ claims: { aud: ['posthaste', 'another'], azp: 'another' } })],
    ['that has expired', () => ({ claims: { iat: nowS() - 900, exp: nowS() - 600 } })],
    ['without an end', () => ({ claims: { exp: undefined } })],
    ['about nobody', () => ({ claims: { sub: undefined } })],
    ['about somebody without a name', () => ({ claims: { sub: '' } })],
    ['that is not valid yet', () => ({ claims: { nbf: nowS() + 600 } })],
    ['signed by a key of nobody', () => ({ strangeKey: true })],
    ['of a key that is not published', () => ({ header: { kid: 'two' } })],
    ['that is not signed', () => ({ unsigned: true })],
    [
      'that is none',
      () => ({ tokens: { status: 200, body: '{"access_token":"x","token_type":"Bearer","id_token":"x"}' } }),
    ],
    ['that is missing', () => ({ tokens: { status: 200, body: '{"access_token":"x","token_type":"Bearer"}' } })],
  ])('%s lets nobody in', async (_, lie) => {
    provider.lie = lie();
    const back = await comeBack(world);
    expect([back.error, back.code]).toEqual(['sign_in_refused', '']);
  });
});

describe('the way back', () => {
  test('in the name of another provider is refused before the code is shown to anybody', async () => {
    for (const iss of ['https://accounts.example.com', undefined]) {
      provider.lie = { returned: { iss } };
      expect((await comeBack(world)).error).toBe('sign_in_refused');
    }
    expect(provider.exchanges).toEqual([]);
  });

  test('with an error of the provider tells none of its words', async () => {
    provider.lie = {
      returned: { code: undefined, error: 'server_error', error_description: '<script>alert(1)</script>' },
    };
    expect((await comeBack(world)).error).toBe('sign_in_refused');
  });

  test('with a code that is not taken ends there', async () => {
    provider.lie = { tokens: { status: 400, body: '{"error":"invalid_grant"}' } };
    expect((await comeBack(world)).error).toBe('sign_in_refused');
  });
});

describe('a discovery document', () => {
  /** Settings that were changed are looked at anew. */
  async function lookAgain(metadata: Record<string, unknown>) {
    provider.lie = { metadata };
    const change = { token: admin.token, json: { label: `Somewhere ${Math.random()}` } };
    expect((await world.call('PATCH', '/v1/admin/identity-providers/somewhere', change)).status).toBe(200);
    return openBrowser().go((await begin(world)).url, `${provider.issuer}/auth`);
  }

  test('of somebody else sends nobody anywhere', async () => {
    const { status, text } = await lookAgain({ issuer: 'https://accounts.example.com' });
    expect([status, text]).toEqual([502, expect.stringContaining('provider_unavailable')]);
  });

  test('that leads into a private network is not followed there', async () => {
    let asked = 0;
    const { createServer } = await import('node:http');
    const inside = createServer((_, answer) => {
      asked += 1;
      answer.end('{}');
    });
    const port = await freePort();
    await new Promise<void>((resolve) => inside.listen(port, '127.0.0.1', resolve));
    const browser = openBrowser();
    provider.lie = {
      metadata: { token_endpoint: `http://127.0.0.1:${port}/token`, jwks_uri: `http://127.0.0.1:${port}/jwks` },
    };
    const change = { token: admin.token, json: { label: 'Somewhere inside' } };
    await world.call('PATCH', '/v1/admin/identity-providers/somewhere', change);
    const end = await browser.go((await begin(world)).url, returnTo);
    expect(end.url).toContain('#error=provider_unavailable');
    expect(asked).toBe(0);
    inside.close();
  });
});
