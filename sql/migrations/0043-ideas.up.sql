-- Old code keeps working: yes.
-- Niches, suggestions for content and hashtags, and the tasks of text generation that make them.

create table niches (
  id uuid not null default uuidv7(),
  slug text not null,
  name text not null,
  source text not null default 'derived',
  tags text[] not null,
  score numeric(5, 2) not null default 0,
  uses bigint not null default 0,
  refreshed_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint niches_pkey primary key (id),
  constraint niches_slug_key unique (slug),
  constraint niches_name_length check (length(name) between 1 and 100),
  constraint niches_source_known check (source in ('starter', 'derived')),
  constraint niches_tags_count check (cardinality(tags) between 1 and 100),
  constraint niches_score_range check (score between 0 and 100),
  constraint niches_uses_natural check (uses >= 0)
);
comment on table niches is 'Fields that content is about: a starter list, and what the hashtags in use show. Scored by app.refresh_niches.';
comment on column niches.tags is 'The hashtags that belong to it, in normal form.';
comment on column niches.score is '0 to 100: uses of its hashtags in the last 90 days, as a share of those of the strongest niche.';
comment on column niches.uses is 'Content and posts of the last 90 days that have one of its hashtags.';

create table ai_generation_tasks (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  content_id uuid,
  kind text not null,
  state text not null default 'queued',
  model text,
  prompt_version text,
  input jsonb not null default '{}',
  output jsonb,
  attempts integer not null default 0,
  next_attempt_at timestamptz default app.now(),
  lease_token uuid,
  lease_until timestamptz,
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric(12, 6),
  failure_code text,
  failure_message text,
  started_at timestamptz,
  finished_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint ai_generation_tasks_pkey primary key (id),
  constraint ai_generation_tasks_project_id_id_key unique (project_id, id),
  constraint ai_generation_tasks_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint ai_generation_tasks_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint ai_generation_tasks_content_fkey foreign key (project_id, content_id)
    references content (project_id, id) on delete set null (content_id),
  constraint ai_generation_tasks_kind_known check (kind in ('ideas', 'draft', 'rewrite', 'script', 'captions', 'hashtags', 'titles')),
  constraint ai_generation_tasks_state_known check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  constraint ai_generation_tasks_owned check (state <> 'running' or (lease_token is not null and lease_until is not null)),
  constraint ai_generation_tasks_done_has_output check (state <> 'succeeded' or (output is not null and model is not null)),
  constraint ai_generation_tasks_failed_has_reason check (state <> 'failed' or (failure_code is not null and failure_message is not null)),
  constraint ai_generation_tasks_attempts_natural check (attempts >= 0),
  constraint ai_generation_tasks_tokens_natural check (input_tokens >= 0 and output_tokens >= 0),
  constraint ai_generation_tasks_cost_natural check (cost_usd >= 0)
);
comment on table ai_generation_tasks is 'One wish for generated text: queued, running under a lease, succeeded, failed or cancelled (app.guard_ai_task).';
comment on column ai_generation_tasks.prompt_version is 'Which wording of our prompt was used, so that results can be compared.';
comment on column ai_generation_tasks.next_attempt_at is 'When a queued task may be taken.';
comment on column ai_generation_tasks.cost_usd is 'Sum over all attempts, in US dollars.';
create index ai_generation_tasks_project_id_idx on ai_generation_tasks (project_id, id desc);
create index ai_generation_tasks_created_by_idx on ai_generation_tasks (created_by);
create index ai_generation_tasks_content_idx on ai_generation_tasks (project_id, content_id);
create index ai_generation_tasks_queued_idx on ai_generation_tasks (next_attempt_at) where state = 'queued';
create index ai_generation_tasks_lease_idx on ai_generation_tasks (lease_until) where state = 'running';
create trigger ai_generation_tasks_touch before update on ai_generation_tasks for each row execute function app.touch();

create function app.guard_ai_task() returns trigger
language plpgsql
as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'queued' then
      raise exception 'a task begins queued, not %', new.state using errcode = 'PH005';
    end if;
    return new;
  end if;
  if (case old.state
    when 'queued' then new.state in ('running', 'cancelled')
    when 'running' then new.state in ('succeeded', 'failed', 'cancelled', 'queued')
    when 'failed' then new.state = 'queued'
    else false
  end) is not true then
    raise exception 'a task cannot go from % to %', old.state, new.state using errcode = 'PH005';
  end if;
  if new.state = 'running' then
    new.attempts := old.attempts + 1;
    new.started_at := app.now();
    new.finished_at := null;
    new.next_attempt_at := null;
  else
    new.lease_token := null;
    new.lease_until := null;
  end if;
  if new.state = 'queued' then
    new.next_attempt_at := coalesce(new.next_attempt_at, app.now());
    new.failure_code := null;
    new.failure_message := null;
    new.finished_at := null;
  elsif new.state <> 'running' then
    new.finished_at := app.now();
  end if;
  return new;
