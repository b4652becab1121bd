drop function app.seal_audit(integer);
drop function app.audit_row_hash(audit_log);
drop function app.audit_reveal(uuid[]);
drop function app.audit_access(text, uuid, jsonb);
drop function app.audit();
drop function app.audited(jsonb, text[], text[], text[]);
drop function app.write_audit(text, text, text, uuid, uuid, jsonb, jsonb, jsonb);
drop function app.audit_open(bytea, uuid);
drop function app.audit_seal(text, uuid);
drop function app.audit_key(uuid);
drop table audit_seals;
drop table audit_unsealed;
drop table audit_log;
delete from partitioned_tables where name = 'audit_log';
drop table audit_keys;
drop extension pgcrypto;
drop schema crypto;

create or replace function app.run(call jsonb, statement text, parameters text[]) returns setof text
language plpgsql security invoker set search_path = public, pg_temp
as $$
declare
  v text[] := parameters;
  kind text := call ->> 'kind';
  caller text := coalesce(call ->> 'userId', 'public');
  repeat jsonb := call -> 'repeat';
  stored text[];
  answer text[] := '{}';
  line record;
begin
  perform set_config('app.request_id', coalesce(call ->> 'requestId', ''), true),
    set_config('app.user_id', '', true), set_config('app.session_id', '', true);
  if kind = 'actor' then
    perform app.check_alive((call ->> 'userId')::uuid, (call ->> 'sessionId')::uuid);
    perform set_config('app.user_id', call ->> 'userId', true), set_config('app.session_id', call ->> 'sessionId', true);
  elsif kind is null or kind not in ('public', 'worker') then
    raise exception 'unknown kind of call' using errcode = 'PH000';
  end if;

  if repeat is not null then
    stored := app.repeated(caller, repeat, coalesce((repeat ->> 'look')::boolean, false));
    if stored is not null and not coalesce((repeat ->> 'look')::boolean, false) then
      return query select app.parts('!' || array_to_string(stored, E'\n') || E'\n');
      return;
    end if;
  end if;

  if kind = 'public' then
    perform set_config('role', 'posthaste_public', true);
  end if;

  for line in execute statement using
    v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15], v[16],
    v[17], v[18], v[19], v[20], v[21], v[22], v[23], v[24], v[25], v[26], v[27], v[28], v[29], v[30], v[31], v[32]
  loop
    answer := answer || row_to_json(line)::text;
  end loop;

  if kind = 'public' then
    perform set_config('role', 'none', true);
  end if;

  if repeat is not null and stored is null and not coalesce((repeat ->> 'look')::boolean, false)
    and coalesce(answer[1]::jsonb ->> 'outcome', 'ok') = 'ok' then
    perform app.remember(caller, repeat, answer);
  end if;

  return query select app.parts(array_to_string(answer, E'\n') || E'\n')  where cardinality(answer) > 0;
  if stored is not null then
    return query select app.parts('!' || array_to_string(stored, E'\n') || E'\n');
  end if;
end
$$;
