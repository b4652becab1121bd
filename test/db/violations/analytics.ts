import type { Violations } from './format.ts';

export const violations: Violations = {
  analytics_source_known: "update analytics set source = 'guess'",
  partitioned_tables_keep_months_positive: 'update partitioned_tables set keep_months = 0',
  report_links_token_hash_key: "update report_links set token_hash = 'same'",
};
