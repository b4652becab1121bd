drop trigger project_collaborators_stepped_down on project_collaborators;
drop trigger project_collaborators_gone on project_collaborators;
drop function app.end_membership();
drop function app.transfer_project(uuid, uuid, text);
drop function app.remove_member(uuid, uuid, integer);
drop function app.change_member(uuid, uuid, jsonb, integer);
drop function app.member_names(uuid, uuid[]);
drop index project_collaborators_joined_idx;
drop trigger project_collaborators_touch on project_collaborators;
comment on column project_collaborators.created_at is null;
alter table project_collaborators drop column version, drop column updated_at;

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
    select from project_collaborators c join users u on u.id = c.user_id and u.deleted_at is null
    where c.project_id = old.project_id and c.role = 'owner'
  ) then
    raise exception 'a project keeps its last owner' using errcode = 'PH012';
  end if;
  return null;
end
$$;

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
  insert into projects (name, description, time_zone, created_by)
  values (create_project.name, create_project.description, create_project.time_zone, app.user_id())
  returning * into made;
  insert into project_collaborators (project_id, user_id, role) values (made.id, made.created_by, 'owner');
  return next made;
end
$$;
