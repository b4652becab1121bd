-- SocialFlow (000), as far as its review names it. It gives no types for many columns and no list of all of them: where a row
-- could not be told from another without one (a post's text, an account's platform) the evident minimum is added and marked.

create table "user" (
  id integer primary key,
  email text not null,
  auth_provider text not null default 'password',
  password_hash text not null, -- added
  name text not null, -- added
  is_verified boolean not null default false,
  email_verification_token text,
  password_reset_expires_at timestamptz,
  failed_login_attempts integer not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false
);
create index idx_user_email_provider on "user" (email, auth_provider);
create index idx_user_verification on "user" (is_verified, email_verification_token);

create table user_preferences (
  id integer primary key,
  user_id integer not null unique references "user" (id) on delete cascade,
  default_posting_time varchar(5),
  timezone varchar(50) not null default 'UTC',
  enable_ai_optimization boolean not null default true,
  content_tone varchar(50),
  email_notifications boolean not null default true,
  post_failure_alerts boolean not null default true
);

create table project (
  id integer primary key,
  user_id integer not null references "user" (id) on delete cascade,
  name text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false,
  constraint unique_project_name_per_user unique (user_id, name)
);

create table project_collaborators (
  project_id integer not null references project (id) on delete cascade,
  user_id integer not null references "user" (id) on delete cascade,
  role varchar(50) not null,
  permissions json not null,
  primary key (project_id, user_id)
);

create table social_account (
  id integer primary key,
  user_id integer not null references "user" (id) on delete cascade,
  platform text not null, -- added
  username text not null, -- added
  access_token text not null,
  refresh_token text,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false
);

create table video (
  id integer primary key,
  project_id integer not null references project (id) on delete cascade,
  file_name text not null, -- added
  duration double precision not null, -- added; seconds
  status text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false
);
create index idx_video_status_created on video (status, created_at);

create table clip (
  id integer primary key,
  video_id integer not null references video (id) on delete cascade,
  start_time double precision not null,
  end_time double precision not null,
  ai_score double precision,
  transcript json,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false,
  constraint check_valid_clip_timing check (start_time < end_time),
  constraint check_ai_score_range check (ai_score >= 0 and ai_score <= 100)
);

create table post (
  id integer primary key,
  account_id integer not null references social_account (id) on delete cascade,
  content text not null, -- added
  status text not null, -- added
  published_at timestamptz,
  engagement_rate numeric(5, 2),
  retry_count integer not null default 0,
  views integer not null default 0,
  likes integer not null default 0,
  shares integer not null default 0,
  comments integer not null default 0,
  total_engagement integer generated always as (views + likes + shares + comments) stored,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false,
  constraint check_retry_count check (retry_count >= 0),
  constraint check_engagement_rate check (engagement_rate >= 0 and engagement_rate <= 100)
);
create index idx_post_user_analytics on post (account_id, published_at, engagement_rate);

create table post_variations (
  id integer primary key,
  original_post_id integer not null references post (id) on delete cascade,
  variation_type varchar(50) not null,
  content_variation text,
  performance_metrics json
);

create table content_template (
  id integer primary key,
  user_id integer not null references "user" (id) on delete cascade,
  name text not null,
  type text not null,
  content text not null, -- added
  version integer not null default 1,
  is_active boolean not null default true,
  platform_variations json,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  is_deleted boolean not null default false,
  constraint unique_template_name_per_user_type unique (user_id, name, type)
);

create table hashtags (
  id integer primary key,
  tag varchar(100) not null unique,
  usage_count integer not null default 0,
  created_at timestamptz not null default now()
);
create index idx_hashtags_tag on hashtags (tag);

create table content_categories (
  id integer primary key,
  user_id integer not null references "user" (id) on delete cascade,
  name varchar(100) not null,
  color varchar(7)
);
create table content_category_videos (
  category_id integer not null references content_categories (id) on delete cascade,
  video_id integer not null references video (id) on delete cascade,
  primary key (category_id, video_id)
);
create table content_category_clips (
  category_id integer not null references content_categories (id) on delete cascade,
  clip_id integer not null references clip (id) on delete cascade,
  primary key (category_id, clip_id)
);

create table publishing_schedules (
  id integer primary key,
  user_id integer not null references "user" (id) on delete cascade,
  schedule_rule json not null,
  is_active boolean not null default true
);
