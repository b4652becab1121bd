import { type CrowdStep, crowdSize } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into projects (name, created_by)
   select 'Project', id from (select id from users order by id limit ${crowdSize.projects}) u`,
  `insert into project_collaborators (project_id, user_id, role) select id, created_by, 'owner' from projects`,
  // Everybody may read two projects of somebody else.
  `insert into project_collaborators (project_id, user_id, role)
   select p.id, u.id, 'viewer'
   from (select id, row_number() over (order by id) as n from users) u
   join (select id, row_number() over (order by id) as n from projects) p on p.n in (u.n % ${crowdSize.projects} + 2, u.n % ${crowdSize.projects} + 3)
   on conflict do nothing`,
  `insert into project_invitations (project_id, email, role, token_hash)
   select p.id, 'guest' || n || '@example.com', 'viewer', p.id || ' ' || n from projects p, generate_series(1, 10) n`,
  `insert into content_categories (project_id, name) select p.id, 'Category ' || n from projects p, generate_series(1, 10) n`,
];
