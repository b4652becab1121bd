-- Old code keeps working: yes (it says nothing of where a session is used, and what is known of it stays).
-- A session shows from where, and by what, it was used last: a stolen refresh token is seen in the list.

alter table user_sessions
  add column last_ip inet,
  add column last_user_agent text,
  add column last_device jsonb,
  add constraint user_sessions_last_device_object check (jsonb_typeof(last_device) = 'object');
comment on column user_sessions.last_ip is 'Of the last refresh, as last_user_agent; null before the first, when the login is the last use.';
comment on column user_sessions.last_device is 'What the client told of itself at the last refresh; null where it told the same as at the login.';
grant select (last_ip, last_user_agent, last_device) on user_sessions to posthaste_api;
update export_tables set columns = columns || '{last_ip,last_user_agent,last_device}' where name = 'user_sessions';

-- Networks change with every train; the log keeps that the device changed.
drop trigger user_sessions_audit on user_sessions;
create trigger user_sessions_audit after insert or update on user_sessions for each row
  execute function app.audit('{id}', '', 'user_id', '{expires_at,revoked_at,revoked_because}', '{ip,user_agent,device,last_device}', '{}');

drop function app.rotate_session(uuid, text, text, boolean);
create function app.rotate_session(session_id uuid, presented_hash text, successor_hash text, is_issued boolean default true,
  used_ip text default null, used_agent text default null, used_device jsonb default null)
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
    set refresh_hash = successor_hash, previous_hash = presented_hash, rotated_at = app.now(), last_used_at = app.now(),
      last_ip = coalesce(app.to_inet(used_ip), us.last_ip),
      last_user_agent = case when used_ip is null then us.last_user_agent else used_agent end,
      last_device = case when used_ip is null then us.last_device else nullif(used_device, us.device) end
    where us.id = s.id;
    return query select 'ok', s.user_id, s.expires_at;
  elsif s.previous_hash = presented_hash and s.refresh_hash = successor_hash
    and s.rotated_at > app.now() - interval '1 minute' then
    return query select 'ok', s.user_id, s.expires_at;
  elsif is_issued or s.previous_hash = presented_hash then
    update user_sessions us set revoked_at = app.now(), revoked_because = 'refresh token replayed' where us.id = s.id;
    insert into notifications (user_id, kind, payload) values (s.user_id, 'session.replayed', jsonb_build_object('sessionId', s.id));
    perform app.write_mail(jsonb_build_object('template', 'session-replayed', 'to', person.email, 'name', s.device ->> 'name',
      'system', s.device ->> 'system', 'ip', host(s.ip), 'at', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), false);
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  else
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  end if;
end
$$;
comment on function app.rotate_session is
  'is_issued: the token bears our mark. One without, from before there were marks, is known by being the one before the current one. The successor is given again for a minute: longer than the gateway lets a request wait (30 s) and a client needs to ask again.';
grant execute on function app.rotate_session(uuid, text, text, boolean, text, text, jsonb) to posthaste_public;
