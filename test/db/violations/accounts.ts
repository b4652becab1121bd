import type { Violations } from './format.ts';

export const violations: Violations = {
  social_accounts_identity_key: "update social_accounts set platform_account_id = 'same'",
  social_accounts_community_handle_key:
    "update social_accounts set handle = case when random() < 0.5 then 'Same' else 'same' end",
  social_accounts_status_known: "update social_accounts set status = 'asleep'",
  oauth_states_state_hash_key: "update oauth_states set state_hash = 'same'",
};
