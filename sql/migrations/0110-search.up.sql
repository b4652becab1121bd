-- Old code keeps working: yes (writes posts once anew, for a generated column; on large tables in a quiet hour).
-- Full-text search over a tenant's content and posts, in the words of each text's language.

create function app.search_config(language text) returns regconfig
language sql immutable parallel safe
as $$
  select case split_part(language, '-', 1)
    when 'ar' then 'pg_catalog.arabic'::regconfig when 'ca' then 'pg_catalog.catalan'::regconfig
    when 'da' then 'pg_catalog.danish'::regconfig when 'de' then 'pg_catalog.german'::regconfig
    when 'el' then 'pg_catalog.greek'::regconfig when 'en' then 'pg_catalog.english'::regconfig
    when 'es' then 'pg_catalog.spanish'::regconfig when 'eu' then 'pg_catalog.basque'::regconfig
    when 'fi' then 'pg_catalog.finnish'::regconfig when 'fr' then 'pg_catalog.french'::regconfig
    when 'ga' then 'pg_catalog.irish'::regconfig when 'hi' then 'pg_catalog.hindi'::regconfig
    when 'hu' then 'pg_catalog.hungarian'::regconfig when 'hy' then 'pg_catalog.armenian'::regconfig
    when 'id' then 'pg_catalog.indonesian'::regconfig when 'it' then 'pg_catalog.italian'::regconfig
    when 'lt' then 'pg_catalog.lithuanian'::regconfig when 'nb' then 'pg_catalog.norwegian'::regconfig
    when 'ne' then 'pg_catalog.nepali'::regconfig when 'nl' then 'pg_catalog.dutch'::regconfig
    when 'nn' then 'pg_catalog.norwegian'::regconfig when 'no' then 'pg_catalog.norwegian'::regconfig
    when 'pt' then 'pg_catalog.portuguese'::regconfig when 'ro' then 'pg_catalog.romanian'::regconfig
    when 'ru' then 'pg_catalog.russian'::regconfig when 'sr' then 'pg_catalog.serbian'::regconfig
    when 'sv' then 'pg_catalog.swedish'::regconfig when 'ta' then 'pg_catalog.tamil'::regconfig
    when 'tr' then 'pg_catalog.turkish'::regconfig when 'yi' then 'pg_catalog.yiddish'::regconfig
    else 'pg_catalog.simple'::regconfig
  end
$$;
comment on function app.search_config is 'How words of a language (BCP 47) become search terms; as they are where it is unknown.';

create function app.search_document(project_id uuid, language text, title text, tags text[], body text) returns tsvector
language sql immutable parallel safe
as $$
  select array_to_tsvector(array[' ' || coalesce(project_id::text, '')])
    || setweight(to_tsvector(app.search_config(language), coalesce(title, '')), 'A')
    || setweight(to_tsvector(app.search_config(language), coalesce(array_to_string(tags, ' '), '')), 'B')
    || setweight(to_tsvector(app.search_config(language), left(coalesce(body, ''), 100000)), 'C')
    || case when app.search_config(language) = 'pg_catalog.simple'::regconfig then ''
      else setweight(to_tsvector('pg_catalog.simple', coalesce(title, '')), 'A')
        || setweight(to_tsvector('pg_catalog.simple', coalesce(array_to_string(tags, ' '), '')), 'B') end
$$;
comment on function app.search_document is
  'Title A, hashtags and labels B, text C (its first 100,000 characters: a tsvector ends at one megabyte), in the word forms of the language; titles and tags as they are written too, for beginnings. One more term names the project: no word begins with a space, so nobody can ask for it, and the index finds a tenant''s rows by it.';

-- Generated columns are computed with the rights of whoever writes.
grant execute on function app.search_config(text), app.search_document(uuid, text, text, text[], text), app.hashtags_in(text),
  app.without_addresses(text) to posthaste_api, posthaste_worker;

alter table content add column search tsvector not null generated always as (app.search_document(project_id, language, title,
  app.hashtags_in(coalesce(title, '') || ' ' || coalesce(description, '') || ' ' || body || ' ' || coalesce(script, '')) || tags,
  coalesce(description, '') || ' ' || body || ' ' || coalesce(script, ''))) stored;
comment on column content.search is 'app.search_document; asked by app.search_content alone, for @@ uses no index under row-level security.';
create index content_search_idx on content using gin (search);

alter table posts
  add column search tsvector not null generated always as (app.search_document(project_id, language, title,
    app.hashtags_in(text) || tags, text)) stored;
comment on column posts.search is 'app.search_document; asked by app.search_posts alone, for @@ uses no index under row-level security.';

