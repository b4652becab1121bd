drop function app.log_in(text, text, text, text, text, jsonb), app.open_session(uuid, text, text, text, jsonb),
  app.renew_password_hash(uuid, text, text), app.login_recipe(text), app.prove_password(text), app.own_recipe(), app.recipe_of(text),
  app.write_mail(jsonb, boolean), app.count_failure(text, text, integer, integer, integer),
  app.delay_s(integer, integer, integer, integer), app.attempt_subject(text);

create function app.open_session(user_id uuid, refresh_hash text, user_agent text, ip text)
returns table (outcome text, session_id uuid, expires_at timestamptz)
language sql security definer set search_path = public, pg_temp
as $$
  with person as (
    update users u set last_login_at = app.now()
    where u.id = open_session.user_id and u.status = 'active' and u.deleted_at is null
    returning u.id
  )
  insert into user_sessions as s (user_id, refresh_hash, user_agent, ip)
  select p.id, open_session.refresh_hash, open_session.user_agent, app.to_inet(open_session.ip)
  from person p
  returning 'ok', s.id, s.expires_at
$$;
grant execute on function app.open_session(uuid, text, text, text) to posthaste_public;

create or replace function app.rotate_session(session_id uuid, presented_hash text, successor_hash text)
returns table (outcome text, user_id uuid, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  s user_sessions;
begin
  select * into s from user_sessions us where us.id = rotate_session.session_id for update;
  if s.id is null or s.revoked_at is not null or s.expires_at <= app.now()
    or not exists (select 1 from users u where u.id = s.user_id and u.status = 'active' and u.deleted_at is null) then
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  elsif s.refresh_hash = presented_hash then
    update user_sessions us
    set refresh_hash = successor_hash, previous_hash = presented_hash, rotated_at = app.now(), last_used_at = app.now()
    where us.id = s.id;
    return query select 'ok', s.user_id, s.expires_at;
  elsif s.previous_hash = presented_hash and s.refresh_hash = successor_hash
    and s.rotated_at > app.now() - interval '20 seconds' then
    return query select 'ok', s.user_id, s.expires_at;
  else
    update user_sessions us set revoked_at = app.now(), revoked_because = 'refresh token replayed' where us.id = s.id;
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  end if;
end
$$;

drop table auth_attempts;
