import { type CrowdStep, crowdSize } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into analytics (project_id, publication_id, account_id, platform, likes, fetched_at)
   select project_id, id, account_id, platform, n, app.now() - n * interval '20 days' from post_publications, generate_series(1, 3) n`,
  'select app.roll_up(1000)',
  `insert into report_links (project_id, post_id, token_hash) select project_id, id, 'report ' || id from posts`,
  `insert into account_metrics (project_id, account_id, day, followers)
   select a.project_id, a.id, (app.now() at time zone 'UTC')::date - n, n from social_accounts a, generate_series(1, 10) n`,
  `insert into user_analytics (user_id, day) select u.id, (app.now() at time zone 'UTC')::date - n
   from (select id from users limit ${crowdSize.users}) u, generate_series(1, 3) n`,
  `insert into system_metrics (name, value, recorded_at)
   select 'metric ' || n % 20, n, app.now() - n * interval '1 minute' from generate_series(1, 9000) n`,
];
