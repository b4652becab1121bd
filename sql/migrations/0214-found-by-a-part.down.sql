-- Old code keeps working: yes (people are found by the beginning alone).
-- Finding people as it was.

create or replace function app.find_users(search text, wanted_role text, wanted_status text, sort text, after jsonb, row_limit integer)
returns setof users
language plpgsql stable security definer set search_path = public, pg_temp
as $$
declare
  low text := lower(search);
  high text := lower(search) || chr(1114111);
  exact uuid;
  after_id uuid := coalesce((after ->> 'id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  after_email text := coalesce(after ->> 'email', '');
  after_login timestamptz := coalesce((after ->> 'lastLoginAt')::timestamptz, case when after is null then 'infinity'::timestamptz else '-infinity' end);
begin
  if not app.is_staff('admin') then
    return;
  end if;
  if search is not null then
    if pg_input_is_valid(search, 'uuid') then
      exact := search::uuid;
    end if;
    return query
      select u.* from users u
      where u.id in (
          (select f.id from users f where f.email collate "C" >= low and f.email collate "C" < high
            order by f.email collate "C", f.id limit 1000)
          union
          (select f.id from users f where lower(f.username) collate "C" >= low and lower(f.username) collate "C" < high
            order by lower(f.username) collate "C", f.id limit 1000)
          union
          (select f.id from users f where lower(f.display_name) collate "C" >= low and lower(f.display_name) collate "C" < high
            order by lower(f.display_name) collate "C", f.id limit 1000)
          union
          (select f.id from users f where f.id = exact))
        and app.user_fits(u, wanted_role, wanted_status)
        and case sort when 'email' then u.email collate "C" > after_email
          when 'lastLoginAt' then (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id)
          else u.id < after_id end
      order by case when sort = 'email' then u.email end collate "C",
        case when sort = 'lastLoginAt' then coalesce(u.last_login_at, '-infinity') end desc, u.id desc
      limit row_limit;
  elsif sort = 'email' then
    return query select u.* from users u
      where u.email collate "C" > after_email and app.user_fits(u, wanted_role, wanted_status)
      order by u.email collate "C" limit row_limit;
  elsif sort = 'lastLoginAt' then
    return query select u.* from users u
      where (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id) and app.user_fits(u, wanted_role, wanted_status)
      order by coalesce(u.last_login_at, '-infinity') desc, u.id desc limit row_limit;
  else
    return query select u.* from users u
      where u.id < after_id and app.user_fits(u, wanted_role, wanted_status)
      order by u.id desc limit row_limit;
  end if;
end
$$;
comment on function app.find_users is
  'For administrators; nobody else gets a row. search is the beginning of an address, user name or display name (of each the first 1,000 in alphabetical order), or an id.';

drop index users_display_name_prefix_idx;
create index users_display_name_prefix_idx on users (lower(display_name) collate "C");
drop index users_search_idx;
drop extension pg_trgm;
drop schema trigram;
