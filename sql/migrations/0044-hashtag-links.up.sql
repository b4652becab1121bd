-- Old code keeps working: yes (what it writes is linked by triggers).
-- Which hashtags and mentions a text has, the triggers that keep the links, and the counts that come of them.

-- \x3a is a colon: written as such before a letter, the Data API would take it for a parameter.
create function app.without_addresses(text text) returns text
language sql immutable parallel safe
as $$
  select regexp_replace(normalize(text, nfkc) collate "pg_c_utf8",
    E'[[\x3aalpha\x3a]][[\x3aalnum\x3a]+.-]*\x3a//[^[\x3aspace\x3a]]*', ' ', 'g')
$$;
comment on function app.without_addresses is 'In NFKC, so that a full-width # or @ is one.';

create function app.hashtags_in(text text) returns text[]
language sql immutable parallel safe
as $$
  select case when text !~ E'[#\ufe5f\uff03]' then '{}' else coalesce((
    select array_agg(kept.tag order by kept.tag)
    from (
      select f.tag
      from (
        select app.normal_hashtag(m.found[1]) as tag, m.position
        from regexp_matches(app.without_addresses(text) collate "pg_c_utf8",
          E'(?<![[\x3aalnum\x3a]_&/#])#((?:[^[\x3aspace\x3a][\x3acntrl\x3a][\x3apunct\x3a]\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]|_)+)',
          'g') with ordinality as m (found, position)
        where m.found[1] collate "pg_c_utf8" ~ E'[[\x3aalpha\x3a]]'
      ) f
      where length(f.tag) <= 100
      group by f.tag
      order by min(f.position)
      limit 100
    ) kept), '{}') end
$$;
comment on function app.hashtags_in is
  'Hashtags of a text in their normal form, sorted: after UTS 31, letters, marks, digits and _ of every script, at least one letter, not within a word or an address. The first hundred, of at most 100 characters.';

create function app.mentions_in(text text) returns text[]
language sql immutable parallel safe
as $$
  select case when text !~ E'[@\ufe6b\uff20]' then '{}' else coalesce((
    select array_agg(kept.handle order by kept.handle)
    from (
      select f.handle
      from (
        select lower(m.found[1]) as handle, m.position
        from regexp_matches(app.without_addresses(text) collate "pg_c_utf8",
          E'(?<![[\x3aalnum\x3a]_/@.])@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?)',
          'g') with ordinality as m (found, position)
      ) f
      where length(f.handle) <= 255
      group by f.handle
      order by min(f.position)
      limit 100
    ) kept), '{}') end
$$;
comment on function app.mentions_in is
  'Handles after an @ in lower case, sorted: ada, ada@mastodon.example, ada.bsky.social; no mail addresses. The first hundred.';

-- Makes tags known and holds them until the end of the transaction, so that nobody forgets them meanwhile. In order, so that two
-- who bring the same new tags wait for each other one way only.
create function app.keep_hashtags(tags text[]) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  held integer;
begin
  loop
    insert into hashtags (tag)
    select t.tag from (select distinct u.tag from unnest(tags) as u (tag)) t
    where not exists (select from hashtags h where h.tag = t.tag)
    order by t.tag
    on conflict on constraint hashtags_tag_key do nothing;
    perform from hashtags h where h.tag = any (tags) order by h.tag for key share;
    get diagnostics held = row_count;
    exit when held >= (select count(distinct u.tag) from unnest(tags) as u (tag));
  end loop;
end
$$;

create function app.link_new_content() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  links content_hashtags[];
begin
  select array_agg(row (a.project_id, a.id, t.tag)::content_hashtags) into links
  from added a, unnest(app.hashtags_in(concat_ws(' ', a.title, a.description, a.body, a.script))) as t (tag)
  where a.deleted_at is null;
  if links is not null then
    perform app.keep_hashtags(array(select l.tag from unnest(links) l));
    insert into content_hashtags (project_id, content_id, tag) select l.project_id, l.content_id, l.tag from unnest(links) l;
  end if;
  return null;
end
$$;
create trigger content_link_new after insert on content referencing new table as added
  for each statement execute function app.link_new_content();

