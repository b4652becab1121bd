-- Old code keeps working: yes (it purges less).
-- How long rows are kept that age, said in one place; and what nobody purged: invitations, mails that never left, accounts never proven.

create function app.retention() returns table (place integer, name text, since text, age interval, by text, why text)
language sql immutable set search_path = public, pg_temp
as $$
  select (row_number() over ())::integer, r.* from (values
    ('idempotency_keys', 'expires_at', interval '0', 'sweep', null),
    ('email_verification_tokens', 'expires_at', interval '7 days', 'sweep', null),
    ('password_reset_tokens', 'expires_at', interval '7 days', 'sweep', null),
    ('auth_attempts', 'last_at', interval '1 day', 'sweep', null),
    ('oauth_states', 'expires_at', interval '1 day', 'sweep', null),
    ('user_sessions', 'expires_at', interval '30 days', 'sweep', 'Whence sessions of the last 60 days came is asked when somebody is held.'),
    ('rate_counters', 'expires_at', interval '0', 'sweep', null),
    ('notifications', 'created_at', interval '180 days', 'sweep', null),
    ('realtime_connections', 'expires_at', interval '0', 'sweep', null),
    ('webhook_deliveries', 'expires_at', interval '0', 'sweep', null),
    ('sign_in_tickets', 'expires_at', interval '0', 'sweep', null),
    ('provider_sign_ins', 'expires_at', interval '0', 'sweep', null),
    ('outbox_events', 'dispatched_at', interval '7 days', 'sweep', null),
    ('user_invitations', 'expires_at', interval '30 days', 'maintain', null),
    ('project_invitations', 'expires_at', interval '30 days', 'maintain', null),
    ('account_health_checks', 'checked_at', interval '30 days', 'maintain', null),
    ('system_metrics', 'recorded_at', interval '90 days', 'maintain', null),
    -- What people deleted, those first that hang on others.
    ('community_posts', 'deleted_at', interval '30 days', 'maintain', null),
    ('clips', 'deleted_at', interval '30 days', 'maintain', null),
    ('post_variations', 'deleted_at', interval '30 days', 'maintain', null),
    ('schedule_slots', 'deleted_at', interval '30 days', 'maintain', null),
    ('publishing_schedules', 'deleted_at', interval '30 days', 'maintain', null),
    ('webhooks', 'deleted_at', interval '30 days', 'maintain', null),
    ('content_templates', 'deleted_at', interval '30 days', 'maintain', null),
    ('content', 'deleted_at', interval '30 days', 'maintain', null),
    ('content_categories', 'deleted_at', interval '30 days', 'maintain', null),
    ('posts', 'deleted_at', interval '30 days', 'maintain', null),
    -- What others see to, or nobody has to.
    ('account_exports', 'expires_at', null, 'keepAccounts', 'Goes with its objects, at once.'),
    ('feed_items', 'expires_at', null, 'sweep', 'With the upkeep of the community, at once.'),
    ('account_tokens', 'expires_at', null, null, 'Replaced by the token that follows; goes when the account is disconnected.'),
    ('api_keys', 'expires_at', null, null, 'Owners see which keys there were and that they ended; a hash alone, which opens nothing any more.'),
    ('report_links', 'expires_at', null, null, 'Owners see whom they let in; goes with the post.'),
    ('review_links', 'expires_at', null, null, 'Owners see whom they let in, and decisions name it; goes with the post.'),
    ('media', 'upload_expires_at', null, 'sweep', 'An upload that never came has failed, and its person sees it; goes when they delete it.'),
    ('user_avatars', 'upload_expires_at', null, 'sweep', 'An upload that never came has failed; goes with the next picture or the person.'),
    ('post_publications', 'prepared_expires_at', null, null, 'What the platform has taken in; the next preparation replaces it.'),
    ('social_accounts', 'grant_expires_at', null, null, 'The account needs its person again; it is not ours to take away.'),
    ('webhooks', 'previous_secret_expires_at', null, 'maintain', 'The old secret is emptied, the webhook stays.')
  ) r (name, since, age, by, why)
