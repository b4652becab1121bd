/** What is asked of invitations. Hashes of tokens go in; none comes out. */
import { z } from 'zod';
import { id, instant } from '../db/columns.ts';
import { fragment, query } from '../db/statement.ts';
import { projectRole } from '../projects/shapes.ts';
import { Invitation, Membership, OpenInvitation } from './shapes.ts';

/** What the mail says: rows are kept for a repeat, so neither token nor link is among it. */
const mailed = { mailId: id, inviter: z.string(), projectName: z.string() };

export const createInvitation = query({
  name: 'createInvitation',
  kind: 'actor',
  access: 'write',
  row: z.object({ outcome: z.string(), id, createdAt: instant, expiresAt: instant, ...mailed }),
})<{
  projectId: string;
  email: string;
  role: string;
  permissions: readonly string[];
  tokenHash: string;
  link: string;
}>`
  select outcome, id, created_at, expires_at, mail_id, inviter, project_name
  from app.invite(${'projectId'}::uuid, ${'email'}, ${'role'}, ${'permissions'}::text[], ${'tokenHash'}, ${'link'})`;

/** `waitS`: seconds until it may be sent again. */
export const resendInvitation = query({
  name: 'resendInvitation',
  kind: 'actor',
  access: 'write',
  row: z.object({
    outcome: z.enum(['ok', 'not_found', 'forbidden', 'wrong_state', 'already_member', 'too_many_requests']),
    waitS: z.int().nullable(),
    mail: z.object({ ...mailed, email: z.string(), role: projectRole, expiresAt: instant }).nullable(),
  }),
})<{ projectId: string; invitationId: string; tokenHash: string; link: string }>`
  select outcome, wait_s, case when outcome = 'ok' then jsonb_build_object('mailId', mail_id, 'email', email, 'role', role,
    'expiresAt', expires_at, 'inviter', inviter, 'projectName', project_name) end as mail
  from app.resend_invitation(${'projectId'}::uuid, ${'invitationId'}::uuid, ${'tokenHash'}, ${'link'})`;

const told = fragment()`
  i.id, i.project_id, i.email, i.role, i.permissions,
  case when i.accepted_at is not null then 'accepted' when i.declined_at is not null then 'declined'
    when i.revoked_at is not null then 'revoked' when i.expires_at <= app.now() then 'expired' else 'open' end as state,
  i.created_by as invited_by, i.accepted_by, i.created_at, i.expires_at, i.last_sent_at, i.sent_count`;

export const listInvitations = query({
  name: 'listInvitations',
  kind: 'actor',
  access: 'read',
  row: z.object({ outcome: z.string(), invitations: z.array(Invitation) }),
})<{ projectId: string; state: string | null; before: string | null; limit: number }>`
  with seen as (
    select p.id, p.id = any ((select app.projects_of('manage'))::uuid[]) as mine from projects p where p.id = ${'projectId'}::uuid
  ), told as (
    select ${told} from project_invitations i
    where i.project_id = ${'projectId'}::uuid and (${'before'}::uuid is null or i.id < ${'before'}::uuid)
  ), page as (
    select * from told t where ${'state'}::text is null or t.state = ${'state'} order by t.id desc limit ${'limit'}::integer + 1
  )
  select case when s.mine then 'ok' when s.id is null then 'not_found' else 'forbidden' end as outcome,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', p.id, 'projectId', p.project_id, 'email', p.email, 'role', p.role,
        'permissions', p.permissions, 'state', p.state, 'invitedBy', p.invited_by, 'acceptedBy', p.accepted_by,
        'createdAt', p.created_at, 'expiresAt', p.expires_at, 'lastSentAt', p.last_sent_at, 'sentCount', p.sent_count)
        order by p.id desc)
      from page p), '[]'::jsonb) as invitations
  from (select 1) one left join seen s on true`;

export const getInvitation = query({
  name: 'getInvitation',
  kind: 'actor',
  access: 'read',
  row: Invitation.extend({ outcome: z.string() }),
})<{ projectId: string; invitationId: string }>`
  with seen as (
    select p.id, p.id = any ((select app.projects_of('manage'))::uuid[]) as mine from projects p where p.id = ${'projectId'}::uuid
  ), told as (
    select ${told} from project_invitations i where i.id = ${'invitationId'}::uuid and i.project_id = ${'projectId'}::uuid
  )
  select case when t.id is not null then 'ok' when s.id is null or s.mine then 'not_found' else 'forbidden' end as outcome, t.*
  from (select 1) one left join seen s on true left join told t on true`;

/** Revoking twice is revoking once; what was answered stays answered. */
export const revokeInvitation = query({
  name: 'revokeInvitation',
  kind: 'actor',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ projectId: string; invitationId: string }>`
  with seen as (
    select p.id, p.id = any ((select app.projects_of('manage'))::uuid[]) as mine from projects p where p.id = ${'projectId'}::uuid
  ), one as (
    select i.id, i.accepted_at is not null or i.declined_at is not null as answered
    from project_invitations i where i.id = ${'invitationId'}::uuid and i.project_id = ${'projectId'}::uuid
  ), done as (
    update project_invitations i set revoked_at = coalesce(i.revoked_at, app.now())
    from one where i.id = one.id and i.accepted_at is null and i.declined_at is null
    returning i.id
  )
  select case
    when exists (select from done) then 'ok'
    when exists (select from one) then 'wrong_state'
    when exists (select from seen where not mine) then 'forbidden'
    else 'not_found'
  end as outcome`;

/** No row where the token is unknown or good no more. */
export const showInvitation = query({
  name: 'showInvitation',
  kind: 'public',
  access: 'read',
  row: OpenInvitation,
})<{ tokenHash: string }>`
  select project_name, inviter, role, permissions, expires_at from app.show_invitation(${'tokenHash'})`;

export const acceptInvitation = query({
  name: 'acceptInvitation',
  kind: 'actor',
  access: 'write',
  row: Membership.extend({ outcome: z.string() }),
})<{ tokenHash: string }>`
  select outcome, project_id, role from app.accept_invitation(${'tokenHash'})`;

export const declineInvitation = query({
  name: 'declineInvitation',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ tokenHash: string }>`
  select outcome from app.decline_invitation(${'tokenHash'})`;

/** Guarded: the token of the verification is good for one use. */
export const verifyInvited = query({
  name: 'verifyInvited',
  kind: 'public',
  access: 'guarded',
  row: z.object({ outcome: z.string() }),
})<{ tokenHash: string; invitationHash: string }>`
  select outcome from app.verify_invited(${'tokenHash'}, ${'invitationHash'})`;
