-- Old code keeps working: yes.
-- Invitations into a project by mail.

create table project_invitations (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  email text not null,
  role text not null,
  permissions text[] not null default '{}',
  token_hash text not null,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '7 days',
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  constraint project_invitations_pkey primary key (id),
  constraint project_invitations_token_hash_key unique (token_hash),
  constraint project_invitations_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint project_invitations_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint project_invitations_accepted_by_fkey foreign key (accepted_by) references users (id) on delete set null,
  constraint project_invitations_email_lower check (email = lower(email)),
  constraint project_invitations_email_length check (length(email) between 3 and 254),
  constraint project_invitations_role_known check (role in ('owner', 'editor', 'approver', 'reviewer', 'viewer')),
  constraint project_invitations_permissions_known check (permissions <@ '{review,approve,write}'::text[]),
  constraint project_invitations_one_end check (accepted_at is null or revoked_at is null)
);
comment on table project_invitations is 'Who was asked into a project. Whoever holds the token and has the address becomes a member.';
comment on column project_invitations.token_hash is 'Of the token in the mail; read by app.accept_invitation alone.';
comment on column project_invitations.permissions is 'Given on top of what the role allows, as in project_collaborators.';
create unique index project_invitations_open_key on project_invitations (project_id, email)
  where accepted_at is null and revoked_at is null;
create index project_invitations_project_id_idx on project_invitations (project_id, id desc);
create index project_invitations_created_by_idx on project_invitations (created_by);
create index project_invitations_accepted_by_idx on project_invitations (accepted_by);
create index project_invitations_expires_at_idx on project_invitations (expires_at);
alter table project_invitations enable row level security;
create policy project_invitations_read on project_invitations for select to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy project_invitations_insert on project_invitations for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('manage'))::uuid[]) and created_by = (select app.user_id()));
create policy project_invitations_revoke on project_invitations for update to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[])) with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy project_invitations_worker on project_invitations for all to posthaste_worker using (true) with check (true);
grant select (id, project_id, email, role, permissions, created_by, created_at, expires_at, accepted_at, accepted_by, revoked_at),
  insert (project_id, email, role, permissions, token_hash, created_by, expires_at), update (revoked_at) on project_invitations to posthaste_api;
grant select (id, expires_at), delete on project_invitations to posthaste_worker;

create function app.accept_invitation(token_hash text) returns table (outcome text, project_id uuid, role text)
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
grant execute on function app.accept_invitation(text) to posthaste_api;
