-- SMMP (001). Its enums are types here; the description names neither lengths of ids nor defaults.

create type platform as enum ('threads', 'instagram', 'twitter', 'facebook', 'linkedin', 'tiktok');
create type account_status as enum ('active', 'expired', 'revoked', 'error', 'pending');
create type account_health as enum ('healthy', 'degraded', 'unhealthy', 'unknown');
create type post_status as enum ('draft', 'scheduled', 'publishing', 'published', 'failed', 'cancelled');
create type content_type as enum ('text', 'image', 'video', 'carousel', 'story', 'reel', 'mixed');
create type user_role as enum ('admin', 'user', 'viewer');
create type media_type as enum ('image', 'video', 'gif', 'document', 'audio');
create type analytics_period as enum ('hourly', 'daily', 'weekly', 'monthly');

create table users (
  id uuid primary key default gen_random_uuid(),
  name varchar(255) not null,
  email varchar(255) not null unique,
  password varchar(255) not null,
  role user_role not null default 'user',
  avatar varchar(500),
  "isActive" boolean not null default true,
  "emailVerified" boolean not null default false,
  "lastLoginAt" timestamptz,
  preferences jsonb,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_users_email on users (email);
create index idx_users_role on users (role);
create index idx_users_created_at on users ("createdAt");
create index idx_users_preferences_gin on users using gin (preferences);

create table social_accounts (
  id uuid primary key default gen_random_uuid(),
  "userId" uuid not null references users (id) on delete cascade,
  platform platform not null,
  "platformUserId" varchar(255) not null,
  username varchar(255) not null,
  "displayName" varchar(500),
  avatar varchar(255),
  status account_status not null default 'pending',
  health account_health not null default 'unknown',
  "accessToken" text not null,
  "refreshToken" text,
  "tokenExpiresAt" timestamptz,
  "expiresAt" timestamptz,
  metadata jsonb,
  "followersCount" integer,
  "followingCount" integer,
  "postsCount" integer,
  "lastSyncedAt" timestamptz,
  "lastPostedAt" timestamptz,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_social_accounts_user_id on social_accounts ("userId");
create index idx_social_accounts_platform on social_accounts (platform);
create index idx_social_accounts_status on social_accounts (status);
create index idx_social_accounts_health on social_accounts (health);
create unique index idx_social_accounts_user_platform on social_accounts ("userId", platform, "platformUserId");
create index idx_social_accounts_expires_at on social_accounts ("expiresAt");
create index idx_social_accounts_metadata_gin on social_accounts using gin (metadata);

create table posts (
  id uuid primary key default gen_random_uuid(),
  "userId" uuid not null references users (id) on delete cascade,
  content text,
  status post_status not null default 'draft',
  "contentType" content_type not null default 'text',
  "scheduledAt" timestamptz,
  "publishedAt" timestamptz,
  title varchar(255),
  slug varchar(255),
  metadata jsonb,
  hashtags jsonb,
  mentions jsonb,
  analytics jsonb,
  "isScheduled" boolean not null default false,
  "failedAt" timestamptz,
  "errorMessage" text,
  "retryCount" integer not null default 0,
  "lastRetryAt" timestamptz,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_posts_user_id on posts ("userId");
create index idx_posts_status on posts (status);
create index idx_posts_scheduled_at on posts ("scheduledAt");
create index idx_posts_published_at on posts ("publishedAt");
create index idx_posts_content_type on posts ("contentType");
create index idx_posts_user_status on posts ("userId", status);
create index idx_posts_scheduled_status on posts ("scheduledAt", status);
create index idx_posts_hashtags_gin on posts using gin (hashtags);
create index idx_posts_mentions_gin on posts using gin (mentions);
-- Its "scheduled and in the future" index cannot be made: PostgreSQL refuses now() in a predicate.
create index idx_posts_scheduled_active on posts ("scheduledAt") where status = 'scheduled';

create table post_publications (
  id uuid primary key default gen_random_uuid(),
  "postId" uuid not null references posts (id) on delete cascade,
  "socialAccountId" uuid not null references social_accounts (id) on delete cascade,
  platform platform not null,
  status post_status not null default 'draft',
  "platformPostId" varchar(255),
  "platformPostUrl" varchar(500),
  "scheduledFor" timestamptz,
  "publishedAt" timestamptz,
  "likesCount" integer,
  "commentsCount" integer,
  "sharesCount" integer,
  "impressionsCount" integer,
  "reachCount" integer,
  analytics jsonb,
  "lastSyncedAt" timestamptz,
  "errorMessage" text,
  "failedAt" timestamptz,
  "retryCount" integer not null default 0,
  "lastRetryAt" timestamptz,
  metadata jsonb,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_post_publications_post_id on post_publications ("postId");
create index idx_post_publications_social_account_id on post_publications ("socialAccountId");
create index idx_post_publications_platform on post_publications (platform);
create index idx_post_publications_status on post_publications (status);
create index idx_post_publications_post_status on post_publications ("postId", status);
create index idx_post_publications_published_at on post_publications ("publishedAt");
create unique index idx_post_publications_post_platform on post_publications ("postId", "socialAccountId");

create table media (
  id uuid primary key default gen_random_uuid(),
  "postId" uuid not null references posts (id) on delete cascade,
  type media_type not null,
  url varchar(2083) not null,
  "thumbnailUrl" varchar(2083),
  "mimeType" varchar(100),
  "fileSize" bigint,
  width integer,
  height integer,
  duration integer,
  "altText" varchar(255),
  title varchar(255),
  description text,
  "order" integer not null default 0,
  metadata jsonb,
  provider varchar(255),
  "providerKey" varchar(500),
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_media_post_id on media ("postId");
create index idx_media_type on media (type);
create index idx_media_mimetype on media ("mimeType");
create index idx_media_post_order on media ("postId", "order");

create table analytics (
  id uuid primary key default gen_random_uuid(),
  "postPublicationId" uuid not null references post_publications (id) on delete cascade,
  platform platform not null,
  period analytics_period not null,
  "recordedAt" timestamptz not null,
  "likesCount" integer,
  "commentsCount" integer,
  "sharesCount" integer,
  "impressionsCount" integer,
  "reachCount" integer,
  "clicksCount" integer,
  "savesCount" integer,
  "engagementRate" decimal(5, 2),
  demographics jsonb,
  "metricsByTime" jsonb,
  "rawData" jsonb,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_analytics_post_publication_id on analytics ("postPublicationId");
create index idx_analytics_platform on analytics (platform);
create index idx_analytics_period on analytics (period);
create index idx_analytics_recorded_at on analytics ("recordedAt");
create index idx_analytics_publication_recorded on analytics ("postPublicationId", "recordedAt");
