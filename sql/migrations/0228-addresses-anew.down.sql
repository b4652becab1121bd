-- Old code keeps working: yes.
-- The address of somebody who is erased stays in no invitation, whosever it is by then.

create function app.forget_invitations() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  delete from user_invitations i where i.email = old.email;
  return null;
end
$$;
create trigger users_forget_invitations after delete on users for each row execute function app.forget_invitations();

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
  where e.payload ->> 'to' = gone.email or (e.kind = 'mail' and e.user_id = person)
    or exists (select from unnest(traces) trace where strpos(e.payload::text, to_json(trace)::text) > 0);
  update notifications n set payload = '{}'
  where n.actor_id = person or exists (select from unnest(traces) trace where strpos(n.payload::text, to_json(trace)::text) > 0);
  delete from webhook_deliveries d where exists (select from unnest(traces) trace where strpos(d.payload::text, to_json(trace)::text) > 0);
  delete from project_invitations i where i.email = gone.email or i.accepted_by = person;
  delete from user_invitations i where i.email = gone.email;
  delete from auth_attempts a where a.subject = app.attempt_subject(gone.email);
  -- What others wrote of them, while what they wrote it of goes.
  update content_moderation c set reason = null
  where c.reason is not null and (
    (c.target_type = 'user_profile' and c.target_id = person)
    or (c.target_type = 'comment' and c.target_id in (select k.id from comments k where k.author_id = person))
    or (c.target_type = 'post' and c.target_id in (select p.id from community_posts p where p.author_id = person)));
  update moderation_reports r set details = null
  where r.details is not null and (
    (r.target_type = 'user_profile' and r.target_id = person)
    or (r.target_type = 'comment' and r.target_id in (select k.id from comments k where k.author_id = person))
    or (r.target_type = 'post' and r.target_id in (select p.id from community_posts p where p.author_id = person)));
  delete from rate_counters c where strpos(c.caller, person::text) > 0;
  delete from users u where u.id = person;
  return query select 'ok';
end
$$;
