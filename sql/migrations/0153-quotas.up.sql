-- Old code keeps working: yes (no quota has a limit that stops anybody until an administrator sets one).
-- How much of a thing a person or a project may have. What would go over is refused where it is made; what is there stays.

create table quotas (
  scope text not null,
  name text not null,
  most bigint,
  constraint quotas_pkey primary key (scope, name),
  constraint quotas_scope_known check (scope in ('user', 'project')),
  constraint quotas_name_known check (name in ('projects', 'accounts', 'storageBytes', 'postsPerDay', 'members')),
  constraint quotas_most_natural check (most >= 0)
);
comment on table quotas is 'What there are quotas of, and how much everybody has who has no limit of their own.';
comment on column quotas.most is 'Null: as much as one likes. Then nothing is counted and nobody waits.';
insert into quotas (scope, name, most) values
  ('user', 'projects', null), ('user', 'accounts', null), ('user', 'storageBytes', null), ('user', 'postsPerDay', null),
  ('project', 'accounts', null), ('project', 'storageBytes', null), ('project', 'postsPerDay', null), ('project', 'members', null);
alter table quotas enable row level security;
create policy quotas_staff on quotas for all to posthaste_api using ((select app.is_staff('admin')));
grant select, update (most) on quotas to posthaste_api;
create trigger quotas_audit after update on quotas for each row execute function app.audit('{scope,name}', '', '', '{most}', '{}', '{}');

create table quota_overrides (
  id uuid not null default uuidv7(),
  scope text not null,
  name text not null,
  user_id uuid,
  project_id uuid,
  most bigint,
  created_at timestamptz not null default app.now(),
  constraint quota_overrides_pkey primary key (id),
  constraint quota_overrides_one_key unique nulls not distinct (user_id, project_id, name),
  constraint quota_overrides_quota_fkey foreign key (scope, name) references quotas (scope, name) on delete cascade,
  constraint quota_overrides_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint quota_overrides_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint quota_overrides_scope_fits check ((scope = 'user') = (user_id is not null) and (scope = 'project') = (project_id is not null)),
  constraint quota_overrides_most_natural check (most >= 0)
);
comment on table quota_overrides is 'Limits of one person or project that differ from everybody''s.';
comment on column quota_overrides.most is 'Null: as much as one likes, whatever everybody may.';
create index quota_overrides_quota_idx on quota_overrides (scope, name);
create index quota_overrides_project_id_idx on quota_overrides (project_id);
alter table quota_overrides enable row level security;
create policy quota_overrides_staff on quota_overrides for select to posthaste_api using ((select app.is_staff('admin')));
grant select on quota_overrides to posthaste_api;
create trigger quota_overrides_audit after insert or update or delete on quota_overrides for each row
  execute function app.audit('{id}', 'project_id', 'user_id', '{name,most,user_id}', '{}', '{}');

insert into export_tables (name, person_columns, project_column, columns) values
  ('quota_overrides', '{user_id}', 'project_id', '{id,scope,name,user_id,project_id,most,created_at}');

create function app.quota_most(scope text, name text, subject uuid) returns bigint
language sql stable security definer set search_path = public, pg_temp
as $$
  select case when o.id is null then q.most else o.most end
  from quotas q left join quota_overrides o on o.scope = q.scope and o.name = q.name
    and case q.scope when 'user' then o.user_id = subject else o.project_id = subject end
  where q.scope = quota_most.scope and q.name = quota_most.name
$$;
comment on function app.quota_most is 'Null: no limit. Granted to nobody.';

-- A day is one of UTC. A post counts on the day it is due, unless all of it was called off.
create function app.quota_used(scope text, name text, subject uuid, at timestamptz) returns bigint
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  used bigint;
  day timestamptz := date_trunc('day', at, 'UTC');
begin
  case scope || ' ' || name
    when 'user projects' then
      select count(*) into used from projects p where p.created_by = subject and p.deleted_at is null;
    when 'user accounts' then
      select count(*) into used from social_accounts a where a.connected_by = subject and a.status <> 'disconnected';
    when 'project accounts' then
      select count(*) into used from social_accounts a where a.project_id = subject and a.status <> 'disconnected';
    when 'user storageBytes' then
      select sum(coalesce(m.bytes, m.declared_bytes)) into used from media m
      where m.created_by = subject and m.deleted_at is null and m.status <> 'failed';
    when 'project storageBytes' then
      select sum(coalesce(m.bytes, m.declared_bytes)) into used from media m
      where m.project_id = subject and m.deleted_at is null and m.status <> 'failed';
    when 'user postsPerDay' then
      select count(*) into used from posts p
      where p.created_by = subject and p.due_at >= day and p.due_at < day + interval '1 day' and p.deleted_at is null
        and (select coalesce(bool_or(pp.state <> 'cancelled'), true) from post_publications pp where pp.post_id = p.id);
    when 'project postsPerDay' then
      select count(*) into used from posts p
      where p.project_id = subject and p.due_at >= day and p.due_at < day + interval '1 day' and p.deleted_at is null
        and (select coalesce(bool_or(pp.state <> 'cancelled'), true) from post_publications pp where pp.post_id = p.id);
    when 'project members' then
      select count(*) into used from project_collaborators c where c.project_id = subject;
  end case;
  return coalesce(used, 0);
end
$$;
comment on function app.quota_used is 'Granted to nobody.';

