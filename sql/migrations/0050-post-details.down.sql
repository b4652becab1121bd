drop view post_overview;
revoke insert (id, project_id, created_by, text, schedule_type, due_at, wall_time, time_zone, external_id, metadata, title, slug, content_type,
    tags, language, location, content_id, clip_id),
  update (text, schedule_type, due_at, wall_time, time_zone, external_id, metadata, title, slug, content_type, tags, language, location,
    content_id, clip_id, metrics_requested_at, deleted_at)
  on posts from posthaste_api;
grant insert, update on posts to posthaste_api;
revoke insert (id, project_id, post_id, account_id, platform, text, options, metadata, state, due_at, scheduled_at),
  update (text, options, metadata, state, due_at, next_attempt_at, generation, lease_token, lease_until, prepared, prepared_ready,
    prepared_expires_at, prepare_lease_until, platform_post_id, url, failure_class, failure_code, failure_message, removed_at,
    next_metrics_at, metrics_lease_until)
  on post_publications from posthaste_api;
grant insert, update on post_publications to posthaste_api;
drop trigger post_media_take on post_media;
drop trigger post_media_alter on post_media;
drop trigger post_media_add on post_media;
drop trigger post_media_guard on post_media;
drop trigger post_media_place on post_media;
drop trigger posts_sign on posts;
drop trigger posts_guard on posts;
drop trigger post_publications_edit on post_publications;
drop trigger post_publications_begin on post_publications;
drop function app.change_media();
drop function app.guard_post_media();
drop function app.guard_media_place();
drop function app.guard_post();
drop function app.sign_post();
drop function app.revise_posts(uuid[]);
drop function app.edit_publication();
drop function app.guard_new_publication();
create or replace function app.guard_publication() returns trigger
language plpgsql
as $$
begin
  if (case old.state
    when 'draft' then new.state in ('pending_approval', 'scheduled', 'cancelled')
    when 'pending_approval' then new.state in ('scheduled', 'draft', 'cancelled')
    when 'scheduled' then new.state in ('queued', 'draft', 'cancelled')
    when 'queued' then new.state in ('scheduled', 'publishing', 'cancelled')
    when 'publishing' then new.state in ('processing', 'published', 'failed', 'unknown')
      or (new.state = 'scheduled' and (old.commit_started_at is null or new.refused_at > old.commit_started_at))
    when 'processing' then new.state in ('published', 'failed', 'unknown')
    when 'unknown' then new.state in ('published', 'failed', 'scheduled')
    when 'failed' then new.state in ('scheduled', 'cancelled')
    else false
  end) is not true then
    raise exception 'a publication cannot go from % to %', old.state, new.state using errcode = 'PH001';
  end if;
  if new.state = 'scheduled' then
    new.scheduled_at := app.now();
    new.commit_started_at := null;
    new.looks := 0;
  elsif new.state = 'queued' then
    new.queued_at := app.now();
  elsif new.state = 'publishing' then
    new.publishing_at := app.now();
  elsif new.state = 'published' then
    new.published_at := app.now();
    new.next_metrics_at := app.now() + interval '60 seconds';
  end if;
  return new;
end
$$;
drop trigger post_publications_touch on post_publications;
create trigger post_publications_touch before update on post_publications for each row execute function app.touch();
drop trigger posts_touch on posts;
create trigger posts_touch before update on posts for each row execute function app.touch();
drop function app.is_owner();
alter table post_publications
  drop constraint post_publications_metadata_object,
  drop constraint post_publications_analytics_object,
  drop constraint post_publications_numbers_natural,
  drop constraint post_publications_attempts_natural,
  drop constraint post_publications_engagement_rate_percent,
  drop column total_engagement,
  drop column retry_count,
  drop column revision,
  drop column last_retry_at,
  drop column failed_at,
  drop column metadata,
  drop column analytics,
  drop column engagement_rate,
  drop column clicks,
  drop column saves,
  drop column reach,
  drop column impressions;
comment on column post_publications.likes is null;
comment on column post_publications.metrics_at is null;
alter table posts
  drop constraint posts_analytics_object,
  drop constraint posts_location_length,
  drop constraint posts_language_shape,
  drop constraint posts_tags_few,
  drop constraint posts_content_type_known,
  drop constraint posts_slug_form,
  drop constraint posts_title_length,
  drop constraint posts_clip_fkey,
  drop constraint posts_content_fkey,
  drop column analytics,
  drop column clip_id,
  drop column content_id,
  drop column location,
  drop column language,
  drop column tags,
  drop column content_type,
  drop column slug,
  drop column title;
comment on column posts.wall_time is null;
comment on column posts.external_id is null;
comment on column posts.metrics_requested_at is null;
