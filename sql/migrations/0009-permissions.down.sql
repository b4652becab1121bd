drop function app.is_staff(text);

create or replace function app.projects_of(permission text) returns uuid[]
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

comment on table project_collaborators is null;
alter table project_collaborators drop constraint project_collaborators_permissions_known, drop column permissions;
