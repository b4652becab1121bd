-- Old code keeps working: yes.
-- Many right codes at once are told as guesses again.

create or replace function app.use_factor(person uuid, factor_id uuid, step bigint, recovery_hash text) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  codes_left integer;
begin
  if recovery_hash is null then
    update mfa_factors f set last_step = step, last_used_at = app.now()
    where f.id = factor_id and f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null
      and (f.last_step is null or f.last_step < step);
    if not found then
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
  return true;
end
$$;
drop function app.untell_guesses(uuid);
