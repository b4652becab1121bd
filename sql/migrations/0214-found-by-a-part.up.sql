-- Old code keeps working: yes.
-- Administrators find people by any part of an address or a name; of many who fit nobody is left out.

create schema trigram;
comment on schema trigram is 'The extension pg_trgm. Its operator class is named by the index that needs it, and by nothing else.';
create extension pg_trgm schema trigram;

create index users_search_idx on users using gin (
  (email collate "C") trigram.gin_trgm_ops,
  (lower(username) collate "C") trigram.gin_trgm_ops,
  (lower(normalize(display_name)) collate "C") trigram.gin_trgm_ops);
drop index users_display_name_prefix_idx;
create index users_display_name_prefix_idx on users (lower(normalize(display_name)) collate "C");

create or replace function app.find_users(search text, wanted_role text, wanted_status text, sort text, after jsonb, row_limit integer)
returns setof users
language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_custom_plan set enable_seqscan = off
as $$
declare
  -- Trigrams want three characters: what is shorter is looked for at the beginning, by the other indexes.
  pattern text := case when char_length(search) >= 3 then '%' else '' end
    || regexp_replace(lower(normalize(search)), '([\\%_])', '\\\1', 'g') || '%';
  fitting uuid[];
  after_id uuid := coalesce((after ->> 'id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  after_email text := coalesce(after ->> 'email', '');
  after_login timestamptz := coalesce((after ->> 'lastLoginAt')::timestamptz, case when after is null then 'infinity'::timestamptz else '-infinity' end);
begin
  if not app.is_staff('admin') then
    return;
  end if;
  if search is not null then
    fitting := array(
      select f.id from users f
      where f.email collate "C" like pattern or lower(f.username) collate "C" like pattern
        or lower(normalize(f.display_name)) collate "C" like pattern
      limit 1001);
    if pg_input_is_valid(search, 'uuid') then
      fitting := fitting || search::uuid;
    end if;
  end if;
  -- A few are sorted; of many a page is found soon by walking in its order.
  if cardinality(fitting) <= 1000 then
    return query
      select u.* from users u
      where u.id = any (fitting) and app.user_fits(u, wanted_role, wanted_status)
        and case sort when 'email' then u.email collate "C" > after_email
          when 'lastLoginAt' then (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id)
          else u.id < after_id end
      order by case when sort = 'email' then u.email end collate "C",
        case when sort = 'lastLoginAt' then coalesce(u.last_login_at, '-infinity') end desc, u.id desc
      limit row_limit;
  elsif sort = 'email' then
    return query select u.* from users u
      where u.email collate "C" > after_email and app.user_fits(u, wanted_role, wanted_status)
        and (pattern is null or u.email collate "C" like pattern or lower(u.username) collate "C" like pattern
          or lower(normalize(u.display_name)) collate "C" like pattern)
      order by u.email collate "C" limit row_limit;
  elsif sort = 'lastLoginAt' then
    return query select u.* from users u
      where (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id) and app.user_fits(u, wanted_role, wanted_status)
        and (pattern is null or u.email collate "C" like pattern or lower(u.username) collate "C" like pattern
          or lower(normalize(u.display_name)) collate "C" like pattern)
      order by coalesce(u.last_login_at, '-infinity') desc, u.id desc limit row_limit;
  else
    return query select u.* from users u
      where u.id < after_id and app.user_fits(u, wanted_role, wanted_status)
        and (pattern is null or u.email collate "C" like pattern or lower(u.username) collate "C" like pattern
          or lower(normalize(u.display_name)) collate "C" like pattern)
      order by u.id desc limit row_limit;
  end if;
end
$$;
comment on function app.find_users is
  'For administrators; nobody else gets a row. search is a part of an address, user name or display name (shorter than three characters, its beginning), or an id.';