create function app.link_content() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  tags text[] := '{}';
begin
  if new.deleted_at is null then
    tags := app.hashtags_in(concat_ws(' ', new.title, new.description, new.body, new.script));
  end if;
  delete from content_hashtags l where l.content_id = new.id and l.tag <> all (tags);
  if tags <> '{}' then
    perform app.keep_hashtags(tags);
    insert into content_hashtags (project_id, content_id, tag) select new.project_id, new.id, t.tag from unnest(tags) as t (tag)
    on conflict on constraint content_hashtags_pkey do nothing;
  end if;
  return null;
end
$$;
create trigger content_link after update on content for each row
  when ((old.title, old.description, old.body, old.script, old.deleted_at is null)
    is distinct from (new.title, new.description, new.body, new.script, new.deleted_at is null))
  execute function app.link_content();

create function app.link_new_posts() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  links post_hashtags[];
begin
  select array_agg(row (a.project_id, a.id, t.tag)::post_hashtags) into links
  from added a, unnest(app.hashtags_in(a.text)) as t (tag)
  where a.deleted_at is null;
  if links is not null then
    perform app.keep_hashtags(array(select l.tag from unnest(links) l));
    insert into post_hashtags (project_id, post_id, tag) select l.project_id, l.post_id, l.tag from unnest(links) l;
  end if;
  insert into post_mentions (project_id, post_id, handle)
  select a.project_id, a.id, m.handle from added a, unnest(app.mentions_in(a.text)) as m (handle)
  where a.deleted_at is null;
  return null;
end
$$;
create trigger posts_link_new after insert on posts referencing new table as added
  for each statement execute function app.link_new_posts();

create function app.link_post() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  tags text[] := '{}';
  handles text[] := '{}';
begin
  if new.deleted_at is null then
    tags := app.hashtags_in(new.text);
    handles := app.mentions_in(new.text);
  end if;
  delete from post_hashtags l where l.post_id = new.id and l.tag <> all (tags);
  delete from post_mentions l where l.post_id = new.id and l.handle <> all (handles);
  if tags <> '{}' then
    perform app.keep_hashtags(tags);
    insert into post_hashtags (project_id, post_id, tag) select new.project_id, new.id, t.tag from unnest(tags) as t (tag)
    on conflict on constraint post_hashtags_pkey do nothing;
  end if;
  insert into post_mentions (project_id, post_id, handle) select new.project_id, new.id, m.handle from unnest(handles) as m (handle)
  on conflict on constraint post_mentions_pkey do nothing;
  return null;
end
$$;
create trigger posts_link after update on posts for each row
  when ((old.text, old.deleted_at is null) is distinct from (new.text, new.deleted_at is null))
  execute function app.link_post();

-- Counts, by one row per tag and statement: nothing that two could wait for.
create function app.count_hashtags() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  insert into hashtag_deltas (tag, uses, public_uses)
  select c.tag, case when tg_argv[0] = 'uses' then step * count(*) else 0 end, case when tg_argv[0] = 'public_uses' then step * count(*) else 0 end
  from changed c group by c.tag order by c.tag;
  return null;
end
$$;
create trigger content_hashtags_add after insert on content_hashtags referencing new table as changed
  for each statement execute function app.count_hashtags('uses');
create trigger content_hashtags_take after delete on content_hashtags referencing old table as changed
  for each statement execute function app.count_hashtags('uses');
create trigger post_hashtags_add after insert on post_hashtags referencing new table as changed
  for each statement execute function app.count_hashtags('uses');
create trigger post_hashtags_take after delete on post_hashtags referencing old table as changed
  for each statement execute function app.count_hashtags('uses');
create trigger community_hashtags_add after insert on community_hashtags referencing new table as changed
  for each statement execute function app.count_hashtags('public_uses');
create trigger community_hashtags_take after delete on community_hashtags referencing old table as changed
  for each statement execute function app.count_hashtags('public_uses');

create view hashtag_usage with (security_invoker = true) as
  select h.tag, h.usage_count + coalesce(d.uses, 0)::bigint as usage_count, h.public_count + coalesce(d.public_uses, 0)::bigint as public_count
  from hashtags h
  left join lateral (
    select sum(x.uses) as uses, sum(x.public_uses) as public_uses from hashtag_deltas x where x.tag = h.tag
  ) d on true;
