-- Old code keeps working: yes.
-- The log of changes and of access to what is sensitive: append-only, personal values under a key per person, sealed in a chain.

create schema crypto;
comment on schema crypto is 'The extension pgcrypto; nobody but the owner may look in.';
create extension pgcrypto schema crypto;

create table audit_keys (
  user_id uuid not null,
  key bytea not null default crypto.gen_random_bytes(32),
  created_at timestamptz not null default app.now(),
  constraint audit_keys_pkey primary key (user_id),
  constraint audit_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint audit_keys_key_length check (octet_length(key) = 32)
);
comment on table audit_keys is
  'The key under which a person''s mail, names and addresses lie in the log. It goes with the person: what it sealed is noise from then on. Granted to nobody; used by functions of the owner.';
alter table audit_keys enable row level security;

create table audit_log (
  id uuid not null default uuidv7(),
  occurred_at timestamptz not null default app.now(),
  actor text not null,
  user_id uuid,
  session_id uuid,
  api_key_id uuid,
  request_id text,
  project_id uuid,
  subject_id uuid,
  table_name text not null,
  row_id text,
  operation text not null,
  old_values jsonb,
  new_values jsonb,
  personal_sealed bytea,
  ip_sealed bytea,
  constraint audit_log_pkey primary key (id, occurred_at),
  constraint audit_log_actor_known check (actor in ('person', 'public', 'worker', 'operator')),
  constraint audit_log_operation_known check (operation in ('insert', 'update', 'delete', 'access')),
  constraint audit_log_personal_has_subject check (personal_sealed is null or subject_id is not null)
) partition by range (occurred_at);
comment on table audit_log is
  'Who changed what, and who looked at what should not be looked at unseen. Written by app.write_audit alone, changed by nobody (PH008), sealed by app.seal_audit. No references: it outlives what it tells of.';
comment on column audit_log.actor is 'person (user_id), public (before an actor is known), worker, operator (at the database itself).';
comment on column audit_log.session_id is 'The session behind the request; api_key_id where it was a key.';
comment on column audit_log.subject_id is 'Whose personal values the row holds, and under whose key they lie.';
comment on column audit_log.table_name is 'The table; for an access what was read, such as export.account.';
comment on column audit_log.row_id is 'Primary key of the row; several columns are joined by a comma.';
comment on column audit_log.old_values is
  'By column; of an update only what changed. {"hidden": "secret"} stands for hashes and sealed values, {"hidden": "personal"} for what personal_sealed holds.';
comment on column audit_log.personal_sealed is 'AES-256-CBC under the subject''s key, a fresh 16 bytes first: {"old": {...}, "new": {...}}.';
comment on column audit_log.ip_sealed is 'Address of the request, likewise, under the key of user_id, or of subject_id where nobody was signed in.';
create index audit_log_project_id_idx on audit_log (project_id, id desc) where project_id is not null;
create index audit_log_user_id_idx on audit_log (user_id, id desc) where user_id is not null;
create index audit_log_row_idx on audit_log (table_name, row_id, id desc);

create table audit_unsealed (
  audit_id uuid not null,
  occurred_at timestamptz not null,
  constraint audit_unsealed_pkey primary key (occurred_at, audit_id)
);
comment on table audit_unsealed is
  'Rows of the log that no seal holds yet, written with them. A row that commits late is sealed late, whatever its id: no horizon of ids or times is needed.';
alter table audit_unsealed enable row level security;

