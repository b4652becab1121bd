-- Old code keeps working: no (it signs out everywhere by a function).
-- A change of the address outlives the session that asked for it again.

create or replace function app.end_sessions(person uuid, because text) returns integer
language sql security definer set search_path = public, pg_temp
as $$
  delete from sign_in_tickets t where t.user_id = person;
  with ended as (
    update user_sessions s set revoked_at = app.now(), revoked_because = because
    where s.user_id = person and s.revoked_at is null
    returning 1
  )
  select count(*)::integer from ended
$$;

drop function app.sign_out_everywhere(boolean, text);
drop trigger user_sessions_call_off on user_sessions;
drop function app.call_off();
drop function app.call_off_changes(uuid);
