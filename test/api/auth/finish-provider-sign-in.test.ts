/** Signing in through a real OpenID provider: who gets in, and who does not. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SecondFactorNeeded, SignedIn } from '../../../shared/auth/shapes.ts';
import { openBrowser } from '../../support/browser.ts';
import { addApp, codeOf } from '../../support/factors.ts';
import { freePort } from '../../support/free-port.ts';
import { type IdentityProvider, startProvider } from '../../support/identity-provider.ts';
import { mailedToken, type Person, registerUser } from '../../support/people.ts';
import { addProvider, begin, comeBack, finish, passThrough, returnTo } from '../../support/sign-in.ts';
import { openWorld, type World } from '../../support/world.ts';

let world: World;
let provider: IdentityProvider;
let admin: Person;
beforeAll(async () => {
  const port = await freePort();
  world = await openWorld({ platformOrigins: [`http://127.0.0.1:${port}`] });
  provider = await startProvider(port, `${world.origin}/v1/auth/callback`);
  admin = await addProvider(world, provider);
});
beforeEach(async () => {
  await world.moveClock(0);
  provider.away = false;
  provider.person = newPerson();
});
afterAll(async () => {
  await provider.close();
  await world.close();
});

const newPerson = (more: object = {}) => {
  const sub = randomUUID();
  return { sub, email: `${sub.slice(0, 8)}@example.com`, email_verified: true, name: 'Grace Hopper', ...more };
};
const signIn = async () => finish(world, await comeBack(world));
const usersWith = (email = '') =>
  world.sql(
    'select id, display_name, email_verified_at is not null as verified, password_hash from users where email = $1',
    [email],
  );

describe('a new person', () => {
  test('is registered with the address that the provider has verified, and is in', async () => {
    const answer = await signIn();
    const { status, accessToken } = answer.json(SignedIn);
    expect([answer.status, status]).toEqual([200, 'signed_in']);
    expect((await world.call('GET', '/v1/me', { token: accessToken })).status).toBe(200);
    expect(await usersWith(provider.person?.email)).toMatchObject([
      { display_name: 'Grace Hopper', verified: true, password_hash: null },
    ]);
  });

  test('is the same person the next time, also under another address', async () => {
    const first = (await signIn()).json(SignedIn).accessToken;
    provider.person = newPerson({ sub: provider.person?.sub });
    const second = (await signIn()).json(SignedIn).accessToken;
    const idOf = async (token: string) => JSON.parse((await world.call('GET', '/v1/me', { token })).text).id;
    expect(await idOf(second)).toBe(await idOf(first));
    expect(await usersWith(provider.person?.email)).toEqual([]);
  });

  test.each([
    ['has not verified the address', { email_verified: false }],
    ['does not say whether it has', { email_verified: undefined }],
    ['tells no address', { email: undefined }],
    ['tells one that is none', { email: 'nobody' }],
  ])('is nobody here where the provider %s', async (_, more) => {
    provider.person = newPerson(more);
    const answer = await signIn();
    expect([answer.status, answer.code]).toEqual([403, 'email_not_verified']);
    expect(await usersWith(provider.person?.email)).toEqual([]);
  });

  test('obeys the rules of registration', async () => {
    for (const [mode, code] of [
      ['closed', 'registration_closed'],
      ['invite_only', 'invitation_needed'],
    ]) {
      await world.sql('update installation_settings set registration = $1', [mode]);
      expect((await signIn()).code).toBe(code);
    }
    await world.sql(`update installation_settings set registration = 'open'`);
    expect(await usersWith(provider.person?.email)).toEqual([]);
  });
});

test('whoever wrote the address down before its owner came keeps nobody out, and gets nowhere', async () => {
  const email = provider.person?.email ?? '';
  const json = { email, password: 'chosen by a squatter', displayName: 'Sid Squatter' };
  expect((await world.call('POST', '/v1/auth/register', { json })).status).toBe(202);
  const link = mailedToken(world, email);
  await world.sql(`update installation_settings set registration = 'closed'`);
  expect((await signIn()).code).toBe('registration_closed');
  await world.sql(`update installation_settings set registration = 'open'`);
  expect((await signIn()).json(SignedIn).status).toBe('signed_in');
  expect(await usersWith(email)).toMatchObject([{ display_name: 'Grace Hopper', verified: true, password_hash: null }]);
  const verified = await world.call('POST', '/v1/auth/verify-email', { json: { token: link } });
  expect([verified.status, verified.code]).toEqual([400, 'invalid_token']);
  const { password } = json;
  expect((await world.call('POST', '/v1/auth/login', { json: { email, password } })).code).toBe('invalid_credentials');
});

describe('a person who is known here by a password', () => {
  test('is not taken over by an identity with the same address, verified or not', async () => {
    const ada = await registerUser(world);
    provider.person = newPerson({ email: ada.email.toUpperCase() });
    const answer = await signIn();
    expect([answer.status, answer.code]).toEqual([409, 'account_exists']);
    provider.person = newPerson({ email: ada.email, email_verified: false });
    expect((await signIn()).code).toBe('email_not_verified');
    expect(await world.sql('select 1 from user_identities where user_id = $1', [ada.id])).toEqual([]);
  });

  test('has one address, however the provider writes it', async () => {
    const email = `grace.${randomUUID().slice(0, 8)}@bücher.example`;
    const json = { email, password: 'correct horse battery', displayName: 'Grace' };
    expect((await world.call('POST', '/v1/auth/register', { json })).status).toBe(202);
    const token = mailedToken(world, email.replace('bücher', 'xn--bcher-kva'));
    expect((await world.call('POST', '/v1/auth/verify-email', { json: { token } })).status).toBe(200);
    for (const written of [email, email.toUpperCase(), email.replace('bücher', 'xn--bcher-kva')]) {
      provider.person = newPerson({ email: written });
      expect([written, (await signIn()).code]).toEqual([written, 'account_exists']);
    }
  });

  test('who was deactivated stays out', async () => {
    await signIn();
    await world.sql(`update users set status = 'deactivated' where email = $1`, [provider.person?.email]);
    const answer = await signIn();
    expect([answer.status, answer.code]).toEqual([422, 'sign_in_refused']);
  });

  test('shows the second factor here too', async () => {
    const { accessToken: token } = (await signIn()).json(SignedIn);
    const app = await addApp(world, { token });
    const { ticket } = (await signIn()).json(SecondFactorNeeded);
    const code = await codeOf(world, app);
    const answer = await world.call('POST', '/v1/auth/login/second-factor', { json: { ticket, code } });
    expect(answer.json(SignedIn).status).toBe('signed_in');
  });
});

describe('the browser', () => {
  test('gets a cookie that no script reads and no other site sends', async () => {
    const browser = openBrowser();
    await passThrough(await begin(world), browser);
    const [set, cleared] = browser.seen.filter((cookie) => cookie.startsWith('posthaste-sign-in='));
    expect(set).toMatch(/^posthaste-sign-in=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
    expect(cleared).toContain('Max-Age=0');
    expect(browser.cookies(world.origin)).toEqual([]);
  });

  test('that went is the one that comes back: another one is refused', async () => {
    const victim = openBrowser();
    const attacker = openBrowser();
    // The attacker stops on the way back and hands the address on.
    const { url } = await attacker.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    const without = await victim.go(url, returnTo);
    expect([without.status, without.text]).toEqual([400, expect.stringContaining('invalid_state')]);
    // Nor does one whose own sign-in is under way take the attacker's answer for its own.
    await victim.go((await begin(world)).url, `${provider.issuer}/interaction`);
    expect((await victim.go(url, returnTo)).status).toBe(400);
  });

  test('comes back once', async () => {
    const browser = openBrowser();
    const { url } = await browser.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    const cookie = browser.cookies(world.origin).join('; ');
    const come = () => fetch(url, { redirect: 'manual', headers: { cookie } });
    expect((await come()).headers.get('location')).toContain('#code=');
    const again = await come();
    expect([again.status, (await again.text()).includes('invalid_state')]).toEqual([400, true]);
  });

  test('goes by a link of the last ten minutes that has brought nobody back yet', async () => {
    const goes = async ({ url }: { url: string }) => (await fetch(url, { redirect: 'manual' })).status;
    const late = await begin(world);
    expect(await goes(late)).toBe(302);
    await world.moveClock(601_000);
    expect(await goes(late)).toBe(400);
    await world.moveClock(0);
    const used = await begin(world);
    await passThrough(used);
    expect(await goes(used)).toBe(400);
  });

  test('comes back within ten minutes', async () => {
    const browser = openBrowser();
    const { url } = await browser.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    await world.moveClock(601_000);
    expect((await browser.go(url, returnTo)).status).toBe(400);
    await world.moveClock(0);
    expect((await browser.go(url, returnTo)).url).toContain('#code=');
  });

  test('may bring fields of the provider’s own, whatever they are called', async () => {
    const browser = openBrowser();
    const { url } = await browser.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    const more = '&session_state=s&cursor=c&limit=0x10&projectId=p';
    expect((await browser.go(`${url}${more}`, returnTo)).url).toContain('#code=');
  });

  test('brings the state unchanged', async () => {
    const browser = openBrowser();
    const { url } = await browser.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    const changed = new URL(url);
    changed.searchParams.set('state', `${changed.searchParams.get('state')}x`);
    expect((await browser.go(changed.href, returnTo)).status).toBe(400);
    // What was changed used nothing up.
    expect((await browser.go(url, returnTo)).url).toContain('#code=');
  });
});

describe('the client', () => {
  test('that did not begin cannot finish, and uses the code up', async () => {
    const { code, codeVerifier } = await comeBack(world);
    for (const verifier of ['x'.repeat(43), codeVerifier]) {
      const answer = await finish(world, { code, codeVerifier: verifier });
      expect([answer.status, answer.code]).toEqual([400, 'invalid_token']);
    }
  });

  test('finishes once, also twenty times at once', async () => {
    const back = await comeBack(world);
    const answers = await Promise.all(Array.from({ length: 20 }, () => finish(world, back)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ code }) => code))).toEqual(
      new Set(['invalid_token']),
    );
  });

  test('finishes within two minutes', async () => {
    const back = await comeBack(world);
    await world.moveClock(121_000);
    expect((await finish(world, back)).code).toBe('invalid_token');
  });

  test('cannot finish as a sign-in what a signed-in person began as a link', async () => {
    const ada = await registerUser(world);
    expect((await finish(world, await comeBack(world, ada, 'link'))).code).toBe('invalid_token');
  });

  test('begins only where it may be sent back to', async () => {
    const json = (back: string) => ({ returnTo: back, codeChallenge: 'x'.repeat(43) });
    const path = '/v1/auth/providers/somewhere/sign-in';
    for (const back of [
      'https://evil.example/',
      'https://user@evil.example/',
      'javascript:alert(1)//x',
      `${returnTo}#x`,
    ]) {
      const answer = await world.call('POST', path, { json: json(back) });
      expect([back, answer.status]).toEqual([back, 422]);
    }
    expect((await world.call('POST', path, { json: json(`${world.origin}/app`) })).status).toBe(201);
    const nowhere = await world.call('POST', '/v1/auth/providers/nowhere/sign-in', { json: json(returnTo) });
    expect(nowhere.code).toBe('not_found');
  });
});

describe('the provider', () => {
  test('says that the person said no', async () => {
    provider.person = null;
    expect((await comeBack(world)).error).toBe('denied');
  });

  test('that is away is said to be: on the way there, and on the way back', async () => {
    const browser = openBrowser();
    const { url } = await browser.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    provider.away = true;
    expect((await browser.go(url, returnTo)).url).toContain('#error=provider_unavailable');
    // Its settings are changed: what was known of it is asked anew.
    const changed = { token: admin.token, json: { label: 'Somewhere else' } };
    expect((await world.call('PATCH', '/v1/admin/identity-providers/somewhere', changed)).status).toBe(200);
    const gone = await openBrowser().go((await begin(world)).url, returnTo);
    expect([gone.status, gone.text]).toEqual([502, expect.stringContaining('provider_unavailable')]);
  });

  test('that was switched off opens nothing, also for who is on the way', async () => {
    const begun = await begin(world);
    const set = (isEnabled: boolean) =>
      world.call('PATCH', '/v1/admin/identity-providers/somewhere', { token: admin.token, json: { isEnabled } });
    const browser = openBrowser();
    const { url } = await browser.go((await begin(world)).url, `${world.origin}/v1/auth/callback`);
    expect((await set(false)).status).toBe(200);
    expect((await fetch(begun.url, { redirect: 'manual' })).status).toBe(400);
    expect((await browser.go(url, returnTo)).status).toBe(400);
    const json = { returnTo, codeChallenge: 'x'.repeat(43) };
    expect((await world.call('POST', '/v1/auth/providers/somewhere/sign-in', { json })).code).toBe('not_found');
    await set(true);
  });
});

test('neither codes nor secrets are stored or logged in the clear', async () => {
  const browser = openBrowser();
  const begun = await begin(world);
  const fragment = await passThrough(begun, browser);
  const cookie = browser.seen[0]?.split(/[=;]/)[1] ?? '';
  const rows = await Promise.all(
    ['provider_sign_ins', 'identity_providers', 'idempotency_keys', 'audit_log'].map((table) =>
      world.sql(`select * from ${table}`),
    ),
  );
  const seen = JSON.stringify(rows) + world.logs.join('\n');
  const secrets = [provider.clientSecret, cookie, fragment.get('code') ?? '', begun.codeVerifier, begun.url.slice(-43)];
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(30);
    expect(seen).not.toContain(secret);
  }
});
