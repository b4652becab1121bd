-- Old code keeps working: yes (nothing waits for an approval until somebody asks for one).
-- Who must agree to a post before it goes out, what they were shown, and what they decided.

create table approval_workflows (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  name text not null,
  rule text not null default 'any',
  min_approvals integer not null default 1,
  allow_self_approval boolean not null default false,
  is_active boolean not null default true,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  deleted_at timestamptz,
  version integer not null default 1,
  constraint approval_workflows_pkey primary key (id),
  constraint approval_workflows_project_id_id_key unique (project_id, id),
  constraint approval_workflows_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint approval_workflows_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint approval_workflows_name_length check (length(name) between 1 and 100),
  constraint approval_workflows_rule_known check (rule in ('any', 'all', 'ordered')),
  constraint approval_workflows_min_approvals_positive check (min_approvals between 1 and 50)
);
comment on table approval_workflows is 'How a project approves posts. A definition: what becomes of one post is an approval_requests row.';
comment on column approval_workflows.rule is
  'any: min_approvals approvers agree. all: every approver does. ordered: every approver does, those with a lower position first.';
comment on column approval_workflows.min_approvals is 'For the rule any.';
comment on column approval_workflows.allow_self_approval is 'Whether whoever wrote the post, or asked for its approval, may approve it too.';
create unique index approval_workflows_name_key on approval_workflows (project_id, lower(name)) where deleted_at is null;
create index approval_workflows_created_by_idx on approval_workflows (created_by);
create trigger approval_workflows_touch before update on approval_workflows for each row execute function app.touch();

create table approval_members (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  workflow_id uuid not null,
  user_id uuid not null,
  role text not null,
  position integer not null default 0,
  created_at timestamptz not null default app.now(),
  constraint approval_members_pkey primary key (id),
  constraint approval_members_once unique (workflow_id, user_id),
  constraint approval_members_workflow_fkey foreign key (project_id, workflow_id)
    references approval_workflows (project_id, id) on delete cascade,
  constraint approval_members_collaborator_fkey foreign key (project_id, user_id)
    references project_collaborators (project_id, user_id) on delete cascade,
  constraint approval_members_role_known check (role in ('reviewer', 'approver')),
  constraint approval_members_position_natural check (position >= 0)
);
comment on table approval_members is 'Who takes part in a workflow: members of the project, and no longer than they are.';
comment on column approval_members.role is 'A reviewer comments; an approver, who needs the permission in the project too, decides.';
comment on column approval_members.position is 'For the rule ordered. The same position: in any order.';
create index approval_members_workflow_idx on approval_members (project_id, workflow_id);
create index approval_members_collaborator_idx on approval_members (project_id, user_id);

create table approval_requests (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  workflow_id uuid not null,
  post_id uuid,
  requested_by uuid default app.user_id(),
  note text,
  content_hash text,
  state text not null default 'pending',
  decided_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint approval_requests_pkey primary key (id),
  constraint approval_requests_project_id_id_key unique (project_id, id),
  constraint approval_requests_workflow_fkey foreign key (project_id, workflow_id)
    references approval_workflows (project_id, id) on delete cascade,
  constraint approval_requests_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint approval_requests_requested_by_fkey foreign key (requested_by) references users (id) on delete set null,
  constraint approval_requests_state_known check (state in ('pending', 'approved', 'rejected', 'withdrawn', 'superseded')),
  constraint approval_requests_post_has_hash check ((post_id is null) = (content_hash is null)),
  constraint approval_requests_note_length check (length(note) <= 10000)
);
comment on table approval_requests is 'One post asks for approval of what it says now. Its end is the end: asking again is another row.';
comment on column approval_requests.post_id is 'Null only where an import brought a workflow''s status without saying of what.';
comment on column approval_requests.content_hash is 'app.post_hash of what was shown. An edit supersedes the request.';
comment on column approval_requests.decided_at is 'When it stopped being pending.';
create unique index approval_requests_pending_key on approval_requests (post_id) where state = 'pending';
create index approval_requests_post_idx on approval_requests (project_id, post_id);
create index approval_requests_workflow_idx on approval_requests (project_id, workflow_id);
create index approval_requests_requested_by_idx on approval_requests (requested_by);
create index approval_requests_open_idx on approval_requests (project_id, id) where state = 'pending';
create trigger approval_requests_touch before update on approval_requests for each row execute function app.touch();

