-- Old code keeps working: yes.
-- What is replaced or removed as a whole is so only in the version that the caller saw (If-Match): the functions know it.

alter table platforms add column version integer not null default 1;
comment on column platforms.version is 'Of the switch and of our app there, whose secret lies elsewhere.';

create function app.switch_platform(platform text, enabled boolean, expected_version integer) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  seen integer;
begin
  select p.version into seen from platforms p where p.name = platform and app.is_staff('admin') for no key update;
  outcome := case when seen is null then 'not_found' when seen <> expected_version then 'stale' else 'ok' end;
  if outcome = 'ok' then
    update platforms p set enabled = switch_platform.enabled, version = p.version + 1 where p.name = platform;
  end if;
  return next;
end
$$;
comment on function app.switch_platform(text, boolean, integer) is
  'Off: nothing new is connected. What is connected already goes on publishing.';

create function app.note_platform_app(platform text, action text, expected_version integer) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  seen integer;
begin
  select p.version into seen from platforms p where p.name = platform and app.is_staff('admin') for no key update;
  if seen <> expected_version then
    return query select 'stale';
    return;
  end if;
  update platforms p set version = p.version + 1 where p.name = platform and seen is not null and action <> 'read';
  return query select n.outcome from app.note_platform_app(platform, action) n;
end
$$;
comment on function app.note_platform_app(text, text, integer) is
  'Asked before the secret is touched: says who may, and in which version, and notes it.';

create function app.limits_version(scope text, subject uuid) returns integer
language sql stable security definer set search_path = public, pg_temp
as $$
  select ('x' || left(md5(coalesce(string_agg(o.name || '=' || coalesce(o.most::text, ''), ',' order by o.name), '')), 7))::bit(28)::integer
  from quota_overrides o where o.scope = limits_version.scope and subject in (o.user_id, o.project_id)
$$;
comment on function app.limits_version is 'Of the limits that are the subject''s own: the same limits are the same version.';

create function app.set_quotas(scope text, subject uuid, limits jsonb, expected_version integer) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- One after the other: who comes second sees what the first has set.
  if scope = 'user' then
    perform from users u where u.id = subject and u.deleted_at is null and app.is_staff('admin') for no key update;
  else
    perform from projects p where p.id = subject and p.deleted_at is null and app.is_staff('admin') for no key update;
  end if;
  if found and app.limits_version(scope, subject) <> expected_version then
    return query select 'stale';
    return;
  end if;
  return query select s.outcome from app.set_quotas(scope, subject, limits) s;
end
$$;

create function app.remove_factor(factor_id uuid, expected_version integer) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  seen integer;
begin
  select f.version into seen from mfa_factors f
  where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp' for update;
  if seen <> expected_version then
    return query select 'stale';
    return;
  end if;
  return query select r.outcome from app.remove_factor(factor_id) r;
end
$$;

create function app.remove_identity_provider(provider text, expected_version integer) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  seen integer;
begin
  select p.version into seen from identity_providers p where p.name = provider and app.is_staff('admin') for update;
  outcome := case when seen is not null and exists (
    select from user_identities i where i.provider = remove_identity_provider.provider) then 'in_use' when seen <> expected_version then 'stale' end;
  if outcome is not null then
    return next;
    return;
  end if;
  return query select r.outcome from app.remove_identity_provider(provider) r;
end
$$;

create function app.rotate_api_key(project uuid, key uuid, prefix text, key_hash text, overlap_s integer, expected_version integer)
returns table (outcome text, key_id uuid)
language plpgsql set search_path = public, pg_temp
as $$
declare
  seen integer;
begin
  perform from projects p where p.id = project for no key update;
  -- A key that is dead is another answer.
  select k.version into seen from api_keys k
  where k.project_id = project and k.id = key and k.revoked_at is null and k.replaced_by is null
    and (k.expires_at is null or k.expires_at > app.now()) and project = any (app.projects_of('manage')) for update;
  if seen <> expected_version then
    return query select 'stale', null::uuid;
    return;
  end if;
  return query select r.outcome, r.key_id from app.rotate_api_key(project, key, prefix, key_hash, overlap_s) r;
end
$$;

grant execute on function app.switch_platform(text, boolean, integer), app.note_platform_app(text, text, integer),
  app.limits_version(text, uuid), app.set_quotas(text, uuid, jsonb, integer), app.remove_factor(uuid, integer),
  app.remove_identity_provider(text, integer), app.rotate_api_key(uuid, uuid, text, text, integer, integer) to posthaste_api;
