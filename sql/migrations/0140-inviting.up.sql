-- Old code keeps working: yes (nothing called app.accept_invitation so far; of its outcomes, not_found became invalid_token).
-- Invitations by mail: sent, sent again, read by who holds the link, accepted, declined.

alter table project_invitations
  add column declined_at timestamptz,
  add column sent_count integer not null default 1,
  add column last_sent_at timestamptz not null default app.now(),
  drop constraint project_invitations_one_end,
  add constraint project_invitations_one_end check (num_nonnulls(accepted_at, declined_at, revoked_at) <= 1),
  add constraint project_invitations_sent_count_positive check (sent_count > 0);
comment on column project_invitations.declined_at is 'By whoever holds the token: who was asked need not be a person here.';
comment on column project_invitations.sent_count is 'Mails with a link; each has a token of its own, and only the last one is good.';
drop index project_invitations_open_key;
create unique index project_invitations_open_key on project_invitations (project_id, email)
  where accepted_at is null and declined_at is null and revoked_at is null;
grant select (declined_at, sent_count, last_sent_at) on project_invitations to posthaste_api;

drop trigger project_invitations_audit on project_invitations;
create trigger project_invitations_audit after insert or update or delete on project_invitations for each row
  execute function app.audit('{id}', 'project_id', 'accepted_by',
    '{role,permissions,created_by,expires_at,accepted_at,accepted_by,declined_at,revoked_at,sent_count}', '{email}', '{token_hash}');

