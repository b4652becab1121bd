-- Back to ages in two places.

create or replace function app.purge_kept(batch integer) returns table (what text, rows integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  kept record;
  ended uuid;
begin
  for kept in
    select * from (values
      ('account_health_checks', 'id', 'checked_at', interval '30 days'),
      ('webhook_deliveries', 'id', 'expires_at', interval '0'),
      ('notifications', 'id', 'read_at', interval '180 days'),
      ('system_metrics', 'id', 'recorded_at', interval '90 days'),
      ('realtime_connections', 'connection_id', 'expires_at', interval '0'),
      ('project_invitations', 'id', 'expires_at', interval '30 days'),
      ('password_reset_tokens', 'id', 'expires_at', interval '7 days'),
      -- What people deleted, those first that hang on others.
      ('community_posts', 'id', 'deleted_at', interval '30 days'),
      ('clips', 'id', 'deleted_at', interval '30 days'),
      ('post_variations', 'id', 'deleted_at', interval '30 days'),
      ('schedule_slots', 'id', 'deleted_at', interval '30 days'),
      ('publishing_schedules', 'id', 'deleted_at', interval '30 days'),
      ('webhooks', 'id', 'deleted_at', interval '30 days'),
      ('content_templates', 'id', 'deleted_at', interval '30 days'),
      ('content', 'id', 'deleted_at', interval '30 days'),
      ('content_categories', 'id', 'deleted_at', interval '30 days'),
      ('posts', 'id', 'deleted_at', interval '30 days')
    ) as k (name, key, since, age)
  loop
    what := kept.name;
    execute format('delete from %1$I d where d.%2$I in (select o.%2$I from %1$I o where o.%3$I < $1 order by o.%3$I limit $2)',
      kept.name, kept.key, kept.since) using app.now() - kept.age, batch;
    get diagnostics rows = row_count;
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

drop index users_never_proven_idx;
drop function app.purge_expired(integer);
drop function app.purge_older(text, text, interval, integer);
drop function app.retention();
