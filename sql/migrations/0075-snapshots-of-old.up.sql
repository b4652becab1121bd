-- Old code keeps working: yes.
-- Snapshots that were there before the rollups are made known to them.
-- Outside a transaction: analytics has grown.
-- Repeat until it changes nothing
insert into analytics_touched as t (publication_id, project_id, from_at)
select pp.id, pp.project_id, f.at
from post_publications pp
cross join lateral (
  select a.fetched_at as at from analytics a where a.project_id = pp.project_id and a.publication_id = pp.id
  order by a.fetched_at limit 1
) f
where not exists (select from analytics_touched k where k.publication_id = pp.id and k.from_at <= f.at)
  and not exists (select from analytics_rollups r where r.project_id = pp.project_id and r.publication_id = pp.id and r.starts_at <= f.at)
limit 5000
on conflict on constraint analytics_touched_pkey do update set from_at = least(t.from_at, excluded.from_at);
