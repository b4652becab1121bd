-- Old code keeps working: yes.
-- Administrators switch platforms on and off, and what they do with the platforms' apps is in the log.

create function app.switch_platform(platform text, enabled boolean) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update platforms p set enabled = switch_platform.enabled where p.name = platform and app.is_staff('admin');
  return query select case when found then 'ok' else 'not_found' end;
end
$$;
comment on function app.switch_platform is 'Off: nothing new is connected. What is connected already goes on publishing.';

create function app.note_platform_app(platform text, action text) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if not app.is_staff('admin') then
    return query select 'not_found';
    return;
  end if;
  perform app.audit_access('platform_app', null, jsonb_strip_nulls(jsonb_build_object('action', action, 'platform', platform)));
  return query select 'ok';
end
$$;
comment on function app.note_platform_app is
  'Asked before the secret is touched: says who may, and notes it. Where the secret could not be changed, the log tells of the try.';
grant execute on function app.switch_platform(text, boolean), app.note_platform_app(text, text) to posthaste_api;