end
$$;
comment on function app.guard_ai_task is 'Back to queued is another try: after a failure, or by whoever finds a lease that has run out.';
create trigger ai_generation_tasks_begin before insert on ai_generation_tasks for each row execute function app.guard_ai_task();
create trigger ai_generation_tasks_guard before update of state on ai_generation_tasks
  for each row when (old.state is distinct from new.state) execute function app.guard_ai_task();

create table ai_content_suggestions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  task_id uuid not null,
  content_id uuid,
  kind text not null,
  text text not null,
  score numeric(3, 2),
  cost_usd numeric(12, 6),
  decision text,
  decided_text text,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint ai_content_suggestions_pkey primary key (id),
  constraint ai_content_suggestions_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint ai_content_suggestions_task_fkey foreign key (project_id, task_id)
    references ai_generation_tasks (project_id, id) on delete cascade,
  constraint ai_content_suggestions_content_fkey foreign key (project_id, content_id)
    references content (project_id, id) on delete set null (content_id),
  constraint ai_content_suggestions_decided_by_fkey foreign key (decided_by) references users (id) on delete set null,
  constraint ai_content_suggestions_kind_known check (kind in ('title', 'description', 'body', 'script', 'caption')),
  constraint ai_content_suggestions_text_length check (length(text) between 1 and 100000),
  constraint ai_content_suggestions_score_range check (score between 0 and 1),
  constraint ai_content_suggestions_cost_natural check (cost_usd >= 0),
  constraint ai_content_suggestions_decision_known check (decision in ('accepted', 'rejected', 'edited')),
  constraint ai_content_suggestions_decided check ((decision is null) = (decided_at is null)),
  constraint ai_content_suggestions_edited_has_text check ((decision is not distinct from 'edited') = (decided_text is not null))
);
comment on table ai_content_suggestions is 'What a task proposed for one field of a piece of content, and what the person did with it.';
comment on column ai_content_suggestions.score is '0 to 1: how good the maker of the suggestion thinks it is.';
comment on column ai_content_suggestions.decided_text is 'What was kept instead, where it was edited.';
create index ai_content_suggestions_project_id_idx on ai_content_suggestions (project_id, id desc);
create index ai_content_suggestions_task_idx on ai_content_suggestions (project_id, task_id);
create index ai_content_suggestions_content_idx on ai_content_suggestions (project_id, content_id);
create index ai_content_suggestions_decided_by_idx on ai_content_suggestions (decided_by);

create table idea_suggestions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  content_id uuid,
  task_id uuid,
  niche_id uuid,
  text text not null,
  relevance_score numeric(3, 2),
  source text not null default 'ai',
  prompt_version text,
  decision text,
  decided_text text,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint idea_suggestions_pkey primary key (id),
  constraint idea_suggestions_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint idea_suggestions_created_by_fkey foreign key (created_by) references users (id) on delete set null,
  constraint idea_suggestions_content_fkey foreign key (project_id, content_id) references content (project_id, id) on delete cascade,
  constraint idea_suggestions_task_fkey foreign key (project_id, task_id)
    references ai_generation_tasks (project_id, id) on delete set null (task_id),
  constraint idea_suggestions_niche_id_fkey foreign key (niche_id) references niches (id) on delete set null,
  constraint idea_suggestions_decided_by_fkey foreign key (decided_by) references users (id) on delete set null,
  constraint idea_suggestions_text_length check (length(text) between 1 and 10000),
  constraint idea_suggestions_relevance_score_range check (relevance_score >= 0 and relevance_score <= 1),
  constraint idea_suggestions_source_known check (source in ('ai', 'niche', 'person', 'import')),
  constraint idea_suggestions_decision_known check (decision in ('accepted', 'rejected', 'edited')),
  constraint idea_suggestions_decided check ((decision is null) = (decided_at is null)),
  constraint idea_suggestions_edited_has_text check ((decision is not distinct from 'edited') = (decided_text is not null))
);
comment on table idea_suggestions is 'An idea for content, or for more of a piece of content, and what became of it.';
comment on column idea_suggestions.content_id is 'The content that it belongs to; null = an idea for something new.';
create index idea_suggestions_project_id_idx on idea_suggestions (project_id, id desc);
create index idea_suggestions_created_by_idx on idea_suggestions (created_by);
create index idea_suggestions_content_idx on idea_suggestions (project_id, content_id);
create index idea_suggestions_task_idx on idea_suggestions (project_id, task_id);
create index idea_suggestions_niche_id_idx on idea_suggestions (niche_id);
create index idea_suggestions_decided_by_idx on idea_suggestions (decided_by);

