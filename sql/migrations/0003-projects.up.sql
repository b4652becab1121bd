-- Old code keeps working: yes.
-- Projects are the tenants; a membership says what a person may do in one.

create table projects (
  id uuid not null default uuidv7(),
  name text not null,
  description text,
  time_zone text not null default 'UTC',
  created_by uuid,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint projects_pkey primary key (id),
  constraint projects_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint projects_name_length check (length(name) between 1 and 100),
  constraint projects_description_length check (length(description) <= 1000)
);
comment on table projects is 'The tenant: everything a team owns carries its project_id.';
create index projects_created_by_idx on projects (created_by);
create trigger projects_touch before update on projects for each row execute function app.touch();

create table project_collaborators (
  project_id uuid not null,
  user_id uuid not null,
  role text not null,
  created_at timestamptz not null default app.now(),
  constraint project_collaborators_pkey primary key (project_id, user_id),
  constraint project_collaborators_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint project_collaborators_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint project_collaborators_role_known check (role in ('owner', 'editor', 'approver', 'reviewer', 'viewer'))
);
create index project_collaborators_user_id_idx on project_collaborators (user_id);

-- The projects in which the actor may: read (all roles), write (owner, editor), manage (owner).
create function app.projects_of(permission text) returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(c.project_id), '{}')
  from project_collaborators c join projects p on p.id = c.project_id
  where c.user_id = app.user_id() and p.deleted_at is null
    and case permission
      when 'read' then true
      when 'write' then c.role in ('owner', 'editor')
      when 'manage' then c.role = 'owner'
      else false
    end
$$;
comment on function app.projects_of is 'Rights are read from tables on every statement, never from the token.';
grant execute on function app.projects_of(text) to posthaste_api;

-- A project and its owner are one: under row-level security nobody could read back a project without a member.
create function app.create_project(name text, description text, time_zone text)
returns setof projects
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made projects;
begin
  if app.user_id() is null then
    return;
  end if;
  insert into projects (name, description, time_zone, created_by)
  values (create_project.name, create_project.description, create_project.time_zone, app.user_id())
  returning * into made;
  insert into project_collaborators (project_id, user_id, role) values (made.id, made.created_by, 'owner');
  return next made;
end
$$;
grant execute on function app.create_project(text, text, text) to posthaste_api;

alter table projects enable row level security;
create policy projects_read on projects for select to posthaste_api using (id = any ((select app.projects_of('read'))::uuid[]));
create policy projects_manage on projects for update to posthaste_api
  using (id = any ((select app.projects_of('manage'))::uuid[])) with check (true);
create policy projects_worker on projects for select to posthaste_worker using (true);
grant select on projects to posthaste_api, posthaste_worker;
grant update (name, description, time_zone, deleted_at) on projects to posthaste_api;

alter table project_collaborators enable row level security;
create policy project_collaborators_read on project_collaborators for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
grant select on project_collaborators to posthaste_api;
