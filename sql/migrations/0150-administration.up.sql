-- Old code keeps working: yes.
-- What administrators do with people: find, look (noted in the log), change the role, deactivate, let in again, delete.

alter table users
  add column status_reason text,
  add constraint users_status_reason_length check (length(status_reason) between 1 and 500);
comment on column users.status_reason is 'Why an administrator deactivated the person, in words for other administrators.';
drop trigger users_audit on users;
create trigger users_audit after insert or update or delete on users for each row
  execute function app.audit('{id}', '', 'id',
    '{role,status,status_reason,email_verified_at,locked_until,deletion_requested_at,deleted_at,avatar_media_id}',
    '{email,username,display_name,given_name,family_name,bio,avatar_url}', '{password_hash}');

-- By place and not by word: a plan that walks the index needs the order of bytes.
create index users_email_prefix_idx on users (email collate "C");
create index users_username_prefix_idx on users (lower(username) collate "C");
create index users_display_name_prefix_idx on users (lower(display_name) collate "C");
create index users_last_login_at_idx on users (coalesce(last_login_at, '-infinity'), id);

create function app.keep_an_admin() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- Operators and the worker come past the doors, and know what they do.
  if session_user <> 'posthaste_api' then
    return null;
  end if;
  -- Two administrators who end each other come one after the other.
  perform pg_advisory_xact_lock(hashtextextended('app.first_admin', 0));
  if not exists (
    select from users u
    where u.role = 'admin' and u.status = 'active' and u.deleted_at is null and u.deletion_requested_at is null and u.id <> new.id
  ) then
    raise exception 'an installation keeps its last administrator' using errcode = 'PH014';
  end if;
  return null;
end
$$;
comment on function app.keep_an_admin() is 'Whoever is the last administrator stays one, active, and does not ask to be deleted (PH014).';
create trigger users_keep_an_admin after update of role, status, deletion_requested_at, deleted_at on users for each row
  when (old.role = 'admin' and old.status = 'active' and old.deleted_at is null and old.deletion_requested_at is null
    and not (new.role = 'admin' and new.status = 'active' and new.deleted_at is null and new.deletion_requested_at is null))
  execute function app.keep_an_admin();

create function app.user_fits(u users, wanted_role text, wanted_status text) returns boolean
language sql stable
as $$
  select u.deleted_at is null and (wanted_role is null or u.role = wanted_role) and case wanted_status
    when 'active' then u.status = 'active' and u.deletion_requested_at is null
    when 'deactivated' then u.status = 'deactivated' and u.deletion_requested_at is null
    when 'leaving' then u.deletion_requested_at is not null
    when 'locked' then u.locked_until > app.now()
    when 'unverified' then u.email_verified_at is null
    else true end
$$;
comment on function app.user_fits is 'Granted to nobody: app.find_users calls it.';

-- Up to `row_limit` people from `after` on, the last row of the page before: its id, and by what it was sorted.
create function app.find_users(search text, wanted_role text, wanted_status text, sort text, after jsonb, row_limit integer)
returns setof users
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  low text := lower(search);
  high text := lower(search) || chr(1114111);
  exact uuid;
  after_id uuid := coalesce((after ->> 'id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  after_email text := coalesce(after ->> 'email', '');
  after_login timestamptz := coalesce((after ->> 'lastLoginAt')::timestamptz, case when after is null then 'infinity'::timestamptz else '-infinity' end);
begin
  if not app.is_staff('admin') then
    return;
  end if;
  if search is not null then
    if pg_input_is_valid(search, 'uuid') then
      exact := search::uuid;
    end if;
    return query
      select u.* from users u
      where u.id in (
          (select f.id from users f where f.email collate "C" >= low and f.email collate "C" < high limit 1000)
          union
          (select f.id from users f where lower(f.username) collate "C" >= low and lower(f.username) collate "C" < high limit 1000)
          union
          (select f.id from users f where lower(f.display_name) collate "C" >= low and lower(f.display_name) collate "C" < high limit 1000)
          union
          (select f.id from users f where f.id = exact))
        and app.user_fits(u, wanted_role, wanted_status)
        and case sort when 'email' then u.email collate "C" > after_email
          when 'lastLoginAt' then (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id)
          else u.id < after_id end
      order by case when sort = 'email' then u.email end collate "C",
        case when sort = 'lastLoginAt' then coalesce(u.last_login_at, '-infinity') end desc, u.id desc
      limit row_limit;
  elsif sort = 'email' then
    return query select u.* from users u
      where u.email collate "C" > after_email and app.user_fits(u, wanted_role, wanted_status)
      order by u.email collate "C" limit row_limit;
  elsif sort = 'lastLoginAt' then
    return query select u.* from users u
      where (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id) and app.user_fits(u, wanted_role, wanted_status)
      order by coalesce(u.last_login_at, '-infinity') desc, u.id desc limit row_limit;
  else
    return query select u.* from users u
      where u.id < after_id and app.user_fits(u, wanted_role, wanted_status)
      order by u.id desc limit row_limit;
  end if;
end
$$;
comment on function app.find_users is
  'For administrators; nobody else gets a row. search is the beginning of an address, user name or display name (at most 1,000 of each are looked at), or an id.';
grant execute on function app.find_users(text, text, text, text, jsonb, integer) to posthaste_api;

-- One person as administrators see them, and a line in the log that one of them looked.
create function app.look_at_user(person uuid)
returns table (account users, second_factor boolean, has_password boolean, sessions jsonb, projects jsonb, identities jsonb)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if not app.is_staff('admin') or not exists (select from users u where u.id = person and u.deleted_at is null) then
    return;
  end if;
  perform app.audit_access('user', null, jsonb_build_object('user', person));
  return query
    select u, exists (select from mfa_factors f where f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null),
      u.password_hash is not null,
      coalesce((
        select jsonb_agg(jsonb_build_object('id', s.id, 'userAgent', s.user_agent, 'ip', host(s.ip), 'createdAt', s.created_at,
          'lastUsedAt', s.last_used_at, 'expiresAt', s.expires_at) order by s.id desc)
        from (select * from user_sessions o where o.user_id = person and o.revoked_at is null and o.expires_at > app.now()
          order by o.id desc limit 50) s), '[]'),
      coalesce((
        select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'role', p.role) order by p.id desc)
        from (select o.id, o.name, c.role from project_collaborators c join projects o on o.id = c.project_id
          where c.user_id = person and o.deleted_at is null order by o.id desc limit 100) p), '[]'),
      coalesce((
        select jsonb_agg(jsonb_build_object('id', i.id, 'provider', i.provider, 'email', i.email, 'createdAt', i.created_at,
          'lastUsedAt', i.last_used_at) order by i.id)
        from (select * from user_identities o where o.user_id = person order by o.id limit 20) i), '[]')
    from users u where u.id = person;
