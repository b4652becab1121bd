drop table webhook_deliveries;
drop function app.guard_delivery();
drop table webhooks;
drop table realtime_connections;
drop table notifications;
drop index outbox_events_user_id_idx;
comment on column outbox_events.kind is null;
comment on column outbox_events.project_id is null;
-- Events of kinds that the code before does not know cannot stay.
delete from outbox_events where kind not in ('mail', 'account.disconnected', 'media.deleted',
  'publication.published', 'publication.failed', 'publication.unknown');
alter table outbox_events
  drop constraint outbox_events_user_id_fkey,
  drop constraint outbox_events_kind_form,
  add constraint outbox_events_kind_known check (kind in ('mail', 'account.disconnected', 'media.deleted',
    'publication.published', 'publication.failed', 'publication.unknown')),
  drop column user_id;
