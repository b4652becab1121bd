/** What administrators do with providers of sign-in. */
import { z } from 'zod';
import type { Json } from '../db/parameters.ts';
import { fragment, query } from '../db/statement.ts';
import { IdentityProvider } from './shapes.ts';

const columns = fragment()`p.name, p.label, p.issuer, p.client_id, p.scopes, p.return_origins, p.is_enabled, p.created_at,
    p.updated_at, p.version`;

/** One row at least: `not_found` for who is no administrator. */
export const listIdentityProviders = query({
  name: 'listIdentityProviders',
  kind: 'actor',
  access: 'read',
  row: z.object({ outcome: z.string(), name: z.string().nullable(), provider: z.unknown() }),
})<Record<never, never>>`
  select case when app.is_staff('admin') then 'ok' else 'not_found' end as outcome, p.name,
    jsonb_build_object('name', p.name, 'label', p.label, 'issuer', p.issuer, 'clientId', p.client_id, 'scopes', p.scopes,
      'returnOrigins', p.return_origins, 'isEnabled', p.is_enabled, 'createdAt', p.created_at, 'updatedAt', p.updated_at,
      'version', p.version) as provider
  from (select) one left join identity_providers p on true
  order by p.label, p.name`;

export const getIdentityProvider = query({
  name: 'getIdentityProvider',
  kind: 'actor',
  access: 'read',
  row: IdentityProvider.extend({ outcome: z.string() }),
})<{ name: string }>`
  select case when p.name is null then 'not_found' else 'ok' end as outcome, ${columns}
  from (select) one left join identity_providers p on p.name = ${'name'}`;

export const createIdentityProvider = query({
  name: 'createIdentityProvider',
  kind: 'actor',
  access: 'write',
  row: IdentityProvider.extend({ outcome: z.string() }),
})<{
  name: string;
  label: string;
  issuer: string;
  clientId: string;
  clientSecretSealed: string;
  scopes: string[];
  returnOrigins: string[];
  isEnabled: boolean;
}>`
  with p as (
    insert into identity_providers (name, label, issuer, client_id, client_secret_sealed, scopes, return_origins, is_enabled)
    select ${'name'}, ${'label'}, ${'issuer'}, ${'clientId'}, ${'clientSecretSealed'}, ${'scopes'}::text[],
      ${'returnOrigins'}::text[], ${'isEnabled'}::boolean
    where app.is_staff('admin')
    on conflict on constraint identity_providers_pkey do nothing
    returning name, label, issuer, client_id, scopes, return_origins, is_enabled, created_at, updated_at, version
  )
  select case when p.name is not null then 'ok' when app.is_staff('admin') then 'provider_exists' else 'not_found' end as outcome,
    ${columns}
  from (select) one left join p on true`;

export const updateIdentityProvider = query({
  name: 'updateIdentityProvider',
  kind: 'actor',
  access: 'write',
  row: IdentityProvider.extend({ outcome: z.string() }),
})<{ name: string; patch: Json; clientSecretSealed: string | null; expectedVersion: number | null }>`
  select outcome, name, label, issuer, client_id, scopes, return_origins, is_enabled, created_at, updated_at, version
  from app.change_identity_provider(${'name'}, ${'patch'}::jsonb, ${'clientSecretSealed'}, ${'expectedVersion'}::integer)`;

export const removeIdentityProvider = query({
  name: 'removeIdentityProvider',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string() }),
})<{ name: string; expectedVersion: number | null }>`
  select outcome from app.remove_identity_provider(${'name'}, ${'expectedVersion'}::integer)`;
