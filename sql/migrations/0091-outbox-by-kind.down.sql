drop index outbox_events_waiting_idx;
create index outbox_events_waiting_idx on outbox_events (created_at) where dispatched_at is null;
