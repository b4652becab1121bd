-- Old code keeps working: yes.
-- What reaches people and programs: notifications, open connections, webhooks and their deliveries; events of any kind.

alter table outbox_events
  add column user_id uuid,
  drop constraint outbox_events_kind_known,
  add constraint outbox_events_kind_form check (kind = 'mail' or kind ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'),
  add constraint outbox_events_user_id_fkey foreign key (user_id) references users (id) on delete cascade;
comment on column outbox_events.kind is 'mail, or noun.verb: what happened to what.';
comment on column outbox_events.project_id is 'Whose event it is. No reference: an event of a purged project is still to be told.';
comment on column outbox_events.user_id is 'The one person whom it concerns; null where a project''s members are meant.';
create index outbox_events_user_id_idx on outbox_events (user_id);

create table notifications (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  project_id uuid,
  actor_id uuid,
  kind text not null,
  payload jsonb not null default '{}',
  event_id uuid,
  read_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint notifications_pkey primary key (id),
  constraint notifications_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint notifications_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint notifications_actor_id_fkey foreign key (actor_id) references users (id) on delete set null,
  constraint notifications_kind_form check (kind ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'),
  constraint notifications_payload_object check (jsonb_typeof(payload) = 'object'),
  constraint notifications_event_once unique (user_id, event_id)
);
comment on table notifications is 'What a person is told. Names are joined on reading: the payload holds ids, never a person''s values.';
comment on column notifications.actor_id is 'Who did it; null: nobody, or somebody who has left.';
comment on column notifications.event_id is 'The event that it tells of: a second delivery of the event tells nothing again.';
create index notifications_user_id_idx on notifications (user_id, id desc);
create index notifications_unread_idx on notifications (user_id, id desc) where read_at is null;
create index notifications_project_id_idx on notifications (project_id);
create index notifications_actor_id_idx on notifications (actor_id);
create index notifications_created_at_idx on notifications (created_at);
alter table notifications enable row level security;
create policy notifications_own on notifications for all to posthaste_api using (user_id = (select app.user_id()));
create policy notifications_worker on notifications for all to posthaste_worker using (true) with check (true);
grant select, update (read_at) on notifications to posthaste_api;
grant select, insert, delete on notifications to posthaste_worker;

create table realtime_connections (
  connection_id text not null,
  user_id uuid not null,
  session_id uuid,
  connected_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '2 hours',
  constraint realtime_connections_pkey primary key (connection_id),
  constraint realtime_connections_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
  constraint realtime_connections_session_id_fkey foreign key (session_id) references user_sessions (id) on delete cascade,
  constraint realtime_connections_connection_id_length check (length(connection_id) between 1 and 128)
);
comment on table realtime_connections is 'Open WebSocket connections. The gateway ends each after two hours.';
create index realtime_connections_user_id_idx on realtime_connections (user_id);
create index realtime_connections_session_id_idx on realtime_connections (session_id);
create index realtime_connections_expires_at_idx on realtime_connections (expires_at);
alter table realtime_connections enable row level security;
create policy realtime_connections_own on realtime_connections for all to posthaste_api
  using (user_id = (select app.user_id())) with check (user_id = (select app.user_id()));
create policy realtime_connections_worker on realtime_connections for all to posthaste_worker using (true) with check (true);
grant select, insert (connection_id, user_id, session_id), delete on realtime_connections to posthaste_api;
grant select, delete on realtime_connections to posthaste_worker;

create table webhooks (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  url text not null,
  description text,
  events text[] not null,
  secret_sealed text not null,
  previous_secret_sealed text,
  previous_secret_expires_at timestamptz,
  is_active boolean not null default true,
  failing_since timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint webhooks_pkey primary key (id),
  constraint webhooks_project_id_id_key unique (project_id, id),
  constraint webhooks_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint webhooks_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint webhooks_url_form check (url ~ '^https?://.' and length(url) <= 2000),
  constraint webhooks_description_length check (length(description) <= 500),
  constraint webhooks_events_some check (cardinality(events) between 1 and 100),
  constraint webhooks_previous_secret_expires check ((previous_secret_sealed is null) = (previous_secret_expires_at is null))
);
comment on table webhooks is 'Where a project''s events are sent, signed.';
comment on column webhooks.events is 'Kinds of events, as in outbox_events.kind; * is all.';
comment on column webhooks.previous_secret_sealed is 'Signs too until previous_secret_expires_at, while the receiver changes over.';
comment on column webhooks.failing_since is 'The first failure after the last success; after days of it the webhook is switched off.';
create unique index webhooks_url_key on webhooks (project_id, url) where deleted_at is null;
create index webhooks_created_by_idx on webhooks (created_by);
create index webhooks_previous_secret_idx on webhooks (previous_secret_expires_at) where previous_secret_expires_at is not null;
create trigger webhooks_touch before update on webhooks for each row execute function app.touch();
alter table webhooks enable row level security;
create policy webhooks_manage on webhooks for all to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[])) with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy webhooks_worker on webhooks for all to posthaste_worker using (true) with check (true);
grant select (id, project_id, created_by, url, description, events, previous_secret_expires_at, is_active, failing_since, created_at,
    updated_at, deleted_at, version),
  insert (project_id, created_by, url, description, events, secret_sealed),
  update (url, description, events, secret_sealed, previous_secret_sealed, previous_secret_expires_at, is_active, deleted_at)
  on webhooks to posthaste_api;
