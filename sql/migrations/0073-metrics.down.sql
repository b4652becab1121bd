drop table system_metrics;
drop table user_analytics;
drop trigger social_accounts_note_metrics on social_accounts;
drop function app.note_account_metrics();
drop table account_metrics;
drop function app.roll_up(integer);
drop function app.roll_up_periods(jsonb);
drop function app.roll_up_sums(jsonb, boolean);
drop table analytics_rollups;
drop trigger analytics_touch on analytics;
drop function app.touch_analytics();
drop table analytics_touched;
drop index analytics_fetched_at_idx;
alter table analytics
  drop constraint analytics_demographics_object,
  drop constraint analytics_engagement_rate_percent,
  drop constraint analytics_source_known,
  drop column created_at,
  drop column raw,
  drop column metrics_by_time,
  drop column demographics,
  drop column engagement_rate;
update analytics set source = 'poll' where source = 'import';
alter table analytics add constraint analytics_source_known check (source in ('poll', 'refresh'));
comment on column analytics.fetched_at is null;
drop function app.engagement_rate(bigint, bigint, bigint, bigint, bigint, bigint, bigint);
