-- Old code keeps working: yes (nothing refers to it).
-- Who follows whom, and the actor's own list of it, on which followers-only rests.

create table user_followers (
  id uuid not null default uuidv7(),
  follower_id uuid not null,
  following_id uuid not null,
  created_at timestamptz not null default app.now(),
  constraint user_followers_pkey primary key (id),
  constraint user_followers_once unique (follower_id, following_id),
  constraint user_followers_follower_id_fkey foreign key (follower_id) references users (id) on delete cascade,
  constraint user_followers_following_id_fkey foreign key (following_id) references users (id) on delete cascade,
  constraint user_followers_not_oneself check (follower_id <> following_id)
);
comment on table user_followers is 'One row: follower_id reads what following_id writes. Following ends by deleting the row.';
comment on column user_followers.following_id is 'Who is followed.';
create index user_followers_following_id_idx on user_followers (following_id, follower_id);

create function app.following() returns uuid[]
language sql stable security definer set search_path = public, pg_temp
as $$
  select coalesce(array_agg(f.following_id), '{}') from user_followers f where f.follower_id = app.user_id()
$$;
comment on function app.following is 'The people whom the actor follows. In policies as (select app.following())::uuid[], so that it is asked once.';
grant execute on function app.following() to posthaste_api;

alter table user_followers enable row level security;
create policy user_followers_own on user_followers for all to posthaste_api
  using (follower_id = (select app.user_id())) with check (follower_id = (select app.user_id()));
create policy user_followers_mine on user_followers for select to posthaste_api using (following_id = (select app.user_id()));
create policy user_followers_worker on user_followers for select to posthaste_worker using (true);
grant select, insert (follower_id, following_id), delete on user_followers to posthaste_api;
grant select on user_followers to posthaste_worker;