-- The mail of an invitation. What it says of others is their own choice of words: whoever renders it tames them.
create function app.mail_invitation(invitation project_invitations, link text)
returns table (mail_id uuid, inviter text, project_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  select u.display_name into inviter from users u where u.id = app.user_id();
  select p.name into project_name from projects p where p.id = invitation.project_id;
  insert into outbox_events (kind, project_id, lease_until, payload)
  values ('mail', invitation.project_id, app.now() + interval '60 seconds', jsonb_build_object('template', 'invitation',
    'to', invitation.email, 'inviter', inviter, 'project', project_name, 'role', invitation.role, 'link', mail_invitation.link))
  returning id into mail_id;
  return next;
end
$$;
comment on function app.mail_invitation is 'Granted to nobody: app.invite and app.resend_invitation call it.';

create function app.invite(project uuid, email text, role text, permissions text[], token_hash text, link text)
returns table (outcome text, id uuid, created_at timestamptz, expires_at timestamptz, mail_id uuid, inviter text, project_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made project_invitations;
begin
  if project <> all (app.projects_of('manage')) then
    return query select case when project = any (app.projects_of('read')) then 'forbidden' else 'not_found' end,
      null::uuid, null::timestamptz, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  perform from projects p where p.id = project for no key update;
  -- An invitation that nobody answered in time makes way for a new one.
  update project_invitations i set revoked_at = app.now()
  where i.project_id = project and i.email = invite.email and i.expires_at <= app.now()
    and i.accepted_at is null and i.declined_at is null and i.revoked_at is null;
  outcome := case
    when exists (
      select from project_collaborators c join users u on u.id = c.user_id
      where c.project_id = project and u.email = invite.email and u.deleted_at is null) then 'already_member'
    when exists (
      select from project_invitations i where i.project_id = project and i.email = invite.email
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) then 'already_invited'
    when (
      select count(*) from project_invitations i where i.project_id = project and i.expires_at > app.now()
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) >= 100 then 'limit_reached'
    else 'ok' end;
  if outcome <> 'ok' then
    return next;
    return;
  end if;
  insert into project_invitations as i (project_id, email, role, permissions, token_hash, created_by)
  values (project, invite.email, invite.role, invite.permissions, invite.token_hash, app.user_id())
  returning i.* into made;
  return query select 'ok', made.id, made.created_at, made.expires_at, m.* from app.mail_invitation(made, link) m;
end
$$;
comment on function app.invite is 'At most 100 open invitations of a project: each is a mail to an address that anybody wrote down.';

create function app.resend_invitation(project uuid, invitation uuid, token_hash text, link text)
returns table (outcome text, wait_s integer, email text, role text, expires_at timestamptz, mail_id uuid, inviter text, project_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  sent project_invitations;
begin
  outcome := case when project = any (app.projects_of('manage')) then 'ok' when project = any (app.projects_of('read')) then 'forbidden'
    else 'not_found' end;
  if outcome = 'ok' then
    select i.* into sent from project_invitations i where i.id = invitation and i.project_id = project for update;
    -- One minute after the first mail, four after the second, and so on up to a day.
    wait_s := ceil(extract(epoch from sent.last_sent_at - app.now()) + least(60 * power(4, sent.sent_count - 1), 86400))::integer;
    outcome := case
      when sent.id is null then 'not_found'
      when num_nonnulls(sent.accepted_at, sent.declined_at, sent.revoked_at) > 0 then 'wrong_state'
      when exists (
        select from project_collaborators c join users u on u.id = c.user_id
        where c.project_id = project and u.email = sent.email and u.deleted_at is null) then 'already_member'
      when wait_s > 0 then 'too_many_requests'
      else 'ok' end;
  end if;
  if outcome <> 'ok' then
    return query select resend_invitation.outcome, greatest(resend_invitation.wait_s, 0), null, null, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  update project_invitations i
  set token_hash = resend_invitation.token_hash, expires_at = app.now() + interval '7 days', sent_count = i.sent_count + 1,
    last_sent_at = app.now()
  where i.id = sent.id
  returning i.* into sent;
  return query select 'ok', 0, sent.email, sent.role, sent.expires_at, m.* from app.mail_invitation(sent, link) m;
end
$$;
comment on function app.resend_invitation is 'The link of the mail before is good no more. Each mail lets the next one wait longer.';
grant execute on function app.invite(uuid, text, text, text[], text, text), app.resend_invitation(uuid, uuid, text, text) to posthaste_api;

create function app.show_invitation(token_hash text)
returns table (project_name text, inviter text, role text, permissions text[], expires_at timestamptz)
language sql stable security definer set search_path = public, pg_temp
as $$
  select p.name, u.display_name, i.role, i.permissions, i.expires_at
  from project_invitations i join projects p on p.id = i.project_id and p.deleted_at is null
    left join users u on u.id = i.created_by and u.deleted_at is null
  where i.token_hash = show_invitation.token_hash and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
    and i.expires_at > app.now()
$$;
comment on function app.show_invitation is 'What the mail said, to who holds its link, as long as it is good. Not whose address it was sent to.';

create function app.decline_invitation(token_hash text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update project_invitations i set declined_at = coalesce(i.declined_at, app.now())
  where i.token_hash = decline_invitation.token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now();
  outcome := case when found then 'ok' else 'invalid_token' end;
  return next;
end
$$;
grant execute on function app.show_invitation(text), app.decline_invitation(text) to posthaste_public;

create or replace function app.accept_invitation(token_hash text) returns table (outcome text, project_id uuid, role text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  used project_invitations;
  me users;
begin
  select u.* into me from users u where u.id = app.user_id();
  select i.* into used from project_invitations i join projects p on p.id = i.project_id and p.deleted_at is null
  where i.token_hash = accept_invitation.token_hash for update of i;
  if used.id is null or used.declined_at is not null or used.revoked_at is not null
    or used.accepted_at is null and used.expires_at <= app.now() then
    outcome := 'invalid_token';
  elsif used.email <> me.email then
    outcome := 'invitation_of_another';
  elsif used.accepted_at is null then
    update project_invitations i set accepted_at = app.now(), accepted_by = me.id where i.id = used.id;
    insert into project_collaborators (project_id, user_id, role, permissions)
    values (used.project_id, me.id, used.role, used.permissions)
    on conflict on constraint project_collaborators_pkey do nothing;
    -- The token was in that mailbox alone.
    update users u set email_verified_at = app.now() where u.id = me.id and u.email_verified_at is null;
    outcome := 'ok';
  else
    -- The second click of who accepted, for as long as they belong to it.
    outcome := case when used.accepted_by = me.id and exists (
      select from project_collaborators c where c.project_id = used.project_id and c.user_id = me.id) then 'ok' else 'invalid_token' end;
  end if;
  if outcome <> 'ok' then
    return query select accept_invitation.outcome, null::uuid, null::text;
    return;
  end if;
  return query select 'ok', c.project_id, c.role from project_collaborators c
    where c.project_id = used.project_id and c.user_id = me.id;
end
$$;
comment on function app.accept_invitation is
  'For the actor whose address was invited, once; who is a member already stays what they are. Does not tell whose address it was.';
