-- Old code keeps working: yes.
-- Projects whose owners can manage nothing any more: administrators find them, and hand them over.

create function app.is_tended(project uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (
    select from project_collaborators c join users u on u.id = c.user_id
    where c.project_id = project and c.role = 'owner' and u.deleted_at is null and u.status = 'active' and u.role <> 'viewer')
$$;
comment on function app.is_tended is
  'Whether an owner can manage it. One who has asked for the end of their account can, until it comes. Granted to nobody.';

create function app.ownerless_projects(owner uuid, before uuid, row_limit integer)
returns table (id uuid, name text, member_count integer, created_at timestamptz, owner_ids uuid[])
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
as $$
begin
  if not app.is_staff('admin') then
    return;
  end if;
  return query
    with theirs as materialized (
      select distinct c.project_id from users u join project_collaborators c on c.user_id = u.id and c.role = 'owner'
      where u.deleted_at is null and (u.status <> 'active' or u.role = 'viewer') and (owner is null or u.id = owner)
        and (before is null or c.project_id < before)
    ), page as materialized (
      select p.id, p.name, p.created_at
      from theirs t join projects p on p.id = t.project_id and p.deleted_at is null
      where not exists (
        select from project_collaborators c join users u on u.id = c.user_id
        where c.project_id = t.project_id and c.role = 'owner' and u.deleted_at is null and u.status = 'active' and u.role <> 'viewer')
      order by p.id desc limit row_limit)
    select p.id, p.name, m.members, p.created_at, m.owners
    from page p cross join lateral (
      select count(*)::integer as members,
        coalesce(array_agg(c.user_id order by c.created_at, c.user_id) filter (where c.role = 'owner'), '{}') as owners
      from project_collaborators c join users u on u.id = c.user_id and u.deleted_at is null
      where c.project_id = p.id) m
    order by p.id desc;
end
$$;
comment on function app.ownerless_projects is
  'For administrators; nobody else gets a row. Newest first. It begins with the owners who can manage nothing, not with all projects.';
grant execute on function app.ownerless_projects(uuid, uuid, integer) to posthaste_api;

create function app.hand_over_project(project uuid, heir uuid, former_role text) returns table (outcome text, former_ids uuid[])
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  chosen users;
  project_name text;
begin
  if not app.is_staff('admin') then
    return query select 'not_found', null::uuid[];
    return;
  end if;
  -- People before the project, as for whoever goes: nobody is let in again, or shut out, until it is decided.
  perform from users u
  where u.id = heir or u.id in (select c.user_id from project_collaborators c where c.project_id = project and c.role = 'owner')
  order by u.id for share;
  select p.name into project_name from projects p where p.id = project and p.deleted_at is null for no key update;
  select u.* into chosen from users u where u.id = heir and u.deleted_at is null;
  outcome := case
    when project_name is null or chosen.id is null then 'not_found'
    when app.is_tended(project) then 'owner_active'
    when not app.can_act(chosen) or chosen.email_verified_at is null then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    insert into project_collaborators as c (project_id, user_id, role) values (project, heir, 'owner')
    on conflict on constraint project_collaborators_pkey do update set role = 'owner';
    with changed as (
      update project_collaborators c set role = former_role
      where c.project_id = project and c.role = 'owner' and c.user_id <> heir
      returning c.user_id)
    select coalesce(array_agg(changed.user_id order by changed.user_id), '{}') into former_ids from changed;
    perform app.write_mail(jsonb_build_object('template', 'project-handed-over', 'to', chosen.email, 'name', chosen.display_name,
      'project', project_name), false);
    perform app.write_mail(jsonb_build_object('template', 'project-taken-over', 'to', u.email, 'name', u.display_name,
      'project', project_name, 'owner', chosen.display_name, 'role', former_role), false)
    from users u where u.id = any (former_ids) and u.deleted_at is null and u.email_verified_at is not null;
  end if;
  return next;
end
$$;
comment on function app.hand_over_project is
  'An administrator makes somebody the owner of a project that no owner can manage; its owners so far become what is asked for. Both sides are told by mail.';
grant execute on function app.hand_over_project(uuid, uuid, text) to posthaste_api;
