-- Social Live (004). Its DDL is whole; user_engagement_archive has the shape of what is archived into it. Its partitions of
-- user_engagement cannot be made: a unique key on a partitioned table must hold the partition key.

create type user_role as enum ('USER', 'CREATOR', 'MODERATOR', 'ADMIN');
create type media_type_enum as enum ('IMAGE', 'VIDEO', 'AUDIO', 'DOCUMENT');
create type visibility_enum as enum ('PUBLIC', 'PRIVATE', 'FOLLOWERS_ONLY', 'UNLISTED');
create type engagement_type_enum as enum ('LIKE', 'SHARE', 'COMMENT', 'VIEW', 'CLICK', 'SAVE');
create type processing_status_enum as enum ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED');
create type moderation_status_enum as enum ('PENDING', 'APPROVED', 'REJECTED', 'FLAGGED');
create type content_type_enum as enum ('POST', 'COMMENT', 'USER_PROFILE', 'MEDIA');

create table users (
  id uuid primary key default gen_random_uuid(),
  email varchar(255) unique not null,
  username varchar(50) unique not null,
  password_hash varchar(255) not null,
  full_name varchar(100),
  bio text,
  profile_picture varchar(500),
  role user_role default 'USER',
  is_verified boolean default false,
  is_active boolean default true,
  followers_count integer default 0,
  following_count integer default 0,
  posts_count integer default 0,
  last_login_at timestamp,
  email_verified_at timestamp,
  created_at timestamp default current_timestamp,
  updated_at timestamp default current_timestamp,
  deleted_at timestamp
);
create index idx_users_email on users (email);
create index idx_users_username on users (username);
create index idx_users_role on users (role);
create index idx_users_created_at on users (created_at);
create index idx_users_active on users (is_active) where is_active = true;

create table posts (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  content text not null,
  media_url varchar(500),
  media_type media_type_enum,
  visibility visibility_enum default 'PUBLIC',
  likes_count integer default 0,
  comments_count integer default 0,
  shares_count integer default 0,
  engagement_score decimal(10, 2) default 0,
  is_featured boolean default false,
  tags text[],
  location varchar(100),
  created_at timestamp default current_timestamp,
  updated_at timestamp default current_timestamp,
  deleted_at timestamp
);
create index idx_posts_user_id on posts (user_id);
create index idx_posts_created_at on posts (created_at desc);
create index idx_posts_engagement on posts (engagement_score desc);
create index idx_posts_visibility on posts (visibility);
create index idx_posts_featured on posts (is_featured) where is_featured = true;
create index idx_posts_tags on posts using gin (tags);

create table comments (
  id uuid primary key default gen_random_uuid(),
  post_id uuid not null references posts (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  parent_id uuid references comments (id) on delete cascade,
  content text not null,
  likes_count integer default 0,
  replies_count integer default 0,
  is_edited boolean default false,
  created_at timestamp default current_timestamp,
  updated_at timestamp default current_timestamp,
  deleted_at timestamp
);
create index idx_comments_post_id on comments (post_id);
create index idx_comments_user_id on comments (user_id);
create index idx_comments_parent_id on comments (parent_id);
create index idx_comments_created_at on comments (created_at desc);

create table user_followers (
  id uuid primary key default gen_random_uuid(),
  follower_id uuid not null references users (id) on delete cascade,
  following_id uuid not null references users (id) on delete cascade,
  created_at timestamp default current_timestamp,
  unique (follower_id, following_id),
  check (follower_id <> following_id)
);
create index idx_followers_follower_id on user_followers (follower_id);
create index idx_followers_following_id on user_followers (following_id);
create unique index idx_followers_unique on user_followers (follower_id, following_id);

create table user_engagement (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  post_id uuid not null references posts (id) on delete cascade,
  engagement_type engagement_type_enum not null,
  value decimal(5, 2) default 1.0,
  metadata jsonb,
  created_at timestamp default current_timestamp,
  unique (user_id, post_id, engagement_type)
);
create index idx_engagement_user_id on user_engagement (user_id);
create index idx_engagement_post_id on user_engagement (post_id);
create index idx_engagement_type on user_engagement (engagement_type);
create index idx_engagement_created_at on user_engagement (created_at);
create index idx_engagement_metadata on user_engagement using gin (metadata);
create table user_engagement_archive (like user_engagement including defaults);

create table feed_items (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  post_id uuid not null references posts (id) on delete cascade,
  score decimal(10, 4) not null,
  reason varchar(50),
  created_at timestamp default current_timestamp,
  expires_at timestamp,
  unique (user_id, post_id)
);
create index idx_feed_user_score on feed_items (user_id, score desc);
create index idx_feed_created_at on feed_items (created_at desc);
create index idx_feed_expires_at on feed_items (expires_at);

create table user_sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  refresh_token_hash varchar(255) not null,
  device_info jsonb,
  ip_address inet,
  user_agent text,
  is_active boolean default true,
  expires_at timestamp not null,
  created_at timestamp default current_timestamp,
  last_used_at timestamp default current_timestamp
);
create index idx_sessions_user_id on user_sessions (user_id);
create index idx_sessions_token_hash on user_sessions (refresh_token_hash);
create index idx_sessions_expires_at on user_sessions (expires_at);
create index idx_sessions_active on user_sessions (is_active) where is_active = true;

