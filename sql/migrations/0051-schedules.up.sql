-- Old code keeps working: yes.
-- Variations of a post, schedules that repeat one, the slots of an account's week, and what comes of both.

create table post_variations (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  created_by uuid,
  variation_type text not null,
  label text,
  text text,
  hashtags text[],
  due_at timestamptz,
  variant_post_id uuid,
  performance_metrics jsonb not null default '{}',
  is_winner boolean not null default false,
  decided_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint post_variations_pkey primary key (id),
  constraint post_variations_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint post_variations_variant_fkey foreign key (project_id, variant_post_id)
    references posts (project_id, id) on delete set null (variant_post_id),
  constraint post_variations_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint post_variations_type_known check (variation_type in ('content', 'timing', 'hashtags')),
  constraint post_variations_varies check (num_nonnulls(text, hashtags, due_at) > 0),
  constraint post_variations_text_length check (length(text) <= 100000),
  constraint post_variations_label_length check (length(label) between 1 and 100),
  constraint post_variations_another_post check (variant_post_id <> post_id),
  constraint post_variations_metrics_object check (jsonb_typeof(performance_metrics) = 'object'),
  constraint post_variations_winner_decided check (not is_winner or decided_at is not null)
);
comment on table post_variations is 'A/B tests: other words, another time or other hashtags for the same post, and which of them won.';
comment on column post_variations.post_id is 'The original.';
comment on column post_variations.variant_post_id is 'The post that was made of it; its numbers are what is compared.';
comment on column post_variations.performance_metrics is 'Its numbers when they were last compared.';
comment on column post_variations.decided_at is 'When it was found to be better, or not to be.';
create unique index post_variations_winner_key on post_variations (post_id) where is_winner and deleted_at is null;
create index post_variations_post_idx on post_variations (project_id, post_id);
create index post_variations_variant_idx on post_variations (project_id, variant_post_id);
create index post_variations_created_by_idx on post_variations (created_by);
create trigger post_variations_touch before update on post_variations for each row
  when (old.performance_metrics is not distinct from new.performance_metrics) execute function app.touch();
alter table post_variations enable row level security;
create policy post_variations_read on post_variations for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy post_variations_insert on post_variations for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy post_variations_update on post_variations for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy post_variations_worker on post_variations for all to posthaste_worker using (true) with check (true);
grant select, insert (id, project_id, post_id, created_by, variation_type, label, text, hashtags, due_at, variant_post_id),
  update (label, text, hashtags, due_at, variant_post_id, is_winner, decided_at, deleted_at) on post_variations to posthaste_api;
grant select, update (performance_metrics, is_winner, decided_at) on post_variations to posthaste_worker;

