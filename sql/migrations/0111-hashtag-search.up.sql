-- Old code keeps working: yes.
-- Which hashtags everybody may know, and completion of hashtags as they are typed.

-- A tag is known to everybody while a public post of the community has it, and only then.
create function app.link_community_post() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  tags text[] := '{}';
begin
  if new.visibility = 'public' and new.is_standing then
    tags := app.hashtags_in(new.text);
  end if;
  delete from community_hashtags l where l.community_post_id = new.id and l.tag <> all (tags);
  if tags <> '{}' then
    perform app.keep_hashtags(tags);
    insert into community_hashtags (community_post_id, tag) select new.id, t.tag from unnest(tags) as t (tag)
    on conflict on constraint community_hashtags_pkey do nothing;
  end if;
  return null;
end
$$;
create trigger community_posts_link_new after insert on community_posts for each row
  when (new.visibility = 'public' and new.is_standing) execute function app.link_community_post();
create trigger community_posts_link after update on community_posts for each row
  when ((old.text, old.visibility, old.is_standing) is distinct from (new.text, new.visibility, new.is_standing))
  execute function app.link_community_post();

create index hashtags_public_idx on hashtags (public_count desc, tag) where public_count > 0;
create index hashtags_public_prefix_idx on hashtags (tag text_pattern_ops) where public_count > 0;
create index hashtags_usage_idx on hashtags (usage_count desc, tag) where usage_count > 0;

create function app.hashtags_like(prefix text, most integer) returns table (tag text, uses bigint)
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  projects uuid[] := app.projects_of('read');
  beginning text := ltrim(app.normal_hashtag(prefix), '#');
begin
  return query
    with own as (
      select u.tag, count(*) as uses
      from (
        select l.tag from content_hashtags l where l.project_id = any (projects) and l.tag ^@ beginning
        union all
        select l.tag from post_hashtags l where l.project_id = any (projects) and l.tag ^@ beginning
      ) u
      group by u.tag
      order by 2 desc, 1
      limit 5 * most
    ), everybodys as (
      select h.tag, h.public_count as uses
      from hashtags h
      where h.public_count > 0 and h.tag ^@ beginning and exists (select from community_hashtags c where c.tag = h.tag)
      order by h.public_count desc, h.tag
      limit most
    )
    select coalesce(o.tag, e.tag), coalesce(o.uses, 0) + coalesce(e.uses, h.public_count, 0)
    from own o
    full join everybodys e on e.tag = o.tag
    left join hashtags h on h.tag = o.tag
    order by 2 desc, 1
    limit most;
end
$$;
comment on function app.hashtags_like is
  'Hashtags that begin so, most used first: those of the actor''s projects and those of public posts. What others use in private neither shows nor counts.';
grant execute on function app.hashtags_like(text, integer) to posthaste_api;

-- A post's publications as lists show them. Plain SQL, so that it becomes part of the statement and of its plan.
create function app.publications_of(post uuid) returns table (states text[], accounts uuid[], updated_at timestamptz, publications jsonb)
language sql stable
as $$
  select array_agg(pp.state), array_agg(pp.account_id), max(pp.updated_at),
    jsonb_agg(jsonb_build_object('id', pp.id, 'accountId', pp.account_id, 'platform', pp.platform, 'state', pp.state,
      'dueAt', pp.due_at, 'publishedAt', pp.published_at, 'url', pp.url,
      'failure', case when pp.failure_class is not null then jsonb_build_object('class', pp.failure_class,
        'code', pp.failure_code, 'message', pp.failure_message) end) order by pp.id)
  from post_publications pp where pp.post_id = post
$$;
grant execute on function app.publications_of(uuid) to posthaste_api;

-- What is there already.
select app.keep_hashtags(array(select distinct t.tag from community_posts c, unnest(app.hashtags_in(c.text)) as t (tag)
  where c.visibility = 'public' and c.is_standing));
insert into community_hashtags (community_post_id, tag)
  select c.id, t.tag from community_posts c, unnest(app.hashtags_in(c.text)) as t (tag) where c.visibility = 'public' and c.is_standing;
