-- Old code keeps working: yes (a column that is computed, and functions that it does not call).
-- What everybody may find: popular posts, and search over text, labels and hashtags. Both apply visibility themselves and return
-- ids only; readers join the live rows under their own policies.

create function app.community_document(text text, tags text[]) returns tsvector
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select setweight(to_tsvector('simple', coalesce((select string_agg(h.tag[1], ' ') from regexp_matches(text, '#([[:alnum:]_]+)', 'g') h (tag)), '')), 'A')
    || setweight(to_tsvector('simple', coalesce((select string_agg(t.tag, ' ') from unnest(tags) t (tag)), '')), 'B')
    || setweight(to_tsvector('simple', text), 'C')
$$;
comment on function app.community_document is 'Hashtags weigh most (A), then labels (B), then the words (C). Without stemming: posts are of all languages.';

-- Who writes a post computes it.
grant execute on function app.community_document(text, text[]) to posthaste_worker;

alter table community_posts add column search tsvector not null generated always as (app.community_document(text, tags)) stored;
comment on column community_posts.search is 'app.community_document of text and tags.';
create index community_posts_search_idx on community_posts using gin (search) where visibility = 'public' and is_standing;
alter table community_posts alter column search set statistics 500;

-- Every word must occur, as it is or as the beginning of a longer one; single letters only as they are. Ten words count.
create function app.community_query(words text) returns tsquery
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select to_tsquery('simple', string_agg(quote_literal(w.word) || case when length(w.word) > 1 then ':*' else '' end, ' & '))
  from (select m[1] as word from regexp_matches(left(words, 500), '[[:alnum:]_]+', 'g') m limit 10) w
$$;

create function app.search_community(words text, after_weight numeric, after_id uuid, take integer)
returns table (post_id uuid, weight numeric)
language plpgsql stable security definer rows 20 set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  wanted tsquery := app.community_query(words);
begin
  if wanted is null or numnode(wanted) = 0 then
    return;
  end if;
  return query
  select m.id, m.weight
  from (
    select p.id, round(ts_rank('{0.05, 0.2, 0.5, 1}', p.search, wanted)::numeric, 6) as weight
    from community_posts p
    where p.visibility = 'public' and p.is_standing and p.search @@ wanted
    order by p.id desc
    limit 500
  ) m
  where after_id is null or (m.weight, m.id) < (after_weight, after_id)
  order by m.weight desc, m.id desc
  limit take;
end
$$;
comment on function app.search_community is 'Of the newest 500 public posts that match, the best first. after_*: the last of the page before.';

create materialized view popular_posts as
  select row_number() over (order by p.engagement_score desc, p.id desc)::integer as rank, p.id as post_id, p.author_id, p.engagement_score
  from community_posts p
  where p.visibility = 'public' and p.is_standing and p.created_at > app.now() - interval '7 days'
  order by p.engagement_score desc, p.id desc
  limit 1000;
comment on materialized view popular_posts is 'The 1000 best public posts of the last 7 days. Under no policy, so nobody reads it but app.popular_posts; readers join the live posts.';
create unique index popular_posts_post_id_key on popular_posts (post_id);
create unique index popular_posts_rank_key on popular_posts (rank);
create index popular_posts_score_idx on popular_posts (engagement_score desc);

create function app.refresh_popular_posts() returns table (posts bigint)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  refresh materialized view concurrently popular_posts;
  return query select count(*) from popular_posts;
end
$$;
comment on function app.refresh_popular_posts is 'By schedule. Readers are not held up meanwhile.';
grant execute on function app.refresh_popular_posts() to posthaste_worker;

create function app.popular_posts(after_rank integer, take integer) returns table (rank integer, post_id uuid)
language sql stable security definer rows 20 set search_path = public, pg_temp
as $$
  select v.rank, v.post_id
  from popular_posts v join community_posts p on p.id = v.post_id
  where v.rank > coalesce(after_rank, 0) and p.visibility = 'public' and p.is_standing
  order by v.rank
  limit take
$$;
grant execute on function app.popular_posts(integer, integer), app.search_community(text, numeric, uuid, integer)
  to posthaste_api, posthaste_public;
