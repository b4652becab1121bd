import { type CrowdStep, crowdSize } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into users (email, password_hash, display_name)
   select 'person' || n || '@example.com', 'none', 'Person ' || n from generate_series(1, ${crowdSize.users}) n`,
  `insert into user_sessions (user_id, refresh_hash) select id, 'hash of ' || email from users`,
  `insert into email_verification_tokens (user_id, token_hash) select id, 'hash of ' || email from users`,
  `insert into idempotency_keys (caller, route, key, body_hash) select id::text, 'POST /v1/posts', 'key', 'hash' from users`,
  `insert into user_identities (user_id, provider, subject) select id, 'google', id::text from users`,
  `insert into password_reset_tokens (user_id, token_hash) select id, 'reset of ' || email from users`,
  `insert into mfa_factors (user_id, kind, secret_sealed) select id, 'totp', 'x' from users`,
  `insert into identity_providers (name, label, issuer, client_id, client_secret_sealed)
   values ('google', 'Google', 'https://accounts.google.com', 'posthaste', 'x')`,
  `insert into provider_sign_ins (provider, purpose, start_hash, browser_hash, code_hash, return_to, code_challenge)
   select 'google', 'sign_in', 'start of ' || email, 'browser of ' || email, 'code of ' || email, 'http://127.0.0.1', 'x' from users`,
  `insert into proof_tries (user_id) select id from users`,
  `insert into sign_in_tickets (user_id, token_hash) select id, 'ticket of ' || email from users`,
  `insert into auth_attempts (subject, source) select id::text, '*' from users`,
  `insert into user_preferences (user_id, extra) select id, '{"theme": "dark"}' from users`,
  `insert into user_avatars (user_id, status, declared_mime_type, declared_bytes)
   select id, case when right(id::text, 1) < '8' then 'ready' else 'pending_upload' end, 'image/png', 1000 from users`,
  `insert into account_exports (user_id, state, completed_at, expires_at, parts, bytes)
   select id, 'ready', app.now(), app.now() + interval '7 days', '[{"number": 1, "bytes": 10}]', 10 from users`,
  `insert into account_deletions (user_id) select id from users order by id limit 50`,
  `insert into user_invitations (email, role, token_hash) select 'new.' || email, 'user', 'invitation of ' || email from users`,
  `insert into quota_overrides (scope, name, user_id, most) select 'user', 'projects', id, 1000 from users`,
  `insert into pause_checks (person, later) select id, true from users`,
  `insert into rate_counters (caller, class, window_start, expires_at)
   select id::text, 'read', w, w + interval '1 minute'
   from users, generate_series(date_trunc('hour', app.now()), app.now() + interval '1 hour', '20 minutes') w`,
];