create table password_reset_tokens (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  token_hash varchar(255) not null,
  expires_at timestamp not null,
  used_at timestamp,
  created_at timestamp default current_timestamp
);
create index idx_reset_tokens_user_id on password_reset_tokens (user_id);
create index idx_reset_tokens_hash on password_reset_tokens (token_hash);
create index idx_reset_tokens_expires on password_reset_tokens (expires_at);

create table media_files (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  filename varchar(255) not null,
  original_name varchar(255),
  mime_type varchar(100),
  file_size bigint,
  width integer,
  height integer,
  duration integer,
  storage_path varchar(500) not null,
  cdn_url varchar(500),
  processing_status processing_status_enum default 'PENDING',
  metadata jsonb,
  created_at timestamp default current_timestamp,
  updated_at timestamp default current_timestamp
);
create index idx_media_user_id on media_files (user_id);
create index idx_media_status on media_files (processing_status);
create index idx_media_created_at on media_files (created_at desc);

create table content_moderation (
  id uuid primary key default gen_random_uuid(),
  content_type content_type_enum not null,
  content_id uuid not null,
  moderator_id uuid references users (id),
  status moderation_status_enum default 'PENDING',
  reason text,
  automated_score decimal(3, 2),
  reviewed_at timestamp,
  created_at timestamp default current_timestamp
);
create index idx_moderation_content on content_moderation (content_type, content_id);
create index idx_moderation_status on content_moderation (status);
create index idx_moderation_moderator on content_moderation (moderator_id);

create table user_analytics (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  date date not null,
  profile_views integer default 0,
  post_impressions integer default 0,
  post_engagements integer default 0,
  followers_gained integer default 0,
  followers_lost integer default 0,
  total_likes integer default 0,
  total_comments integer default 0,
  total_shares integer default 0,
  created_at timestamp default current_timestamp,
  unique (user_id, date)
);
create index idx_analytics_user_date on user_analytics (user_id, date desc);
create index idx_analytics_date on user_analytics (date);

create table system_metrics (
  id uuid primary key default gen_random_uuid(),
  metric_name varchar(100) not null,
  metric_value decimal(15, 4) not null,
  tags jsonb,
  timestamp timestamp default current_timestamp
);
create index idx_metrics_name_time on system_metrics (metric_name, timestamp desc);
create index idx_metrics_tags on system_metrics using gin (tags);

create table audit_log (
  id uuid primary key default gen_random_uuid(),
  table_name varchar(50) not null,
  operation varchar(10) not null,
  old_values jsonb,
  new_values jsonb,
  user_id uuid,
  timestamp timestamp default current_timestamp
);

create materialized view popular_posts as
select p.id, p.user_id, p.content, p.likes_count, p.comments_count, p.engagement_score, u.username, u.profile_picture
from posts p join users u on p.user_id = u.id
where p.created_at > current_date - interval '7 days' and p.visibility = 'PUBLIC' and p.deleted_at is null
order by p.engagement_score desc
limit 1000;
create index idx_popular_posts_score on popular_posts (engagement_score desc);
