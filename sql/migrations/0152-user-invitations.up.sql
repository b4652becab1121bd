-- Old code keeps working: yes.
-- People whom administrators ask in, while registration is by invitation, or as more than a user.

create table user_invitations (
  id uuid not null default uuidv7(),
  email text not null,
  role text not null,
  token_hash text not null,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  sent_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '14 days',
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  constraint user_invitations_pkey primary key (id),
  constraint user_invitations_token_hash_key unique (token_hash),
  constraint user_invitations_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint user_invitations_accepted_by_fkey foreign key (accepted_by) references users (id) on delete cascade,
  constraint user_invitations_email_lower check (email = lower(email)),
  constraint user_invitations_email_length check (length(email) between 3 and 254),
  constraint user_invitations_role_known check (role in ('admin', 'moderator', 'creator', 'user', 'viewer')),
  constraint user_invitations_one_end check (accepted_at is null or revoked_at is null)
);
comment on table user_invitations is 'Who was asked into the installation. Whoever registers and proves the address becomes what it says.';
comment on column user_invitations.role is 'Of the installation; given when the address is verified, to who is a plain user until then.';
comment on column user_invitations.token_hash is 'Of the token in the last mail; asked for while registration is by invitation.';
comment on column user_invitations.sent_at is 'The last mail; its token alone is good.';
create unique index user_invitations_open_key on user_invitations (email) where accepted_at is null and revoked_at is null;
create index user_invitations_email_idx on user_invitations (email);
create index user_invitations_created_by_idx on user_invitations (created_by);
create index user_invitations_accepted_by_idx on user_invitations (accepted_by);
create index user_invitations_expires_at_idx on user_invitations (expires_at);
alter table user_invitations enable row level security;
create policy user_invitations_staff on user_invitations for all to posthaste_api using ((select app.is_staff('admin')));
create policy user_invitations_worker on user_invitations for all to posthaste_worker using (true) with check (true);
grant select (id, email, role, created_by, created_at, sent_at, expires_at, accepted_at, accepted_by, revoked_at),
  update (revoked_at) on user_invitations to posthaste_api;
grant select (id, expires_at), delete on user_invitations to posthaste_worker;
create trigger user_invitations_audit after insert or update or delete on user_invitations for each row
  execute function app.audit('{id}', '', 'accepted_by', '{role,created_by,sent_at,expires_at,accepted_at,accepted_by,revoked_at}', '{email}',
    '{token_hash}');

insert into export_tables (name, person_columns, columns, withheld) values
  ('user_invitations', '{created_by,accepted_by}', '{id,role,created_by,created_at,sent_at,expires_at,accepted_at,accepted_by,revoked_at}',
    '{email,token_hash}');

-- The address of somebody who is erased stays in no invitation.
create function app.forget_invitations() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  delete from user_invitations i where i.email = old.email;
  return null;
end
$$;
create trigger users_forget_invitations after delete on users for each row execute function app.forget_invitations();

create function app.honour_invitation() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  given text;
begin
  update user_invitations i set accepted_at = app.now(), accepted_by = new.id
  where i.email = new.email and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now()
  returning i.role into given;
  if given <> 'user' then
    update users u set role = given where u.id = new.id and u.role = 'user';
  end if;
  return null;
end
$$;
comment on function app.honour_invitation() is 'The address is proven, and that was what the invitation was sent to: no token is asked for here.';
create trigger users_invited after insert on users for each row when (new.email_verified_at is not null)
  execute function app.honour_invitation();
create trigger users_invited_later after update of email_verified_at, email on users for each row
  when (new.email_verified_at is not null and (old.email_verified_at is null or old.email <> new.email))
  execute function app.honour_invitation();

create or replace function app.may_register(email text, token_hash text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select case s.registration
    when 'open' then true
    when 'invite_only' then exists (
      select from project_invitations i
      where i.token_hash = may_register.token_hash and i.email = may_register.email and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > app.now())
      or exists (
      select from user_invitations i
      where i.token_hash = may_register.token_hash and i.email = may_register.email and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > app.now())
    else false
  end
  from installation_settings s
$$;

create function app.mail_user_invitation(invitation user_invitations, link text) returns uuid
language sql security definer set search_path = public, pg_temp
as $$
  insert into outbox_events as e (kind, payload, lease_until)
  values ('mail', jsonb_build_object('template', 'user-invitation', 'to', invitation.email, 'link', link), app.now() + interval '60 seconds')
  returning e.id
$$;
comment on function app.mail_user_invitation is 'Granted to nobody.';

create function app.invite_user(email text, role text, token_hash text, link text)
returns table (outcome text, id uuid, created_at timestamptz, sent_at timestamptz, expires_at timestamptz, mail_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
#variable_conflict use_column -- `on conflict (email)` takes no qualified name
declare
  made user_invitations;
begin
  outcome := case
    when not app.is_staff('admin') then 'not_found'
    when (select s.registration from installation_settings s) = 'closed' then 'wrong_state'
    when exists (select from users u where u.email = invite_user.email and u.deleted_at is null) then 'already_registered'
    else 'ok' end;
  if outcome = 'ok' then
    -- One that nobody answered in time makes way for a new one.
    update user_invitations i set revoked_at = app.now()
    where i.email = invite_user.email and i.accepted_at is null and i.revoked_at is null and i.expires_at <= app.now();
    insert into user_invitations as i (email, role, token_hash, created_by)
    values (invite_user.email, invite_user.role, invite_user.token_hash, app.user_id())
    on conflict (email) where accepted_at is null and revoked_at is null do nothing
    returning i.* into made;
    outcome := case when made.id is null then 'already_invited' else 'ok' end;
  end if;
  return query select invite_user.outcome, made.id, made.created_at, made.sent_at, made.expires_at,
    case when invite_user.outcome = 'ok' then app.mail_user_invitation(made, link) end;
end
$$;

create function app.resend_user_invitation(invitation uuid, token_hash text, link text)
returns table (outcome text, email text, expires_at timestamptz, mail_id uuid)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  sent user_invitations;
begin
  select i.* into sent from user_invitations i where i.id = invitation and app.is_staff('admin') for update;
  outcome := case when sent.id is null then 'not_found' when num_nonnulls(sent.accepted_at, sent.revoked_at) > 0 then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    update user_invitations i
    set token_hash = resend_user_invitation.token_hash, sent_at = app.now(), expires_at = app.now() + interval '14 days'
    where i.id = sent.id returning i.* into sent;
  end if;
  return query select resend_user_invitation.outcome, sent.email, sent.expires_at,
    case when resend_user_invitation.outcome = 'ok' then app.mail_user_invitation(sent, link) end;
end
$$;
comment on function app.resend_user_invitation is 'The link of the mail before is good no more.';
grant execute on function app.invite_user(text, text, text, text), app.resend_user_invitation(uuid, text, text) to posthaste_api;

create function app.is_user_invitation(token_hash text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (
    select from user_invitations i
    where i.token_hash = is_user_invitation.token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now())
$$;
comment on function app.is_user_invitation is 'Whether the link is still good; not whose address it was sent to.';
grant execute on function app.is_user_invitation(text) to posthaste_public;