create table audit_seals (
  sequence bigint not null,
  month date not null,
  sealed_at timestamptz not null default app.now(),
  row_count integer not null,
  row_ids uuid[] not null,
  row_hashes bytea[] not null,
  previous_hash bytea not null,
  hash bytea not null,
  constraint audit_seals_pkey primary key (sequence),
  constraint audit_seals_previous_hash_key unique (previous_hash),
  constraint audit_seals_hash_key unique (hash),
  constraint audit_seals_sequence_positive check (sequence > 0),
  constraint audit_seals_month_first check (extract(day from month) = 1),
  constraint audit_seals_complete check (row_count > 0 and cardinality(row_ids) = row_count and cardinality(row_hashes) = row_count),
  constraint audit_seals_hash_length check (octet_length(previous_hash) = 32 and octet_length(hash) = 32)
);
comment on table audit_seals is 'The chain over the log. A seal names its rows, so that a missing one can be named too, and stays when their month is archived.';
comment on column audit_seals.month is 'All rows of a seal lie in one partition.';
comment on column audit_seals.row_hashes is 'By place in row_ids; empty where the row had already gone.';
comment on column audit_seals.previous_hash is 'Hash of the seal before; zeros at the beginning.';
comment on column audit_seals.hash is 'sha256 over sequence, month, instant, ids, hashes and the hash before: infra/tools/verify-audit.ts says how.';
create index audit_seals_month_idx on audit_seals (month);
alter table audit_seals enable row level security;
alter table audit_log enable row level security;
select app.partition_monthly('audit_log', 24, true);

