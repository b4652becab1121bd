-- Old code keeps working: yes, but a name that a person uses twice is an internal error to it.
-- What a project is beyond its name: kind, labels, state; personal and public ones; and that it always has an owner.

-- A second project of the same person and name tells itself apart by the end of its id.
update projects p set name = left(p.name, 80) || ' ' || right(p.id::text, 12)
from (
  select id, row_number() over (partition by created_by, name order by id) as place
  from projects where created_by is not null and deleted_at is null
) twice
where twice.id = p.id and twice.place > 1;

alter table projects
  drop constraint projects_name_length,
  drop constraint projects_description_length,
  add column type text,
  add column template text,
  add column platform text,
  add column target_audience text,
  add column estimated_duration text,
  add column tags text[] not null default '{}',
  add column is_public boolean not null default false,
  add column status text not null default 'active',
  add column metadata jsonb not null default '{}',
  add column personal boolean not null default false,
  add constraint projects_platform_fkey foreign key (platform) references platforms (name) on delete set null,
  add constraint projects_name_length check (length(name) between 1 and 255),
  add constraint projects_description_length check (length(description) <= 10000),
  add constraint projects_type_known check (type in ('video', 'audio', 'image', 'script', 'campaign')),
  add constraint projects_template_length check (length(template) between 1 and 255),
  add constraint projects_target_audience_length check (length(target_audience) between 1 and 1000),
  add constraint projects_estimated_duration_length check (length(estimated_duration) between 1 and 255),
  add constraint projects_tags_some check (cardinality(tags) <= 100 and array_position(tags, null) is null),
  add constraint projects_status_known check (status in ('active', 'draft', 'archived')),
  add constraint projects_metadata_object check (jsonb_typeof(metadata) = 'object');
comment on column projects.name is 'Once per person who created it, among those not deleted.';
comment on column projects.time_zone is 'IANA name: the zone of wall times that bring none.';
comment on column projects.created_by is 'Who made it; null once that person is gone. Who owns it now stands in project_collaborators.';
comment on column projects.type is 'What is mainly made in it; null = everything.';
comment on column projects.template is 'Name of the template that it began with.';
comment on column projects.platform is 'The platform that it is mainly for.';
comment on column projects.target_audience is 'In the words of its owner.';
comment on column projects.estimated_duration is 'In the words of its owner, such as 30 seconds or two weeks.';
comment on column projects.tags is 'Labels for sorting; not the hashtags of posts.';
comment on column projects.is_public is 'Everybody may read the row, of it as much as posthaste_public was granted; nothing else in the project becomes public by it.';
comment on column projects.metadata is 'Free values of its members.';
comment on column projects.personal is 'The project through which a person without a project posts; made by app.personal_project, one per person.';

create unique index projects_owner_name_key on projects (created_by, name) where deleted_at is null;
create unique index projects_personal_key on projects (created_by) where personal and deleted_at is null;
create index projects_platform_idx on projects (platform);
create index projects_tags_idx on projects using gin (tags);
create index projects_public_idx on projects (id desc) where is_public and deleted_at is null;

-- Not to posthaste_api, which may select every column: what is public of a project is what posthaste_public was granted.
create policy projects_public on projects for select to posthaste_public using (is_public and deleted_at is null);
grant select (id, name, description, type, platform, tags, created_at) on projects to posthaste_public;
grant update (type, template, platform, target_audience, estimated_duration, tags, is_public, status, metadata) on projects to posthaste_api;

create function app.personal_project() returns uuid
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  found_id uuid;
begin
  if app.user_id() is null then
    return null;
  end if;
  for attempt in 1 .. 100 loop
    select p.id into found_id from projects p where p.created_by = app.user_id() and p.personal and p.deleted_at is null;
    exit when found_id is not null;
    -- Whoever was quicker made it, or one of that name is there already.
    with made as (
      insert into projects (name, personal, created_by)
      values ('Personal' || case attempt when 1 then '' else ' ' || attempt end, true, app.user_id())
      on conflict do nothing
      returning id, created_by
    )
    insert into project_collaborators (project_id, user_id, role) select id, created_by, 'owner' from made;
  end loop;
  return found_id;
end
$$;
comment on function app.personal_project() is 'The personal project of the actor, made where there is none.';
grant execute on function app.personal_project() to posthaste_api;

-- Owners change roles and send members away, members leave; the last owner stays.
create policy project_collaborators_change on project_collaborators for update to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[])) with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy project_collaborators_remove on project_collaborators for delete to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy project_collaborators_leave on project_collaborators for delete to posthaste_api
  using (user_id = (select app.user_id()));
grant update (role, permissions), delete on project_collaborators to posthaste_api;

create function app.keep_owner() returns trigger
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
    select from project_collaborators c join users u on u.id = c.user_id and u.deleted_at is null
    where c.project_id = old.project_id and c.role = 'owner'
  ) then
    raise exception 'a project keeps its last owner' using errcode = 'PH012';
  end if;
  return null;
end
$$;
comment on function app.keep_owner() is 'A person or a project that is deleted takes the memberships along; nobody else ends the last ownership (PH012).';
create trigger project_collaborators_keep_owner after update of role or delete on project_collaborators
  for each row when (old.role = 'owner') execute function app.keep_owner();
