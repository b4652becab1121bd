-- Old code keeps working: yes.
-- Whoever shows the right code many times at once is not told that somebody guesses.

create function app.untell_guesses(person uuid) returns void
language sql security definer set search_path = public, pg_temp
as $$
  delete from outbox_events e using users u
  where u.id = person and e.kind = 'mail' and e.dispatched_at is null and e.created_at > app.now() - interval '30 seconds'
    and e.payload @> jsonb_build_object('template', 'second-factor', 'to', u.email, 'change', 'guessed')
$$;
comment on function app.untell_guesses is
  'After the fifth guess none is looked at for half a minute: who is right within it was under way already, or was the fifth, and no mail need leave. Granted to nobody.';

create or replace function app.use_factor(person uuid, factor_id uuid, step bigint, recovery_hash text) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  codes_left integer;
  left_over integer;
begin
  if recovery_hash is null then
    update mfa_factors f set last_step = step, last_used_at = app.now()
    where f.id = factor_id and f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null
      and (f.last_step is null or f.last_step < step);
    if not found then
      -- The right code, used already: no guess, so what it was counted for is undone, and no more.
      if exists (
        select from mfa_factors f
        where f.id = factor_id and f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null and f.last_step >= step) then
        update proof_tries p set failures = p.failures - 1, blocked_until = case when p.failures > 5 then p.blocked_until end
        where p.user_id = person and p.failures > 1
        returning p.failures into left_over;
        if left_over is null then
          delete from proof_tries p where p.user_id = person;
        end if;
        if coalesce(left_over, 0) < 5 then
          perform app.untell_guesses(person);
        end if;
      end if;
      return false;
    end if;
  else
    update mfa_factors f set code_hashes = array_remove(f.code_hashes, recovery_hash), last_used_at = app.now()
    where f.user_id = person and f.kind = 'recovery' and recovery_hash = any (f.code_hashes)
    returning cardinality(f.code_hashes) into codes_left;
    if codes_left is null then
      return false;
    end if;
    perform app.tell_factor(person, jsonb_build_object('change', 'recovery_code_used', 'left', codes_left));
  end if;
  delete from proof_tries p where p.user_id = person;
  perform app.untell_guesses(person);
  return true;
end
$$;