end
$$;
comment on function app.look_at_user is 'No row for whoever is no administrator. Never hashes. Of sessions the 50 newest that are open, of projects the 100 newest.';
grant execute on function app.look_at_user(uuid) to posthaste_api;

create function app.end_sessions(person uuid, because text) returns integer
language sql security definer set search_path = public, pg_temp
as $$
  with ended as (
    update user_sessions s set revoked_at = app.now(), revoked_because = because
    where s.user_id = person and s.revoked_at is null
    returning 1
  )
  select count(*)::integer from ended
$$;
comment on function app.end_sessions is 'Granted to nobody.';

-- What administrators do to one person. `value` is the role, or the reason.
create function app.administer(person uuid, action text, value text, expected_version integer)
returns table (outcome text, account users)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  who users;
begin
  select * into who from users u where u.id = person and u.deleted_at is null for no key update;
  outcome := case
    when who.id is null or not app.is_staff('admin') then 'not_found'
    when who.version <> expected_version then 'stale'
    when who.id = app.user_id() and action in ('role', 'deactivate', 'delete') then 'not_oneself'
    when action = 'deactivate' and who.status <> 'active' then 'wrong_state'
    when action = 'reactivate' and who.status = 'active' and who.deletion_requested_at is null then 'wrong_state'
    when action = 'delete' and who.deletion_requested_at is not null then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    case action
      when 'role' then
        update users u set role = value where u.id = person;
      when 'deactivate' then
        update users u set status = 'deactivated', status_reason = value where u.id = person;
      when 'reactivate' then
        update users u set status = 'active', status_reason = null, deletion_requested_at = null where u.id = person;
      when 'delete' then
        update users u set status = 'deactivated', status_reason = value, deletion_requested_at = app.now() where u.id = person;
      when 'verify-email' then
        update users u set email_verified_at = app.now() where u.id = person and u.email_verified_at is null;
      when 'unlock' then
        update users u set failed_login_attempts = 0, locked_until = null where u.id = person;
      when 'sign-out' then
        null;
    end case;
    if action in ('deactivate', 'delete', 'sign-out') then
      perform app.end_sessions(person, case action when 'sign-out' then 'signed out by an administrator' else 'deactivated' end);
    end if;
  end if;
  select u.* into account from users u where u.id = person and outcome = 'ok';
  return next;
end
$$;
comment on function app.administer is
  'delete begins the grace time after which a worker erases; reactivate ends it as well. Keys of a deactivated person are dead with them.';
grant execute on function app.administer(uuid, text, text, integer) to posthaste_api;

-- The password of somebody is good no more, nor is any session: they choose a new one behind a link.
create function app.force_password_reset(person uuid, token_hash text, link text)
returns table (outcome text, mail_id uuid, recipient text, display_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  who users;
begin
  select * into who from users u where u.id = person and u.deleted_at is null and app.is_staff('admin') for no key update;
  if who.id is null then
    return query select 'not_found', null::uuid, null::text, null::text;
    return;
  end if;
  update users u set password_hash = null where u.id = person;
  perform app.end_sessions(person, 'a new password was demanded by an administrator');
  update password_reset_tokens t set used_at = app.now() where t.user_id = person and t.used_at is null;
  insert into password_reset_tokens (user_id, token_hash, expires_at)
  values (person, force_password_reset.token_hash, app.now() + interval '24 hours');
  insert into outbox_events as e (kind, payload, lease_until)
  values ('mail', jsonb_build_object('template', 'password-demanded', 'to', who.email, 'name', who.display_name, 'link', link),
    app.now() + interval '60 seconds')
  returning e.id into mail_id;
  return query select 'ok', force_password_reset.mail_id, who.email, who.display_name;
end
$$;
grant execute on function app.force_password_reset(uuid, text, text) to posthaste_api;

-- A door that a person calls sends its own mail, too.
grant execute on function app.mail_sent(uuid) to posthaste_api;
