/** What is asked of invitations into the installation. Hashes of tokens go in; none comes out. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { query } from '../db/statement.ts';
import { UserInvitation } from './invitation-shapes.ts';

/** Seconds until the address may be written to again, where it was too often. */
const waitS = z.int().nullable();

export const createUserInvitation = query({
  name: 'createUserInvitation',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.string(),
    id,
    createdAt: instant,
    sentAt: instant,
    expiresAt: instant,
    mailId: id,
    waitS,
  }),
})<{ email: string; role: string; tokenHash: string; link: string }>`
  select outcome, id, created_at, sent_at, expires_at, mail_id, wait_s
  from app.invite_user(${'email'}, ${'role'}, ${'tokenHash'}, ${'link'})`;

export const resendUserInvitation = query({
  name: 'resendUserInvitation',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), email: z.string(), expiresAt: instant, mailId: id, waitS }),
})<{ invitationId: string; tokenHash: string; link: string }>`
  select outcome, email, expires_at, mail_id, wait_s
  from app.resend_user_invitation(${'invitationId'}::uuid, ${'tokenHash'}, ${'link'})`;

/** Besides the invitations whether the asker is an administrator: to others even an empty list is not shown. */
export const listUserInvitations = query({
  name: 'listUserInvitations',
  kind: 'actor',
  access: 'read',
  row: z.object({ allowed: z.boolean(), invitations: z.array(UserInvitation) }),
})<{ state: string | null; before: string | null; limit: number }>`
  with told as (
    select i.id, i.email, i.role, case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
        when i.expires_at <= app.now() then 'expired' else 'open' end as state,
      i.created_by, i.accepted_by, i.created_at, i.sent_at, i.expires_at
    from user_invitations i
    where ${'before'}::uuid is null or i.id < ${'before'}::uuid
  ), page as (
    select * from told t where ${'state'}::text is null or t.state = ${'state'} order by t.id desc limit ${'limit'}::integer + 1
  )
  select (select app.is_staff('admin')) as allowed, coalesce((
    select jsonb_agg(jsonb_build_object('id', p.id, 'email', p.email, 'role', p.role, 'state', p.state, 'invitedBy', p.created_by,
      'acceptedBy', p.accepted_by, 'createdAt', p.created_at, 'sentAt', p.sent_at, 'expiresAt', p.expires_at) order by p.id desc)
    from page p), '[]'::jsonb) as invitations`;

/** Revoking twice is revoking once; what was accepted stays accepted. */
export const revokeUserInvitation = query({
  name: 'revokeUserInvitation',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ invitationId: string }>`
  with seen as (select i.accepted_at from user_invitations i where i.id = ${'invitationId'}::uuid),
  revoked as (
    update user_invitations i set revoked_at = app.now()
    where i.id = ${'invitationId'}::uuid and i.accepted_at is null and i.revoked_at is null
    returning 1
  )
  select case when not exists (select from seen) then 'not_found' when exists (select from seen where accepted_at is not null)
    then 'wrong_state' else 'ok' end as outcome
  from (select count(*) from revoked) done`;

export const isUserInvitation = query({
  name: 'isUserInvitation',
  kind: 'public',
  access: 'read',
  row: z.object({ good: z.boolean() }),
})<{ tokenHash: string }>`
  select app.is_user_invitation(${'tokenHash'}) as good`;
