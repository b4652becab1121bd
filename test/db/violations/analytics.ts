import type { Violations } from './format.ts';

export const violations: Violations = {
  analytics_source_known: "update analytics set source = 'guess'",
  report_links_token_hash_key: "update report_links set token_hash = 'same'",
};
