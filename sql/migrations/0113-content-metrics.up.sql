-- Old code keeps working: yes.
-- What a piece of content has brought, summed over the posts made of it and of clips of its video.

create view content_metrics with (security_invoker = true) as
  select c.project_id, c.id as content_id, w.publications, w.published, w.likes, w.comments, w.shares, w.views, w.impressions, w.saves,
    w.clicks, w.likes + w.comments + w.shares + w.views as total_engagement, w.metrics_at
  from content c
  cross join lateral (
    select count(pp.id) as publications, count(pp.id) filter (where pp.state = 'published') as published,
      coalesce(sum(pp.likes), 0)::bigint as likes, coalesce(sum(pp.comments), 0)::bigint as comments,
      coalesce(sum(pp.shares), 0)::bigint as shares, coalesce(sum(pp.views), 0)::bigint as views,
      coalesce(sum(pp.impressions), 0)::bigint as impressions, coalesce(sum(pp.saves), 0)::bigint as saves,
      coalesce(sum(pp.clicks), 0)::bigint as clicks, max(pp.metrics_at) as metrics_at
    from (
      select p.id from posts p where p.project_id = c.project_id and p.content_id = c.id and p.deleted_at is null
      union
      select p.id from clips k join posts p on p.project_id = k.project_id and p.clip_id = k.id
      where k.project_id = c.project_id and k.video_id = c.video_media_id and k.deleted_at is null and p.deleted_at is null
    ) made
    join post_publications pp on pp.project_id = c.project_id and pp.post_id = made.id
  ) w;
comment on view content_metrics is
  'Computed when asked, so that it is never behind: content has few posts. A post that is both of the content and of its clip counts once.';
comment on column content_metrics.metrics_at is 'When the latest of the numbers was fetched.';
grant select on content_metrics to posthaste_api, posthaste_worker;
