/** Sign-ins through a provider, as a web client makes them. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { challengeOf } from '../../shared/identities/browser-secrets.ts';
import { Begun } from '../../shared/identities/shapes.ts';
import { type Browser, openBrowser } from './browser.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { type Person, registerUser } from './people.ts';
import type { World } from './world.ts';

export const returnTo = 'http://127.0.0.1:9/signed-in';

/** Enters the provider, as an administrator does. */
export async function addProvider(
  world: World,
  provider: Pick<IdentityProvider, 'issuer' | 'clientId' | 'clientSecret'>,
  more: Record<string, unknown> = {},
) {
  const admin = await registerUser(world, 'Ada Admin');
  await world.sql(`update users set role = 'admin' where id = $1`, [admin.id]);
  const { issuer, clientId, clientSecret } = provider;
  const json = { name: 'somewhere', label: 'Somewhere', issuer, clientId, clientSecret, ...more };
  const answer = await world.call('POST', '/v1/admin/identity-providers', { token: admin.token, json });
  expect([answer.status, answer.text]).toEqual([201, answer.text]);
  return admin;
}

export interface Begin {
  readonly url: string;
  readonly codeVerifier: string;
}

export async function begin(world: World, person?: Person, purpose = 'link', back = returnTo): Promise<Begin> {
  const codeVerifier = randomBytes(32).toString('base64url');
  const json = { returnTo: back, codeChallenge: challengeOf(codeVerifier) };
  const answer =
    person === undefined
      ? await world.call('POST', '/v1/auth/providers/somewhere/sign-in', { json })
      : await world.call('POST', '/v1/auth/providers/somewhere/proofs', {
          token: person.token,
          json: { ...json, purpose },
        });
  expect([answer.status, answer.text]).toEqual([201, answer.text]);
  return { url: answer.json(Begun).url, codeVerifier };
}

/** What comes back in the fragment. */
export async function passThrough({ url }: Begin, browser: Browser = openBrowser()) {
  const end = await browser.go(url, returnTo);
  return new URLSearchParams(new URL(end.url).hash.slice(1));
}

/** From the button to what the client finishes with. */
export async function comeBack(world: World, person?: Person, purpose?: string) {
  const begun = await begin(world, person, purpose);
  const fragment = await passThrough(begun);
  return { code: fragment.get('code') ?? '', codeVerifier: begun.codeVerifier, error: fragment.get('error') };
}

export async function finish(world: World, { code, codeVerifier }: { code: string; codeVerifier: string }) {
  return world.call('POST', '/v1/auth/sign-in', { json: { code, codeVerifier } });
}
