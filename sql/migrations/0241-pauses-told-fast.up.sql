-- Old code keeps working: yes.
-- Telling of pauses looks at each account once, not once a person: without fresh statistics hundreds of accounts took longer than a sweep may.

create or replace function app.alert_pauses(row_limit integer) returns table (outcome text, events integer, mails integer)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  settled integer;
  written integer;
  -- A mail names no more accounts than this, and says how many others there are.
  named constant integer := 50;
begin
  -- One at a time: what two sweeps took would be told twice.
  perform pg_advisory_xact_lock(hashtextextended('app.alert_pauses', 0));
  with due as materialized (
    select e.project_id from outbox_events e
    where e.kind in ('account.paused', 'account.resumed') and e.dispatched_at is null
      and coalesce(e.lease_until, e.created_at + interval '2 minutes') <= app.now()
    group by e.project_id order by min(e.created_at) limit row_limit
  ), changed as materialized (
    -- By id: they were written one after the other, under the lock of app.keep_pauses.
    select (e.payload ->> 'accountId')::uuid as account_id, e.project_id, array_agg(e.id) as events,
      (array_agg(e.kind order by e.id))[1] as first
    from outbox_events e
    where e.project_id in (select d.project_id from due d) and e.kind in ('account.paused', 'account.resumed')
      and e.dispatched_at is null
    group by 1, 2
  ), last_told as materialized (
    select e.project_id, e.kind, max(e.alerted_at) as at from outbox_events e
    where e.project_id in (select d.project_id from due d) and e.kind in ('account.paused', 'account.resumed')
      and e.alerted_at > app.now() - interval '1 hour'
    group by e.project_id, e.kind
  ), news as materialized (
    -- What was told last is what was so before the first of the changes.
    select c.account_id, c.events, n.kind, t.at as last_told_at, a.project_id, a.connected_by, a.platform, a.handle, a.created_at,
      p.name as project
    from changed c
    left join social_accounts a on a.id = c.account_id and a.status <> 'disconnected'
    left join projects p on p.id = a.project_id and p.deleted_at is null
    cross join lateral (
      select case
        when p.id is null then null
        when c.first = 'account.paused' and a.paused_at is not null then 'account.paused'
        when c.first = 'account.resumed' and a.paused_at is null and a.status = 'connected' then 'account.resumed'
      end as kind) n
    left join last_told t on t.project_id = c.project_id and t.kind = n.kind
  ), told as materialized (
    select n.* from news n where n.kind is not null and n.last_told_at is null
  ), project_places as materialized (
    select a.id, row_number() over (partition by a.project_id order by a.created_at, a.id) as place from social_accounts a
    where a.project_id in (select t.project_id from told t where t.kind = 'account.paused') and a.status <> 'disconnected'
  ), person_places as materialized (
    select a.id, row_number() over (partition by a.connected_by order by a.created_at, a.id) as place from social_accounts a
    where a.connected_by in (select t.connected_by from told t where t.kind = 'account.paused') and a.status <> 'disconnected'
  ), accounts as materialized (
    -- Once an account, not once a person and account; of a project no more than a mail can name.
    select n.* from (
      select t.*, case when r.place > app.quota_most('project', 'accounts', t.project_id)
          then app.quota_most('project', 'accounts', t.project_id) end as project_most,
        case when o.place > app.quota_most('user', 'accounts', t.connected_by)
          then app.quota_most('user', 'accounts', t.connected_by) end as person_most,
        row_number() over (partition by t.kind, t.project_id order by t.created_at, t.account_id) as place
      from told t
      left join project_places r on t.kind = 'account.paused' and r.id = t.account_id
      left join person_places o on t.kind = 'account.paused' and o.id = t.account_id) n
    where n.place <= named
  ), readers as materialized (
    select c.project_id, u.id as user_id, u.email, u.display_name
    from project_collaborators c
    join users u on u.id = c.user_id and u.role <> 'viewer'
      and u.status = 'active' and u.deleted_at is null and u.email_verified_at is not null
    left join user_preferences w on w.user_id = u.id
    where c.project_id = any (array(select distinct t.project_id from told t))
      and (c.role in ('owner', 'editor') or 'write' = any (c.permissions)) and coalesce(w.email_notifications, true)
  ), sums as materialized (
    select r.user_id, t.kind, sum(t.accounts) as accounts
    from readers r join (select t.project_id, t.kind, count(*) as accounts from told t group by t.project_id, t.kind) t
      on t.project_id = r.project_id
    group by r.user_id, t.kind
  ), lines as materialized (
    select a.kind, r.user_id, r.email, r.display_name,
      row_number() over (partition by a.kind, r.user_id order by a.project, a.project_id, a.created_at, a.account_id) as line,
      jsonb_build_object('project', a.project, 'platform', a.platform, 'handle', a.handle, 'projectLimit', a.project_most,
        'ownLimit', case when a.connected_by = r.user_id then a.person_most end,
        'memberLimited', a.person_most is not null and a.connected_by <> r.user_id) as account
    from accounts a join readers r on r.project_id = a.project_id
  ), mailed as (
    insert into outbox_events (kind, user_id, payload)
    select 'mail', s.user_id, jsonb_build_object('to', s.email, 'name', s.display_name,
      'template', case s.kind when 'account.paused' then 'accounts-paused' else 'accounts-resumed' end,
      'accounts', jsonb_agg(s.account order by s.line), 'others', min(m.accounts) - count(*))
    from lines s join sums m on m.user_id = s.user_id and m.kind = s.kind
    where s.line <= named
    group by s.kind, s.user_id, s.email, s.display_name
    returning 1
  ), held as (
    update outbox_events e set lease_until = n.last_told_at + interval '1 hour'
    from news n where n.last_told_at is not null and e.id = any (n.events)
  ), left_now as (
    update outbox_events e
    set dispatched_at = app.now(), alerted_at = case when e.kind = n.kind then app.now() end, lease_until = null
    from news n where n.last_told_at is null and e.id = any (n.events)
    returning 1
  )
  select (select count(*) from left_now), (select count(*) from mailed) into settled, written;
  return query select 'ok', settled, written;
end
$$;