create table review_links (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  token_hash text not null,
  scope text not null default 'comment',
  label text,
  created_by uuid,
  created_at timestamptz not null default app.now(),
  expires_at timestamptz not null default app.now() + interval '30 days',
  revoked_at timestamptz,
  constraint review_links_pkey primary key (id),
  constraint review_links_project_id_id_key unique (project_id, id),
  constraint review_links_token_hash_key unique (token_hash),
  constraint review_links_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint review_links_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint review_links_scope_known check (scope in ('view', 'comment', 'decide')),
  constraint review_links_label_length check (length(label) between 1 and 100)
);
comment on table review_links is 'Who holds the unguessable path sees one post before it goes out, without an account, until it expires.';
comment on column review_links.scope is 'view; comment; decide: also approves or rejects, as one of the approvers of a workflow with the rule any.';
comment on column review_links.label is 'For whom it was made.';
create index review_links_post_idx on review_links (project_id, post_id);
create index review_links_created_by_idx on review_links (created_by);

create table approval_decisions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  request_id uuid not null,
  user_id uuid default app.user_id(),
  review_link_id uuid,
  decision text not null,
  text text,
  created_at timestamptz not null default app.now(),
  constraint approval_decisions_pkey primary key (id),
  constraint approval_decisions_request_fkey foreign key (project_id, request_id)
    references approval_requests (project_id, id) on delete cascade,
  constraint approval_decisions_link_fkey foreign key (project_id, review_link_id)
    references review_links (project_id, id) on delete set null (review_link_id),
  constraint approval_decisions_user_id_fkey foreign key (user_id) references users (id) on delete set null,
  constraint approval_decisions_decision_known check (decision in ('approve', 'reject', 'comment')),
  constraint approval_decisions_comment_says check (decision <> 'comment' or text is not null),
  constraint approval_decisions_text_length check (length(text) between 1 and 10000),
  constraint approval_decisions_one_author check (num_nonnulls(user_id, review_link_id) <= 1)
);
comment on table approval_decisions is 'What was said of a request. Never changed (PH008); the author''s name goes with the account.';
comment on column approval_decisions.review_link_id is 'The link by which somebody without an account said it.';
create unique index approval_decisions_once_key on approval_decisions (request_id, user_id) where decision <> 'comment';
create unique index approval_decisions_link_once_key on approval_decisions (request_id, review_link_id) where decision <> 'comment';
create index approval_decisions_request_idx on approval_decisions (project_id, request_id);
create index approval_decisions_link_idx on approval_decisions (project_id, review_link_id);
create index approval_decisions_user_id_idx on approval_decisions (user_id);

alter table approval_workflows enable row level security;
create policy approval_workflows_read on approval_workflows for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy approval_workflows_insert on approval_workflows for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy approval_workflows_update on approval_workflows for update to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[])) with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
grant select, insert (id, project_id, created_by, name, rule, min_approvals, allow_self_approval, is_active),
  update (name, rule, min_approvals, allow_self_approval, is_active, deleted_at) on approval_workflows to posthaste_api;

alter table approval_members enable row level security;
create policy approval_members_read on approval_members for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy approval_members_insert on approval_members for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy approval_members_update on approval_members for update to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[])) with check (project_id = any ((select app.projects_of('manage'))::uuid[]));
create policy approval_members_delete on approval_members for delete to posthaste_api
  using (project_id = any ((select app.projects_of('manage'))::uuid[]));
grant select, insert (project_id, workflow_id, user_id, role, position), update (role, position), delete on approval_members to posthaste_api;

alter table approval_requests enable row level security;
create policy approval_requests_read on approval_requests for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy approval_requests_insert on approval_requests for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy approval_requests_update on approval_requests for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy approval_requests_worker on approval_requests for select to posthaste_worker using (true);
grant select, insert (id, project_id, workflow_id, post_id, note), update (state) on approval_requests to posthaste_api;
grant select on approval_requests to posthaste_worker;

alter table review_links enable row level security;
create policy review_links_read on review_links for select to posthaste_api using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy review_links_insert on review_links for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[])
    and (scope <> 'decide' or project_id = any ((select app.projects_of('approve'))::uuid[])));
create policy review_links_revoke on review_links for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
grant select (id, project_id, post_id, scope, label, created_by, created_at, expires_at, revoked_at),
  insert (id, project_id, post_id, token_hash, scope, label, created_by, expires_at), update (revoked_at) on review_links to posthaste_api;

alter table approval_decisions enable row level security;
create policy approval_decisions_read on approval_decisions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy approval_decisions_comment on approval_decisions for insert to posthaste_api
  with check (decision = 'comment' and user_id = (select app.user_id()) and project_id = any ((select app.projects_of('review'))::uuid[]));
create policy approval_decisions_decide on approval_decisions for insert to posthaste_api
  with check (decision <> 'comment' and user_id = (select app.user_id()) and project_id = any ((select app.projects_of('approve'))::uuid[]));
grant select, insert (id, project_id, request_id, decision, text) on approval_decisions to posthaste_api;
