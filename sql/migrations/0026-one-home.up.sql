-- Old code keeps working: yes, but connecting an account that another project of the person holds is an internal error to it.
-- A person's account lives in one project: two tokens for one real account end each other at the platform.

update social_accounts a set status = 'disconnected', disconnected_at = app.now(), status_reason = 'Its project was deleted.'
from projects p
where p.id = a.project_id and p.deleted_at is not null and a.status <> 'disconnected';
update social_accounts a set status = 'disconnected', disconnected_at = app.now(), status_reason = 'It was connected in another project.'
from (
  select id, row_number() over (partition by connected_by, platform, base_url, platform_account_id order by connected_at desc, id) as place
  from social_accounts where connected_by is not null and status <> 'disconnected'
) held
where held.id = a.id and held.place > 1;

create unique index social_accounts_person_key on social_accounts (connected_by, platform, base_url, platform_account_id)
  where status <> 'disconnected';

create function app.let_go_of_accounts() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update social_accounts a set status = 'disconnected', disconnected_at = app.now(), status_reason = 'Its project was deleted.'
  where a.project_id = new.id and a.status <> 'disconnected';
  return null;
end
$$;
comment on function app.let_go_of_accounts() is 'A deleted project holds no accounts: their tokens end, and they may be connected elsewhere.';
create trigger projects_let_go_of_accounts after update of deleted_at on projects
  for each row when (old.deleted_at is null and new.deleted_at is not null) execute function app.let_go_of_accounts();
