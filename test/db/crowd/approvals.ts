import type { CrowdStep } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into approval_workflows (project_id, name) select p.id, 'Legal ' || n from projects p, generate_series(1, 3) n`,
  `insert into approval_members (project_id, workflow_id, user_id, role)
   select w.project_id, w.id, c.user_id, 'approver' from approval_workflows w join project_collaborators c on c.project_id = w.project_id`,
  `insert into approval_requests (project_id, workflow_id, post_id, content_hash, state)
   select p.project_id, w.id, p.id, app.post_hash(p.id), case when p.external_id < 'x2' then 'pending' else 'approved' end
   from posts p join lateral (select w.id from approval_workflows w where w.project_id = p.project_id limit 1) w on true`,
  `insert into approval_decisions (project_id, request_id, user_id, decision, text)
   select r.project_id, r.id, null, 'comment', 'Nice' from approval_requests r`,
  `insert into review_links (project_id, post_id, token_hash) select p.project_id, p.id, 'review ' || p.id from posts p`,
];
