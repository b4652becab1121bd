-- Segmint (002). An ENUM('a', 'b') inside a column is no PostgreSQL, so each is a type; a column that is NOT NULL cannot be
-- ON DELETE SET NULL, so those three restrict; and a table called User needs its quotes.

create type segmint_role as enum ('creator', 'team_member', 'admin');
create type segmint_platform as enum ('LinkedIn', 'Twitter', 'Instagram', 'YouTube');
create type segmint_post_status as enum ('draft', 'scheduled', 'posted');
create type segmint_approval_status as enum ('pending', 'approved', 'rejected');
create type segmint_member_role as enum ('reviewer', 'approver');

create table "User" (
  id serial primary key,
  username varchar(50) not null unique,
  email varchar(255) not null unique,
  password_hash varchar(255) not null,
  role segmint_role not null,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);

create table "SocialProfile" (
  id serial primary key,
  user_id int not null references "User" (id) on delete cascade,
  platform segmint_platform not null,
  profile_handle varchar(100) not null,
  access_token text not null,
  refresh_token text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default current_timestamp
);

create table "Content" (
  id serial primary key,
  user_id int not null references "User" (id) on delete restrict,
  title varchar(255) not null,
  body text not null,
  tone varchar(100) not null,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
create index idx_content_user_created on "Content" (user_id, created_at);
create index idx_content_body_search on "Content" using gin (to_tsvector('english', body));
create index idx_content_titles on "Content" (user_id) include (title);

create table "IdeaSuggestion" (
  id serial primary key,
  content_id int not null references "Content" (id) on delete cascade,
  suggestion text not null,
  relevance_score numeric(3, 2) check (relevance_score >= 0 and relevance_score <= 1),
  created_at timestamptz not null default current_timestamp
);

create table "Platform" (
  id serial primary key,
  name varchar(50) not null unique,
  api_endpoint text not null,
  created_at timestamptz not null default current_timestamp
);

create table "PlatformPost" (
  id serial primary key,
  content_id int not null references "Content" (id) on delete cascade,
  platform_id int not null references "Platform" (id) on delete cascade,
  scheduled_time timestamptz not null,
  status segmint_post_status not null,
  created_at timestamptz not null default current_timestamp,
  constraint platform_post_once unique (content_id, platform_id)
);
create index idx_platform_post_scheduled on "PlatformPost" (scheduled_time) where status = 'scheduled';

create table "ApprovalWorkflow" (
  id serial primary key,
  user_id int not null references "User" (id) on delete restrict,
  status segmint_approval_status not null,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);

create table "TeamMember" (
  id serial primary key,
  workflow_id int not null references "ApprovalWorkflow" (id) on delete cascade,
  member_id int not null references "User" (id) on delete cascade,
  role segmint_member_role not null,
  created_at timestamptz not null default current_timestamp
);
