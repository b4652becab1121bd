/** What people ask of themselves. */
import { z } from 'zod';
import { id } from '../db/columns.ts';
import type { Json } from '../db/parameters.ts';
import { fragment, query } from '../db/statement.ts';
import { MyProfile } from './shapes.ts';

const row = MyProfile.omit({ avatar: true }).extend({ avatarId: id.nullable() });
export type MyRow = z.output<typeof row>;

const columns = fragment()`
  u.id, u.email, u.is_verified as email_verified, u.display_name, u.username, u.given_name, u.family_name, u.bio, u.role,
  u.created_at, u.updated_at, u.version, app.session_id() as session_id,
  exists (select from mfa_factors f where f.user_id = u.id and f.kind = 'totp' and f.confirmed_at is not null) as mfa_enabled,
  (select jsonb_build_object('requestedAt', d.requested_at, 'dueAt', d.due_at) from account_deletions d where d.user_id = u.id) as deletion,
  (select a.id from user_avatars a where a.user_id = u.id and a.status = 'ready' order by a.id desc limit 1) as avatar_id,
  (select jsonb_build_object('id', a.id, 'status', a.status, 'failure',
      case when a.failure_code is not null then jsonb_build_object('code', a.failure_code, 'reason', a.failure_reason) end)
    from user_avatars a where a.user_id = u.id and a.status <> 'ready' order by a.id desc limit 1) as avatar_upload`;

export const getMe = query({ name: 'getMe', kind: 'actor', access: 'read', row })<Record<never, never>>`
  select ${columns} from users u where u.id = (select app.user_id())`;

/** Changes the fields that the patch names. */
export const updateMe = query({
  name: 'updateMe',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), ...row.shape }),
})<{ patch: Json; expectedVersion: number | null }>`
  with given as (
    select ${'patch'}::jsonb as patch
  ), done as (
    update users u
    set display_name = coalesce(patch ->> 'displayName', u.display_name),
      username = case when patch ? 'username' then patch ->> 'username' else u.username end,
      username_skeleton = case when patch ? 'username' then patch ->> 'usernameSkeleton' else u.username_skeleton end,
      given_name = case when patch ? 'givenName' then patch ->> 'givenName' else u.given_name end,
      family_name = case when patch ? 'familyName' then patch ->> 'familyName' else u.family_name end,
      bio = case when patch ? 'bio' then patch ->> 'bio' else u.bio end
    from given
    where u.id = (select app.user_id())
      and (${'expectedVersion'}::integer is null or u.version = ${'expectedVersion'}::integer)
    returning u.id, u.email, u.is_verified, u.display_name, u.username, u.given_name, u.family_name, u.bio, u.role, u.created_at,
      u.updated_at, u.version
  )
  select case when u.id is not null then 'ok' else 'stale' end as outcome, ${columns}
  from (select 1) one left join done u on true`;
