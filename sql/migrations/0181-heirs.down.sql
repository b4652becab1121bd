drop trigger users_heirs_named on users;
drop function app.name_heirs();

create or replace function app.request_deletion(delete_projects uuid[], cancel_pending boolean)
returns table (outcome text, requested_at timestamptz, due_at timestamptz, mail_id uuid, recipient text, name text, blockers jsonb)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  me users;
  ending uuid[];
  found jsonb;
  made account_deletions;
  mail uuid;
begin
  select * into me from users u where u.id = app.user_id() for update;
  select coalesce(array_agg(e.project_id), '{}') into ending from app.ending_projects(me.id, delete_projects) e;
  select coalesce(jsonb_agg(b.blocker), '[]') into found from (
    (select jsonb_build_object('kind', 'project', 'id', p.id, 'name', p.name) as blocker
     from project_collaborators c join projects p on p.id = c.project_id and p.deleted_at is null
     where c.user_id = me.id and c.role = 'owner' and p.id <> all (ending)
       and not exists (
         select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
         where o.project_id = p.id and o.user_id <> me.id and o.role = 'owner')
     order by p.id limit 100)
    union all
    (select jsonb_build_object('kind', 'post', 'id', w.post_id, 'name', null) from (
       select distinct pp.post_id from post_publications pp
       where cancel_pending is null and pp.project_id = any (ending) and pp.state in ('pending_approval', 'scheduled', 'queued')
       order by pp.post_id limit 100) w)) b;
  if found <> '[]' then
    return query select 'deletion_blocked', null::timestamptz, null::timestamptz, null::uuid, null::text, null::text, found;
    return;
  end if;
  if cancel_pending then
    update post_publications pp set state = 'cancelled'
    where pp.project_id = any (ending) and pp.state in ('pending_approval', 'scheduled', 'queued');
  end if;
  update users u set deletion_requested_at = app.now() where u.id = me.id and u.deletion_requested_at is null;
  insert into account_deletions as d (user_id, delete_projects) values (me.id, request_deletion.delete_projects)
  on conflict on constraint account_deletions_pkey do update set delete_projects = excluded.delete_projects
  returning d.* into made;
  if me.deletion_requested_at is null then
    insert into outbox_events as o (kind, user_id, payload, lease_until)
    values ('mail', me.id, jsonb_build_object('template', 'deletion-requested', 'to', me.email, 'name', me.display_name, 'dueAt', made.due_at),
      app.now() + interval '60 seconds')
    returning o.id into mail;
  end if;
  return query select 'ok', made.requested_at, made.due_at, mail, me.email, me.display_name, '[]'::jsonb;
end
$$;

create or replace function app.ending_projects(person uuid, chosen uuid[]) returns table (project_id uuid, alone boolean)
language sql stable security definer set search_path = public, pg_temp
as $$
  select p.id, others.members = 0
  from project_collaborators c
  join projects p on p.id = c.project_id and p.deleted_at is null
  cross join lateral (
    select count(*) as members, count(*) filter (where o.role = 'owner') as owners
    from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
    where o.project_id = p.id and o.user_id <> person) others
  where c.user_id = person and (others.members = 0 or (c.role = 'owner' and others.owners = 0 and p.id = any (chosen)))
$$;
