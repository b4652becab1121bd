-- Old code keeps working: yes.
-- A template that comes from elsewhere keeps the number of its version.

create or replace function app.guard_template_version() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  newest integer;
begin
  -- One at a time: two new versions at once must not both be current.
  perform from content_templates t where t.id = new.template_id for no key update;
  if tg_op = 'INSERT' then
    select coalesce(max(v.number), 0) into newest from content_template_versions v where v.template_id = new.template_id;
    new.number := coalesce(new.number, newest + 1);
    -- The first that is known here need not be the first there was: a template may come from elsewhere.
    if newest > 0 and new.number <> newest + 1 then
      raise exception 'the next version of the template is %', newest + 1 using errcode = 'PH011';
    end if;
  elsif (new.id, new.project_id, new.template_id, new.number, new.body, new.variables, new.created_at)
    is distinct from (old.id, old.project_id, old.template_id, old.number, old.body, old.variables, old.created_at) then
    raise exception 'a template version is never changed' using errcode = 'PH011';
  elsif old.is_current and not new.is_current and pg_trigger_depth() = 1 then
    raise exception 'another version has to become the current one' using errcode = 'PH011';
  end if;
  if new.is_current and (tg_op = 'INSERT' or not old.is_current) then
    update content_template_versions v set is_current = false
    where v.template_id = new.template_id and v.is_current and v.id <> new.id;
  end if;
  return new;
end
$$;
