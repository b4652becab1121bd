-- Old code keeps working: yes, but old workers claim and publish for paused accounts too.
-- What is connected beyond a quota of accounts is paused: nothing goes out through it until there is room again.

alter table social_accounts add column paused_at timestamptz, add column resumed_at timestamptz;
comment on column social_accounts.paused_at is 'Since when it is beyond its person''s or project''s quota of accounts: what waits for it goes on waiting. Kept by app.pause_accounts alone.';
comment on column social_accounts.resumed_at is 'When its last pause ended: what waited until then is late from then on.';
create index social_accounts_paused_idx on social_accounts (id) where paused_at is not null;

drop trigger social_accounts_audit on social_accounts;
create trigger social_accounts_audit after insert or delete or update on social_accounts for each row
  execute function app.audit('{id}', 'project_id', 'connected_by',
    '{platform,scopes,status,connected_by,connected_at,disconnected_at,paused_at,grant_expires_at}',
    '{platform_account_id,handle,display_name,avatar_url,base_url,status_reason}', '{}');
update export_tables t set columns = t.columns || '{paused_at,resumed_at}' where t.name = 'social_accounts';

create table pause_checks (
  id uuid not null default uuidv7(),
  person uuid,
  project uuid,
  everybody text,
  later boolean not null default false,
  constraint pause_checks_pkey primary key (id),
  constraint pause_checks_everybody_known check (everybody in ('user', 'project'))
);
comment on table pause_checks is 'Whose accounts may have come over their quota, or under it again. Written by triggers, emptied by app.keep_pauses.';
comment on column pause_checks.person is 'Like project without a foreign key: of what is gone nothing is found.';
comment on column pause_checks.everybody is 'The limit of this scope that everybody has was changed.';
comment on column pause_checks.later is 'Not in the transaction that wrote it: the sweep''s.';
alter table pause_checks enable row level security;

-- The first of a person's, and of a project's, accounts run, as many as each may have; one that either has too many of is paused.
-- A paused one counts all the same: so what others have decides nothing here, and no change spreads beyond its person and project.
create function app.pause_accounts(people uuid[], projects uuid[]) returns void
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  with touched as materialized (
    select a.id, a.connected_by, a.project_id, a.status = 'disconnected' as gone, a.paused_at is not null as paused
    from social_accounts a
    where a.id in (
        select p.id from social_accounts p where p.connected_by = any (people)
        union all
        select p.id from social_accounts p where p.project_id = any (projects))
      and (a.status <> 'disconnected' or a.paused_at is not null)
  ), limited_person as materialized (
    select p.id, app.quota_most('user', 'accounts', p.id) as most
    from (select distinct t.connected_by as id from touched t where t.connected_by is not null) p
  ), limited_project as materialized (
    select p.id, app.quota_most('project', 'accounts', p.id) as most from (select distinct t.project_id as id from touched t) p
  ), surplus as materialized (
    select r.id from (select * from limited_person l where l.most is not null) l
    cross join lateral (
      select a.id from social_accounts a where a.connected_by = l.id and a.status <> 'disconnected'
      order by a.created_at, a.id offset l.most) r
    union
    select r.id from (select * from limited_project l where l.most is not null) l
    cross join lateral (
      select a.id from social_accounts a where a.project_id = l.id and a.status <> 'disconnected'
      order by a.created_at, a.id offset l.most) r
  ), wanted as materialized (
    select t.id, t.project_id, w.paused from touched t
    cross join lateral (select not t.gone and exists (select from surplus s where s.id = t.id) as paused) w
    where t.paused <> w.paused
  ), held as materialized (
    select a.id from social_accounts a where a.id in (select w.id from wanted w) for no key update skip locked
  ), missed as (
    insert into pause_checks (project, later)
    select distinct w.project_id, true from wanted w where not exists (select from held h where h.id = w.id)
  )
  update social_accounts a set paused_at = case when w.paused then app.now() end,
    resumed_at = case when w.paused then a.resumed_at else app.now() end
  from wanted w where a.id = w.id and a.id in (select h.id from held h);
end
$$;
comment on function app.pause_accounts is 'Pauses and resumes the accounts of these people and of these projects. Whoever changes an account just then is not waited for: its project is looked at again. Granted to nobody.';

create function app.accounts_are_limited() returns boolean
language sql stable security definer set search_path = public, pg_temp
as $$
  select exists (select from quotas q where q.name = 'accounts' and q.most is not null)
    or exists (select from quota_overrides o where o.name = 'accounts' and o.most is not null)
    or exists (select from social_accounts a where a.paused_at is not null)
$$;
comment on function app.accounts_are_limited is 'False: nobody has too many, and nobody is paused. Granted to nobody.';

-- One after the other, and the last thing that a transaction does: it waits for no row, so nobody who waits for it is waited for.
create function app.keep_pauses(row_limit integer, waiting boolean) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
  taken integer;
  people uuid[];
  projects uuid[];
  scopes text[];
  many constant integer := 100;
