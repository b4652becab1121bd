-- Old code keeps working: yes.
-- Niches: a starter list, and their scores from the hashtags in use.

insert into niches (slug, name, source, tags) values
  ('art', 'Art and illustration', 'starter', '{art,artist,drawing,illustration,painting,sketch}'),
  ('beauty', 'Beauty', 'starter', '{beauty,cosmetics,makeup,skincare}'),
  ('books', 'Books and writing', 'starter', '{amwriting,author,books,bookstodon,reading,writing}'),
  ('business', 'Business', 'starter', '{business,entrepreneur,leadership,smallbusiness,startup}'),
  ('cars', 'Cars and motoring', 'starter', '{automotive,cars,ev,motoring}'),
  ('climate', 'Climate and environment', 'starter', '{climate,climatechange,environment,sustainability}'),
  ('coding', 'Software', 'starter', '{coding,javascript,opensource,programming,python,rust,software,typescript}'),
  ('cooking', 'Food and cooking', 'starter', '{baking,cooking,food,recipe,recipes,vegan}'),
  ('crafts', 'Crafts', 'starter', '{crafts,crochet,diy,handmade,knitting,woodworking}'),
  ('cycling', 'Cycling', 'starter', '{bicycle,bike,cycling,mtb}'),
  ('design', 'Design', 'starter', '{design,graphicdesign,typography,ui,ux,webdesign}'),
  ('education', 'Education', 'starter', '{education,learning,school,teaching}'),
  ('fashion', 'Fashion', 'starter', '{fashion,ootd,style,vintage}'),
  ('film', 'Film and series', 'starter', '{cinema,film,movies,series,tv}'),
  ('finance', 'Money', 'starter', '{economy,finance,investing,money}'),
  ('fitness', 'Fitness', 'starter', '{fitness,gym,running,workout,yoga}'),
  ('games', 'Games', 'starter', '{boardgames,gamedev,games,gaming,indiegame}'),
  ('gardening', 'Gardening', 'starter', '{garden,gardening,houseplants,plants}'),
  ('health', 'Health', 'starter', '{health,mentalhealth,nutrition,wellness}'),
  ('history', 'History', 'starter', '{archaeology,history,museum}'),
  ('marketing', 'Marketing', 'starter', '{branding,contentmarketing,marketing,seo,socialmedia}'),
  ('music', 'Music', 'starter', '{guitar,music,musician,nowplaying,songwriting,vinyl}'),
  ('news', 'News and politics', 'starter', '{democracy,journalism,news,politics}'),
  ('outdoors', 'Outdoors', 'starter', '{camping,climbing,hiking,nature,outdoors}'),
  ('parenting', 'Parenting', 'starter', '{family,kids,motherhood,parenting}'),
  ('pets', 'Pets', 'starter', '{cats,catsofmastodon,dogs,dogsofmastodon,pets}'),
  ('photography', 'Photography', 'starter', '{landscapephotography,photo,photography,streetphotography}'),
  ('science', 'Science', 'starter', '{astronomy,biology,physics,science,space}'),
  ('sports', 'Sports', 'starter', '{basketball,football,soccer,sports,tennis}'),
  ('technology', 'Technology', 'starter', '{ai,gadgets,privacy,security,tech,technology}'),
  ('travel', 'Travel', 'starter', '{travel,traveling,trip,vacation,wanderlust}');

-- Recent uses of a tag: links are by ids that grow with time. At most 5000 of each kind count, so that no tag makes this slow.
create function app.recent_uses(tag text) returns table (uses bigint, projects bigint)
language sql stable set search_path = public, pg_temp
as $$
  select count(*), count(distinct u.project_id)
  from (
    (select l.project_id from content_hashtags l where l.tag = recent_uses.tag and l.content_id >= uuidv7(interval '-90 days') limit 5000)
    union all
    (select l.project_id from post_hashtags l where l.tag = recent_uses.tag and l.post_id >= uuidv7(interval '-90 days') limit 5000)
  ) u
$$;

create function app.refresh_niches() returns table (refreshed integer, derived integer, dropped integer)
language plpgsql set search_path = public, pg_temp
as $$
begin
  -- Tags that no starter has and that are nobody's secret: of three projects at least.
  with candidate as (
    select h.tag from hashtags h where h.usage_count > 0
      and not exists (select from niches n where n.source = 'starter' and h.tag = any (n.tags))
    order by h.usage_count desc, h.tag limit 300
  ), chosen as (
    select c.tag, r.uses from candidate c, app.recent_uses(c.tag) r
    where r.projects >= 3 order by r.uses desc, c.tag limit 50
  ), gone as (
    delete from niches n where n.source = 'derived' and n.slug not in (select c.tag from chosen c) returning 1
  ), made as (
    insert into niches (slug, name, source, tags) select c.tag, c.tag, 'derived', array[c.tag] from chosen c
    on conflict on constraint niches_slug_key do nothing
    returning 1
  )
  select (select count(*) from made), (select count(*) from gone) into derived, dropped;
  with used as (
    select n.id, coalesce(sum(r.uses), 0) as uses
    from niches n left join lateral unnest(n.tags) as t (tag) on true left join lateral app.recent_uses(t.tag) r on true
    group by n.id
  )
  update niches n set uses = u.uses, refreshed_at = app.now(),
    score = coalesce(round(100.0 * u.uses / nullif((select max(m.uses) from used m), 0), 2), 0)
  from used u where u.id = n.id;
  get diagnostics refreshed = row_count;
  return next;
end
$$;
comment on function app.refresh_niches is
  'Scores every niche by what its hashtags were used in the last 90 days, and lets tags that three projects use become niches of their own. The same data give the same scores.';
grant execute on function app.recent_uses(text), app.refresh_niches() to posthaste_worker;
