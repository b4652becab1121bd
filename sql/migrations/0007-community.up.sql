-- Old code keeps working: yes.
-- Our own channel: a publication on the platform `community` becomes a post that people like and comment on.

create table community_posts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  text text not null,
  media jsonb not null default '[]',
  visibility text not null default 'public',
  like_count bigint not null default 0,
  comment_count bigint not null default 0,
  share_count bigint not null default 0,
  view_count bigint not null default 0,
  created_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  constraint community_posts_pkey primary key (id),
  -- One publication, one post: what makes publishing here exactly once.
  constraint community_posts_publication_key unique (project_id, publication_id),
  constraint community_posts_publication_fkey foreign key (project_id, publication_id)
    references post_publications (project_id, id) on delete cascade,
  constraint community_posts_account_fkey foreign key (project_id, account_id)
    references social_accounts (project_id, id) on delete cascade,
  constraint community_posts_visibility_known check (visibility in ('public', 'followers_only', 'unlisted', 'private')),
  constraint community_posts_like_count_natural check (like_count >= 0),
  constraint community_posts_comment_count_natural check (comment_count >= 0)
);
comment on table community_posts is '1:1 to a publication on the platform community.';
create index community_posts_account_idx on community_posts (project_id, account_id);
create index community_posts_public_idx on community_posts (id desc) where visibility in ('public', 'unlisted') and deleted_at is null;

create table comments (
  id uuid not null default uuidv7(),
  community_post_id uuid not null,
  author_id uuid not null,
  parent_id uuid,
  text text not null,
  created_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  constraint comments_pkey primary key (id),
  constraint comments_post_id_id_key unique (community_post_id, id),
  constraint comments_community_post_id_fkey foreign key (community_post_id) references community_posts (id) on delete cascade,
  constraint comments_author_id_fkey foreign key (author_id) references users (id) on delete cascade,
  constraint comments_parent_fkey foreign key (community_post_id, parent_id) references comments (community_post_id, id) on delete cascade,
  constraint comments_text_length check (length(text) between 1 and 2000)
);
create index comments_community_post_idx on comments (community_post_id, id);
create index comments_parent_idx on comments (community_post_id, parent_id);
create index comments_author_id_idx on comments (author_id);

create table user_engagement (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  community_post_id uuid not null,
  type text not null,
  created_at timestamptz not null default app.now(),
  constraint user_engagement_pkey primary key (id),
  constraint user_engagement_once unique (user_id, community_post_id, type),
  constraint user_engagement_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint user_engagement_community_post_id_fkey foreign key (community_post_id) references community_posts (id) on delete cascade,
  constraint user_engagement_type_known check (type in ('like', 'share', 'save', 'view', 'click'))
);
create index user_engagement_community_post_idx on user_engagement (community_post_id, type);

create function app.count_engagement() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  post uuid := case tg_op when 'DELETE' then old.community_post_id else new.community_post_id end;
  kind text := case tg_op when 'DELETE' then old.type else new.type end;
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  update community_posts p
  set like_count = p.like_count + case kind when 'like' then step else 0 end,
    share_count = p.share_count + case kind when 'share' then step else 0 end,
    view_count = p.view_count + case kind when 'view' then step else 0 end
  where p.id = post;
  return null;
end
$$;
create trigger user_engagement_count after insert or delete on user_engagement
  for each row execute function app.count_engagement();

create function app.count_comment() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  before_it integer := 0;
  after_it integer := 0;
begin
  if tg_op <> 'INSERT' then before_it := (old.deleted_at is null)::integer; end if;
  if tg_op <> 'DELETE' then after_it := (new.deleted_at is null)::integer; end if;
  if before_it <> after_it then
    update community_posts p set comment_count = p.comment_count + after_it - before_it
    where p.id = case tg_op when 'DELETE' then old.community_post_id else new.community_post_id end;
  end if;
  return null;
end
$$;
create trigger comments_count after insert or update of deleted_at or delete on comments
  for each row execute function app.count_comment();

alter table community_posts enable row level security;
create policy community_posts_members on community_posts for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy community_posts_public on community_posts for select to posthaste_api, posthaste_public
  using (visibility in ('public', 'unlisted') and deleted_at is null);
