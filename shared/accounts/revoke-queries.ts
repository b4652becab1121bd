import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { platformNames } from '../platforms/connector.ts';

const revocation = z.object({
  id,
  accountId: id,
  platform: z.enum(platformNames),
  account: z.object({
    platformAccountId: z.string(),
    handle: z.string(),
    baseUrl: z.string(),
    metricsUrl: z.string().nullable(),
  }),
  token: z.object({ access: z.string(), refresh: z.string().nullable(), version: z.number() }).nullable(),
  app: z.object({ clientId: z.string(), clientSecretSealed: z.string() }).nullable(),
});
export type Revocation = z.output<typeof revocation>;

/** Disconnected accounts whose tokens still live; leased, so that two sweeps do not both ask the platform. */
export const claimRevocations = query({
  name: 'claimRevocations',
  kind: 'worker',
  access: 'guarded',
  row: revocation,
})<{
  limit: number;
}>`
  with waiting as (
    select e.id from outbox_events e
    where e.dispatched_at is null and e.kind = 'account.disconnected' and (e.lease_until is null or e.lease_until < app.now())
    order by e.created_at limit ${'limit'}::integer for update skip locked
  ), claimed as (
    update outbox_events e set lease_until = app.now() + interval '2 minutes', attempts = e.attempts + 1
    from waiting w where e.id = w.id
    returning e.id, (e.payload ->> 'accountId')::uuid as account_id
  )
  select c.id, a.id as account_id, a.platform,
    jsonb_build_object('platformAccountId', a.platform_account_id, 'handle', a.handle, 'baseUrl', a.base_url,
      'metricsUrl', null) as account,
    case when t.account_id is not null and a.status = 'disconnected' then jsonb_build_object('access', t.access_token_sealed,
      'refresh', t.refresh_token_sealed, 'version', t.token_version) end as token,
    case when p.client_id is not null then jsonb_build_object('clientId', p.client_id,
      'clientSecretSealed', p.client_secret_sealed) end as app
  from claimed c
  join social_accounts a on a.id = c.account_id
  left join account_tokens t on t.project_id = a.project_id and t.account_id = a.id
  left join platform_apps p on p.platform = a.platform and p.base_url = a.base_url`;

/** Deletes the tokens, unless the account was connected anew meanwhile. */
export const settleRevocations = query({
  name: 'settleRevocations',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ events: z.number(), tokens: z.number() }),
})<{ events: string[] }>`
  with gone as (
    delete from account_tokens t
    using outbox_events e, social_accounts a
    where e.id = any (${'events'}::uuid[]) and a.id = (e.payload ->> 'accountId')::uuid and a.status = 'disconnected'
      and t.project_id = a.project_id and t.account_id = a.id
    returning t.account_id
  ), done as (
    update outbox_events e set dispatched_at = app.now(), lease_until = null
    where e.id = any (${'events'}::uuid[]) and e.dispatched_at is null
    returning e.id
  )
  select (select count(*) from done)::integer as events, (select count(*) from gone)::integer as tokens`;
