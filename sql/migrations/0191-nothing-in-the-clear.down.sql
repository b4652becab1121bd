-- Back to the log and the erasure of before.

create or replace trigger users_audit after insert or update or delete on users for each row
  execute function app.audit('{id}', '', 'id',
    '{role,status,status_reason,email_verified_at,locked_until,deletion_requested_at,deleted_at,avatar_media_id}',
    '{email,username,display_name,given_name,family_name,bio,avatar_url}', '{password_hash}');
create or replace trigger approval_workflows_audit after insert or update or delete on approval_workflows for each row
  execute function app.audit('{id}', 'project_id', '', '{created_by,name,rule,min_approvals,allow_self_approval,is_active,deleted_at}', '{}', '{}');
create or replace trigger social_accounts_audit after insert or update or delete on social_accounts for each row
  execute function app.audit('{id}', 'project_id', 'connected_by',
    '{platform,base_url,scopes,status,status_reason,connected_by,connected_at,disconnected_at,grant_expires_at}',
    '{platform_account_id,handle,display_name,avatar_url}', '{}');

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
  -- Where they came from stands in others' events too: it goes before the rows that would hand it on.
  update user_engagement e set metadata = '{}' where e.user_id = person and e.metadata <> '{}';
  update engagement_events v set metadata = '{}' where v.actor_id = person and v.metadata <> '{}';
  delete from users u where u.id = person;
  return query select 'ok';
end
$$;