-- What people type, as a query in one language: words, "phrases", or, -without; word* finds what begins so.
create function app.search_query(config regconfig, words text) returns tsquery
language sql immutable parallel safe
as $$
  with word as (
    select w.word, w.word ~ '^-?[^"]+\*$' as begins from regexp_split_to_table(left(words, 1000), '\s+') as w (word)
  ), beginning as (
    select w.word, (
      select string_agg('''' || replace(replace(l.lexeme, '\', '\\'), '''', '''''') || '''' || ':*', ' & ')
      from unnest(to_tsvector('pg_catalog.simple', ltrim(rtrim(w.word, '*'), '-'))) l
    ) as prefix
    from word w where w.begins
  )
  select websearch_to_tsquery(config, coalesce((select string_agg(w.word, ' ') from word w where not w.begins), ''))
    && coalesce((
      select string_agg(
        case when b.word like '-%' then '!(' || b.prefix || ')'
          else '(' || (b.prefix::tsquery || plainto_tsquery(config, rtrim(b.word, '*')))::text || ')' end, ' & ')
      from beginning b where b.prefix is not null), '')::tsquery
$$;
comment on function app.search_query is 'Never an error, whatever the words; an empty query finds nothing. The first thousand characters count.';

create function app.search_queries(words text) returns table (config regconfig, query tsquery, wanted tsquery)
language sql immutable parallel safe
as $$
  select q.config, q.query, case when querytree(q.query) in ('', 'T') then q.query else querytree(q.query)::tsquery end
  from (
    select c.config, app.search_query(c.config, words) as query
    from (
      select distinct app.search_config(l.language)
      from unnest('{ar,ca,da,de,el,en,es,eu,fi,fr,ga,hi,hu,hy,id,it,lt,nb,ne,nl,pt,ro,ru,sr,sv,ta,tr,yi,und}'::text[]) as l (language)
    ) c (config)
  ) q
$$;
comment on function app.search_queries is
  'The same words in every language: each text is asked in its own. Wanted = without what must not be there, which says nothing about how well a text fits.';

-- Project by project, so that each is planned for these very words. Where many of the newest rows have them, the newest are
-- walked, at most 20,000; else the index of words finds the few. Measured with 100,000 rows of 1.1 million in the project: by
-- the index alone, words that every row has took half a second.
create function app.search_content(words text, project uuid) returns table (id uuid, rank real)
language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_custom_plan set client_min_messages = warning
as $$
declare
  configs regconfig[];
  queries tsquery[];
  wanted tsquery[];
  anyhow tsquery;
  one uuid;
  seen integer;
  hits integer;
begin
  select array_agg(q.config), array_agg(q.query), array_agg(q.wanted), string_agg(distinct nullif(q.query::text, ''), ' | ')::tsquery
  into configs, queries, wanted, anyhow
  from app.search_queries(words) q;
  if coalesce(numnode(anyhow), 0) = 0 then
    return;
  end if;
  foreach one in array app.projects_of('read') loop
    continue when one <> project;
    select count(*), count(*) filter (where n.search @@ queries[array_position(configs, app.search_config(n.language))]) into seen, hits
    from (
      select r.search, r.language from content r where r.project_id = one and r.deleted_at is null order by r.created_at desc, r.id desc limit 300
    ) n;
    if seen < 300 or hits >= 30 or querytree(anyhow) = 'T' then
      return query
        select n.id, ts_rank(n.search, wanted[array_position(configs, app.search_config(n.language))])
        from (
          select r.id, r.search, r.language from content r where r.project_id = one and r.deleted_at is null order by r.created_at desc, r.id desc limit 20000
        ) n
        where n.search @@ queries[array_position(configs, app.search_config(n.language))]
        limit 1000;
    else
      return query
        with found as materialized (
          select r.id, r.search, r.language, r.created_at from content r
          where r.project_id = one and r.deleted_at is null
            and r.search @@ ((''' ' || one || '''')::tsquery && anyhow)
            and r.search @@ queries[array_position(configs, app.search_config(r.language))]
        )
        select r.id, ts_rank(r.search, wanted[array_position(configs, app.search_config(r.language))]) from found r order by r.created_at desc, r.id desc limit 1000;
    end if;
  end loop;
end
$$;
comment on function app.search_content is
  'Content of the actor''s projects (or of one) that has the words, with how well it fits: of each project the newest 1000 that do. Applies visibility itself.';

create function app.search_posts(words text, project uuid) returns table (id uuid, rank real)
language plpgsql stable security definer set search_path = public, pg_temp
  set plan_cache_mode = force_custom_plan set client_min_messages = warning
as $$
declare
  configs regconfig[];
  queries tsquery[];
  wanted tsquery[];
  anyhow tsquery;
  one uuid;
  seen integer;
  hits integer;
begin
  select array_agg(q.config), array_agg(q.query), array_agg(q.wanted), string_agg(distinct nullif(q.query::text, ''), ' | ')::tsquery
  into configs, queries, wanted, anyhow
  from app.search_queries(words) q;
  if coalesce(numnode(anyhow), 0) = 0 then
    return;
  end if;
  foreach one in array app.projects_of('read') loop
    continue when one <> project;
    select count(*), count(*) filter (where n.search @@ queries[array_position(configs, app.search_config(n.language))]) into seen, hits
    from (
      select r.search, r.language from posts r where r.project_id = one and r.deleted_at is null order by r.id desc limit 300
    ) n;
    if seen < 300 or hits >= 30 or querytree(anyhow) = 'T' then
      return query
        select n.id, ts_rank(n.search, wanted[array_position(configs, app.search_config(n.language))])
        from (
          select r.id, r.search, r.language from posts r where r.project_id = one and r.deleted_at is null order by r.id desc limit 20000
        ) n
        where n.search @@ queries[array_position(configs, app.search_config(n.language))]
        limit 1000;
    else
      return query
        with found as materialized (
          select r.id, r.search, r.language from posts r
          where r.project_id = one and r.deleted_at is null
            and r.search @@ ((''' ' || one || '''')::tsquery && anyhow)
            and r.search @@ queries[array_position(configs, app.search_config(r.language))]
        )
        select r.id, ts_rank(r.search, wanted[array_position(configs, app.search_config(r.language))]) from found r order by r.id desc limit 1000;
    end if;
  end loop;
end
$$;
comment on function app.search_posts is 'The same for posts.';
grant execute on function app.search_content(text, uuid), app.search_posts(text, uuid) to posthaste_api;
