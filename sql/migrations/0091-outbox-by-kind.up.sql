-- Old code keeps working: yes.
-- What waits in the outbox is looked for by its kind: a thousand mails do not stand before one account to be revoked.

drop index outbox_events_waiting_idx;
create index outbox_events_waiting_idx on outbox_events (kind, created_at) where dispatched_at is null;