begin
  if app.accounts_are_limited() or waiting then
    perform pg_advisory_xact_lock(hashtextextended('app.keep_pauses', 0));
  else
    perform pg_advisory_xact_lock_shared(hashtextextended('app.keep_pauses', 0));
    -- A quota came meanwhile, and may not have seen what happened here. Two who both hold it shared never ask for more.
    if app.accounts_are_limited() then
      update pause_checks c set later = true where not c.later;
      return 0;
    end if;
  end if;
  with gone as (
    delete from pause_checks c where c.id in (
      select o.id from pause_checks o where waiting or not o.later order by o.id limit row_limit)
    returning c.person, c.project, c.everybody
  )
  select count(*), coalesce(array_agg(distinct g.person) filter (where g.person is not null), '{}'),
    coalesce(array_agg(distinct g.project) filter (where g.project is not null), '{}'),
    coalesce(array_agg(distinct g.everybody) filter (where g.everybody is not null), '{}')
  into taken, people, projects, scopes from gone g;
  if not app.accounts_are_limited() then
    return taken;
  end if;
  if 'user' = any (scopes) then
    people := people || array(
      select a.connected_by from social_accounts a where a.connected_by is not null
      group by a.connected_by
      having count(a.paused_at) > 0 or count(*) filter (where a.status <> 'disconnected') >
        (select q.most from quotas q where q.scope = 'user' and q.name = 'accounts'));
  end if;
  if 'project' = any (scopes) then
    projects := projects || array(
      select a.project_id from social_accounts a
      group by a.project_id
      having count(a.paused_at) > 0 or count(*) filter (where a.status <> 'disconnected') >
        (select q.most from quotas q where q.scope = 'project' and q.name = 'accounts'));
  end if;
  if cardinality(scopes) > 0 and cardinality(people) + cardinality(projects) > many then
    insert into pause_checks (person, project, later)
    select p.id, null, true from unnest(people) p (id) union all select null, p.id, true from unnest(projects) p (id);
  else
    perform app.pause_accounts(people, projects);
  end if;
  return taken;
end
$$;
comment on function app.keep_pauses(integer, boolean) is 'Looks after what the checks name, and returns how many. waiting: also after what others left for later. Granted to nobody.';

create function app.keep_pauses(row_limit integer) returns integer
language sql security definer set search_path = public, pg_temp
as $$
  select app.keep_pauses(row_limit, true)
$$;
comment on function app.keep_pauses(integer) is 'What was left for later: how many checks were done.';
grant execute on function app.keep_pauses(integer) to posthaste_worker;

create function app.keep_own_pauses() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  -- The first one of a transaction has done it for all.
  if exists (select from pause_checks c where c.id = new.id) then
    perform app.keep_pauses(1000, false);
  end if;
  return null;
end
$$;
-- When it commits: an erasure of minutes, or a purge, makes nobody wait.
create constraint trigger pause_checks_kept after insert on pause_checks deferrable initially deferred
  for each row when (not new.later) execute function app.keep_own_pauses();

create function app.check_pauses() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into pause_checks (person, project) select distinct c.connected_by, c.project_id from changed c;
  return null;
end
$$;
create trigger social_accounts_pauses after insert on social_accounts referencing new table as changed
  for each statement execute function app.check_pauses();
create trigger social_accounts_pauses_gone after delete on social_accounts referencing old table as changed
  for each statement execute function app.check_pauses();

create function app.check_moved_pauses() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  insert into pause_checks (person, project)
  values (old.connected_by, old.project_id) union values (new.connected_by, new.project_id);
  return null;
end
$$;
-- By row and column: what workers write of an account has no part in it, and pays nothing.
create trigger social_accounts_pauses_moved after update of project_id, connected_by, created_at, status on social_accounts
  for each row when (
    old.project_id <> new.project_id or old.connected_by is distinct from new.connected_by or old.created_at <> new.created_at
    or (old.status = 'disconnected') <> (new.status = 'disconnected'))
  execute function app.check_moved_pauses();

create function app.check_limited_pauses() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
  if tg_table_name = 'quotas' then
    insert into pause_checks (everybody) values (new.scope);
  elsif coalesce(new.name, old.name) = 'accounts' then
    insert into pause_checks (person, project)
    values (coalesce(new.user_id, old.user_id), coalesce(new.project_id, old.project_id));
  end if;
  return null;
end
$$;
create trigger quota_overrides_pauses after insert or delete or update on quota_overrides
  for each row execute function app.check_limited_pauses();
create trigger quotas_pauses after update of most on quotas
  for each row when (new.name = 'accounts' and old.most is distinct from new.most) execute function app.check_limited_pauses();

create function app.late_from(due timestamptz, account uuid) returns timestamptz
language sql stable
as $$
  select greatest(due, (select a.resumed_at from social_accounts a where a.id = account))
$$;
comment on function app.late_from is 'From when on what is due then is late: while its account was paused it was not.';
grant execute on function app.late_from(timestamptz, uuid) to posthaste_worker;

-- Who has too many already.
insert into pause_checks (everybody, later) select distinct q.scope, true from quotas q where q.name = 'accounts' and q.most is not null;
insert into pause_checks (person, project, later)
select o.user_id, o.project_id, true from quota_overrides o where o.name = 'accounts' and o.most is not null;
