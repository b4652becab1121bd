/** Providers of sign-in, as administrators keep them. */
import type { z } from 'zod';
import { seal } from '../accounts/seal.ts';
import { config } from '../config/config.ts';
import type { Db } from '../db/client.ts';
import { json } from '../db/parameters.ts';
import { fail } from '../errors.ts';
import { guardUrl } from '../net/guard.ts';
import { createIdentityProvider, listIdentityProviders, updateIdentityProvider } from './provider-queries.ts';
import { IdentityProvider, type providerSettings } from './shapes.ts';
import { providerBinding } from './sign-in.ts';

type Settings = { readonly [Name in keyof typeof providerSettings]: z.output<(typeof providerSettings)[Name]> };

export async function listProviders(db: Db) {
  const rows = await db.many(listIdentityProviders, {});
  if (rows.some(({ outcome }) => outcome !== 'ok')) fail('not_found');
  return rows.flatMap(({ name, provider }) => (name === null ? [] : [IdentityProvider.parse(provider)]));
}

/** Throws `address_not_allowed` for an issuer that lies in a private network, or speaks http. */
export async function createProvider(db: Db, given: Settings & { readonly name: string; readonly issuer: string }) {
  const { clientSecret, scopes, returnOrigins, ...settings } = given;
  const { TRUSTED_ORIGINS: trustedOrigins } = config('http');
  const { url } = guardUrl(given.issuer, { trustedOrigins });
  if (url.protocol !== 'https:' && !trustedOrigins.includes(url.origin)) {
    fail('address_not_allowed', { detail: 'The issuer must be an https address.' });
  }
  const clientSecretSealed = await seal(clientSecret, providerBinding(given.name));
  return db.change(createIdentityProvider, {
    ...settings,
    scopes: [...scopes],
    returnOrigins: [...returnOrigins],
    clientSecretSealed,
  });
}

export async function updateProvider(
  db: Db,
  change: {
    readonly name: string;
    readonly patch: { readonly [Name in keyof Settings]?: Settings[Name] | undefined };
    readonly expectedVersion: number | null;
  },
) {
  const { name, expectedVersion } = change;
  const { clientSecret, ...patch } = change.patch;
  const clientSecretSealed = clientSecret === undefined ? null : await seal(clientSecret, providerBinding(name));
  return db.change(updateIdentityProvider, { name, patch: json(patch), clientSecretSealed, expectedVersion });
}
