import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into analytics (project_id, publication_id, account_id, platform, likes)
   select project_id, id, account_id, platform, n from post_publications, generate_series(1, 3) n`,
  `insert into report_links (project_id, post_id, token_hash) select project_id, id, 'report ' || id from posts`,
];
