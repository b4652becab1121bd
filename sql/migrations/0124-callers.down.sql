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
    set_config('app.user_id', '', true), set_config('app.session_id', '', true),
    set_config('app.ip', coalesce(call ->> 'ip', ''), true), set_config('app.api_key_id', '', true);
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
comment on function app.run is
  'One Data API call: checks that person and session are alive (PH401), answers repeats of an Idempotency-Key (PH409 running, PH422 other request, PH410 secret), runs the statement under row-level security and returns its rows as JSON lines in parts. A line that begins with ! opens a stored answer.';

create or replace function app.projects_of(permission text) returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(c.project_id), '{}')
  from project_collaborators c join projects p on p.id = c.project_id join users u on u.id = c.user_id
  where c.user_id = app.user_id() and p.deleted_at is null and (permission = 'read' or u.role <> 'viewer')
    and (permission = any (c.permissions) or case permission
      when 'read' then true
      when 'review' then c.role <> 'viewer'
      when 'approve' then c.role in ('owner', 'approver')
      when 'write' then c.role in ('owner', 'editor')
      when 'manage' then c.role = 'owner'
      else false
    end)
$$;
comment on function app.projects_of is
  'The projects in which the actor may: read (everybody in it), review (all but viewers), approve (owner, approver), write (owner, editor), manage (owner). Who is a viewer of the installation only reads, whatever the project says. Rights are read from tables on every statement, never from the token.';

create or replace function app.is_staff(role text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce((
    select u.role = 'admin' or u.role = is_staff.role
    from users u where u.id = app.user_id() and u.status = 'active' and u.deleted_at is null), false)
$$;
comment on function app.is_staff is 'Whether the actor is moderator or admin of the installation; an admin is both.';

drop function app.count_request(text, text, integer);
drop function app.check_rate(text, text);
drop function app.raise_rate(integer, integer);
drop function app.address_caller(text);
drop function app.check_elevated(uuid);
alter table user_sessions drop column elevated_until;
drop function app.check_key(text, text);
drop function app.key_project();
drop function app.api_key_id();
drop table rate_limits;
drop function app.may_register(text, text);
drop table installation_settings;
