drop table rate_counters;
drop table user_preferences;
drop table api_keys;
drop table mfa_factors;
drop table password_reset_tokens;
drop table user_identities;

drop index user_sessions_active_idx;
alter table user_sessions
  drop constraint user_sessions_device_object,
  drop column is_active,
  drop column device,
  alter column ip type text using host(ip);

create or replace function app.open_session(user_id uuid, refresh_hash text, user_agent text, ip text)
returns table (outcome text, session_id uuid, expires_at timestamptz)
language sql security definer set search_path = public, pg_temp
as $$
  insert into user_sessions as s (user_id, refresh_hash, user_agent, ip)
  select u.id, open_session.refresh_hash, open_session.user_agent, open_session.ip
  from users u where u.id = open_session.user_id and u.status = 'active' and u.deleted_at is null
  returning 'ok', s.id, s.expires_at
$$;

drop function app.to_inet(text);

create or replace function app.login_candidate(email text)
returns table (user_id uuid, password_hash text, verified boolean, active boolean)
language sql stable security definer set search_path = public, pg_temp
as $$
  select u.id, u.password_hash, u.email_verified_at is not null, u.status = 'active'
  from users u where u.email = login_candidate.email and u.deleted_at is null
$$;

drop policy users_staff on users;
revoke select (role, email_verified_at, created_at) on users from posthaste_worker;
drop trigger users_touch on users;
create trigger users_touch before update on users for each row execute function app.touch();
drop index users_username_key, users_avatar_media_id_idx, users_role_idx, users_created_at_idx, users_active_idx,
  users_deletion_requested_at_idx;
comment on column users.display_name is null;
comment on column users.password_hash is null;
comment on column users.locked_until is null;
comment on column users.role is null;
-- Names longer than before are cut, and who had no password gets one that no input matches.
update users set display_name = left(display_name, 100) where length(display_name) > 100;
update users set password_hash = 'none' where password_hash is null;
alter table users
  drop constraint users_avatar_media_id_fkey,
  drop constraint users_failed_login_attempts_natural,
  drop constraint users_avatar_url_length,
  drop constraint users_bio_length,
  drop constraint users_family_name_length,
  drop constraint users_given_name_length,
  drop constraint users_username_length,
  drop constraint users_display_name_length,
  add constraint users_display_name_length check (length(display_name) between 1 and 100),
  alter column password_hash set not null,
  drop column is_verified,
  drop column is_active,
  drop column deletion_requested_at,
  drop column last_login_at,
  drop column avatar_media_id,
  drop column avatar_url,
  drop column bio,
  drop column family_name,
  drop column given_name,
  drop column username;