comment on view hashtag_usage is 'Uses of every hashtag, exact at any instant: what is folded and what is not yet.';
grant select on hashtag_usage to posthaste_worker, posthaste_reporting;

create function app.fold_hashtags(most integer) returns integer
language plpgsql set search_path = public, pg_temp
as $$
declare
  folded integer;
begin
  -- Two foldings at once could meet tags in two orders.
  if not pg_try_advisory_xact_lock(hashtextextended('app.fold_hashtags', 0)) then
    return 0;
  end if;
  with taken as (
    delete from hashtag_deltas d
    where d.id in (select o.id from hashtag_deltas o order by o.id limit most)
    returning d.tag, d.uses, d.public_uses
  ), sums as (
    select t.tag, sum(t.uses) as uses, sum(t.public_uses) as public_uses, count(*) as deltas from taken t group by t.tag
  ), done as (
    update hashtags h set usage_count = h.usage_count + s.uses, public_count = h.public_count + s.public_uses
    from sums s where h.tag = s.tag
    returning s.deltas
  )
  select coalesce(sum(d.deltas), 0) into folded from done d;
  return folded;
end
$$;
comment on function app.fold_hashtags is 'Adds the oldest deltas to the counts of hashtags, and says how many; 0 = nothing left, or another is at it.';

create function app.forget_hashtags(most integer) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  unused text[];
  forgotten integer;
begin
  -- Locked first: whoever is linking one holds it and is passed over, whoever comes now waits and makes it anew.
  select array_agg(c.tag) into unused from (
    select h.tag from hashtags h
    where h.usage_count = 0 and h.public_count = 0 and h.created_at < app.now() - interval '1 day'
    order by h.created_at limit most for update skip locked
  ) c;
  delete from hashtags h
  where h.tag = any (unused)
    and not exists (select from content_hashtags l where l.tag = h.tag)
    and not exists (select from post_hashtags l where l.tag = h.tag)
    and not exists (select from community_hashtags l where l.tag = h.tag);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
comment on function app.forget_hashtags is 'Nothing is kept of a tag that no text has any more: it can be a name, or a secret.';

create function app.repair_hashtag_counts() returns table (tag text, counted bigint, actual bigint)
language sql set search_path = public, pg_temp
as $$
  with actual as (
    select u.tag, sum(u.uses) as uses, sum(u.public_uses) as public_uses
    from (
      select l.tag, 1 as uses, 0 as public_uses from content_hashtags l
      union all select l.tag, 1, 0 from post_hashtags l
      union all select l.tag, 0, 1 from community_hashtags l
    ) u group by u.tag
  ), drift as (
    select c.tag, c.usage_count as counted, coalesce(a.uses, 0) as actual, coalesce(a.uses, 0) - c.usage_count as uses,
      coalesce(a.public_uses, 0) - c.public_count as public_uses
    from hashtag_usage c left join actual a on a.tag = c.tag
  )
  update hashtags h set usage_count = h.usage_count + d.uses, public_count = h.public_count + d.public_uses
  from drift d
  where h.tag = d.tag and (d.uses <> 0 or d.public_uses <> 0)
  returning h.tag, d.counted, d.actual
$$;
comment on function app.repair_hashtag_counts is
  'Puts right every count that is not what the links say, and names it. Reads all links: for operators, not for schedules. Safe beside writers and foldings.';
grant execute on function app.fold_hashtags(integer), app.forget_hashtags(integer), app.repair_hashtag_counts() to posthaste_worker;

-- What is there already.
select app.keep_hashtags(array(select distinct t.tag from posts p, unnest(app.hashtags_in(p.text)) as t (tag) where p.deleted_at is null));
insert into post_hashtags (project_id, post_id, tag)
  select p.project_id, p.id, t.tag from posts p, unnest(app.hashtags_in(p.text)) as t (tag) where p.deleted_at is null;
insert into post_mentions (project_id, post_id, handle)
  select p.project_id, p.id, m.handle from posts p, unnest(app.mentions_in(p.text)) as m (handle) where p.deleted_at is null;
