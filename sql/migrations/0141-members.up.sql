-- Old code keeps working: yes.
-- Members: their version, what ends with a membership, and changes of ownership that come one after the other.

alter table project_collaborators
  add column updated_at timestamptz not null default app.now(),
  add column version integer not null default 1;
comment on column project_collaborators.created_at is 'When the person joined.';
create trigger project_collaborators_touch before update on project_collaborators for each row execute function app.touch();
create index project_collaborators_joined_idx on project_collaborators (project_id, created_at, user_id);

-- Before, any owner who is not deleted counted, also one who may do nothing any more.
create or replace function app.keep_owner() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if (tg_op = 'UPDATE' and new.role = 'owner')
    or not exists (select from users u where u.id = old.user_id and u.deleted_at is null) then
    return null;
  end if;
  -- Two owners who leave at once come one after the other.
  perform 1 from projects p where p.id = old.project_id and p.deleted_at is null for no key update;
  if found and not exists (
    select from project_collaborators c join users u on u.id = c.user_id
    where c.project_id = old.project_id and c.role = 'owner' and u.deleted_at is null and u.status = 'active' and u.role <> 'viewer'
  ) then
    raise exception 'a project keeps its last owner' using errcode = 'PH012';
  end if;
  return null;
end
$$;

-- What somebody made in the project stays the project's; what acts in their name ends with their membership, for good.
create function app.end_membership() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    update api_keys k set revoked_at = app.now()
    where k.project_id = old.project_id and k.created_by = old.user_id and k.revoked_at is null;
  end if;
  update project_invitations i set revoked_at = app.now()
  where i.project_id = old.project_id and i.created_by = old.user_id and i.accepted_at is null and i.declined_at is null
    and i.revoked_at is null and (tg_op = 'DELETE' or i.role = 'owner');
  return null;
end
$$;
comment on function app.end_membership() is
  'Who leaves takes their keys and their open invitations along, so that coming back revives none; who is owner no more makes nobody owner.';
create trigger project_collaborators_gone after delete on project_collaborators for each row execute function app.end_membership();
create trigger project_collaborators_stepped_down after update of role on project_collaborators
  for each row when (old.role = 'owner' and new.role <> 'owner') execute function app.end_membership();

create function app.member_names(project uuid, ids uuid[])
returns table (user_id uuid, display_name text, username text, email text, active boolean)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select u.id, u.display_name, u.username, case when project = any (app.projects_of('manage')) then u.email end, u.status = 'active'
  from project_collaborators c join users u on u.id = c.user_id
  where c.project_id = project and c.user_id = any (ids) and u.deleted_at is null and project = any (app.projects_of('read'))
$$;
comment on function app.member_names is 'Who the members are, for members; their addresses for owners alone.';
grant execute on function app.member_names(uuid, uuid[]) to posthaste_api;

-- The three below run under the caller's policies. They take the project first: of two owners who send each other away the
-- second waits, and is asked again what they may.
create function app.change_member(project uuid, person uuid, changes jsonb, expected_version integer)
returns table (outcome text, role text, permissions text[], joined_at timestamptz, version integer)
language plpgsql set search_path = public, pg_temp
as $$
declare
  member project_collaborators;
begin
  perform from projects p where p.id = project for no key update;
  select c.* into member from project_collaborators c where c.project_id = project and c.user_id = person;
  outcome := case when member.user_id is null then 'not_found' when project <> all (app.projects_of('manage')) then 'forbidden'
    when member.version <> expected_version then 'stale' else 'ok' end;
  if outcome = 'ok' then
    update project_collaborators c
    set role = coalesce(changes ->> 'role', c.role),
      permissions = case when changes ? 'permissions' then array(select jsonb_array_elements_text(changes -> 'permissions')) else c.permissions end
    where c.project_id = project and c.user_id = person
    returning c.* into member;
  end if;
  return query select change_member.outcome, member.role, member.permissions, member.created_at, member.version;
end
$$;
grant execute on function app.change_member(uuid, uuid, jsonb, integer) to posthaste_api;

create function app.remove_member(project uuid, person uuid, expected_version integer) returns table (outcome text)
language plpgsql set search_path = public, pg_temp
as $$
declare
  member project_collaborators;
begin
  perform from projects p where p.id = project for no key update;
  select c.* into member from project_collaborators c where c.project_id = project and c.user_id = person;
  outcome := case when member.user_id is null then 'not_found'
    when person <> app.user_id() and project <> all (app.projects_of('manage')) then 'forbidden'
    when member.version <> expected_version then 'stale' else 'ok' end;
  if outcome = 'ok' then
    delete from project_collaborators c where c.project_id = project and c.user_id = person;
  end if;
  return next;
end
$$;
comment on function app.remove_member is 'Owners send away, everybody may go.';
grant execute on function app.remove_member(uuid, uuid, integer) to posthaste_api;

create function app.transfer_project(project uuid, heir uuid, own_role text) returns table (outcome text)
language plpgsql set search_path = public, pg_temp
as $$
begin
  perform from projects p where p.id = project for no key update;
  outcome := case when project <> all (app.projects_of('read')) then 'not_found'
    when project <> all (app.projects_of('manage')) then 'forbidden'
    when heir = app.user_id() then 'wrong_state'
    when not exists (select from project_collaborators c where c.project_id = project and c.user_id = heir) then 'not_found'
    else 'ok' end;
  if outcome = 'ok' then
    update project_collaborators c set role = case c.user_id when heir then 'owner' else own_role end
    where c.project_id = project and c.user_id in (heir, app.user_id());
  end if;
  return next;
end
$$;
comment on function app.transfer_project is 'A member becomes owner and the actor what they ask for, in one step. Other owners stay owners.';
grant execute on function app.transfer_project(uuid, uuid, text) to posthaste_api;

-- Who is a viewer of the installation only reads; so far they could make a project of their own.
create or replace function app.create_project(name text, description text, time_zone text)
returns setof projects
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made projects;
begin
  if app.user_id() is null then
    return;
  end if;
  if exists (select from users u where u.id = app.user_id() and u.role = 'viewer') then
    raise exception 'a viewer of the installation makes no project' using errcode = '42501';
  end if;
  insert into projects (name, description, time_zone, created_by)
  values (create_project.name, create_project.description, create_project.time_zone, app.user_id())
  returning * into made;
  insert into project_collaborators (project_id, user_id, role) values (made.id, made.created_by, 'owner');
  return next made;
end
$$;