create policy audit_log_project on audit_log for select to posthaste_api using (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy audit_log_staff on audit_log for select to posthaste_api using ((select app.is_staff('admin')));
create policy audit_log_worker on audit_log for select to posthaste_worker using (true);
create policy audit_seals_staff on audit_seals for select to posthaste_api using ((select app.is_staff('admin')));
create policy audit_seals_worker on audit_seals for select to posthaste_worker using (true);
grant select (id, occurred_at, actor, user_id, session_id, api_key_id, request_id, project_id, subject_id, table_name, row_id,
  operation, old_values, new_values) on audit_log to posthaste_api, posthaste_worker;
grant select on audit_seals to posthaste_api, posthaste_worker;

create trigger audit_log_stays before update or delete on audit_log for each row execute function app.refuse_change();
create trigger audit_log_stays_whole before truncate on audit_log for each statement execute function app.refuse_change();
create trigger audit_seals_stay before update or delete on audit_seals for each row execute function app.refuse_change();
create trigger audit_seals_stay_whole before truncate on audit_seals for each statement execute function app.refuse_change();

-- The person's key, made at first need; null for nobody and for who is gone.
create function app.audit_key(person uuid) returns bytea
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  found_key bytea;
begin
  select k.key into found_key from audit_keys k where k.user_id = person;
  if found_key is null and person is not null then
    insert into audit_keys (user_id) select u.id from users u where u.id = person on conflict on constraint audit_keys_pkey do nothing;
    select k.key into found_key from audit_keys k where k.user_id = person;
  end if;
  return found_key;
end
$$;

create function app.audit_seal(plain text, person uuid) returns bytea
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  key bytea := case when plain is not null then app.audit_key(person) end;
  start bytea := crypto.gen_random_bytes(16);
begin
  return start || crypto.encrypt_iv(convert_to(plain, 'UTF8'), key, start, 'aes');
end
$$;
comment on function app.audit_seal is 'Null where there is nothing to seal or no key. Whether it was tampered with is the chain''s to tell.';

create function app.audit_open(sealed bytea, person uuid) returns text
language sql stable security definer set search_path = public, pg_temp
as $$
  select convert_from(crypto.decrypt_iv(substr(sealed, 17), k.key, substr(sealed, 1, 16), 'aes'), 'UTF8')
  from audit_keys k where k.user_id = person
$$;

create function app.write_audit(operation text, table_name text, row_id text, project_id uuid, subject_id uuid, old_values jsonb,
  new_values jsonb, personal jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  sealed bytea := app.audit_seal(nullif(personal, '{}')::text, write_audit.subject_id);
  made audit_log;
begin
  insert into audit_log (actor, user_id, session_id, api_key_id, request_id, project_id, subject_id, table_name, row_id, operation,
    old_values, new_values, personal_sealed, ip_sealed)
  values (
    case when app.user_id() is not null then 'person' when current_setting('role', true) = 'posthaste_public' then 'public'
      when session_user = 'posthaste_worker' then 'worker' else 'operator' end,
    app.user_id(), app.session_id(), nullif(current_setting('app.api_key_id', true), '')::uuid,
    nullif(current_setting('app.request_id', true), ''), write_audit.project_id, write_audit.subject_id, write_audit.table_name,
    write_audit.row_id, write_audit.operation, write_audit.old_values, write_audit.new_values, sealed,
    app.audit_seal(nullif(current_setting('app.ip', true), ''), coalesce(app.user_id(), write_audit.subject_id)))
  returning * into made;
  insert into audit_unsealed (audit_id, occurred_at) values (made.id, made.occurred_at);
end
$$;
comment on function app.write_audit is 'The only way into the log. Granted to nobody: triggers and app.audit_access call it.';

-- Of a row those columns that are logged, secrets and personal values hidden. Nulls are left out.
create function app.audited(row_values jsonb, plain text[], personal text[], secret text[]) returns jsonb
language sql immutable
as $$
  select jsonb_object_agg(v.key, case when v.key = any (secret) then '{"hidden": "secret"}'::jsonb
    when v.key = any (personal) then '{"hidden": "personal"}'::jsonb else v.value end)
  from jsonb_each(row_values) v where v.key = any (plain || personal || secret) and v.value <> 'null'
$$;

create function app.audit() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  keys text[] := tg_argv[0];
  plain text[] := tg_argv[3];
  personal text[] := tg_argv[4];
  secret text[] := tg_argv[5];
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  whole jsonb := coalesce(becomes, was);
  changed text[];
begin
  if tg_op = 'UPDATE' then
    select array_agg(w.key) into changed from jsonb_each(was) w
    where w.key = any (plain || personal || secret) and w.value is distinct from becomes -> w.key;
    if changed is null then
      return null;
    end if;
    select jsonb_object_agg(w.key, w.value) into was from jsonb_each(was) w where w.key = any (changed);
    select jsonb_object_agg(b.key, b.value) into becomes from jsonb_each(becomes) b where b.key = any (changed);
  end if;
  perform app.write_audit(lower(tg_op), tg_table_name,
    (select string_agg(whole ->> k.name, ',' order by k.place) from unnest(keys) with ordinality k (name, place)),
    (whole ->> tg_argv[1])::uuid, (whole ->> tg_argv[2])::uuid,
    app.audited(was, plain, personal, secret), app.audited(becomes, plain, personal, secret),
    jsonb_strip_nulls(jsonb_build_object(
      'old', (select jsonb_object_agg(w.key, w.value) from jsonb_each(was) w where w.key = any (personal) and w.value <> 'null'),
      'new', (select jsonb_object_agg(b.key, b.value) from jsonb_each(becomes) b where b.key = any (personal) and b.value <> 'null'))));
  return null;
end
$$;
comment on function app.audit() is
  'Arguments: key columns, column of the project, column of the person whose values they are; then the columns that are logged as they are, as personal values, as secrets. Other columns are not logged; a change of nothing else leaves no row.';

create function app.audit_access(what text, project uuid, about jsonb) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if what !~ '^[a-z][a-z_]*([.][a-z][a-z_]*)*$' or length(about::text) > 4000 then
    raise exception 'an access is named in words and told briefly' using errcode = '22023';
  end if;
  perform app.write_audit('access', what, null,
    case when app.user_id() is null or project = any (app.projects_of('read')) or app.is_staff('admin') then project end,
    null, null, about, null);
end
$$;
comment on function app.audit_access is
  'Records that somebody read what is not read every day: exports, other people''s data, the log''s personal values, tokens outside publishing. about holds ids and counts, never values.';
grant execute on function app.audit_access(text, uuid, jsonb) to posthaste_api, posthaste_worker;

-- What is hidden as personal, for those who may know: admins all of it, owners of the project all but addresses.
create function app.audit_reveal(ids uuid[]) returns table (id uuid, personal jsonb, ip text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  admin boolean := app.is_staff('admin');
  mine uuid[] := app.projects_of('manage');
begin
  if cardinality(ids) > 200 then
    raise exception 'at most 200 rows at once' using errcode = '22023';
  end if;
  perform app.audit_access('audit_log.personal', a.project_id, jsonb_build_object('rows', jsonb_agg(a.id)))
  from audit_log a where a.id = any (ids) and (admin or a.project_id = any (mine)) group by a.project_id;
  return query
    select a.id, app.audit_open(a.personal_sealed, a.subject_id)::jsonb,
      case when admin then app.audit_open(a.ip_sealed, coalesce(a.user_id, a.subject_id)) end
    from audit_log a where a.id = any (ids) and (admin or a.project_id = any (mine)) order by a.id;
end
$$;
grant execute on function app.audit_reveal(uuid[]) to posthaste_api;

create function app.audit_row_hash(a audit_log) returns bytea
language sql stable
as $$
  select sha256(convert_to(jsonb_build_array(a.id, extract(epoch from a.occurred_at), a.actor, a.user_id, a.session_id, a.api_key_id,
    a.request_id, a.project_id, a.subject_id, a.table_name, a.row_id, a.operation, a.old_values, a.new_values,
    encode(a.personal_sealed, 'hex'), encode(a.ip_sealed, 'hex'))::text, 'UTF8'))
$$;

-- One seal over the oldest unsealed rows, at most `row_limit` of one month; nothing where all is sealed.
create function app.seal_audit(row_limit integer) returns table (sequence bigint, row_count integer, hash text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  last audit_seals;
  made audit_seals;
begin
  -- One sealer at a time: the chain has one end.
  perform pg_advisory_xact_lock(hashtextextended('app.seal_audit', 0));
  select (date_trunc('month', q.occurred_at at time zone 'UTC'))::date into made.month
  from audit_unsealed q order by q.occurred_at, q.audit_id limit 1;
  if made.month is null then
    return;
  end if;
  select * into last from audit_seals s order by s.sequence desc limit 1;
  with taken as (
    -- By place: under the lock nobody else moves or takes them, and a long queue is not read for its first few.
    delete from audit_unsealed q where q.ctid = any (array(
      select u.ctid from audit_unsealed u
      where u.occurred_at >= made.month::timestamp at time zone 'UTC'
        and u.occurred_at < (made.month + interval '1 month') at time zone 'UTC'
      order by u.occurred_at, u.audit_id limit least(row_limit, 500)))
    returning q.occurred_at, q.audit_id
  )
  select array_agg(t.audit_id order by t.occurred_at, t.audit_id),
    array_agg(coalesce(app.audit_row_hash(a), '') order by t.occurred_at, t.audit_id)
  into made.row_ids, made.row_hashes
  from taken t left join audit_log a on a.id = t.audit_id and a.occurred_at = t.occurred_at;
  made.sequence := coalesce(last.sequence, 0) + 1;
  made.sealed_at := app.now();
  made.row_count := cardinality(made.row_ids);
  made.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  made.hash := sha256(convert_to(jsonb_build_array(made.sequence, made.month, extract(epoch from made.sealed_at), made.row_ids,
    (select jsonb_agg(encode(h.value, 'hex') order by h.place) from unnest(made.row_hashes) with ordinality h (value, place)),
    encode(made.previous_hash, 'hex'))::text, 'UTF8'));
  insert into audit_seals select made.*;
  return query select made.sequence, made.row_count, encode(made.hash, 'hex');
end
$$;
comment on function app.seal_audit is 'Safe with two at once. At most 500 rows, so that a seal stays below the Data API''s 64 KiB per row.';
grant execute on function app.seal_audit(integer) to posthaste_worker;

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
