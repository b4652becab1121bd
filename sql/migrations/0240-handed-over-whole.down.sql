-- Old code keeps working: yes.
-- Handing over is what it was.

create or replace function app.hand_over_project(project uuid, heir uuid, former_role text) returns table (outcome text, former_ids uuid[])
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