create table publishing_schedules (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  name text not null,
  post_id uuid,
  wall_time text,
  time_zone text not null default 'UTC',
  rrule text,
  recurrence text generated always as (coalesce(lower(substring(rrule from 'FREQ=([A-Z]+)')), 'none')) stored,
  exceptions text[] not null default '{}',
  series_ends_at timestamptz,
  schedule_rule jsonb,
  is_active boolean not null default true,
  next_at timestamptz,
  retry_count integer not null default 0,
  last_attempt_at timestamptz,
  error_message text,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint publishing_schedules_pkey primary key (id),
  constraint publishing_schedules_project_id_id_key unique (project_id, id),
  constraint publishing_schedules_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint publishing_schedules_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete set null (post_id),
  constraint publishing_schedules_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint publishing_schedules_name_length check (length(name) between 1 and 255),
  constraint publishing_schedules_has_rule check (wall_time is not null or schedule_rule is not null),
  constraint publishing_schedules_wall_time_form check (wall_time ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$'),
  constraint publishing_schedules_rrule_form check (rrule ~ '^[A-Z]+=[A-Z0-9,+-]+(;[A-Z]+=[A-Z0-9,+-]+)*$'
    and rrule ~ '(^|;)FREQ=(HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)(;|$)'),
  constraint publishing_schedules_rrule_starts check (rrule is null or wall_time is not null),
  constraint publishing_schedules_exceptions_form
    check (array_to_string(exceptions, ',') ~ '^(\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?(,|$))*$'),
  constraint publishing_schedules_rule_object check (jsonb_typeof(schedule_rule) = 'object'),
  constraint publishing_schedules_retry_count_natural check (retry_count >= 0)
);
comment on table publishing_schedules is 'A post that is published again and again, or once. Each time is a schedule_occurrences row.';
comment on column publishing_schedules.post_id is 'What is repeated: its text, media and publications are copied each time.';
comment on column publishing_schedules.wall_time is 'The first time, on the clock of time_zone.';
comment on column publishing_schedules.rrule is 'RFC 5545, without the prefix. Null: once.';
comment on column publishing_schedules.recurrence is 'none, hourly, daily, weekly, monthly or yearly, as rrule says.';
comment on column publishing_schedules.exceptions is 'Wall times, or whole days, that are left out.';
comment on column publishing_schedules.schedule_rule is 'Cron-like rules that came with an import. Where there is no wall_time they are all that is known.';
comment on column publishing_schedules.next_at is 'From when on the schedule''s next occurrence is to be planned. Null: nothing is left.';
comment on column publishing_schedules.retry_count is 'Failures in a row.';
create unique index publishing_schedules_name_key on publishing_schedules (project_id, lower(name)) where deleted_at is null;
create index publishing_schedules_post_idx on publishing_schedules (project_id, post_id);
create index publishing_schedules_created_by_idx on publishing_schedules (created_by);
create index publishing_schedules_next_idx on publishing_schedules (next_at) where is_active and deleted_at is null;
create trigger publishing_schedules_touch before update on publishing_schedules for each row
  when ((old.next_at, old.retry_count, old.last_attempt_at) is not distinct from (new.next_at, new.retry_count, new.last_attempt_at))
  execute function app.touch();
alter table publishing_schedules enable row level security;
create policy publishing_schedules_read on publishing_schedules for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy publishing_schedules_insert on publishing_schedules for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy publishing_schedules_update on publishing_schedules for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy publishing_schedules_worker on publishing_schedules for all to posthaste_worker using (true) with check (true);
grant select, insert (id, project_id, created_by, name, post_id, wall_time, time_zone, rrule, exceptions, series_ends_at, is_active, next_at),
  update (name, post_id, wall_time, time_zone, rrule, exceptions, series_ends_at, is_active, next_at, deleted_at)
  on publishing_schedules to posthaste_api;
grant select, update (is_active, next_at, retry_count, last_attempt_at, error_message) on publishing_schedules to posthaste_worker;

-- Equality beside overlap in one exclusion constraint.
create schema gist;
comment on schema gist is 'The extension btree_gist. Its operator classes are found without being named.';
create extension btree_gist schema gist;

create table schedule_slots (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid,
  created_by uuid,
  weekday integer not null,
  local_time time not null,
  minutes integer not null default 1,
  is_active boolean not null default true,
  week int4multirange generated always as (
    case when (weekday - 1) * 1440 + (extract(hour from local_time) * 60 + extract(minute from local_time))::integer + minutes <= 10080
      then int4multirange(int4range(
        (weekday - 1) * 1440 + (extract(hour from local_time) * 60 + extract(minute from local_time))::integer,
        (weekday - 1) * 1440 + (extract(hour from local_time) * 60 + extract(minute from local_time))::integer + minutes))
      else int4multirange(
        int4range((weekday - 1) * 1440 + (extract(hour from local_time) * 60 + extract(minute from local_time))::integer, 10080),
        int4range(0, (weekday - 1) * 1440 + (extract(hour from local_time) * 60 + extract(minute from local_time))::integer + minutes - 10080))
    end) stored,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint schedule_slots_pkey primary key (id),
  constraint schedule_slots_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint schedule_slots_account_fkey foreign key (project_id, account_id) references social_accounts (project_id, id) on delete cascade,
  constraint schedule_slots_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint schedule_slots_weekday_known check (weekday between 1 and 7),
  constraint schedule_slots_minutes_of_a_day check (minutes between 1 and 1440),
  constraint schedule_slots_whole_minute check (extract(second from local_time) = 0),
  constraint schedule_slots_apart exclude using gist (coalesce(account_id, project_id) with =, week with &&) where (deleted_at is null)
);
comment on table schedule_slots is
  'When in the week an account publishes what is queued for its next free slot. Two slots of one account, or two of the project, never overlap.';
comment on column schedule_slots.account_id is 'Null: for all accounts of the project that have no slots of their own.';
comment on column schedule_slots.weekday is 'ISO 8601, 1 is Monday.';
comment on column schedule_slots.local_time is 'On the clock of the project''s time zone.';
comment on column schedule_slots.minutes is 'How long it is open: one post goes out within.';
comment on column schedule_slots.week is 'Its minutes of the week, Monday 00 00 being 0; what goes past Sunday begins again.';
create index schedule_slots_account_idx on schedule_slots (project_id, account_id);
create index schedule_slots_created_by_idx on schedule_slots (created_by);
create trigger schedule_slots_touch before update on schedule_slots for each row execute function app.touch();

-- An exclusion constraint lets two who overlap wait for each other until one is shot as a deadlock. One after the other, the
-- second is told what it ran into.
create function app.take_turns_for_slots() returns trigger
language plpgsql
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('schedule_slots ' || coalesce(new.account_id, new.project_id), 0));
  return new;
