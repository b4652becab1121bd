-- Old code keeps working: no (it tells of each refresh where it came from).
-- Takes away where sessions were used last.

drop function app.rotate_session(uuid, text, text, boolean, text, text, jsonb);
create function app.rotate_session(session_id uuid, presented_hash text, successor_hash text, is_issued boolean default true)
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
grant execute on function app.rotate_session(uuid, text, text, boolean) to posthaste_public;

drop trigger user_sessions_audit on user_sessions;
create trigger user_sessions_audit after insert or update on user_sessions for each row
  execute function app.audit('{id}', '', 'user_id', '{expires_at,revoked_at,revoked_because}', '{ip,user_agent,device}', '{}');
update export_tables t set columns = array(select c from unnest(t.columns) with ordinality u (c, place)
  where c not in ('last_ip', 'last_user_agent', 'last_device') order by place) where t.name = 'user_sessions';
alter table user_sessions drop constraint user_sessions_last_device_object, drop column last_ip, drop column last_user_agent,
  drop column last_device;
