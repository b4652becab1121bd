import type { Violations } from './format.ts';

export const violations: Violations = {
  outbox_events_kind_form: "update outbox_events set kind = 'Nothing known'",
  notifications_kind_form: "update notifications set kind = 'published'",
  notifications_payload_object: "update notifications set payload = '[]'",
  notifications_event_once: ({ rival }) => `insert into notifications (user_id, kind, event_id)
    select '${rival.userId}', 'post.failed', event_id from notifications where user_id = '${rival.userId}'`,
  realtime_connections_connection_id_length: "update realtime_connections set connection_id = ''",
  webhooks_url_form: "update webhooks set url = 'ftp://example.com/'",
  webhooks_description_length: "update webhooks set description = repeat('x', 501)",
  webhooks_events_some: "update webhooks set events = '{}'",
  webhooks_previous_secret_expires: "update webhooks set previous_secret_sealed = 'x'",
  webhooks_url_key: `insert into webhooks (project_id, url, events, secret_sealed)
    select project_id, url, events, secret_sealed from webhooks`,
  webhook_deliveries_event_once: `insert into webhook_deliveries (project_id, webhook_id, event_id, event_kind, payload)
    select project_id, webhook_id, event_id, event_kind, payload from webhook_deliveries`,
  webhook_deliveries_state_known: "update webhook_deliveries set state = 'lost'",
  webhook_deliveries_event_kind_form: "update webhook_deliveries set event_kind = 'published'",
  webhook_deliveries_attempts_natural: 'update webhook_deliveries set attempts = -1',
  webhook_deliveries_response_status_range: 'update webhook_deliveries set response_status = 99',
  webhook_deliveries_owned: "update webhook_deliveries set state = 'sending'",
};
