import type { Violations } from './format.ts';

export const violations: Violations = {
  account_metrics_day_key:
    'insert into account_metrics (project_id, account_id, day) select project_id, account_id, day from account_metrics',
  account_metrics_demographics_object: "update account_metrics set demographics = '[]'",
  account_metrics_natural: 'update account_metrics set followers = -1',
  analytics_demographics_object: "update analytics set demographics = '[]'",
  analytics_engagement_rate_percent: 'update analytics set engagement_rate = 100.01',
  analytics_source_known: "update analytics set source = 'guess'",
  analytics_rollups_bucket_key:
    'insert into analytics_rollups (project_id, account_id, publication_id, period, starts_at) select project_id, account_id, publication_id, period, starts_at from analytics_rollups',
  analytics_rollups_of_an_account: 'update analytics_rollups set account_id = null',
  analytics_rollups_period_known: "update analytics_rollups set period = 'yearly', starts_at = '2026-11-01T00:00:00Z'",
  analytics_rollups_starts_on_time: "update analytics_rollups set starts_at = starts_at + interval '1 hour'",
  archive_parts_natural: 'update archive_parts set row_count = 0',
  archive_parts_object_key_key:
    'insert into archive_parts (archive_id, number, object_key, row_count, bytes, sha256, last_id) select archive_id, number + 1, object_key, row_count, bytes, sha256, last_id from archive_parts',
  archive_parts_sha256_hex: "update archive_parts set sha256 = 'x'",
  partition_archives_dropped_after_written: 'update partition_archives set dropped_at = app.now()',
  partition_archives_partition_name_key:
    'insert into partition_archives (table_name, partition_name, to_at) select table_name, partition_name, to_at from partition_archives',
  partition_archives_written_with_manifest: 'update partition_archives set written_at = app.now()',
  partitioned_tables_keep_months_positive: 'update partitioned_tables set keep_months = 0',
  report_links_token_hash_key: "update report_links set token_hash = 'same'",
  system_metrics_name_length: "update system_metrics set name = ''",
  system_metrics_tags_object: "update system_metrics set tags = '[]'",
  user_analytics_day_key: 'insert into user_analytics (user_id, day) select user_id, day from user_analytics',
  user_analytics_natural: 'update user_analytics set followers_lost = -1',
};
