/** Accounts, the sign-ins that lead to them, and the platforms they belong to. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { platformNames } from '../platforms/connector.ts';
import { namedProject } from '../projects/named-project.ts';
import { Account } from './shapes.ts';

export const listPlatforms = query({
  name: 'listPlatforms',
  kind: 'public',
  access: 'read',
  row: z.object({ name: z.string(), enabled: z.boolean(), limits: z.record(z.string(), z.unknown()) }),
})<Record<never, never>>`select p.name, p.enabled, p.limits from platforms p order by p.name`;

const context = z.object({
  right: z.enum(['write', 'read', 'none']),
  projectId: id,
  projectName: z.string().nullable(),
  communityHandle: z.string().nullable(),
  enabled: z.boolean(),
  baseUrl: z.string().nullable(),
  authorizeUrl: z.string().nullable(),
  clientId: z.string().nullable(),
});

/** What connecting needs to know: the right to do it, where the platform is, and our app at the account's own origin. */
export const loadConnectContext = query({ name: 'loadConnectContext', kind: 'actor', access: 'read', row: context })<{
  projectId: string | null;
  platform: string;
  origin: string | null;
  redirectUri: string;
}>`
  select
    case
      when project.id = any (app.projects_of('write')) then 'write'
      when project.id = any (app.projects_of('read')) then 'read'
      else 'none'
    end as right, project.id as project_id,
    (select pr.name from projects pr where pr.id = project.id) as project_name,
    (select own.handle from social_accounts own
      where own.project_id = project.id and own.platform = 'community' limit 1) as community_handle,
    pf.enabled, pf.base_url, pf.authorize_url, a.client_id
  from platforms pf cross join (select ${namedProject} as id) project
  left join platform_apps a on a.platform = pf.name and a.base_url = ${'origin'} and a.redirect_uri = ${'redirectUri'}
  where pf.name = ${'platform'}`;

const made = z.object({ outcome: z.string(), ...Account.partial().shape });

/** Connects for the signed-in person; reconnecting keeps the id. */
export const connectOwnAccount = query({ name: 'connectOwnAccount', kind: 'actor', access: 'write', row: made })<{
  projectId: string;
  platform: string;
  platformAccountId: string;
  handle: string;
  displayName: string | null;
  avatarUrl: string | null;
  baseUrl: string;
  scopes: readonly string[];
  accessToken: string | null;
  refreshToken: string | null;
  expiresInS: number | null;
  /** Taken where another project has the handle. */
  spareHandle: string | null;
}>`
  select c.outcome, (c.account).id, (c.account).project_id, (c.account).platform, (c.account).platform_account_id,
    (c.account).handle, (c.account).display_name, (c.account).avatar_url, nullif((c.account).base_url, '') as base_url,
    (c.account).scopes, (c.account).status, (c.account).status_reason, (c.account).connected_by, (c.account).connected_at,
    (c.account).disconnected_at, (c.account).paused_at, (c.account).created_at, (c.account).updated_at, (c.account).version
  from app.connect_own_account(${'projectId'}::uuid, ${'platform'}, ${'platformAccountId'}, ${'handle'}, ${'displayName'},
    ${'avatarUrl'}, ${'baseUrl'}, ${'scopes'}::text[], ${'accessToken'}, ${'refreshToken'}, ${'expiresInS'}::integer,
    ${'spareHandle'}) c`;

/** Begins an OAuth sign-in; keeps our registration with the instance where one was just made. */
export const startOauth = query({
  name: 'startOauth',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), clientId: z.string().nullable(), expiresAt: instant }),
})<{
  projectId: string;
  platform: string;
  baseUrl: string;
  stateHash: string;
  codeVerifier: string;
  redirectUri: string;
  newClientId: string | null;
  newClientSecret: string | null;
}>`
  with app as (
    select k.client_id
    from (select 1 where ${'newClientId'}::text is not null) registered,
      app.keep_platform_app(${'platform'}, ${'baseUrl'}, ${'redirectUri'}, ${'newClientId'}, ${'newClientSecret'}) k
  ), state as (
    insert into oauth_states (state_hash, user_id, project_id, platform, base_url, code_verifier_sealed)
    values (${'stateHash'}, app.user_id(), ${'projectId'}::uuid, ${'platform'}, ${'baseUrl'}, ${'codeVerifier'})
    returning expires_at
  )
  select 'ok' as outcome, a.client_id, s.expires_at from state s left join app a on true`;

/** Uses up the state of a callback. */
export const consumeOauthState = query({
  name: 'consumeOauthState',
  kind: 'public',
  access: 'write',
  row: z.object({
    outcome: z.string(),
    platform: z.enum(platformNames).nullable(),
    baseUrl: z.string().nullable(),
    codeVerifierSealed: z.string().nullable(),
    clientId: z.string().nullable(),
    clientSecretSealed: z.string().nullable(),
  }),
})<{ stateHash: string }>`
  select coalesce(s.outcome, 'invalid_state') as outcome, s.platform, s.base_url, s.code_verifier_sealed, s.client_id,
    s.client_secret_sealed
  from (select 1) one left join app.use_oauth_state(${'stateHash'}) s on true`;

