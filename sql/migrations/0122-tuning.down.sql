drop function app.measure();
alter table analytics_rollups reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
alter table analytics_touched reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table idempotency_keys reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table outbox_events reset (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
alter table community_posts reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
alter table post_publications reset (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
alter table post_publications alter column published_at set statistics default;
alter table posts alter column due_at set statistics default;
