-- Old code keeps working: yes.
-- Hashtags and mentions: read from the text, linked to content, posts and what the community sees; counted without queues.

-- The form in which hashtags are kept and compared.
create function app.normal_hashtag(tag text) returns text
language sql immutable parallel safe
as $$select normalize(lower(normalize(tag, nfkc) collate "pg_c_utf8"), nfkc)$$;
grant execute on function app.normal_hashtag(text) to posthaste_api, posthaste_worker;

create table hashtags (
  id uuid not null default uuidv7(),
  tag text not null,
  usage_count bigint not null default 0,
  public_count bigint not null default 0,
  created_at timestamptz not null default app.now(),
  constraint hashtags_pkey primary key (id),
  constraint hashtags_tag_key unique (tag),
  constraint hashtags_tag_length check (length(tag) between 1 and 100),
  constraint hashtags_tag_normal check (tag = app.normal_hashtag(tag)),
  constraint hashtags_tag_shape check (tag !~ '[[:space:]#]')
);
comment on table hashtags is 'Every hashtag that was ever used, once. Nobody but the worker reads it whole: a tag can be somebody''s secret (app.hashtags_like).';
comment on column hashtags.tag is 'Without the sign; NFKC, lower case.';
comment on column hashtags.usage_count is 'Content and posts that stand and have it, as far as folded: the whole is hashtag_usage.';
comment on column hashtags.public_count is 'Public posts of the community that have it, as far as folded.';

create index hashtags_unused_idx on hashtags (created_at) where usage_count = 0 and public_count = 0;

create table hashtag_deltas (
  id uuid not null default uuidv7(),
  tag text not null,
  uses integer not null default 0,
  public_uses integer not null default 0,
  constraint hashtag_deltas_pkey primary key (id),
  constraint hashtag_deltas_tag_fkey foreign key (tag) references hashtags (tag) on delete cascade
);
comment on table hashtag_deltas is 'Uses that came and went since the last folding into hashtags. Only added, so that two who use a tag never wait for each other.';
create index hashtag_deltas_tag_idx on hashtag_deltas (tag);

create table content_hashtags (
  project_id uuid not null,
  content_id uuid not null,
  tag text not null,
  constraint content_hashtags_pkey primary key (content_id, tag),
  constraint content_hashtags_content_fkey foreign key (project_id, content_id) references content (project_id, id) on delete cascade,
  constraint content_hashtags_tag_fkey foreign key (tag) references hashtags (tag) on delete restrict
);
comment on table content_hashtags is 'The hashtags of content that stands, kept by a trigger from title, description, body and script.';
create index content_hashtags_content_idx on content_hashtags (project_id, content_id);
create index content_hashtags_tag_idx on content_hashtags (tag, project_id, content_id);
create index content_hashtags_project_tag_idx on content_hashtags (project_id, tag text_pattern_ops);

create table post_hashtags (
  project_id uuid not null,
  post_id uuid not null,
  tag text not null,
  constraint post_hashtags_pkey primary key (post_id, tag),
  constraint post_hashtags_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint post_hashtags_tag_fkey foreign key (tag) references hashtags (tag) on delete restrict
);
comment on table post_hashtags is 'The hashtags of posts that stand, kept by a trigger from their text.';
create index post_hashtags_post_idx on post_hashtags (project_id, post_id);
create index post_hashtags_tag_idx on post_hashtags (tag, project_id, post_id);
create index post_hashtags_project_tag_idx on post_hashtags (project_id, tag text_pattern_ops);

create table community_hashtags (
  community_post_id uuid not null,
  tag text not null,
  constraint community_hashtags_pkey primary key (community_post_id, tag),
  constraint community_hashtags_community_post_id_fkey foreign key (community_post_id) references community_posts (id) on delete cascade,
  constraint community_hashtags_tag_fkey foreign key (tag) references hashtags (tag) on delete restrict
);
comment on table community_hashtags is 'The hashtags of community posts while they are public, kept by a trigger: what makes a tag known to everybody.';
create index community_hashtags_tag_idx on community_hashtags (tag, community_post_id desc);

create table post_mentions (
  project_id uuid not null,
  post_id uuid not null,
  handle text not null,
  constraint post_mentions_pkey primary key (post_id, handle),
  constraint post_mentions_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint post_mentions_handle_length check (length(handle) between 1 and 255),
  constraint post_mentions_handle_lower check (handle = lower(handle))
);
comment on table post_mentions is 'Who is mentioned in the text of a post that stands, kept by a trigger.';
comment on column post_mentions.handle is 'Without the sign, lower case: ada, ada@mastodon.example, ada.bsky.social.';
create index post_mentions_post_idx on post_mentions (project_id, post_id);
create index post_mentions_handle_idx on post_mentions (project_id, handle);

alter table hashtags enable row level security;
create policy hashtags_worker on hashtags for all to posthaste_worker using (true) with check (true);
create policy hashtags_reporting on hashtags for select to posthaste_reporting using (true);
grant select, update (usage_count, public_count) on hashtags to posthaste_worker;
grant select on hashtags to posthaste_reporting;

alter table hashtag_deltas enable row level security;
create policy hashtag_deltas_worker on hashtag_deltas for all to posthaste_worker using (true) with check (true);
create policy hashtag_deltas_reporting on hashtag_deltas for select to posthaste_reporting using (true);
grant select, delete on hashtag_deltas to posthaste_worker;
grant select on hashtag_deltas to posthaste_reporting;

alter table content_hashtags enable row level security;
create policy content_hashtags_read on content_hashtags for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy content_hashtags_worker on content_hashtags for select to posthaste_worker using (true);
grant select on content_hashtags to posthaste_api, posthaste_worker;

alter table post_hashtags enable row level security;
create policy post_hashtags_read on post_hashtags for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy post_hashtags_worker on post_hashtags for select to posthaste_worker using (true);
grant select on post_hashtags to posthaste_api, posthaste_worker;

alter table community_hashtags enable row level security;
create policy community_hashtags_worker on community_hashtags for select to posthaste_worker using (true);
grant select on community_hashtags to posthaste_worker;

alter table post_mentions enable row level security;
create policy post_mentions_read on post_mentions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy post_mentions_worker on post_mentions for select to posthaste_worker using (true);
grant select on post_mentions to posthaste_api, posthaste_worker;