export const finishOauth = query({
  name: 'finishOauth',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string(), handle: z.string().nullable(), platform: z.string().nullable() }),
})<{
  stateHash: string;
  platformAccountId: string;
  handle: string;
  displayName: string | null;
  avatarUrl: string | null;
  baseUrl: string;
  scopes: readonly string[];
  accessToken: string;
  refreshToken: string | null;
  expiresInS: number | null;
}>`
  select coalesce(f.outcome, 'invalid_state') as outcome, (f.account).handle, (f.account).platform
  from (select 1) one
  left join app.finish_oauth(${'stateHash'}, ${'platformAccountId'}, ${'handle'}, ${'displayName'}, ${'avatarUrl'}, ${'baseUrl'},
    ${'scopes'}::text[], ${'accessToken'}, ${'refreshToken'}, ${'expiresInS'}::integer) f on true`;

export const getAccount = query({ name: 'getAccount', kind: 'actor', access: 'read', row: Account })<{
  accountId: string;
}>`
  select a.id, a.project_id, a.platform, a.platform_account_id, a.handle, a.display_name, a.avatar_url,
    nullif(a.base_url, '') as base_url, a.scopes, a.status, a.status_reason, a.connected_by, a.connected_at, a.disconnected_at,
    a.paused_at, a.created_at, a.updated_at, a.version
  from social_accounts a where a.id = ${'accountId'}::uuid`;

/** Disconnected ones only when they are asked for. */
export const listAccounts = query({ name: 'listAccounts', kind: 'actor', access: 'read', row: Account })<{
  projectId: string | null;
  platform: string | null;
  status: string | null;
  paused: boolean | null;
  before: string | null;
  limit: number;
}>`
  select a.id, a.project_id, a.platform, a.platform_account_id, a.handle, a.display_name, a.avatar_url,
    nullif(a.base_url, '') as base_url, a.scopes, a.status, a.status_reason, a.connected_by, a.connected_at, a.disconnected_at,
    a.paused_at, a.created_at, a.updated_at, a.version
  from social_accounts a
  where (${'projectId'}::uuid is null or a.project_id = ${'projectId'}::uuid)
    and (${'platform'}::text is null or a.platform = ${'platform'})
    and case when ${'status'}::text is null then a.status <> 'disconnected' else a.status = ${'status'} end
    and (${'paused'}::boolean is null or (a.paused_at is not null) = ${'paused'}::boolean)
    and (${'before'}::uuid is null or a.id < ${'before'}::uuid)
  order by a.id desc
  limit ${'limit'}::integer + 1`;

/**
 * Disconnects where nothing waits. With `cancelWaiting` what has not begun is cancelled; what is on its way, or whose outcome
 * is not known, stands in the way all the same.
 */
export const disconnectAccount = query({
  name: 'disconnectAccount',
  kind: 'actor',
  access: 'guarded',
  row: z.object({
    outcome: z.enum(['ok', 'not_found', 'forbidden', 'in_use', 'stale']),
    waiting: z.array(z.object({ id, state: z.string() })),
    cancelled: z.number(),
  }),
})<{ accountId: string; cancelWaiting: boolean; expectedVersion: number | null }>`
  with account as (
    select a.id, a.project_id, a.status, a.version, a.project_id = any ((select app.projects_of('write'))::uuid[]) as writable
    from social_accounts a where a.id = ${'accountId'}::uuid
  ), waiting as (
    select pp.id, pp.state,
      pp.state in ('publishing', 'processing', 'unknown') or not ${'cancelWaiting'}::boolean as blocks
    from account a join post_publications pp on pp.project_id = a.project_id and pp.account_id = a.id
    where a.writable
      and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'publishing', 'processing', 'unknown')
  ), done as (
    update social_accounts s set status = 'disconnected', status_reason = null, disconnected_at = app.now()
    from account a
    where a.writable and s.id = a.id and s.status <> 'disconnected' and not exists (select from waiting w where w.blocks)
      and (${'expectedVersion'}::integer is null or s.version = ${'expectedVersion'}::integer)
    returning s.id
  ), cancelled as (
    update post_publications pp
    set state = 'cancelled', next_attempt_at = null, prepared = null, prepared_ready = false, prepared_expires_at = null
    from account a
    where a.writable and ${'cancelWaiting'}::boolean and not exists (select from waiting w where w.blocks)
      and (a.status = 'disconnected' or exists (select from done))
      and pp.project_id = a.project_id and pp.account_id = a.id
      and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed')
    returning pp.id
  )
  select
    case
      when a.id is null then 'not_found'
      when not a.writable then 'forbidden'
      when a.status <> 'disconnected' and a.version <> ${'expectedVersion'}::integer then 'stale'
      when exists (select from waiting w where w.blocks) then 'in_use'
      when a.status <> 'disconnected' and d.id is null then 'stale'
      else 'ok'
    end as outcome,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', b.id, 'state', b.state) order by b.id)
      from (select w.id, w.state from waiting w where w.blocks order by w.id limit 100) b), '[]'::jsonb) as waiting,
    (select count(*) from cancelled)::integer as cancelled
  from (select 1) one left join account a on true left join done d on true`;