end
$$;
create trigger schedule_slots_in_turn before insert or update of account_id, weekday, local_time, minutes, deleted_at
  on schedule_slots for each row execute function app.take_turns_for_slots();
alter table schedule_slots enable row level security;
create policy schedule_slots_read on schedule_slots for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy schedule_slots_insert on schedule_slots for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy schedule_slots_update on schedule_slots for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy schedule_slots_worker on schedule_slots for select to posthaste_worker using (true);
grant select, insert (id, project_id, account_id, created_by, weekday, local_time, minutes, is_active),
  update (weekday, local_time, minutes, is_active, deleted_at) on schedule_slots to posthaste_api;
grant select on schedule_slots to posthaste_worker;

create table schedule_occurrences (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  schedule_id uuid not null,
  occurs_at timestamptz not null,
  state text not null default 'planned',
  post_id uuid,
  attempts integer not null default 0,
  error_message text,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint schedule_occurrences_pkey primary key (id),
  constraint schedule_occurrences_once unique (schedule_id, occurs_at),
  constraint schedule_occurrences_schedule_fkey foreign key (project_id, schedule_id)
    references publishing_schedules (project_id, id) on delete cascade,
  constraint schedule_occurrences_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete set null (post_id),
  constraint schedule_occurrences_state_known check (state in ('planned', 'materialised', 'skipped', 'failed')),
  constraint schedule_occurrences_post_when_made check (post_id is null or state = 'materialised'),
  constraint schedule_occurrences_failed_has_reason check (state <> 'failed' or error_message is not null),
  constraint schedule_occurrences_attempts_natural check (attempts >= 0)
);
comment on table schedule_occurrences is 'One time of a schedule. Materialised: it became a post, and lives on as that.';
comment on column schedule_occurrences.post_id is 'The post it became. Null again once that is purged.';
create index schedule_occurrences_schedule_idx on schedule_occurrences (project_id, schedule_id);
create index schedule_occurrences_post_idx on schedule_occurrences (project_id, post_id);
create index schedule_occurrences_planned_idx on schedule_occurrences (occurs_at) where state = 'planned';
create trigger schedule_occurrences_touch before update on schedule_occurrences for each row execute function app.touch();

create function app.guard_occurrence() returns trigger
language plpgsql
as $$
begin
  if (case old.state
    when 'planned' then new.state in ('materialised', 'skipped', 'failed')
    when 'failed' then new.state in ('planned', 'skipped')
    when 'skipped' then new.state = 'planned' and old.occurs_at > app.now()
    else false
  end) is not true then
    raise exception 'an occurrence cannot go from % to %', old.state, new.state using errcode = 'PH006';
  end if;
  if new.state = 'materialised' and new.post_id is null then
    raise exception 'a materialised occurrence has a post' using errcode = 'PH006';
  end if;
  return new;
end
$$;
comment on function app.guard_occurrence is
  'planned → materialised (with its post), skipped, failed; failed → planned, skipped; skipped → planned while it lies ahead. Else PH006.';
create trigger schedule_occurrences_guard before update of state on schedule_occurrences
  for each row when (old.state is distinct from new.state) execute function app.guard_occurrence();
-- A time that lies on the calendar stays where it is: another time is another occurrence.
create function app.keep_occurrence() returns trigger
language plpgsql
as $$
begin
  raise exception 'an occurrence does not move' using errcode = 'PH006';
end
$$;
create trigger schedule_occurrences_stay before update of occurs_at, schedule_id on schedule_occurrences
  for each row when ((old.occurs_at, old.schedule_id) is distinct from (new.occurs_at, new.schedule_id)) execute function app.keep_occurrence();

alter table schedule_occurrences enable row level security;
create policy schedule_occurrences_read on schedule_occurrences for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy schedule_occurrences_update on schedule_occurrences for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy schedule_occurrences_worker on schedule_occurrences for all to posthaste_worker using (true) with check (true);
grant select, update (state) on schedule_occurrences to posthaste_api;
grant select, insert, update on schedule_occurrences to posthaste_worker;
