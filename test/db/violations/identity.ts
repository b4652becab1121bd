import type { Violations } from './format.ts';

export const violations: Violations = {
  users_email_lower: 'update users set email = upper(email)',
  users_email_length: "update users set email = 'a@'",
  users_display_name_length: "update users set display_name = ''",
  users_role_known: "update users set role = 'king'",
  users_status_known: "update users set status = 'asleep'",
  users_email_key: "update users set email = 'same@example.com'",
  user_sessions_refresh_hash_key: "update user_sessions set refresh_hash = 'same'",
  email_verification_tokens_token_hash_key: "update email_verification_tokens set token_hash = 'same'",
  idempotency_keys_key_length: "update idempotency_keys set key = ''",
};
