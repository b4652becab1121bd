-- CreatorNexus (003). Of most of its tables the report gives no column; those are left out here, but for the two that its
-- migrations change: social_posts and post_schedules have the evident minimum besides what is given.

create table users (
  id varchar primary key,
  email varchar unique not null,
  password text not null,
  first_name varchar not null,
  last_name varchar not null,
  profile_image_url varchar,
  is_active boolean default true,
  created_at timestamp default now(),
  updated_at timestamp default now()
);

create table projects (
  id serial primary key,
  user_id varchar references users (id) on delete cascade,
  name varchar not null,
  description text,
  type varchar not null,
  template varchar,
  platform varchar,
  target_audience varchar,
  estimated_duration varchar,
  tags text[],
  is_public boolean default false,
  status varchar default 'active',
  metadata jsonb,
  created_at timestamp default now(),
  updated_at timestamp default now(),
  constraint check_project_type check (type in ('video', 'audio', 'image', 'script', 'campaign'))
);

create table content (
  id serial primary key,
  user_id varchar references users (id) on delete cascade,
  project_id integer references projects (id) on delete cascade,
  title varchar not null,
  description text,
  script text,
  platform varchar not null,
  content_type varchar not null,
  status varchar default 'draft',
  scheduled_at timestamp,
  published_at timestamp,
  thumbnail_url varchar,
  video_url varchar,
  tags text[],
  metadata jsonb,
  ai_generated boolean default false,
  created_at timestamp default now(),
  updated_at timestamp default now(),
  constraint check_content_type check (content_type in ('video', 'audio', 'image', 'text', 'reel', 'short'))
);

create table social_posts (
  id serial primary key, -- added
  user_id varchar references users (id) on delete cascade, -- added
  content text not null, -- added
  status varchar default 'draft',
  created_at timestamp default now(), -- added
  constraint check_post_status check (status in ('draft', 'scheduled', 'published', 'failed'))
);

create table post_schedules (
  id serial primary key, -- added
  social_post_id integer references social_posts (id) on delete cascade, -- added
  scheduled_at timestamp, -- added
  recurrence varchar default 'none',
  timezone varchar default 'UTC',
  series_end_date timestamp,
  retry_count integer default 0,
  last_attempt_at timestamp,
  error_message text
);
