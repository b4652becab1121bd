import { type CrowdStep, crowdSize } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into users (email, password_hash, display_name)
   select 'person' || n || '@example.com', 'none', 'Person ' || n from generate_series(1, ${crowdSize.users}) n`,
  `insert into user_sessions (user_id, refresh_hash) select id, 'hash of ' || email from users`,
  `insert into email_verification_tokens (user_id, token_hash) select id, 'hash of ' || email from users`,
  `insert into idempotency_keys (caller, route, key, body_hash) select id::text, 'POST /v1/posts', 'key', 'hash' from users`,
];
