create or replace function app.change_member(project uuid, person uuid, changes jsonb, expected_version integer)
returns table (outcome text, role text, permissions text[], joined_at timestamptz, version integer)
language plpgsql set search_path = public, pg_temp
as $$
declare
  member project_collaborators;
  new_role text;
begin
  perform from projects p where p.id = project for no key update;
  select c.* into member from project_collaborators c join app.member_names(project, array[person]) n on n.user_id = c.user_id
  where c.project_id = project;
  new_role := coalesce(changes ->> 'role', member.role);
  outcome := case when member.user_id is null then 'not_found' when project <> all (app.projects_of('manage')) then 'forbidden'
    when member.version <> expected_version then 'stale'
    when new_role = 'owner' and member.role <> 'owner' and not app.may_own(project, person) then 'wrong_state' else 'ok' end;
  if outcome = 'ok' then
    if new_role <> member.role and 'owner' in (new_role, member.role) then
      perform app.check_elevated(app.session_id());
    end if;
    update project_collaborators c
    set role = new_role,
      permissions = case when changes ? 'permissions' then array(select jsonb_array_elements_text(changes -> 'permissions')) else c.permissions end
    where c.project_id = project and c.user_id = person
    returning c.* into member;
  end if;
  return query select change_member.outcome, member.role, member.permissions, member.created_at, member.version;
end
$$;

create or replace function app.transfer_project(project uuid, heir uuid, own_role text) returns table (outcome text)
language plpgsql set search_path = public, pg_temp
as $$
begin
  perform from projects p where p.id = project for no key update;
  outcome := case when project <> all (app.projects_of('read')) then 'not_found'
    when project <> all (app.projects_of('manage')) then 'forbidden'
    when heir = app.user_id() then 'wrong_state'
    when not exists (select from app.member_names(project, array[heir])) then 'not_found'
    when not app.may_own(project, heir) then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    update project_collaborators c set role = case c.user_id when heir then 'owner' else own_role end
    where c.project_id = project and c.user_id in (heir, app.user_id());
  end if;
  return next;
end
$$;