-- After what was made: all who make something of one subject come one after the other, and the one who goes over is undone.
create function app.hold_quota(scope text, name text, subject uuid, at timestamptz, added bigint) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  most bigint := app.quota_most(scope, name, subject);
  used bigint;
begin
  if most is null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('app.quota ' || scope || ' ' || name || ' ' || subject, 0));
  used := app.quota_used(scope, name, subject, at);
  if used > most then
    raise exception 'quota % of the %, % of % used, again %', name, scope, used - added, most,
      case when name = 'postsPerDay'
        then to_char(date_trunc('day', at, 'UTC') at time zone 'UTC' + interval '1 day', 'YYYY-MM-DD') else 'never' end
      using errcode = 'PH413';
  end if;
end
$$;
comment on function app.hold_quota is 'PH413 where it would be too much. Granted to nobody.';

create function app.guard_quota() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made jsonb := to_jsonb(new);
  person uuid := nullif(made ->> tg_argv[1], '')::uuid;
  project uuid := nullif(made ->> tg_argv[2], '')::uuid;
  at timestamptz := coalesce((made ->> 'due_at')::timestamptz, app.now());
  added bigint := case tg_argv[0] when 'storageBytes' then (made ->> 'declared_bytes')::bigint else 1 end;
begin
  -- What operators bring in, and what schedules make, is theirs to answer for.
  if session_user = 'posthaste_api' then
    -- Always the person before the project: of two at once none waits for the other in a ring.
    if person is not null then
      perform app.hold_quota('user', tg_argv[0], person, at, added);
    end if;
    if project is not null then
      perform app.hold_quota('project', tg_argv[0], project, at, added);
    end if;
  end if;
  return null;
end
$$;
comment on function app.guard_quota() is 'Arguments: the quota, the columns of the person and of the project whose quota it is; a name without a column is nobody''s.';
create trigger projects_quota after insert on projects for each row execute function app.guard_quota('projects', 'created_by', '');
create trigger project_collaborators_quota after insert on project_collaborators for each row
  execute function app.guard_quota('members', '', 'project_id');
create trigger media_quota after insert on media for each row execute function app.guard_quota('storageBytes', 'created_by', 'project_id');
create trigger social_accounts_quota after insert on social_accounts for each row
  execute function app.guard_quota('accounts', 'connected_by', 'project_id');
create trigger social_accounts_quota_again after update of status, connected_by on social_accounts for each row
  when (new.status <> 'disconnected' and (old.status = 'disconnected' or old.connected_by is distinct from new.connected_by))
  execute function app.guard_quota('accounts', 'connected_by', 'project_id');
create trigger posts_quota after insert on posts for each row when (new.due_at is not null)
  execute function app.guard_quota('postsPerDay', 'created_by', 'project_id');
create trigger posts_quota_moved after update of due_at on posts for each row
  when (new.due_at is not null
    and date_trunc('day', old.due_at, 'UTC') is distinct from date_trunc('day', new.due_at, 'UTC'))
  execute function app.guard_quota('postsPerDay', 'created_by', 'project_id');

create function app.usage_of(scope text, subject uuid) returns table (quota text, most bigint, own boolean, used bigint, resets_at timestamptz)
language sql stable security definer set search_path = public, pg_temp
as $$
  select q.name, app.quota_most(q.scope, q.name, subject),
    exists (select from quota_overrides o where o.scope = q.scope and o.name = q.name and subject in (o.user_id, o.project_id)),
    app.quota_used(q.scope, q.name, subject, app.now()),
    case when q.name = 'postsPerDay' then date_trunc('day', app.now(), 'UTC') + interval '1 day' end
  from quotas q
  where q.scope = usage_of.scope
    and case q.scope when 'user' then subject = app.user_id() or app.is_staff('admin')
      else subject = any (app.projects_of('read')) or app.is_staff('admin') end
    and case q.scope when 'user' then exists (select from users u where u.id = subject and u.deleted_at is null)
      else exists (select from projects p where p.id = subject and p.deleted_at is null) end
  order by array_position(array['projects', 'members', 'accounts', 'storageBytes', 'postsPerDay'], q.name)
$$;
comment on function app.usage_of is 'For members of the project, the person, and administrators; no row for others.';
grant execute on function app.usage_of(text, uuid) to posthaste_api;

-- All limits of one person or project that differ; those that are not named are everybody's again.
create function app.set_quotas(scope text, subject uuid, limits jsonb) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if not app.is_staff('admin') or not (case scope
    when 'user' then exists (select from users u where u.id = subject and u.deleted_at is null)
    else exists (select from projects p where p.id = subject and p.deleted_at is null) end) then
    return query select 'not_found';
    return;
  end if;
  delete from quota_overrides o where subject in (o.user_id, o.project_id) and not limits ? o.name;
  insert into quota_overrides as o (scope, name, user_id, project_id, most)
  select q.scope, q.name, case q.scope when 'user' then subject end, case q.scope when 'project' then subject end, (l.value #>> '{}')::bigint
  from jsonb_each(limits) l join quotas q on q.scope = set_quotas.scope and q.name = l.key
  on conflict on constraint quota_overrides_one_key do update set most = excluded.most where o.most is distinct from excluded.most;
  return query select 'ok';
end
$$;
grant execute on function app.set_quotas(text, uuid, jsonb) to posthaste_api;
