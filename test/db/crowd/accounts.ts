import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into social_accounts (project_id, platform, platform_account_id, handle, base_url)
   select p.id, f.name, p.id::text, 'handle-' || p.id, 'https://' || f.name || '.example' from projects p, platforms f`,
  `insert into account_tokens (project_id, account_id, access_token_sealed) select project_id, id, 'x' from social_accounts`,
  `insert into oauth_states (state_hash, user_id, project_id, platform, base_url, code_verifier_sealed)
   select 'state ' || u.id, u.id, c.project_id, 'threads', '', 'x' from users u join project_collaborators c on c.user_id = u.id
   on conflict do nothing`,
  `insert into account_health_checks (project_id, account_id, result) select project_id, id, 'healthy' from social_accounts`,
  `insert into rate_budgets (project_id, account_id, kind, window_s, allowed, resets_at)
   select project_id, id, 'posts', 86400, 250, app.now() + interval '1 day' from social_accounts`,
];
