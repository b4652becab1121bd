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
];