create policy community_posts_worker on community_posts for all to posthaste_worker using (true) with check (true);
grant select on community_posts to posthaste_api, posthaste_public;
grant select, insert, update (deleted_at) on community_posts to posthaste_worker;

alter table comments enable row level security;
create policy comments_read on comments for select to posthaste_api, posthaste_public
  using (deleted_at is null and community_post_id in (select p.id from community_posts p where p.id = community_post_id));
create policy comments_own on comments for select to posthaste_api using (author_id = (select app.user_id()));
create policy comments_insert on comments for insert to posthaste_api
  with check (author_id = (select app.user_id())
    and community_post_id in (select p.id from community_posts p where p.id = community_post_id and p.deleted_at is null));
create policy comments_delete on comments for update to posthaste_api
  using (author_id = (select app.user_id())) with check (author_id = (select app.user_id()));
create policy comments_worker on comments for select to posthaste_worker using (true);
grant select, insert, update (deleted_at) on comments to posthaste_api;
grant select on comments to posthaste_public, posthaste_worker;

alter table user_engagement enable row level security;
create policy user_engagement_own on user_engagement for all to posthaste_api
  using (user_id = (select app.user_id()))
  with check (user_id = (select app.user_id())
    and community_post_id in (select p.id from community_posts p where p.id = community_post_id and p.deleted_at is null));
create policy user_engagement_worker on user_engagement for select to posthaste_worker using (true);
grant select, insert, delete on user_engagement to posthaste_api;
grant select on user_engagement to posthaste_worker;

-- Names of authors, for everyone who may read a comment.
create function app.display_names(ids uuid[]) returns table (user_id uuid, display_name text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select u.id, u.display_name from users u where u.id = any (ids) and u.deleted_at is null
$$;
grant execute on function app.display_names(uuid[]) to posthaste_api, posthaste_public;

-- The face of a community account, for everyone who may read its posts.
create function app.community_profiles(ids uuid[]) returns table (account_id uuid, handle text, display_name text)
language sql stable security definer set search_path = public, pg_temp
as $$
  select a.id, a.handle, a.display_name from social_accounts a where a.id = any (ids) and a.platform = 'community'
$$;
grant execute on function app.community_profiles(uuid[]) to posthaste_api, posthaste_public;

-- Whether the actor likes a post; nobody does without an actor.
create function app.liked(post uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (select from user_engagement e where e.user_id = app.user_id() and e.community_post_id = post and e.type = 'like')
$$;
grant execute on function app.liked(uuid) to posthaste_api, posthaste_public;

-- Like and unlike, and the count that comes of it. A statement does not see what its own triggers did; a function's next
-- statement does, and the counted row is locked until the end. Runs under the caller's policies.
create function app.set_like(post uuid, liked boolean) returns table (outcome text, like_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
begin
  if not exists (select from community_posts p where p.id = post and p.deleted_at is null) then
    return query select 'not_found', null::bigint;
    return;
  end if;
  if liked then
    insert into user_engagement (user_id, community_post_id, type) values (app.user_id(), post, 'like')
    on conflict on constraint user_engagement_once do nothing;
  else
    delete from user_engagement e where e.user_id = app.user_id() and e.community_post_id = post and e.type = 'like';
  end if;
  return query select 'ok', p.like_count from community_posts p where p.id = post;
end
$$;
grant execute on function app.set_like(uuid, boolean) to posthaste_api;

-- The same for a comment. A reply belongs to a comment of the same post that still stands.
create function app.add_comment(post uuid, parent uuid, text text)
returns table (outcome text, id uuid, created_at timestamptz, comment_count bigint)
language plpgsql set search_path = public, pg_temp
as $$
declare
  made comments;
begin
  if not exists (select from community_posts p where p.id = post and p.deleted_at is null)
    or (parent is not null and not exists (
      select from comments c where c.community_post_id = post and c.id = parent and c.deleted_at is null)) then
    return query select 'not_found', null::uuid, null::timestamptz, null::bigint;
    return;
  end if;
  insert into comments (community_post_id, author_id, parent_id, text) values (post, app.user_id(), parent, add_comment.text)
  returning * into made;
  return query select 'ok', made.id, made.created_at, p.comment_count from community_posts p where p.id = post;
end
$$;
grant execute on function app.add_comment(uuid, uuid, text) to posthaste_api;
