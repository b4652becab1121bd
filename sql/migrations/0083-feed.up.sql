-- Old code keeps working: yes (nothing refers to it).
-- A person's ranked feed. Computed when they ask and kept for an hour: nobody with a million followers is written out a million times.

create table feed_items (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  community_post_id uuid not null,
  score numeric(10, 4) not null,
  reason text,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '1 hour',
  constraint feed_items_pkey primary key (id),
  constraint feed_items_once unique (user_id, community_post_id),
  constraint feed_items_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint feed_items_community_post_id_fkey foreign key (community_post_id) references community_posts (id) on delete cascade,
  constraint feed_items_reason_length check (length(reason) between 1 and 50)
);
comment on table feed_items is 'What a person''s feed held when it was last ranked. Readers join the live posts, so what went since then is not shown.';
comment on column feed_items.reason is 'Why it is there: following, featured, popular.';
create index feed_items_score_idx on feed_items (user_id, score desc, id desc);
create index feed_items_community_post_id_idx on feed_items (community_post_id);
create index feed_items_created_at_idx on feed_items (created_at desc);
create index feed_items_expires_at_idx on feed_items (expires_at);

alter table feed_items enable row level security;
create policy feed_items_own on feed_items for select to posthaste_api using (user_id = (select app.user_id()));
create policy feed_items_worker on feed_items for all to posthaste_worker using (true) with check (true);
grant select on feed_items to posthaste_api;
grant select (id, user_id, expires_at), delete on feed_items to posthaste_worker;
