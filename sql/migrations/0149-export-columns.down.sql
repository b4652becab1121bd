update export_tables set columns = array_remove(array_remove(array_remove(columns, 'updated_at'), 'version'), 'replaced_by')
where name = 'api_keys';
update export_tables set columns = array_remove(array_remove(columns, 'updated_at'), 'version') where name = 'project_collaborators';
update export_tables set columns = array_remove(array_remove(array_remove(columns, 'declined_at'), 'last_sent_at'), 'sent_count')
where name = 'project_invitations';
update export_tables set withheld = array_remove(withheld, 'elevated_until') where name = 'user_sessions';
update export_tables set withheld = array_remove(array_remove(withheld, 'status_reason'), 'username_skeleton') where name = 'users';
update export_tables set withheld = '{}' where name in ('account_deletions', 'account_exports');

create or replace function app.erase_user(person uuid) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  gone users;
  traces text[];
  alone uuid;
  heirless uuid;
  all_purged boolean := true;
begin
  select * into gone from users u where u.id = person for update;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if gone.deletion_requested_at is null then
    return query select 'wrong_state';
    return;
  end if;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'account deleted' where s.user_id = person and s.revoked_at is null;
  -- From here on the person is nobody's owner any more.
  update users u set status = 'deactivated', deleted_at = coalesce(u.deleted_at, app.now()) where u.id = person;

  for heirless in
    select c.project_id from project_collaborators c where c.user_id = person and c.role = 'owner'
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
        where o.project_id = c.project_id and o.role = 'owner')
  loop
    update project_collaborators c set role = 'owner' where c.project_id = heirless and c.user_id = (
      select o.user_id from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
      where o.project_id = heirless
      order by array_position(array['editor', 'approver', 'reviewer', 'viewer'], o.role), o.created_at limit 1);
  end loop;

  for alone in
    select p.id from projects p
    where (p.created_by = person or exists (select from project_collaborators c where c.project_id = p.id and c.user_id = person))
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null where o.project_id = p.id)
  loop
    all_purged := app.purge_project(alone, 1000) and all_purged;
  end loop;
  if not all_purged then
    return query select 'waiting';
    return;
  end if;

  -- By id and address, not by name: whoever calls themselves bluesky must not take along what tells of that platform.
  traces := array[person::text, gone.email];
  delete from idempotency_keys k
  where k.caller = person::text
    or exists (select from unnest(k.answer) line, unnest(traces) trace where strpos(line, to_json(trace)::text) > 0 or strpos(line, gone.email) > 0);
  delete from outbox_events e
  where e.payload ->> 'to' = gone.email
    or exists (select from unnest(traces) trace where strpos(e.payload::text, to_json(trace)::text) > 0);
  update notifications n set payload = '{}'
  where n.actor_id = person or exists (select from unnest(traces) trace where strpos(n.payload::text, to_json(trace)::text) > 0);
  delete from webhook_deliveries d where exists (select from unnest(traces) trace where strpos(d.payload::text, to_json(trace)::text) > 0);
  delete from project_invitations i where i.email = gone.email or i.accepted_by = person;
  delete from rate_counters c where strpos(c.caller, person::text) > 0;
  delete from users u where u.id = person;
  return query select 'ok';
end
$$;
