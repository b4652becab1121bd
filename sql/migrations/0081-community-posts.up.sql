-- Old code keeps working: yes (new columns have defaults; a trigger finds the author).
-- What a community post is besides its text: its author, labels, score, and whether it stands.

alter table community_posts
  add column author_id uuid,
  add column location text,
  add column tags text[] not null default '{}',
  add column is_featured boolean not null default false,
  add column media_type text generated always as (media -> 0 ->> 'kind') stored,
  add column save_count bigint not null default 0,
  add column click_count bigint not null default 0,
  add column engagement_score numeric(10, 2) not null default 0,
  add column scored_at timestamptz not null default app.now(),
  add column hidden_at timestamptz,
  add column project_deleted_at timestamptz,
  add column is_standing boolean not null
    generated always as (deleted_at is null and hidden_at is null and project_deleted_at is null) stored,
  add column updated_at timestamptz not null default app.now(),
  add column version integer not null default 1,
  add constraint community_posts_author_id_fkey foreign key (author_id) references users (id) on delete set null,
  add constraint community_posts_location_length check (length(location) between 1 and 100),
  add constraint community_posts_tags_few check (cardinality(tags) <= 50),
  add constraint community_posts_share_count_natural check (share_count >= 0),
  add constraint community_posts_view_count_natural check (view_count >= 0),
  add constraint community_posts_save_count_natural check (save_count >= 0),
  add constraint community_posts_click_count_natural check (click_count >= 0),
  add constraint community_posts_engagement_score_natural check (engagement_score >= 0);

comment on column community_posts.author_id is 'Who wrote it: of the post, or else of the project. Null once the person is gone; the post stays the project''s.';
comment on column community_posts.media is 'What a reader needs of each medium: id, kind, alt text, keys of its renditions. URLs are computed from them.';
comment on column community_posts.media_type is 'Kind of the first medium.';
comment on column community_posts.tags is 'Labels that the author gave; hashtags stand in the text.';
comment on column community_posts.engagement_score is 'app.engagement_score as of scored_at.';
comment on column community_posts.hidden_at is 'Taken from public view by a moderator.';
comment on column community_posts.project_deleted_at is 'Since when its project is deleted: then it is not public.';
comment on column community_posts.is_standing is 'Neither deleted nor hidden, and its project is there. Everything public asks for it.';

update community_posts c
set author_id = coalesce(p.created_by, pr.created_by), project_deleted_at = pr.deleted_at, updated_at = c.created_at
from post_publications pp
join posts p on p.project_id = pp.project_id and p.id = pp.post_id
join projects pr on pr.id = pp.project_id
where pp.project_id = c.project_id and pp.id = c.publication_id;

drop index community_posts_public_idx;
create index community_posts_public_idx on community_posts (id desc) where visibility in ('public', 'unlisted') and is_standing;
create index community_posts_listed_idx on community_posts (id desc) where visibility = 'public' and is_standing;
create index community_posts_author_idx on community_posts (author_id, id desc);
create index community_posts_created_at_idx on community_posts (created_at desc);
create index community_posts_score_idx on community_posts (engagement_score desc, id desc) where visibility = 'public' and is_standing;
create index community_posts_scored_at_idx on community_posts (scored_at) where engagement_score > 0;
create index community_posts_featured_idx on community_posts (id desc) where is_featured and visibility = 'public' and is_standing;
create index community_posts_tags_idx on community_posts using gin (tags);

create trigger community_posts_touch before update of text, media, visibility, location, tags, is_featured, hidden_at, deleted_at
  on community_posts for each row execute function app.touch();

create function app.find_author() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  select coalesce(new.author_id, p.created_by, pr.created_by), pr.deleted_at into new.author_id, new.project_deleted_at
  from post_publications pp
  join posts p on p.project_id = pp.project_id and p.id = pp.post_id
  join projects pr on pr.id = pp.project_id
  where pp.project_id = new.project_id and pp.id = new.publication_id;
  return new;
end
$$;
create trigger community_posts_author before insert on community_posts for each row execute function app.find_author();

-- A deleted project's posts are no longer public, and again when it comes back.
create function app.withdraw_community_posts() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update community_posts c set project_deleted_at = new.deleted_at
  where c.project_id = new.id and c.project_deleted_at is distinct from new.deleted_at;
  return null;
end
$$;
create trigger projects_withdraw_community_posts after update of deleted_at on projects
  for each row when (old.deleted_at is distinct from new.deleted_at) execute function app.withdraw_community_posts();

alter table comments
  add column like_count bigint not null default 0,
  add column reply_count bigint not null default 0,
  add column edited_at timestamptz,
  add column is_edited boolean not null generated always as (edited_at is not null) stored,
  add column hidden_at timestamptz,
  add column is_standing boolean not null generated always as (deleted_at is null and hidden_at is null) stored,
  add column updated_at timestamptz not null default app.now(),
  add column version integer not null default 1,
  add constraint comments_like_count_natural check (like_count >= 0),
  add constraint comments_reply_count_natural check (reply_count >= 0);
comment on table comments is 'What people say below a community post, in threads.';
comment on column comments.parent_id is 'The comment of the same post that this one replies to.';
comment on column comments.hidden_at is 'Taken from view by a moderator; its author still sees it.';
comment on column comments.is_standing is 'Neither deleted nor hidden. Counts and everybody else''s view ask for it.';
update comments set updated_at = created_at;
create index comments_created_at_idx on comments (created_at desc);

create trigger comments_touch before update of text, hidden_at, deleted_at on comments for each row execute function app.touch();
create function app.mark_edited() returns trigger
language plpgsql
as $$
begin
  new.edited_at := app.now();
  return new;
end
$$;
create trigger comments_edited before update of text on comments
  for each row when (old.text is distinct from new.text) execute function app.mark_edited();

alter policy community_posts_public on community_posts using (visibility in ('public', 'unlisted') and is_standing);
create policy community_posts_followers on community_posts for select to posthaste_api
  using (visibility = 'followers_only' and is_standing and author_id = any ((select app.following())::uuid[]));
create policy community_posts_staff on community_posts for select to posthaste_api using ((select app.is_staff('moderator')));

alter policy comments_read on comments
  using (is_standing and community_post_id in (select p.id from community_posts p where p.id = comments.community_post_id));
alter policy comments_insert on comments with check (author_id = (select app.user_id())
  and community_post_id in (select p.id from community_posts p where p.id = comments.community_post_id and p.is_standing));
create policy comments_staff on comments for select to posthaste_api using ((select app.is_staff('moderator')));
revoke insert on comments from posthaste_api;
grant insert (id, community_post_id, author_id, parent_id, text), update (text) on comments to posthaste_api;
