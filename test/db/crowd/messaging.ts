import { type CrowdStep, crowdSize } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into outbox_events (kind, payload, dispatched_at)
   select 'mail', '{}', case when n % 50 > 0 then app.now() - interval '1 day' end from generate_series(1, 5000) n`,
  `insert into notifications (user_id, project_id, actor_id, kind, event_id, read_at)
   select c.user_id, c.project_id, c.user_id, 'post.published', uuidv7(), case when n > 1 then app.now() end
   from project_collaborators c, generate_series(1, 3) n`,
  `insert into realtime_connections (connection_id, user_id, session_id) select 'c' || id, user_id, id from user_sessions`,
  // As keys and webhooks: a few per project.
  `insert into api_keys (project_id, created_by, name, prefix, key_hash, scopes)
   select id, created_by, 'Build', 'ph_' || left(id::text, 8) || right(id::text, 12) || n, 'hash of ' || id || n, '{posts.read}' from projects, generate_series(1, 10) n`,
  `insert into webhooks (project_id, url, events, secret_sealed)
   select id, 'https://example.com/' || n, '{*}', 'x' from projects, generate_series(1, ${3_000 / crowdSize.projects}) n`,
  // What is on its way is little against what has arrived.
  `insert into webhook_deliveries (project_id, webhook_id, event_id, event_kind, payload, state, next_attempt_at, delivered_at)
   select project_id, id, uuidv7(), 'post.published', '{}', case when n = 1 and is_first then 'waiting' else 'delivered' end, app.now(), app.now()
   from (select w.*, row_number() over (order by id) % 100 = 0 as is_first from webhooks w) w, generate_series(1, 3) n`,
];
