create or replace function app.invite(project uuid, email text, role text, permissions text[], token_hash text, link text)
returns table (outcome text, id uuid, created_at timestamptz, expires_at timestamptz, mail_id uuid, inviter text, project_name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  made project_invitations;
begin
  -- First the project, then what the actor may in it: who is being sent away waits here, and invites nobody any more.
  if project = any (app.projects_of('manage')) then
    perform from projects p where p.id = project for no key update;
  end if;
  if project <> all (app.projects_of('manage')) then
    return query select case when project = any (app.projects_of('read')) then 'forbidden' else 'not_found' end,
      null::uuid, null::timestamptz, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  -- An invitation that nobody answered in time makes way for a new one.
  update project_invitations i set revoked_at = app.now()
  where i.project_id = project and i.email = invite.email and i.expires_at <= app.now()
    and i.accepted_at is null and i.declined_at is null and i.revoked_at is null;
  outcome := case
    when exists (
      select from project_collaborators c join users u on u.id = c.user_id
      where c.project_id = project and u.email = invite.email and u.deleted_at is null) then 'already_member'
    when exists (
      select from project_invitations i where i.project_id = project and i.email = invite.email
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) then 'already_invited'
    when (
      select count(*) from project_invitations i where i.project_id = project and i.expires_at > app.now()
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) >= 100 then 'limit_reached'
    else 'ok' end;
  if outcome <> 'ok' then
    return next;
    return;
  end if;
  insert into project_invitations as i (project_id, email, role, permissions, token_hash, created_by)
  values (project, invite.email, invite.role, invite.permissions, invite.token_hash, app.user_id())
  returning i.* into made;
  return query select 'ok', made.id, made.created_at, made.expires_at, m.* from app.mail_invitation(made, link) m;
end
$$;
comment on function app.invite is 'At most 100 open invitations of a project: each is a mail to an address that anybody wrote down.';

create or replace function app.transfer_project(project uuid, heir uuid, own_role text) returns table (outcome text)
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

create or replace function app.remove_member(project uuid, person uuid, expected_version integer) returns table (outcome text)
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

create or replace function app.change_member(project uuid, person uuid, changes jsonb, expected_version integer)
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
comment on function app.change_member is null;

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

drop function app.may_own(uuid, uuid);
drop function app.can_act(users);
