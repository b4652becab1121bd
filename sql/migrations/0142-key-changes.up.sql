-- Old code keeps working: yes.
-- API keys: their version, narrowing of what they may, and secrets that are changed while the old one still works.

alter table api_keys
  add column updated_at timestamptz not null default app.now(),
  add column version integer not null default 1,
  add column replaced_by uuid,
  add constraint api_keys_replaced_by_fkey foreign key (project_id, replaced_by) references api_keys (project_id, id)
    on delete set null (replaced_by);
comment on column api_keys.replaced_by is 'The key that came after it; expires_at is then the end of the time in which both work.';
create index api_keys_replaced_by_idx on api_keys (project_id, replaced_by);
grant select (updated_at, version, replaced_by) on api_keys to posthaste_api;
grant update (scopes, expires_at, replaced_by) on api_keys to posthaste_api;

-- A use is no change.
create trigger api_keys_touch before update on api_keys for each row
  when (old.last_used_at is not distinct from new.last_used_at) execute function app.touch();

create function app.keep_key_narrow() returns trigger
language plpgsql
as $$
begin
  if not new.scopes <@ old.scopes or coalesce(new.expires_at, 'infinity') > coalesce(old.expires_at, 'infinity')
    or (old.revoked_at is not null and new.revoked_at is null) then
    raise exception 'a key is never given more than it was made with' using errcode = 'PH013';
  end if;
  return new;
end
$$;
comment on function app.keep_key_narrow() is 'Whoever holds a key must not find it mightier or alive longer than it was: a new one is made (PH013).';
create trigger api_keys_narrow before update of scopes, expires_at, revoked_at on api_keys for each row execute function app.keep_key_narrow();

-- Both run under the caller's policies, and take the project first, so that two at once do not both make the fiftieth key.
create function app.create_api_key(project uuid, name text, prefix text, key_hash text, scopes text[], expires_at timestamptz)
returns table (outcome text, key_id uuid)
language plpgsql set search_path = public, pg_temp
as $$
begin
  perform from projects p where p.id = project for no key update;
  outcome := case
    when project <> all (app.projects_of('read')) then 'not_found'
    when project <> all (app.projects_of('manage')) then 'forbidden'
    when (
      select count(*) from api_keys k where k.project_id = project and k.revoked_at is null and k.replaced_by is null
        and (k.expires_at is null or k.expires_at > app.now())) >= 50 then 'limit_reached'
    else 'ok' end;
  if outcome = 'ok' then
    insert into api_keys as k (project_id, name, prefix, key_hash, scopes, expires_at)
    values (project, create_api_key.name, create_api_key.prefix, create_api_key.key_hash, create_api_key.scopes, create_api_key.expires_at)
    returning k.id into key_id;
  end if;
  return next;
end
$$;
comment on function app.create_api_key is 'At most 50 live keys of a project, not counting those that a newer one has replaced.';

create function app.rotate_api_key(project uuid, key uuid, prefix text, key_hash text, overlap_s integer)
returns table (outcome text, key_id uuid)
language plpgsql set search_path = public, pg_temp
as $$
declare
  old_key record;
begin
  perform from projects p where p.id = project for no key update;
  select k.name, k.scopes, k.expires_at, k.is_test,
    k.revoked_at is null and k.replaced_by is null and (k.expires_at is null or k.expires_at > app.now()) as alive
  into old_key from api_keys k where k.project_id = project and k.id = key;
  outcome := case
    when project = any (app.projects_of('read')) and project <> all (app.projects_of('manage')) then 'forbidden'
    when old_key.name is null then 'not_found'
    when not old_key.alive then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    insert into api_keys as k (project_id, name, prefix, key_hash, scopes, is_test, expires_at)
    values (project, old_key.name, rotate_api_key.prefix, rotate_api_key.key_hash, old_key.scopes, old_key.is_test, old_key.expires_at)
    returning k.id into key_id;
    update api_keys k
    set replaced_by = key_id, expires_at = least(k.expires_at, app.now() + make_interval(secs => overlap_s)),
      revoked_at = case when overlap_s = 0 then app.now() end
    where k.project_id = project and k.id = key;
  end if;
  return next;
end
$$;
comment on function app.rotate_api_key is 'The new key is the actor''s, who answers for it from now on: it may what they may.';
grant execute on function app.create_api_key(uuid, text, text, text, text[], timestamptz),
  app.rotate_api_key(uuid, uuid, text, text, integer) to posthaste_api;
