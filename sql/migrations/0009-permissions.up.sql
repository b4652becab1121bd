-- Old code keeps working: yes.
-- What a membership allows: by role, and by permissions given on top. And what staff may do across projects.

alter table project_collaborators
  add column permissions text[] not null default '{}',
  add constraint project_collaborators_permissions_known check (permissions <@ '{review,approve,write}'::text[]);
comment on table project_collaborators is 'Who belongs to a project, and as what.';
comment on column project_collaborators.permissions is 'Given on top of what the role allows: review, approve, write.';

create or replace function app.projects_of(permission text) returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(c.project_id), '{}')
  from project_collaborators c join projects p on p.id = c.project_id join users u on u.id = c.user_id
  where c.user_id = app.user_id() and p.deleted_at is null and (permission = 'read' or u.role <> 'viewer')
    and (permission = any (c.permissions) or case permission
      when 'read' then true
      when 'review' then c.role <> 'viewer'
      when 'approve' then c.role in ('owner', 'approver')
      when 'write' then c.role in ('owner', 'editor')
      when 'manage' then c.role = 'owner'
      else false
    end)
$$;
comment on function app.projects_of is
  'The projects in which the actor may: read (everybody in it), review (all but viewers), approve (owner, approver), write (owner, editor), manage (owner). Who is a viewer of the installation only reads, whatever the project says. Rights are read from tables on every statement, never from the token.';

create function app.is_staff(role text) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce((
    select u.role = 'admin' or u.role = is_staff.role
    from users u where u.id = app.user_id() and u.status = 'active' and u.deleted_at is null), false)
$$;
comment on function app.is_staff is 'Whether the actor is moderator or admin of the installation; an admin is both.';
grant execute on function app.is_staff(text) to posthaste_api;
