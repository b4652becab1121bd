import type { Violations } from './format.ts';

export const violations: Violations = {
  approval_workflows_name_length: "update approval_workflows set name = ''",
  approval_workflows_name_key:
    'insert into approval_workflows (project_id, name) select project_id, upper(name) from approval_workflows',
  approval_workflows_rule_known: "update approval_workflows set rule = 'most'",
  approval_workflows_min_approvals_positive: 'update approval_workflows set min_approvals = 0',
  approval_members_once:
    'insert into approval_members (project_id, workflow_id, user_id, role) select project_id, workflow_id, user_id, role from approval_members',
  approval_members_role_known: "update approval_members set role = 'boss'",
  approval_members_position_natural: 'update approval_members set position = -1',
  approval_requests_state_known: "update approval_requests set state = 'perhaps'",
  approval_requests_post_has_hash: 'update approval_requests set content_hash = null',
  approval_requests_note_length: "update approval_requests set note = repeat('x', 10001)",
  approval_requests_pending_key: `insert into approval_requests (project_id, workflow_id, post_id, content_hash)
    select project_id, workflow_id, post_id, content_hash from approval_requests`,
  review_links_token_hash_key: "update review_links set token_hash = 'same'",
  review_links_scope_known: "update review_links set scope = 'everything'",
  review_links_label_length: "update review_links set label = ''",
  approval_decisions_decision_known: "update approval_decisions set decision = 'shrug'",
  approval_decisions_comment_says: 'update approval_decisions set text = null',
  approval_decisions_text_length: "update approval_decisions set text = ''",
  approval_decisions_one_author: ({ people, projects }) =>
    `update approval_decisions set user_id = '${people.owner.userId}', review_link_id = '${projects.own.more.get('link')}' where project_id = '${projects.own.projectId}'`,
  approval_decisions_once_key: ({ people }) =>
    `insert into approval_decisions (project_id, request_id, user_id, decision)
    select project_id, request_id, '${people.owner.userId}', 'approve' from approval_decisions, generate_series(1, 2)`,
  approval_decisions_link_once_key: ({ projects }) =>
    `insert into approval_decisions (project_id, request_id, review_link_id, decision)
    select project_id, request_id, '${projects.own.more.get('link')}', 'approve' from approval_decisions, generate_series(1, 2)
    where project_id = '${projects.own.projectId}'`,
};
