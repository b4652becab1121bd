create or replace function app.accept_invitation(token_hash text) returns table (outcome text, project_id uuid, role text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  used project_invitations;
begin
  update project_invitations i set accepted_at = app.now(), accepted_by = u.id
  from users u, projects p
  where i.token_hash = accept_invitation.token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now()
    and u.id = app.user_id() and u.email = i.email and p.id = i.project_id and p.deleted_at is null
  returning i.* into used;
  if used.id is null then
    return query select 'not_found', null::uuid, null::text;
    return;
  end if;
  insert into project_collaborators (project_id, user_id, role, permissions)
  values (used.project_id, used.accepted_by, used.role, used.permissions)
  on conflict on constraint project_collaborators_pkey do nothing;
  return query select 'ok', c.project_id, c.role from project_collaborators c
    where c.project_id = used.project_id and c.user_id = used.accepted_by;
end
$$;
comment on function app.accept_invitation is 'Single use, for the actor whose address was invited; who is a member already stays what they are.';

drop function app.decline_invitation(text);
drop function app.show_invitation(text);
drop function app.resend_invitation(uuid, uuid, text, text);
drop function app.invite(uuid, text, text, text[], text, text);
drop function app.mail_invitation(project_invitations, text);
drop trigger project_invitations_audit on project_invitations;
create trigger project_invitations_audit after insert or update or delete on project_invitations for each row
  execute function app.audit('{id}', 'project_id', 'accepted_by', '{role,permissions,created_by,expires_at,accepted_at,accepted_by,revoked_at}',
    '{email}', '{token_hash}');
drop index project_invitations_open_key;
-- Without the column a declined invitation would be open again.
update project_invitations set revoked_at = declined_at, declined_at = null where declined_at is not null;
alter table project_invitations
  drop constraint project_invitations_sent_count_positive,
  drop constraint project_invitations_one_end,
  drop column last_sent_at,
  drop column sent_count,
  drop column declined_at,
  add constraint project_invitations_one_end check (accepted_at is null or revoked_at is null);
create unique index project_invitations_open_key on project_invitations (project_id, email)
  where accepted_at is null and revoked_at is null;
