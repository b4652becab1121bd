-- Old code keeps working: yes.
-- A person asks to be deleted: what stands in the way, what becomes of projects and of what waits, and the end of the grace time.

create function app.deletion_grace() returns interval
language sql immutable
as $$
  select interval '14 days'
$$;
comment on function app.deletion_grace is 'How long one may think better of it. The one place that says so.';
grant execute on function app.deletion_grace() to posthaste_api;

create table account_deletions (
  user_id uuid not null,
  requested_at timestamptz not null default app.now(),
  due_at timestamptz not null default app.now() + app.deletion_grace(),
  delete_projects uuid[] not null default '{}',
  lease_until timestamptz,
  constraint account_deletions_pkey primary key (user_id),
  constraint account_deletions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint account_deletions_due_later check (due_at >= requested_at)
);
comment on table account_deletions is 'Accounts that will be erased at due_at, unless their person takes it back before.';
comment on column account_deletions.delete_projects is
  'Projects with other members that go too, because the person chose so; where somebody else is an owner by then they stay.';
create index account_deletions_due_at_idx on account_deletions (due_at);
alter table account_deletions enable row level security;
create policy account_deletions_own on account_deletions for select to posthaste_api using (user_id = (select app.user_id()));
create policy account_deletions_worker on account_deletions for all to posthaste_worker using (true) with check (true);
grant select on account_deletions to posthaste_api;
grant select, update (lease_until) on account_deletions to posthaste_worker;
create trigger account_deletions_audit after insert or update or delete on account_deletions for each row
  execute function app.audit('{user_id}', '', 'user_id', '{requested_at,due_at,delete_projects}', '{}', '{}');

-- Projects that end with a person: of their own alone, or chosen. The others get an owner, who is named before.
create function app.ending_projects(person uuid, chosen uuid[]) returns table (project_id uuid, alone boolean)
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
comment on function app.ending_projects is 'Granted to nobody.';

create function app.request_deletion(delete_projects uuid[], cancel_pending boolean)
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
  if me.deletion_requested_at is not null then
    return query select 'wrong_state', null::timestamptz, null::timestamptz, null::uuid, null::text, null::text, '[]'::jsonb;
    return;
  end if;
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
  update users u set deletion_requested_at = app.now() where u.id = me.id;
  insert into account_deletions as d (user_id, delete_projects) values (me.id, request_deletion.delete_projects) returning d.* into made;
  insert into outbox_events as o (kind, user_id, payload, lease_until)
  values ('mail', me.id, jsonb_build_object('template', 'deletion-requested', 'to', me.email, 'name', me.display_name, 'dueAt', made.due_at),
    app.now() + interval '60 seconds')
  returning o.id into mail;
  return query select 'ok', made.requested_at, made.due_at, mail, me.email, me.display_name, '[]'::jsonb;
end
$$;
comment on function app.request_deletion is
  'cancel_pending: true calls off what waits in projects that end, false lets it go out until the end, null asks. Posts in projects that stay are theirs.';
grant execute on function app.request_deletion(uuid[], boolean) to posthaste_api;

create function app.cancel_deletion() returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  update users u set deletion_requested_at = null
  where u.id = app.user_id() and u.deletion_requested_at is not null and u.deleted_at is null;
  if not found then
    return query select 'wrong_state';
    return;
  end if;
  delete from account_deletions d where d.user_id = app.user_id();
  return query select 'ok';
end
$$;
grant execute on function app.cancel_deletion() to posthaste_api;

-- Who is due, each for ten minutes one worker's. A request from before this table has its grace time too.
create function app.claim_erasures(row_limit integer) returns table (user_id uuid, email text, name text)
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into account_deletions as d (user_id, requested_at, due_at)
  select u.id, u.deletion_requested_at, u.deletion_requested_at + app.deletion_grace()
  from users u where u.deletion_requested_at is not null and not exists (select from account_deletions k where k.user_id = u.id)
  limit row_limit
  on conflict do nothing;
  return query
    update account_deletions d set lease_until = app.now() + interval '10 minutes'
    from users u
    where u.id = d.user_id and d.user_id in (
      select q.user_id from account_deletions q
      where q.due_at <= app.now() and (q.lease_until is null or q.lease_until < app.now())
      order by q.due_at limit row_limit for update skip locked)
    returning d.user_id, u.email, u.display_name;
end
$$;
grant execute on function app.claim_erasures(integer) to posthaste_worker;

-- A step of the end: chosen projects lose their other members, so that they go like those of the person alone.
create function app.finish_deletion(person uuid) returns table (outcome text)
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  due account_deletions;
begin
  select * into due from account_deletions d where d.user_id = person for update;
  if due.user_id is null or due.due_at > app.now() then
    return query select case when due.user_id is null then 'not_found' else 'wrong_state' end;
    return;
  end if;
  delete from project_collaborators c
  where c.user_id <> person and c.project_id in (select e.project_id from app.ending_projects(person, due.delete_projects) e where not e.alone);
  return query select e.outcome from app.erase_user(person) e;
end
$$;
comment on function app.finish_deletion is 'Called until it says ok, as app.erase_user, which alone knows what is to be erased.';
grant execute on function app.finish_deletion(uuid) to posthaste_worker;
