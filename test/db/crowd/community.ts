import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into community_posts (project_id, publication_id, account_id, text, visibility)
   select project_id, id, account_id, 'Hello', (array['public', 'private'])[1 + row_number() over () % 2] from post_publications`,
  `insert into comments (community_post_id, author_id, text)
   select p.id, u.id, 'Nice' from (select id, row_number() over () as n from community_posts) p
   join (select id, row_number() over () as n from users) u on u.n % 3000 in (p.n % 3000, (p.n + 1) % 3000)`,
  `insert into user_engagement (user_id, community_post_id, type) select author_id, community_post_id, 'like' from comments on conflict do nothing`,
];
