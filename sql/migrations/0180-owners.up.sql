-- Old code keeps working: yes (it answers 500 where a new proof or an able member is asked for: finish the rollout soon).
-- Owners: made and unmade by who has just proven to be themselves, and only of people who can act as such.

create function app.can_act(person users) returns boolean
language sql immutable
as $$
  select person.deleted_at is null and person.deletion_requested_at is null and person.status = 'active' and person.role <> 'viewer'
$$;
comment on function app.can_act is
  'Whether a project could be left to them: neither gone nor going, not deactivated, no mere reader of the installation. Granted to nobody.';

create function app.may_own(project uuid, person uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (
    select from project_collaborators c join users u on u.id = c.user_id
    where c.project_id = project and c.user_id = person and app.can_act(u) and project = any (app.projects_of('manage')))
$$;
comment on function app.may_own is 'Asked by owners, of members.';
grant execute on function app.may_own(uuid, uuid) to posthaste_api;

-- Before, an owner counted whose account is about to be erased.
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
    where c.project_id = old.project_id and c.role = 'owner' and app.can_act(u)
  ) then
    raise exception 'a project keeps its last owner' using errcode = 'PH012';
  end if;
  return null;
end
$$;

-- Whoever is being erased is shown to nobody any more, and is no member to change.
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
comment on function app.change_member is 'Making an owner, and unmaking one, asks for a proof of the last minutes (PH405).';

create or replace function app.remove_member(project uuid, person uuid, expected_version integer) returns table (outcome text)
language plpgsql set search_path = public, pg_temp
as $$
declare
  member project_collaborators;
begin
  perform from projects p where p.id = project for no key update;
  select c.* into member from project_collaborators c join app.member_names(project, array[person]) n on n.user_id = c.user_id
  where c.project_id = project;
  outcome := case when member.user_id is null then 'not_found'
    when person <> app.user_id() and project <> all (app.projects_of('manage')) then 'forbidden'
    when member.version <> expected_version then 'stale' else 'ok' end;
  if outcome = 'ok' then
    if member.role = 'owner' and person <> app.user_id() then
      perform app.check_elevated(app.session_id());
    end if;
    delete from project_collaborators c where c.project_id = project and c.user_id = person;
  end if;
  return next;
end
$$;
comment on function app.remove_member is 'Owners send away, another owner with a proof of the last minutes (PH405); everybody may go.';

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
  if invite.role = 'owner' then
    perform app.check_elevated(app.session_id());
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
comment on function app.invite is
  'At most 100 open invitations of a project: each is a mail to an address that anybody wrote down. As owner: with a proof of the last minutes (PH405).';
