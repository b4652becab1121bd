import { z } from 'zod';
import { id } from '../db/columns.ts';
import { query } from '../db/statement.ts';

const token = z.object({
  outcome: z.enum(['yours', 'done', 'busy']),
  access: z.string(),
  refresh: z.string().nullable(),
  version: z.number(),
});

/** The right to refresh, claimed before the platform is asked: rotating tokens die when two ask at once. `done`: somebody
 *  has refreshed meanwhile, here is the new one. `busy`: somebody is at it. */
export const claimRefresh = query({ name: 'claimRefresh', kind: 'worker', access: 'write', row: token })<{
  accountId: string;
  version: number;
}>`
  with mine as (
    update account_tokens t set refresh_lease_until = app.now() + interval '45 seconds'
    where t.account_id = ${'accountId'}::uuid and t.token_version = ${'version'}::integer
      and (t.refresh_lease_until is null or t.refresh_lease_until < app.now())
    returning t.access_token_sealed, t.refresh_token_sealed, t.token_version
  )
  select 'yours' as outcome, m.access_token_sealed as access, m.refresh_token_sealed as refresh, m.token_version as version from mine m
  union all
  select case when t.token_version > ${'version'}::integer then 'done' else 'busy' end, t.access_token_sealed, t.refresh_token_sealed, t.token_version
  from account_tokens t
  where t.account_id = ${'accountId'}::uuid and not exists (select from mine)`;

export const storeRefreshed = query({
  name: 'storeRefreshed',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id, version: z.number() }),
})<{
  accountId: string;
  version: number;
  access: string;
  refresh: string | null;
  expiresInS: number | null;
}>`
  update account_tokens t
  set access_token_sealed = ${'access'}, refresh_token_sealed = coalesce(${'refresh'}, t.refresh_token_sealed),
    expires_at = app.now() + make_interval(secs => ${'expiresInS'}::double precision),
    token_version = t.token_version + 1, refresh_lease_until = null, updated_at = app.now()
  where t.account_id = ${'accountId'}::uuid and t.token_version = ${'version'}::integer
  returning t.account_id as id, t.token_version as version`;

/** A refresh that failed for now: others may try again after a moment. */
export const releaseRefresh = query({
  name: 'releaseRefresh',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ accountId: string; version: number }>`
  update account_tokens t set refresh_lease_until = app.now() + interval '3 seconds'
  where t.account_id = ${'accountId'}::uuid and t.token_version = ${'version'}::integer
  returning t.account_id as id`;

/** The platform does not renew this one yet: it is good, and asked for again a day later. */
export const postponeRefresh = query({
  name: 'postponeRefresh',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ id }),
})<{ accountId: string; version: number; goodForS: number }>`
  update account_tokens t
  set expires_at = greatest(t.expires_at, app.now() + make_interval(secs => ${'goodForS'}::double precision)), refresh_lease_until = null
  where t.account_id = ${'accountId'}::uuid and t.token_version = ${'version'}::integer
  returning t.account_id as id`;
