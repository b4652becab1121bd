-- Old code keeps working: yes.
-- The picture beside a comment and beside a member.

create function app.faces(ids uuid[]) returns table (user_id uuid, avatar_url text, avatar_key text)
language sql stable security definer rows 50 set search_path = public, pg_temp
as $$
  select u.id, u.avatar_url,
    coalesce('media/avatars/' || app.avatar_of(u.id) || '/256.webp',
      (select r.object_key from media_renditions r where r.media_id = u.avatar_media_id and r.name = 'thumb'))
  from users u where u.id = any (ids) and u.status = 'active' and u.deleted_at is null
$$;
comment on function app.faces is 'What app.profiles shows of a face, without the counts: of people who are not deactivated. A picture that was uploaded here has a key.';
grant execute on function app.faces(uuid[]) to posthaste_api, posthaste_public;