create table hashtag_suggestions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  content_id uuid,
  post_id uuid,
  task_id uuid,
  tag text not null,
  score numeric(3, 2),
  source text not null default 'ai',
  prompt_version text,
  decision text,
  decided_by uuid,
  decided_at timestamptz,
  created_at timestamptz not null default app.now(),
  constraint hashtag_suggestions_pkey primary key (id),
  constraint hashtag_suggestions_project_id_fkey foreign key (project_id) references projects (id) on delete cascade,
  constraint hashtag_suggestions_content_fkey foreign key (project_id, content_id) references content (project_id, id) on delete cascade,
  constraint hashtag_suggestions_post_fkey foreign key (project_id, post_id) references posts (project_id, id) on delete cascade,
  constraint hashtag_suggestions_task_fkey foreign key (project_id, task_id)
    references ai_generation_tasks (project_id, id) on delete set null (task_id),
  constraint hashtag_suggestions_decided_by_fkey foreign key (decided_by) references users (id) on delete set null,
  constraint hashtag_suggestions_tag_length check (length(tag) between 1 and 100),
  constraint hashtag_suggestions_tag_normal check (tag = app.normal_hashtag(tag)),
  constraint hashtag_suggestions_score_range check (score between 0 and 1),
  constraint hashtag_suggestions_source_known check (source in ('ai', 'niche', 'usage', 'import')),
  constraint hashtag_suggestions_decision_known check (decision in ('accepted', 'rejected', 'edited')),
  constraint hashtag_suggestions_decided check ((decision is null) = (decided_at is null))
);
comment on table hashtag_suggestions is 'A hashtag proposed for a piece of content or a post, and what became of it.';
comment on column hashtag_suggestions.tag is 'In the form of hashtags.tag; no reference: what is only proposed is not in use.';
create unique index hashtag_suggestions_content_key on hashtag_suggestions (content_id, tag) where content_id is not null and decision is null;
create unique index hashtag_suggestions_post_key on hashtag_suggestions (post_id, tag) where post_id is not null and decision is null;
create index hashtag_suggestions_project_id_idx on hashtag_suggestions (project_id, id desc);
create index hashtag_suggestions_content_idx on hashtag_suggestions (project_id, content_id);
create index hashtag_suggestions_post_idx on hashtag_suggestions (project_id, post_id);
create index hashtag_suggestions_task_idx on hashtag_suggestions (project_id, task_id);
create index hashtag_suggestions_decided_by_idx on hashtag_suggestions (decided_by);

alter table niches enable row level security;
create policy niches_read on niches for select to posthaste_api using (true);
create policy niches_worker on niches for all to posthaste_worker using (true) with check (true);
grant select on niches to posthaste_api;
grant select, insert, update, delete on niches to posthaste_worker;

alter table ai_generation_tasks enable row level security;
create policy ai_generation_tasks_read on ai_generation_tasks for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy ai_generation_tasks_insert on ai_generation_tasks for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy ai_generation_tasks_cancel on ai_generation_tasks for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[]))
  with check (project_id = any ((select app.projects_of('write'))::uuid[]) and state = 'cancelled');
create policy ai_generation_tasks_worker on ai_generation_tasks for all to posthaste_worker using (true) with check (true);
grant select, insert (id, project_id, created_by, content_id, kind, input), update (state) on ai_generation_tasks to posthaste_api;
grant select, update on ai_generation_tasks to posthaste_worker;

alter table ai_content_suggestions enable row level security;
create policy ai_content_suggestions_read on ai_content_suggestions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy ai_content_suggestions_decide on ai_content_suggestions for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy ai_content_suggestions_worker on ai_content_suggestions for all to posthaste_worker using (true) with check (true);
grant select, update (decision, decided_text, decided_by, decided_at) on ai_content_suggestions to posthaste_api;
grant select, insert on ai_content_suggestions to posthaste_worker;

alter table idea_suggestions enable row level security;
create policy idea_suggestions_read on idea_suggestions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy idea_suggestions_insert on idea_suggestions for insert to posthaste_api
  with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy idea_suggestions_decide on idea_suggestions for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy idea_suggestions_worker on idea_suggestions for all to posthaste_worker using (true) with check (true);
grant select, insert, update (decision, decided_text, decided_by, decided_at) on idea_suggestions to posthaste_api;
grant select, insert on idea_suggestions to posthaste_worker;

alter table hashtag_suggestions enable row level security;
create policy hashtag_suggestions_read on hashtag_suggestions for select to posthaste_api
  using (project_id = any ((select app.projects_of('read'))::uuid[]));
create policy hashtag_suggestions_decide on hashtag_suggestions for update to posthaste_api
  using (project_id = any ((select app.projects_of('write'))::uuid[])) with check (project_id = any ((select app.projects_of('write'))::uuid[]));
create policy hashtag_suggestions_worker on hashtag_suggestions for all to posthaste_worker using (true) with check (true);
grant select, update (decision, decided_by, decided_at) on hashtag_suggestions to posthaste_api;
grant select, insert on hashtag_suggestions to posthaste_worker;
