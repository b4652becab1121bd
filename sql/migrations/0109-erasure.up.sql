-- Old code keeps working: yes.
-- A person goes: what is personal is deleted, what belongs to projects stays, and the log keeps its chain but not the person.

-- Ends a project that nobody else is in, in steps: what is on its way is called off, posts go in batches, files and tokens are
-- cleared away by the sweep (which needs their rows), then the rest. True once nothing is left.
create function app.purge_project(project uuid, batch integer) returns boolean
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update projects p set deleted_at = app.now() where p.id = project and p.deleted_at is null;
  update post_publications pp set state = 'cancelled'
  where pp.project_id = project and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed');
  -- At the platform, or nobody knows: the look that decides it needs the rows. It has a day.
  if exists (
    select from post_publications pp where pp.project_id = project
      and (pp.state in ('publishing', 'processing') or (pp.state = 'unknown' and pp.updated_at > app.now() - interval '1 day'))
  ) then
    return false;
  end if;
  delete from posts p where p.id in (select o.id from posts o where o.project_id = project limit batch);
  if exists (select from posts p where p.project_id = project) then
    return false;
  end if;
  update media m set deleted_at = app.now() where m.project_id = project and m.deleted_at is null;
  update social_accounts a set status = 'disconnected', status_reason = null, disconnected_at = app.now()
  where a.project_id = project and a.status <> 'disconnected';
  if exists (
    select from outbox_events e where e.project_id = project and e.kind in ('media.deleted', 'account.disconnected') and e.dispatched_at is null
  ) then
    return false;
  end if;
  delete from media m where m.project_id = project;
  delete from outbox_events e where e.project_id = project;
  delete from projects p where p.id = project;
  return true;
end
$$;
comment on function app.purge_project is 'Granted to nobody: app.erase_user calls it.';

create function app.erase_user(person uuid) returns table (outcome text)
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
comment on function app.erase_user is
  'Called until it says ok: waiting while the sweep clears away files and tokens of projects that nobody else is in. Projects with other members get an owner among them. What cascades from users goes, audit_keys among it: personal values in the log can never be read again. Only for who asked (deletion_requested_at), after the grace time that the caller keeps.';
grant execute on function app.erase_user(uuid) to posthaste_worker;
