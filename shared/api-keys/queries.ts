/** What is asked of API keys. Hashes go in; none comes out. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { fragment, query } from '../db/statement.ts';
import { ApiKey } from './shapes.ts';

const made = z.object({ outcome: z.string(), keyId: id });

export const createApiKey = query({ name: 'createApiKey', kind: 'actor', access: 'write', row: made })<{
  projectId: string;
  name: string;
  prefix: string;
  keyHash: string;
  scopes: readonly string[];
  expiresInDays: number | null;
}>`
  select outcome, key_id
  from app.create_api_key(${'projectId'}::uuid, ${'name'}, ${'prefix'}, ${'keyHash'}, ${'scopes'}::text[],
    app.now() + make_interval(days => ${'expiresInDays'}::integer))`;

export const rotateApiKey = query({ name: 'rotateApiKey', kind: 'actor', access: 'write', row: made })<{
  projectId: string;
  apiKeyId: string;
  prefix: string;
  keyHash: string;
  overlapS: number;
  expectedVersion: number | null;
}>`
  select outcome, key_id
  from app.rotate_api_key(${'projectId'}::uuid, ${'apiKeyId'}::uuid, ${'prefix'}, ${'keyHash'}, ${'overlapS'}::integer,
    ${'expectedVersion'}::integer)`;

const seen = fragment<{ projectId: string }>()`
  select p.id, p.id = any ((select app.projects_of('manage'))::uuid[]) as mine from projects p where p.id = ${'projectId'}::uuid`;

/** Of the keys of `page`; whoever made them is a member, or they are revoked. */
const told = fragment<{ projectId: string }>()`
  select k.id, k.project_id, k.name, k.prefix, k.scopes,
    case when k.revoked_at is not null then 'revoked' when k.expires_at <= app.now() then 'expired'
      when n.active is not true then 'suspended' when k.replaced_by is not null then 'replaced' else 'active' end as state,
    k.created_by, n.display_name as created_by_name, k.replaced_by, k.expires_at, k.last_used_at, k.revoked_at, k.created_at,
    k.updated_at, k.version
  from page k
  left join app.member_names(${'projectId'}::uuid, array(select created_by from page)) n on n.user_id = k.created_by`;

export const listApiKeys = query({
  name: 'listApiKeys',
  kind: 'actor',
  access: 'read',
  row: z.object({ outcome: z.string(), keys: z.array(ApiKey) }),
})<{ projectId: string; before: string | null; limit: number }>`
  with seen as (${seen}),
  page as materialized (
    select k.id, k.project_id, k.name, k.prefix, k.scopes, k.created_by, k.replaced_by, k.expires_at, k.last_used_at,
      k.revoked_at, k.created_at, k.updated_at, k.version
    from api_keys k
    where k.project_id = ${'projectId'}::uuid and (${'before'}::uuid is null or k.id < ${'before'}::uuid)
    order by k.id desc limit ${'limit'}::integer + 1
  ),
  told as (${told})
  select case when s.mine then 'ok' when s.id is null then 'not_found' else 'forbidden' end as outcome,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', t.id, 'projectId', t.project_id, 'name', t.name, 'prefix', t.prefix,
        'scopes', t.scopes, 'state', t.state, 'createdBy', t.created_by, 'createdByName', t.created_by_name,
        'replacedBy', t.replaced_by, 'expiresAt', t.expires_at, 'lastUsedAt', t.last_used_at, 'revokedAt', t.revoked_at,
        'createdAt', t.created_at, 'updatedAt', t.updated_at, 'version', t.version) order by t.id desc)
      from told t), '[]'::jsonb) as keys
  from (select 1) one left join seen s on true`;

const whole = ApiKey.extend({ outcome: z.string() });

export const getApiKey = query({ name: 'getApiKey', kind: 'actor', access: 'read', row: whole })<{
  projectId: string;
  apiKeyId: string;
}>`
  with seen as (${seen}),
  page as materialized (
    select k.id, k.project_id, k.name, k.prefix, k.scopes, k.created_by, k.replaced_by, k.expires_at, k.last_used_at,
      k.revoked_at, k.created_at, k.updated_at, k.version
    from api_keys k where k.id = ${'apiKeyId'}::uuid and k.project_id = ${'projectId'}::uuid
  ),
  told as (${told})
  select case when t.id is not null then 'ok' when s.id is null or s.mine then 'not_found' else 'forbidden' end as outcome, t.*
  from (select 1) one left join seen s on true left join told t on true`;

const changed = z.object({ outcome: z.enum(['ok', 'wider', 'stale', 'wrong_state', 'forbidden', 'not_found']) });

/** Changes the fields that the patch names. Scopes may only be taken away (`wider`), and of a dead key nothing is changed. */
export const changeApiKey = query({ name: 'changeApiKey', kind: 'actor', access: 'write', row: changed })<{
  projectId: string;
  apiKeyId: string;
  patch: Json;
  expectedVersion: number | null;
}>`
  with given as (
    select g.patch, case when g.patch ? 'scopes' then array(select jsonb_array_elements_text(g.patch -> 'scopes')) end as scopes
    from (select ${'patch'}::jsonb as patch) g
  ), seen as (${seen}),
  one as (
    select k.id, case
      when k.version <> ${'expectedVersion'}::integer then 'stale'
      when k.revoked_at is not null or k.expires_at <= app.now() then 'wrong_state'
      when not g.scopes <@ k.scopes then 'wider'
      else 'ok' end as outcome
    from api_keys k cross join given g
    where k.id = ${'apiKeyId'}::uuid and k.project_id = ${'projectId'}::uuid
    for update of k
  ), done as (
    update api_keys k set name = coalesce(g.patch ->> 'name', k.name), scopes = coalesce(g.scopes, k.scopes)
    from one o cross join given g
    where k.id = o.id and o.outcome = 'ok'
    returning k.id
  )
  select case when exists (select from done) then 'ok' else coalesce((select o.outcome from one o),
    case when exists (select from seen where not mine) then 'forbidden' else 'not_found' end) end as outcome`;

/** Revoking twice is revoking once. */
export const revokeApiKey = query({
  name: 'revokeApiKey',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ projectId: string; apiKeyId: string; expectedVersion: number | null }>`
  with seen as (${seen}),
  one as (
    select k.id, k.version <> ${'expectedVersion'}::integer and k.revoked_at is null as stale
    from api_keys k where k.id = ${'apiKeyId'}::uuid and k.project_id = ${'projectId'}::uuid
  ), done as (
    update api_keys k set revoked_at = coalesce(k.revoked_at, app.now()) from one o where k.id = o.id and o.stale is not true
    returning k.id
  )
  select case
    when exists (select from done) then 'ok'
    when exists (select from one) then 'stale'
    when exists (select from seen where not mine) then 'forbidden'
    else 'not_found'
  end as outcome`;