grant select, update (previous_secret_sealed, previous_secret_expires_at, is_active, failing_since) on webhooks to posthaste_worker;

create table webhook_deliveries (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_kind text not null,
  payload jsonb not null,
  state text not null default 'waiting',
  attempts integer not null default 0,
  next_attempt_at timestamptz default app.now(),
  lease_until timestamptz,
  response_status integer,
  last_error text,
  delivered_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '30 days',
  version integer not null default 1,
  constraint webhook_deliveries_pkey primary key (id),
  constraint webhook_deliveries_event_once unique (webhook_id, event_id),
  constraint webhook_deliveries_webhook_fkey foreign key (project_id, webhook_id) references webhooks (project_id, id) on delete cascade,
  constraint webhook_deliveries_state_known check (state in ('waiting', 'sending', 'delivered', 'failed')),
  constraint webhook_deliveries_event_kind_form check (event_kind ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'),
  constraint webhook_deliveries_attempts_natural check (attempts >= 0),
  constraint webhook_deliveries_response_status_range check (response_status between 100 and 599),
  constraint webhook_deliveries_owned check (case state when 'waiting' then next_attempt_at is not null
    when 'sending' then lease_until is not null when 'delivered' then delivered_at is not null else true end)
);
comment on table webhook_deliveries is 'One event on its way to one webhook. Guarded by app.guard_delivery.';
comment on column webhook_deliveries.event_id is 'The event''s id, and the receiver''s key against a second delivery. No reference: events are purged earlier.';
comment on column webhook_deliveries.state is 'waiting, sending (leased), delivered, failed (given up; may be sent again by hand).';
comment on column webhook_deliveries.last_error is 'What the receiver or the network said, shortened; nothing of the request.';
create index webhook_deliveries_webhook_idx on webhook_deliveries (project_id, webhook_id, id desc);
create index webhook_deliveries_due_idx on webhook_deliveries (next_attempt_at) where state = 'waiting';
create index webhook_deliveries_lease_idx on webhook_deliveries (lease_until) where state = 'sending';
create index webhook_deliveries_expires_at_idx on webhook_deliveries (expires_at);
create trigger webhook_deliveries_touch before update on webhook_deliveries for each row execute function app.touch();

create function app.guard_delivery() returns trigger
language plpgsql
as $$
begin
  if (case old.state
    when 'waiting' then new.state in ('sending', 'failed')
    when 'sending' then new.state in ('waiting', 'delivered', 'failed')
    when 'failed' then new.state = 'waiting'
    else false
  end) is not true then
    raise exception 'a delivery cannot go from % to %', old.state, new.state using errcode = 'PH009';
  end if;
  if new.state = 'sending' then
    new.attempts := old.attempts + 1;
  else
    new.lease_until := null;
  end if;
  if new.state in ('delivered', 'failed') then
    new.next_attempt_at := null;
  end if;
  if new.state = 'delivered' then
    new.delivered_at := app.now();
  end if;
  return new;
end
$$;
comment on function app.guard_delivery() is
  'States of a delivery; any other change is PH009. waiting to sending counts an attempt, whatever ends one gives up its lease.';
create trigger webhook_deliveries_guard before update of state on webhook_deliveries
  for each row when (old.state is distinct from new.state) execute function app.guard_delivery();

alter table webhook_deliveries enable row level security;
create policy webhook_deliveries_read on webhook_deliveries for select to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy webhook_deliveries_worker on webhook_deliveries for all to posthaste_worker using (true) with check (true);
grant select on webhook_deliveries to posthaste_api;
grant select, insert, update, delete on webhook_deliveries to posthaste_worker;
