drop function app.rotate_session(uuid, text, text, boolean);
create function app.rotate_session(session_id uuid, presented_hash text, successor_hash text)
returns table (outcome text, user_id uuid, expires_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  s user_sessions;
  person users;
begin
  select * into s from user_sessions us where us.id = rotate_session.session_id for update;
  select * into person from users u where u.id = s.user_id and u.status = 'active' and u.deleted_at is null;
  if s.id is null or s.revoked_at is not null or s.expires_at <= app.now() or s.last_used_at <= app.now() - interval '14 days'
    or person.id is null then
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
    insert into notifications (user_id, kind, payload) values (s.user_id, 'session.replayed', jsonb_build_object('sessionId', s.id));
    perform app.write_mail(jsonb_build_object('template', 'session-replayed', 'to', person.email, 'name', s.device ->> 'name',
      'system', s.device ->> 'system', 'ip', host(s.ip), 'at', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), false);
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  end if;
end
$$;
comment on column user_sessions.previous_hash is 'Of the one before: good for the same successor for 20 seconds, then a replay.';
grant execute on function app.rotate_session(uuid, text, text) to posthaste_public;
