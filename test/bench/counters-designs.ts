/** Three ways to count likes, as the owner of the tables puts them in place of each other. The first is what is built. */

export interface Design {
  readonly name: string;
  /** Put in place after the one before. */
  readonly install: string;
  readonly folds: boolean;
  /** What every post comes to have once enough people were there. */
  readonly settled?: string;
}

const header = `returns table (post_id uuid, like_count bigint, comment_count bigint, share_count bigint, save_count bigint,
  view_count bigint, click_count bigint) language sql stable security definer rows 50 set search_path = public, pg_temp`;

/** Sixteen rows a post; who writes adds to the one of their connection, who reads adds them up. */
const slots = `
create table community_post_counters (
  post_id uuid not null, slot smallint not null, likes bigint not null default 0, shares bigint not null default 0, views bigint not null default 0,
  primary key (post_id, slot)) with (fillfactor = 50);
create or replace function app.count_engagement() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  insert into community_post_counters as k (post_id, slot, likes, shares, views)
  select r.community_post_id, pg_backend_pid() % 16, step * count(*) filter (where r.type = 'like'),
    step * count(*) filter (where r.type = 'share'), step * count(*) filter (where r.type = 'view')
  from changed r group by 1, 2 order by 1
  on conflict (post_id, slot) do update
    set likes = k.likes + excluded.likes, shares = k.shares + excluded.shares, views = k.views + excluded.views;
  return null;
end
$$;
create or replace function app.post_counts(ids uuid[]) ${header}
as $$
  select p.id, coalesce(d.likes, 0)::bigint, p.comment_count, coalesce(d.shares, 0)::bigint, p.save_count, coalesce(d.views, 0)::bigint, p.click_count
  from community_posts p
  left join lateral (
    select sum(k.likes) as likes, sum(k.shares) as shares, sum(k.views) as views from community_post_counters k where k.post_id = p.id) d on true
  where p.id = any (ids)
$$`;

const everySlot = `insert into community_post_counters (post_id, slot) select p.id, n from community_posts p, generate_series(0, 15) n
on conflict do nothing`;

/** Who writes raises the number in the post's own row, and holds it until the commit. */
const rowLock = `
drop trigger user_engagement_count_insert on user_engagement;
drop trigger user_engagement_count_delete on user_engagement;
create or replace function app.count_engagement() returns trigger
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
create trigger user_engagement_count after insert or delete on user_engagement for each row execute function app.count_engagement();
create or replace function app.post_counts(ids uuid[]) ${header}
as $$
  select p.id, p.like_count, p.comment_count, p.share_count, p.save_count, p.view_count, p.click_count
  from community_posts p where p.id = any (ids)
$$`;

export const designs: readonly Design[] = [
  { name: 'deltas, folded (as built)', install: 'select 1', folds: true },
  { name: 'sixteen slots a post', install: slots, folds: false, settled: everySlot },
  { name: 'number in the row, locked', install: rowLock, folds: false },
];
