/** What is asked of people's pictures, by themselves and by the worker. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';

/** An upload that was asked for before and never came is given up. */
export const beginAvatar = query({
  name: 'beginAvatar',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), id, uploadExpiresAt: instant }),
})<{ mimeType: string; bytes: number }>`
  with before as (
    delete from user_avatars where user_id = (select app.user_id()) and status in ('pending_upload', 'failed') returning 1
  )
  insert into user_avatars (declared_mime_type, declared_bytes) values (${'mimeType'}, ${'bytes'}::integer)
  returning 'ok' as outcome, id, upload_expires_at`;

/** One of the person's own, whatever became of it. */
export const findAvatar = query({ name: 'findAvatar', kind: 'actor', access: 'read', row: z.object({ id }) })<{
  avatarId: string;
}>`
  select a.id from user_avatars a where a.id = ${'avatarId'}::uuid and a.user_id = (select app.user_id())`;

/** Who has none is as good as done. */
export const removeAvatar = query({
  name: 'removeAvatar',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<Record<never, never>>`
  with gone as (
    delete from user_avatars where user_id = (select app.user_id()) returning 1
  )
  select 'ok' as outcome from (select count(*) from gone) done`;

/** `process`: yours, also where somebody began before and died. `done`: settled already. `gone`: unknown or removed. */
export const claimAvatar = query({
  name: 'claimAvatar',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.enum(['process', 'done', 'gone']) }),
})<{ avatarId: string }>`
  with claimed as (
    update user_avatars a set status = 'processing', updated_at = app.now()
    where a.id = ${'avatarId'}::uuid and a.status in ('pending_upload', 'processing')
    returning a.id
  )
  select case when c.id is not null then 'process' when a.id is not null then 'done' else 'gone' end as outcome
  from (select 1) one left join claimed c on true left join user_avatars a on a.id = ${'avatarId'}::uuid`;

/** The next picture takes the place of the one before. `gone`: removed meanwhile. */
export const settleAvatar = query({
  name: 'settleAvatar',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ outcome: z.enum(['ok', 'gone']) }),
})<{ avatarId: string; status: string; failureCode: string | null; failureReason: string | null }>`
  with settled as (
    update user_avatars a
    set status = ${'status'}, failure_code = ${'failureCode'}, failure_reason = ${'failureReason'}, updated_at = app.now()
    where a.id = ${'avatarId'}::uuid and a.status = 'processing'
    returning a.id, a.user_id, a.status
  ), replaced as (
    delete from user_avatars o using settled s
    where s.status = 'ready' and o.user_id = s.user_id and o.id < s.id
    returning 1
  )
  select case when exists (select from settled) then 'ok' else 'gone' end as outcome`;

/** Uploads that never came, and work that nobody finished. */
export const failStuckAvatars = query({
  name: 'failStuckAvatars',
  kind: 'worker',
  access: 'guarded',
  row: z.object({ avatars: z.number() }),
})<{ limit: number }>`
  with stuck as (
    select a.id from user_avatars a
    where a.status in ('pending_upload', 'processing') and a.upload_expires_at < app.now() - interval '1 hour'
    order by a.upload_expires_at limit ${'limit'}::integer for update skip locked
  ), failed as (
    update user_avatars a
    set status = 'failed', updated_at = app.now(),
      failure_code = case a.status when 'processing' then 'processing_failed' else 'upload_missing' end,
      failure_reason = case a.status when 'processing' then 'The picture could not be processed. Upload it once more.'
        else 'The picture was never uploaded.' end
    from stuck s where a.id = s.id
    returning 1
  )
  select count(*)::integer as avatars from failed`;
