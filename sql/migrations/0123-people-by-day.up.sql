-- Old code keeps working: yes.
-- How far user_analytics is derived, and what must hold between rows that no constraint can see.

create table derivation_marks (
  name text not null,
  last_id uuid not null,
  updated_at timestamptz not null default app.now(),
  constraint derivation_marks_pkey primary key (name)
);
comment on table derivation_marks is 'Up to which event what is derived from events knows them. Ids of events grow with the time at which they came, so that one that is late is news as well.';
alter table derivation_marks enable row level security;
create policy derivation_marks_worker on derivation_marks for all to posthaste_worker using (true) with check (true);
grant select, update on derivation_marks to posthaste_worker;
insert into derivation_marks (name, last_id) values ('user_analytics', '00000000-0000-0000-0000-000000000000');

create function app.check_consistency() returns setof text
language plpgsql stable set search_path = public, pg_temp
as $$
begin
  return query
    select 'published, and nobody knows when - publication ' || pp.id from post_publications pp
    where pp.state = 'published' and pp.published_at is null limit 100;
  return query
    select 'to be published, and nowhere - post ' || p.id from posts p
    where p.schedule_type <> 'draft' and p.deleted_at is null
      and not exists (select from post_publications pp where pp.project_id = p.project_id and pp.post_id = p.id) limit 100;
  return query
    select 'of another project than its post - publication ' || pp.id from post_publications pp
    where not exists (select from posts p where p.project_id = pp.project_id and p.id = pp.post_id) limit 100;
  return query
    select 'waits with a file that was deleted - post ' || pm.post_id || ', file ' || pm.media_id
    from media m join post_media pm on pm.project_id = m.project_id and pm.media_id = m.id
    join post_publications pp on pp.project_id = pm.project_id and pp.post_id = pm.post_id and pp.state in ('scheduled', 'queued')
    where m.deleted_at is not null limit 100;
  return query
    select 'ready, and without a file to show - media ' || m.id from media m
    where m.status = 'ready' and m.deleted_at is null and m.upload_key is not null
      and not exists (select from media_renditions r where r.project_id = m.project_id and r.media_id = m.id) limit 100;
  return query
    select 'nobody owns it - project ' || p.id from projects p
    where p.deleted_at is null
      and not exists (select from project_collaborators c where c.project_id = p.id and c.role = 'owner') limit 100;
  return query
    select 'not the newest numbers - publication ' || pp.id from post_publications pp
    cross join lateral (
      select a.fetched_at, a.likes, a.comments, a.shares, a.views from analytics a
      where a.project_id = pp.project_id and a.publication_id = pp.id and a.fetched_at >= pp.metrics_at - interval '1 day'
      order by a.fetched_at desc limit 1
    ) a
    where pp.metrics_at > app.now() - interval '1 day' and a.fetched_at <= pp.metrics_at
      and (a.likes, a.comments, a.shares, a.views) is distinct from (pp.likes, pp.comments, pp.shares, pp.views) limit 100;
  return query
    select 'somebody who left is signed in - session ' || s.id from user_sessions s join users u on u.id = s.user_id
    where s.revoked_at is null and s.expires_at > app.now() and u.deleted_at is not null limit 100;
  return query
    select 'not rolled up for a day - publication ' || t.publication_id from analytics_touched t
    join analytics a on a.project_id = t.project_id and a.publication_id = t.publication_id and a.fetched_at = t.from_at
    where a.created_at < app.now() - interval '1 day' limit 100;
  return query
    select 'on its way to the archive for three days - partition ' || p.partition_name from partition_archives p
    where p.dropped_at is null and p.detached_at < app.now() - interval '3 days';
end
$$;
comment on function app.check_consistency is 'One line per finding, at most 100 of each kind. Reads everything. Counters have app.counter_drift.';
