-- Old code keeps working: yes.
-- Who manages accounts is told by mail that they are paused because of a quota, and that they publish again.

drop function app.alert_pauses(integer);
comment on column outbox_events.alerted_at is 'When app.alert_failures took a publication.failed into account; dispatched_at is its other consumers''.';
drop index outbox_events_pauses_idx;
drop trigger social_accounts_pause_announced on social_accounts;
drop function app.announce_pause();
delete from outbox_events e
where e.kind in ('account.paused', 'account.resumed')
  or (e.kind = 'mail' and e.payload ->> 'template' in ('accounts-paused', 'accounts-resumed'));
