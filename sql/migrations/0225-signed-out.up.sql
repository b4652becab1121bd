-- Old code keeps working: yes (who signs out everywhere by it calls off a change of the address only where another session ends).
-- Whoever ends sessions ends what was begun in them: a change of the address, and logins that still owe the second factor.

create function app.call_off_changes(person uuid) returns void
language sql security definer set search_path = public, pg_temp
as $$
  update email_verification_tokens t set used_at = app.now()
  where t.user_id = call_off_changes.person and t.email is not null and t.used_at is null
$$;
comment on function app.call_off_changes(uuid) is 'A new address that somebody asked for is asked for no more. Granted to nobody.';

create function app.call_off() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  perform app.call_off_changes(new.user_id);
  return null;
end
$$;
comment on function app.call_off() is
  'A session that did not end itself may have been a thief''s, and so may the change of the address that waits.';
create trigger user_sessions_call_off after update of revoked_at on user_sessions
  for each row when (old.revoked_at is null and new.revoked_at is not null and app.session_id() is distinct from new.id)
  execute function app.call_off();

create function app.sign_out_everywhere(keep_current boolean, because text) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  ended integer;
begin
  -- Also where the thief has logged out already, or has not come in yet.
  perform app.call_off_changes(app.user_id());
  delete from sign_in_tickets t where t.user_id = app.user_id();
  update user_sessions s set revoked_at = app.now(), revoked_because = because
  where s.user_id = app.user_id() and s.revoked_at is null and not (keep_current and s.id = app.session_id());
  get diagnostics ended = row_count;
  return ended;
end
$$;
comment on function app.sign_out_everywhere(boolean, text) is 'Of one''s own. How many sessions ended.';
grant execute on function app.sign_out_everywhere(boolean, text) to posthaste_api;

create or replace function app.end_sessions(person uuid, because text) returns integer
language sql security definer set search_path = public, pg_temp
as $$
  delete from sign_in_tickets t where t.user_id = person;
  select app.call_off_changes(person);
  with ended as (
    update user_sessions s set revoked_at = app.now(), revoked_because = because
    where s.user_id = person and s.revoked_at is null
    returning 1
  )
  select count(*)::integer from ended
$$;