$$;
comment on function app.retention is
  'Rows that age: the column that says since when, how long they are kept after it, and which schedule takes them away; without an age, why they are not. Months of partitioned tables are in partitioned_tables.';
grant execute on function app.retention() to posthaste_worker;

create function app.purge_older(name text, since text, age interval, batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  gone integer;
begin
  execute format('delete from %1$I d where d.ctid = any (array(select o.ctid from %1$I o where o.%2$I < $1 order by o.%2$I limit $2))', name, since)
    using app.now() - age, batch;
  get diagnostics gone = row_count;
  return gone;
end
$$;
comment on function app.purge_older is 'Granted to nobody.';

-- Every minute: what is of no use once it has expired.
create function app.purge_expired(batch integer) returns table (what text, rows integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  kept record;
begin
  for kept in select r.name, r.since, r.age from app.retention() r where r.by = 'sweep' and r.age is not null order by r.place loop
    what := kept.name;
    rows := app.purge_older(kept.name, kept.since, kept.age, batch);
    return next;
  end loop;

  -- Events whose consumers are not here yet, and mails that never could be sent: their tries end within hours.
  what := 'outbox_events';
  delete from outbox_events e where e.id in (
    select o.id from outbox_events o
    where o.dispatched_at is null and (o.kind like 'publication.%' or o.kind = 'mail') and o.created_at < app.now() - interval '7 days'
    limit batch);
  get diagnostics rows = row_count;
  return next;
end
$$;
comment on function app.purge_expired is 'Rows that went, by table, at most so many of each.';
grant execute on function app.purge_expired(integer) to posthaste_worker;

create index users_never_proven_idx on users (created_at) where email_verified_at is null and deleted_at is null;

create or replace function app.purge_kept(batch integer) returns table (what text, rows integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  kept record;
  ended uuid;
begin
  for kept in select r.name, r.since, r.age from app.retention() r where r.by = 'maintain' and r.age is not null order by r.place loop
    what := kept.name;
    rows := app.purge_older(kept.name, kept.since, kept.age, batch);
    return next;
  end loop;

  -- Its answers would go with it: while one stands, a deleted comment keeps its place.
  what := 'comments';
  delete from comments d where d.id in (
    select o.id from comments o
    where o.deleted_at < app.now() - interval '30 days'
      and not exists (select from comments r where r.community_post_id = o.community_post_id and r.parent_id = o.id)
    order by o.deleted_at limit batch);
  get diagnostics rows = row_count;
  return next;

  -- What was decided by it would go with it: while a post it was asked for is there, it stays.
  what := 'approval_workflows';
  delete from approval_workflows d where d.id in (
    select o.id from approval_workflows o
    where o.deleted_at < app.now() - interval '30 days'
      and not exists (select from approval_requests r where r.project_id = o.project_id and r.workflow_id = o.id)
    order by o.deleted_at limit batch);
  get diagnostics rows = row_count;
  return next;

  -- Nobody ever proved to be them: a name and an address that somebody wrote down.
  what := 'users';
  delete from users d where d.id in (
    select u.id from users u
    where u.email_verified_at is null and u.deleted_at is null and u.created_at < app.now() - interval '30 days' and app.is_unclaimed(u)
    order by u.created_at limit batch);
  get diagnostics rows = row_count;
  return next;

  what := 'webhooks';
  update webhooks w set previous_secret_sealed = null, previous_secret_expires_at = null
  where w.id in (select o.id from webhooks o where o.previous_secret_expires_at < app.now() order by o.previous_secret_expires_at limit batch);
  get diagnostics rows = row_count;
  return next;

  what := 'projects';
  rows := 0;
  for ended in
    select o.id from projects o where o.deleted_at < app.now() - interval '30 days' order by o.deleted_at limit 10
  loop
    rows := rows + app.purge_project(ended, batch)::integer;
  end loop;
  return next;
end
$$;
