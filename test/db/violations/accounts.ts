import type { Violations } from './format.ts';

export const violations: Violations = {
  social_accounts_identity_key: "update social_accounts set platform_account_id = 'same'",
  social_accounts_community_handle_key:
    "update social_accounts set handle = case when random() < 0.5 then 'Same' else 'same' end",
  social_accounts_person_key: `update social_accounts set connected_by = (select id from users limit 1),
    platform = 'mastodon', base_url = 'https://example.social', platform_account_id = 'same', status = 'connected'`,
  social_accounts_status_known: "update social_accounts set status = 'asleep'",
  oauth_states_state_hash_key: "update oauth_states set state_hash = 'same'",
  platforms_limits_object: "update platforms set limits = '[]'",
  social_accounts_health_known: "update social_accounts set health = 'fine'",
  social_accounts_metadata_object: "update social_accounts set metadata = '[]'",
  social_accounts_followers_count_natural: 'update social_accounts set followers_count = -1',
  social_accounts_following_count_natural: 'update social_accounts set following_count = -1',
  social_accounts_posts_count_natural: 'update social_accounts set posts_count = -1',
  account_health_checks_result_known: "update account_health_checks set result = 'fine'",
  account_health_checks_latency_natural: 'update account_health_checks set latency_ms = -1',
  account_health_checks_message_length: "update account_health_checks set message = repeat('x', 1001)",
  rate_budgets_kind_known: "update rate_budgets set kind = 'guesses'",
  rate_budgets_window_positive: 'update rate_budgets set window_s = 0',
  rate_budgets_allowed_natural: 'update rate_budgets set allowed = -1',
  rate_budgets_used_natural: 'update rate_budgets set used = -1',
};
