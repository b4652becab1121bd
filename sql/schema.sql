create extension btree_gist with schema gist;
create extension pg_trgm with schema trigram;
create extension pgcrypto with schema crypto;

create schema app;
comment on schema app is 'Functions that the code and the policies rest on. Tables live in public.';
grant usage on schema app to posthaste_api;
grant usage on schema app to posthaste_public;
grant usage on schema app to posthaste_reporting;
grant usage on schema app to posthaste_worker;

create schema archive;
comment on schema archive is 'Partitions that are detached and not yet dropped. Nobody but the owner looks in here.';

create schema crypto;
comment on schema crypto is 'The extension pgcrypto; nobody but the owner may look in.';

create schema gist;
comment on schema gist is 'The extension btree_gist. Its operator classes are found without being named.';

grant usage on schema public to public;

create schema trigram;
comment on schema trigram is 'The extension pg_trgm. Its operator class is named by the index that needs it, and by nothing else.';

alter default privileges on functions: the owner alone;

create table account_deletions (
  user_id uuid not null,
  requested_at timestamp with time zone not null default app.now(),
  due_at timestamp with time zone not null default (app.now() + app.deletion_grace()),
  delete_projects uuid[] not null default '{}'::uuid[],
  lease_until timestamp with time zone,
  constraint account_deletions_pkey PRIMARY KEY (user_id),
  constraint account_deletions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint account_deletions_due_later CHECK ((due_at >= requested_at))
);

comment on table account_deletions is 'Accounts that will be erased at due_at, unless their person takes it back before.';
comment on column account_deletions.delete_projects is 'Projects with other members that go too, because the person chose so; where somebody else is an owner by then they stay.';

CREATE INDEX account_deletions_due_at_idx ON public.account_deletions USING btree (due_at);

CREATE TRIGGER account_deletions_audit AFTER INSERT OR DELETE OR UPDATE ON public.account_deletions FOR EACH ROW EXECUTE FUNCTION app.audit('{user_id}', '', 'user_id', '{requested_at,due_at,delete_projects}', '{}', '{}');

alter table account_deletions enable row level security;

create policy account_deletions_own on account_deletions for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy account_deletions_worker on account_deletions for all to posthaste_worker
  using (true)
  with check (true);

grant select on account_deletions to posthaste_api;
grant select on account_deletions to posthaste_worker;

grant update (lease_until) on account_deletions to posthaste_worker;

create table account_exports (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  state text not null default 'waiting'::text,
  created_at timestamp with time zone not null default app.now(),
  started_at timestamp with time zone,
  completed_at timestamp with time zone,
  expires_at timestamp with time zone,
  lease_token uuid,
  lease_until timestamp with time zone,
  attempts integer not null default 0,
  cursor jsonb not null default '{}'::jsonb,
  parts jsonb not null default '[]'::jsonb,
  steps_done integer not null default 0,
  steps_total integer not null default 0,
  bytes bigint not null default 0,
  failure_reason text,
  constraint account_exports_pkey PRIMARY KEY (id),
  constraint account_exports_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint account_exports_cursor_object CHECK ((jsonb_typeof(cursor) = 'object'::text)),
  constraint account_exports_numbers_natural CHECK (((attempts >= 0) AND (steps_done >= 0) AND (steps_total >= 0) AND (bytes >= 0))),
  constraint account_exports_parts_array CHECK ((jsonb_typeof(parts) = 'array'::text)),
  constraint account_exports_ready_expires CHECK (((state <> 'ready'::text) OR ((completed_at IS NOT NULL) AND (expires_at IS NOT NULL)))),
  constraint account_exports_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'ready'::text, 'failed'::text])))
);

comment on table account_exports is 'Exports of accounts. Files are written part by part; what a part holds is noted with it, so that whoever is killed is followed by somebody who goes on after the last one. Objects are exports/<id>/<number>.zip.';
comment on column account_exports.bytes is 'Of the complete parts and what is written of the next.';
comment on column account_exports.cursor is 'Where the next part begins.';
comment on column account_exports.parts is 'Parts that are complete: number and bytes.';

CREATE INDEX account_exports_expires_at_idx ON public.account_exports USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX account_exports_open_idx ON public.account_exports USING btree (created_at) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
CREATE UNIQUE INDEX account_exports_open_key ON public.account_exports USING btree (user_id) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
CREATE INDEX account_exports_user_id_idx ON public.account_exports USING btree (user_id, id DESC);

CREATE TRIGGER account_exports_audit AFTER INSERT OR DELETE OR UPDATE ON public.account_exports FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'user_id', '{state,expires_at}', '{}', '{}');
CREATE TRIGGER account_exports_objects AFTER DELETE ON public.account_exports FOR EACH ROW EXECUTE FUNCTION app.drop_export_objects();

alter table account_exports enable row level security;

create policy account_exports_own on account_exports for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy account_exports_worker on account_exports for all to posthaste_worker
  using (true)
  with check (true);

grant delete on account_exports to posthaste_api;
grant delete, select, update on account_exports to posthaste_worker;

grant select (id, user_id, state, created_at, started_at, completed_at, expires_at, parts, steps_done, steps_total, bytes, failure_reason) on account_exports to posthaste_api;

create table account_health_checks (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid not null,
  checked_at timestamp with time zone not null default app.now(),
  result text not null,
  latency_ms integer,
  message text,
  constraint account_health_checks_pkey PRIMARY KEY (id),
  constraint account_health_checks_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint account_health_checks_latency_natural CHECK ((latency_ms >= 0)),
  constraint account_health_checks_message_length CHECK ((length(message) <= 1000)),
  constraint account_health_checks_result_known CHECK ((result = ANY (ARRAY['healthy'::text, 'degraded'::text, 'unhealthy'::text, 'unknown'::text])))
);

comment on table account_health_checks is 'What a look at an account found. Kept for 30 days.';
comment on column account_health_checks.latency_ms is 'Of the platform''s answer; null where none came.';

CREATE INDEX account_health_checks_account_idx ON public.account_health_checks USING btree (project_id, account_id, checked_at DESC);
CREATE INDEX account_health_checks_checked_at_idx ON public.account_health_checks USING btree (checked_at);

CREATE TRIGGER account_health_checks_note AFTER INSERT ON public.account_health_checks FOR EACH ROW EXECUTE FUNCTION app.note_health();

alter table account_health_checks enable row level security;

create policy account_health_checks_read on account_health_checks for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy account_health_checks_worker on account_health_checks for all to posthaste_worker
  using (true)
  with check (true);

grant select on account_health_checks to posthaste_api;
grant delete, insert, select on account_health_checks to posthaste_worker;

create table account_metrics (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid not null,
  day date not null,
  followers bigint,
  following bigint,
  posts bigint,
  demographics jsonb,
  fetched_at timestamp with time zone not null default app.now(),
  constraint account_metrics_pkey PRIMARY KEY (id),
  constraint account_metrics_day_key UNIQUE (project_id, account_id, day),
  constraint account_metrics_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint account_metrics_demographics_object CHECK ((jsonb_typeof(demographics) = 'object'::text)),
  constraint account_metrics_natural CHECK (((followers >= 0) AND (following >= 0) AND (posts >= 0)))
);

comment on table account_metrics is 'An account''s own numbers, the latest of each day (UTC). Written whenever social_accounts learns new ones.';
comment on column account_metrics.demographics is 'Who follows: age, gender, country, as the platform tells.';
comment on column account_metrics.followers is 'As the platform told at fetched_at; null = it does not tell. Likewise following and posts.';

CREATE INDEX account_metrics_day_idx ON public.account_metrics USING btree (day);

alter table account_metrics enable row level security;

create policy account_metrics_read on account_metrics for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy account_metrics_reporting on account_metrics for select to posthaste_reporting
  using (true);
create policy account_metrics_worker on account_metrics for all to posthaste_worker
  using (true)
  with check (true);

grant select on account_metrics to posthaste_api;
grant select on account_metrics to posthaste_reporting;
grant insert, select, update on account_metrics to posthaste_worker;

create table account_tokens (
  account_id uuid not null,
  project_id uuid not null,
  access_token_sealed text not null,
  refresh_token_sealed text,
  expires_at timestamp with time zone,
  token_version integer not null default 1,
  refresh_lease_until timestamp with time zone,
  updated_at timestamp with time zone not null default app.now(),
  constraint account_tokens_pkey PRIMARY KEY (account_id),
  constraint account_tokens_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE
);

comment on table account_tokens is 'Sealed tokens of accounts. Written by app.connect_account and the worker, read by the worker alone.';
comment on column account_tokens.access_token_sealed is 'AES-256-GCM, bound to account and column.';
comment on column account_tokens.refresh_lease_until is 'Until then one worker alone may refresh; the others wait.';
comment on column account_tokens.token_version is 'Raised by every refresh: whoever read an older one writes nothing.';

CREATE INDEX account_tokens_account_idx ON public.account_tokens USING btree (project_id, account_id);
CREATE INDEX account_tokens_expires_at_idx ON public.account_tokens USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE TRIGGER account_tokens_audit AFTER INSERT OR DELETE OR UPDATE ON public.account_tokens FOR EACH ROW EXECUTE FUNCTION app.audit('{account_id}', 'project_id', '', '{expires_at,token_version}', '{}', '{access_token_sealed,refresh_token_sealed}');

alter table account_tokens enable row level security;

create policy account_tokens_read on account_tokens for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy account_tokens_worker on account_tokens for all to posthaste_worker
  using (true)
  with check (true);

grant delete, select, update on account_tokens to posthaste_worker;

grant select (account_id, project_id, expires_at, token_version) on account_tokens to posthaste_api;

create table ai_content_suggestions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  task_id uuid not null,
  content_id uuid,
  kind text not null,
  text text not null,
  score numeric(3,2),
  cost_usd numeric(12,6),
  decision text,
  decided_text text,
  decided_by uuid,
  decided_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  constraint ai_content_suggestions_pkey PRIMARY KEY (id),
  constraint ai_content_suggestions_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE SET NULL (content_id),
  constraint ai_content_suggestions_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint ai_content_suggestions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint ai_content_suggestions_task_fkey FOREIGN KEY (project_id, task_id) REFERENCES ai_generation_tasks(project_id, id) ON DELETE CASCADE,
  constraint ai_content_suggestions_cost_natural CHECK ((cost_usd >= (0)::numeric)),
  constraint ai_content_suggestions_decided CHECK (((decision IS NULL) = (decided_at IS NULL))),
  constraint ai_content_suggestions_decision_known CHECK ((decision = ANY (ARRAY['accepted'::text, 'rejected'::text, 'edited'::text]))),
  constraint ai_content_suggestions_edited_has_text CHECK (((NOT (decision IS DISTINCT FROM 'edited'::text)) = (decided_text IS NOT NULL))),
  constraint ai_content_suggestions_kind_known CHECK ((kind = ANY (ARRAY['title'::text, 'description'::text, 'body'::text, 'script'::text, 'caption'::text]))),
  constraint ai_content_suggestions_score_range CHECK (((score >= (0)::numeric) AND (score <= (1)::numeric))),
  constraint ai_content_suggestions_text_length CHECK (((length(text) >= 1) AND (length(text) <= 100000)))
);

comment on table ai_content_suggestions is 'What a task proposed for one field of a piece of content, and what the person did with it.';
comment on column ai_content_suggestions.decided_text is 'What was kept instead, where it was edited.';
comment on column ai_content_suggestions.score is '0 to 1: how good the maker of the suggestion thinks it is.';

CREATE INDEX ai_content_suggestions_content_idx ON public.ai_content_suggestions USING btree (project_id, content_id);
CREATE INDEX ai_content_suggestions_decided_by_idx ON public.ai_content_suggestions USING btree (decided_by);
CREATE INDEX ai_content_suggestions_project_id_idx ON public.ai_content_suggestions USING btree (project_id, id DESC);
CREATE INDEX ai_content_suggestions_task_idx ON public.ai_content_suggestions USING btree (project_id, task_id);

alter table ai_content_suggestions enable row level security;

create policy ai_content_suggestions_decide on ai_content_suggestions for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy ai_content_suggestions_read on ai_content_suggestions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy ai_content_suggestions_worker on ai_content_suggestions for all to posthaste_worker
  using (true)
  with check (true);

grant select on ai_content_suggestions to posthaste_api;
grant insert, select on ai_content_suggestions to posthaste_worker;

grant update (decision, decided_text, decided_by, decided_at) on ai_content_suggestions to posthaste_api;

create table ai_generation_tasks (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  content_id uuid,
  kind text not null,
  state text not null default 'queued'::text,
  model text,
  prompt_version text,
  input jsonb not null default '{}'::jsonb,
  output jsonb,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone default app.now(),
  lease_token uuid,
  lease_until timestamp with time zone,
  input_tokens integer,
  output_tokens integer,
  cost_usd numeric(12,6),
  failure_code text,
  failure_message text,
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint ai_generation_tasks_pkey PRIMARY KEY (id),
  constraint ai_generation_tasks_project_id_id_key UNIQUE (project_id, id),
  constraint ai_generation_tasks_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE SET NULL (content_id),
  constraint ai_generation_tasks_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint ai_generation_tasks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint ai_generation_tasks_attempts_natural CHECK ((attempts >= 0)),
  constraint ai_generation_tasks_cost_natural CHECK ((cost_usd >= (0)::numeric)),
  constraint ai_generation_tasks_done_has_output CHECK (((state <> 'succeeded'::text) OR ((output IS NOT NULL) AND (model IS NOT NULL)))),
  constraint ai_generation_tasks_failed_has_reason CHECK (((state <> 'failed'::text) OR ((failure_code IS NOT NULL) AND (failure_message IS NOT NULL)))),
  constraint ai_generation_tasks_kind_known CHECK ((kind = ANY (ARRAY['ideas'::text, 'draft'::text, 'rewrite'::text, 'script'::text, 'captions'::text, 'hashtags'::text, 'titles'::text]))),
  constraint ai_generation_tasks_owned CHECK (((state <> 'running'::text) OR ((lease_token IS NOT NULL) AND (lease_until IS NOT NULL)))),
  constraint ai_generation_tasks_state_known CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text]))),
  constraint ai_generation_tasks_tokens_natural CHECK (((input_tokens >= 0) AND (output_tokens >= 0)))
);

comment on table ai_generation_tasks is 'One wish for generated text: queued, running under a lease, succeeded, failed or cancelled (app.guard_ai_task).';
comment on column ai_generation_tasks.cost_usd is 'Sum over all attempts, in US dollars.';
comment on column ai_generation_tasks.next_attempt_at is 'When a queued task may be taken.';
comment on column ai_generation_tasks.prompt_version is 'Which wording of our prompt was used, so that results can be compared.';

CREATE INDEX ai_generation_tasks_content_idx ON public.ai_generation_tasks USING btree (project_id, content_id);
CREATE INDEX ai_generation_tasks_created_by_idx ON public.ai_generation_tasks USING btree (created_by);
CREATE INDEX ai_generation_tasks_lease_idx ON public.ai_generation_tasks USING btree (lease_until) WHERE (state = 'running'::text);
CREATE INDEX ai_generation_tasks_project_id_idx ON public.ai_generation_tasks USING btree (project_id, id DESC);
CREATE INDEX ai_generation_tasks_queued_idx ON public.ai_generation_tasks USING btree (next_attempt_at) WHERE (state = 'queued'::text);

CREATE TRIGGER ai_generation_tasks_begin BEFORE INSERT ON public.ai_generation_tasks FOR EACH ROW EXECUTE FUNCTION app.guard_ai_task();
CREATE TRIGGER ai_generation_tasks_guard BEFORE UPDATE OF state ON public.ai_generation_tasks FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION app.guard_ai_task();
CREATE TRIGGER ai_generation_tasks_touch BEFORE UPDATE ON public.ai_generation_tasks FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table ai_generation_tasks enable row level security;

create policy ai_generation_tasks_cancel on ai_generation_tasks for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check (((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])) AND (state = 'cancelled'::text)));
create policy ai_generation_tasks_insert on ai_generation_tasks for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy ai_generation_tasks_read on ai_generation_tasks for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy ai_generation_tasks_worker on ai_generation_tasks for all to posthaste_worker
  using (true)
  with check (true);

grant select on ai_generation_tasks to posthaste_api;
grant select, update on ai_generation_tasks to posthaste_worker;

grant insert (id, project_id, created_by, content_id, kind, input) on ai_generation_tasks to posthaste_api;
grant update (state) on ai_generation_tasks to posthaste_api;

create table analytics (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  platform text not null,
  fetched_at timestamp with time zone not null default app.now(),
  source text not null default 'poll'::text,
  likes bigint,
  comments bigint,
  shares bigint,
  views bigint,
  impressions bigint,
  reach bigint,
  saves bigint,
  clicks bigint,
  engagement_rate numeric(5,2),
  demographics jsonb,
  metrics_by_time jsonb,
  raw jsonb,
  created_at timestamp with time zone not null default app.now(),
  constraint analytics_pkey PRIMARY KEY (id, fetched_at),
  constraint analytics_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint analytics_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE RESTRICT,
  constraint analytics_publication_fkey FOREIGN KEY (project_id, publication_id) REFERENCES post_publications(project_id, id) ON DELETE CASCADE,
  constraint analytics_demographics_object CHECK ((jsonb_typeof(demographics) = 'object'::text)),
  constraint analytics_engagement_rate_percent CHECK (((engagement_rate >= (0)::numeric) AND (engagement_rate <= (100)::numeric))),
  constraint analytics_source_known CHECK ((source = ANY (ARRAY['poll'::text, 'refresh'::text, 'import'::text])))
) partition by RANGE (fetched_at);

comment on table analytics is 'Cumulative numbers as the platform told them at fetched_at; null = the platform does not tell. By month.';
comment on column analytics.created_at is 'When it came here: later than fetched_at for what was imported or came late.';
comment on column analytics.demographics is 'Who was reached: age, gender, country, as the platform tells.';
comment on column analytics.engagement_rate is 'By app.engagement_rate: percent of reach, else impressions, else views.';
comment on column analytics.fetched_at is 'When the platform told it. Decides the month, and the bucket of the rollups.';
comment on column analytics.metrics_by_time is 'Series that the platform itself keeps, by metric.';
comment on column analytics.raw is 'The platform''s answer, where it tells more than the columns hold.';
comment on column analytics.source is 'Who said it: the platform''s API, an import, the community itself.';

CREATE INDEX analytics_account_idx ON ONLY public.analytics USING btree (project_id, account_id);
CREATE INDEX analytics_fetched_at_idx ON ONLY public.analytics USING btree (fetched_at DESC);
CREATE INDEX analytics_platform_idx ON ONLY public.analytics USING btree (platform);
CREATE INDEX analytics_publication_idx ON ONLY public.analytics USING btree (project_id, publication_id, fetched_at DESC);

CREATE TRIGGER analytics_touch AFTER INSERT ON public.analytics REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION app.touch_analytics();

alter table analytics enable row level security;

create policy analytics_read on analytics for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy analytics_reporting on analytics for select to posthaste_reporting
  using (true);
create policy analytics_worker on analytics for all to posthaste_worker
  using (true)
  with check (true);

grant select on analytics to posthaste_api;
grant select on analytics to posthaste_reporting;
grant insert, select on analytics to posthaste_worker;

create table analytics_rollups (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid,
  publication_id uuid,
  level text not null generated always as (
CASE
    WHEN (publication_id IS NOT NULL) THEN 'publication'::text
    WHEN (account_id IS NOT NULL) THEN 'account'::text
    ELSE 'project'::text
END) stored,
  target_id uuid not null generated always as (COALESCE(publication_id, account_id, project_id)) stored,
  parent_id uuid generated always as (
CASE
    WHEN (publication_id IS NOT NULL) THEN account_id
    WHEN (account_id IS NOT NULL) THEN project_id
    ELSE NULL::uuid
END) stored,
  period text not null,
  starts_at timestamp with time zone not null,
  likes bigint,
  comments bigint,
  shares bigint,
  views bigint,
  impressions bigint,
  reach bigint,
  saves bigint,
  clicks bigint,
  likes_delta bigint,
  comments_delta bigint,
  shares_delta bigint,
  views_delta bigint,
  impressions_delta bigint,
  reach_delta bigint,
  saves_delta bigint,
  clicks_delta bigint,
  likes_min bigint,
  comments_min bigint,
  shares_min bigint,
  views_min bigint,
  impressions_min bigint,
  reach_min bigint,
  saves_min bigint,
  clicks_min bigint,
  likes_max bigint,
  comments_max bigint,
  shares_max bigint,
  views_max bigint,
  impressions_max bigint,
  reach_max bigint,
  saves_max bigint,
  clicks_max bigint,
  updated_at timestamp with time zone not null default app.now(),
  constraint analytics_rollups_pkey PRIMARY KEY (id),
  constraint analytics_rollups_bucket_key UNIQUE (target_id, period, starts_at),
  constraint analytics_rollups_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint analytics_rollups_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint analytics_rollups_publication_fkey FOREIGN KEY (project_id, publication_id) REFERENCES post_publications(project_id, id) ON DELETE CASCADE,
  constraint analytics_rollups_of_an_account CHECK (((publication_id IS NULL) OR (account_id IS NOT NULL))),
  constraint analytics_rollups_period_known CHECK ((period = ANY (ARRAY['hourly'::text, 'daily'::text, 'weekly'::text, 'monthly'::text]))),
  constraint analytics_rollups_starts_on_time CHECK ((starts_at = date_trunc(
CASE period
    WHEN 'hourly'::text THEN 'hour'::text
    WHEN 'daily'::text THEN 'day'::text
    WHEN 'weekly'::text THEN 'week'::text
    ELSE 'month'::text
END, starts_at, 'UTC'::text)))
) with (autovacuum_vacuum_scale_factor=0.05, autovacuum_analyze_scale_factor=0.02);

comment on table analytics_rollups is 'Numbers per hour, day, week (from Monday) and month in UTC, of a publication, of an account and of a project. Only buckets with a snapshot have a row.';
comment on column analytics_rollups.likes is 'Known at the end of the bucket. Of an account and a project: the sum over their publications. Likewise the other plain columns.';
comment on column analytics_rollups.likes_delta is 'Gained in the bucket, counted from nothing for a first one; negative where a counter fell. Likewise the other deltas.';
comment on column analytics_rollups.likes_min is 'Lowest of the bucket''s snapshots; of an account and a project: of its hours'' ends. Likewise the other _min and _max.';
comment on column analytics_rollups.parent_id is 'Into whose numbers they are added up.';
comment on column analytics_rollups.target_id is 'Whose numbers they are: the publication, the account or the project.';

CREATE INDEX analytics_rollups_account_idx ON public.analytics_rollups USING btree (project_id, account_id);
CREATE INDEX analytics_rollups_parent_idx ON public.analytics_rollups USING btree (parent_id, starts_at) WHERE (period = 'hourly'::text);
CREATE INDEX analytics_rollups_publication_idx ON public.analytics_rollups USING btree (project_id, publication_id);

alter table analytics_rollups enable row level security;

create policy analytics_rollups_read on analytics_rollups for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy analytics_rollups_reporting on analytics_rollups for select to posthaste_reporting
  using (true);
create policy analytics_rollups_worker on analytics_rollups for select to posthaste_worker
  using (true);

grant select on analytics_rollups to posthaste_api;
grant select on analytics_rollups to posthaste_reporting;
grant select on analytics_rollups to posthaste_worker;

create table analytics_touched (
  publication_id uuid not null,
  project_id uuid not null,
  from_at timestamp with time zone not null,
  constraint analytics_touched_pkey PRIMARY KEY (publication_id),
  constraint analytics_touched_publication_fkey FOREIGN KEY (project_id, publication_id) REFERENCES post_publications(project_id, id) ON DELETE CASCADE
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);

comment on table analytics_touched is 'Publications whose rollups do not know their newest snapshots yet.';
comment on column analytics_touched.from_at is 'The earliest snapshot that the rollups do not know: with late ones far in the past.';

CREATE INDEX analytics_touched_from_at_idx ON public.analytics_touched USING btree (from_at);
CREATE INDEX analytics_touched_publication_idx ON public.analytics_touched USING btree (project_id, publication_id);

alter table analytics_touched enable row level security;

create policy analytics_touched_worker on analytics_touched for select to posthaste_worker
  using (true);

grant select on analytics_touched to posthaste_worker;

create table api_keys (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid default app.user_id(),
  name text not null,
  prefix text not null,
  key_hash text not null,
  scopes text[] not null,
  is_test boolean not null default false,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  replaced_by uuid,
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_key_hash_key UNIQUE (key_hash),
  constraint api_keys_prefix_key UNIQUE (prefix),
  constraint api_keys_project_id_id_key UNIQUE (project_id, id),
  constraint api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint api_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint api_keys_replaced_by_fkey FOREIGN KEY (project_id, replaced_by) REFERENCES api_keys(project_id, id) ON DELETE SET NULL (replaced_by),
  constraint api_keys_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint api_keys_prefix_length CHECK (((length(prefix) >= 4) AND (length(prefix) <= 40))),
  constraint api_keys_scopes_some CHECK (((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 50)))
);

comment on table api_keys is 'Keys of programs, bound to one project. A key may what its creator may there, cut down to its scopes; without a creator it is dead.';
comment on column api_keys.created_by is 'Nobody makes a key in another''s name: not granted for insert.';
comment on column api_keys.is_test is 'Reaches simulated platforms only.';
comment on column api_keys.key_hash is 'SHA-256 of the whole key.';
comment on column api_keys.prefix is 'The readable beginning of the key, by which it is recognised in a list or a leak.';
comment on column api_keys.replaced_by is 'The key that came after it; expires_at is then the end of the time in which both work.';
comment on column api_keys.scopes is 'What it may do: area and read or write; write holds read.';

CREATE INDEX api_keys_created_by_idx ON public.api_keys USING btree (created_by);
CREATE INDEX api_keys_project_id_idx ON public.api_keys USING btree (project_id, id DESC);
CREATE INDEX api_keys_replaced_by_idx ON public.api_keys USING btree (project_id, replaced_by);

CREATE TRIGGER api_keys_audit AFTER INSERT OR DELETE OR UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'created_by', '{created_by,prefix,scopes,is_test,expires_at,revoked_at}', '{name}', '{key_hash}');
CREATE TRIGGER api_keys_narrow BEFORE UPDATE OF scopes, expires_at, revoked_at ON public.api_keys FOR EACH ROW EXECUTE FUNCTION app.keep_key_narrow();
CREATE TRIGGER api_keys_touch BEFORE UPDATE ON public.api_keys FOR EACH ROW WHEN ((NOT (old.last_used_at IS DISTINCT FROM new.last_used_at))) EXECUTE FUNCTION app.touch();

alter table api_keys enable row level security;

create policy api_keys_manage on api_keys for all to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));

grant insert (project_id, name, prefix, key_hash, scopes, is_test, expires_at) on api_keys to posthaste_api;
grant select (id, project_id, created_by, name, prefix, scopes, is_test, expires_at, last_used_at, revoked_at, created_at, updated_at, version, replaced_by) on api_keys to posthaste_api;
grant update (name, scopes, expires_at, revoked_at, replaced_by) on api_keys to posthaste_api;

create table approval_decisions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  request_id uuid not null,
  user_id uuid default app.user_id(),
  review_link_id uuid,
  decision text not null,
  text text,
  created_at timestamp with time zone not null default app.now(),
  constraint approval_decisions_pkey PRIMARY KEY (id),
  constraint approval_decisions_link_fkey FOREIGN KEY (project_id, review_link_id) REFERENCES review_links(project_id, id) ON DELETE SET NULL (review_link_id),
  constraint approval_decisions_request_fkey FOREIGN KEY (project_id, request_id) REFERENCES approval_requests(project_id, id) ON DELETE CASCADE,
  constraint approval_decisions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL,
  constraint approval_decisions_comment_says CHECK (((decision <> 'comment'::text) OR (text IS NOT NULL))),
  constraint approval_decisions_decision_known CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text, 'comment'::text]))),
  constraint approval_decisions_one_author CHECK ((num_nonnulls(user_id, review_link_id) <= 1)),
  constraint approval_decisions_text_length CHECK (((length(text) >= 1) AND (length(text) <= 10000)))
);

comment on table approval_decisions is 'What was said of a request. Never changed (PH008); the author''s name goes with the account.';
comment on column approval_decisions.review_link_id is 'The link by which somebody without an account said it.';

CREATE INDEX approval_decisions_link_idx ON public.approval_decisions USING btree (project_id, review_link_id);
CREATE UNIQUE INDEX approval_decisions_link_once_key ON public.approval_decisions USING btree (request_id, review_link_id) WHERE (decision <> 'comment'::text);
CREATE UNIQUE INDEX approval_decisions_once_key ON public.approval_decisions USING btree (request_id, user_id) WHERE (decision <> 'comment'::text);
CREATE INDEX approval_decisions_request_idx ON public.approval_decisions USING btree (project_id, request_id);
CREATE INDEX approval_decisions_user_id_idx ON public.approval_decisions USING btree (user_id);

CREATE TRIGGER approval_decisions_audit AFTER INSERT OR DELETE OR UPDATE ON public.approval_decisions FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'user_id', '{request_id,user_id,review_link_id,decision}', '{}', '{}');
CREATE TRIGGER approval_decisions_count AFTER INSERT ON public.approval_decisions FOR EACH ROW WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.count_decision();
CREATE TRIGGER approval_decisions_fixed BEFORE UPDATE OF id, project_id, request_id, decision, text, created_at ON public.approval_decisions FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER approval_decisions_stay BEFORE DELETE ON public.approval_decisions FOR EACH ROW EXECUTE FUNCTION app.keep_decision();

alter table approval_decisions enable row level security;

create policy approval_decisions_comment on approval_decisions for insert to posthaste_api
  with check (((decision = 'comment'::text) AND (user_id = ( SELECT app.user_id() AS user_id)) AND (project_id = ANY (( SELECT app.projects_of('review'::text) AS projects_of)::uuid[]))));
create policy approval_decisions_decide on approval_decisions for insert to posthaste_api
  with check (((decision <> 'comment'::text) AND (user_id = ( SELECT app.user_id() AS user_id)) AND (project_id = ANY (( SELECT app.projects_of('approve'::text) AS projects_of)::uuid[]))));
create policy approval_decisions_read on approval_decisions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant select on approval_decisions to posthaste_api;

grant insert (id, project_id, request_id, decision, text) on approval_decisions to posthaste_api;

create table approval_members (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  workflow_id uuid not null,
  user_id uuid not null,
  role text not null,
  "position" integer not null default 0,
  created_at timestamp with time zone not null default app.now(),
  constraint approval_members_pkey PRIMARY KEY (id),
  constraint approval_members_once UNIQUE (workflow_id, user_id),
  constraint approval_members_collaborator_fkey FOREIGN KEY (project_id, user_id) REFERENCES project_collaborators(project_id, user_id) ON DELETE CASCADE,
  constraint approval_members_workflow_fkey FOREIGN KEY (project_id, workflow_id) REFERENCES approval_workflows(project_id, id) ON DELETE CASCADE,
  constraint approval_members_position_natural CHECK (("position" >= 0)),
  constraint approval_members_role_known CHECK ((role = ANY (ARRAY['reviewer'::text, 'approver'::text])))
);

comment on table approval_members is 'Who takes part in a workflow: members of the project, and no longer than they are.';
comment on column approval_members.position is 'For the rule ordered. The same position: in any order.';
comment on column approval_members.role is 'A reviewer comments; an approver, who needs the permission in the project too, decides.';

CREATE INDEX approval_members_collaborator_idx ON public.approval_members USING btree (project_id, user_id);
CREATE INDEX approval_members_workflow_idx ON public.approval_members USING btree (project_id, workflow_id);

CREATE TRIGGER approval_members_audit AFTER INSERT OR DELETE OR UPDATE ON public.approval_members FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'user_id', '{workflow_id,user_id,role,position}', '{}', '{}');

alter table approval_members enable row level security;

create policy approval_members_delete on approval_members for delete to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy approval_members_insert on approval_members for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy approval_members_read on approval_members for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy approval_members_update on approval_members for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));

grant delete, select on approval_members to posthaste_api;

grant insert (project_id, workflow_id, user_id, role, "position") on approval_members to posthaste_api;
grant update (role, "position") on approval_members to posthaste_api;

create table approval_requests (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  workflow_id uuid not null,
  post_id uuid,
  requested_by uuid default app.user_id(),
  note text,
  content_hash text,
  state text not null default 'pending'::text,
  decided_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint approval_requests_pkey PRIMARY KEY (id),
  constraint approval_requests_project_id_id_key UNIQUE (project_id, id),
  constraint approval_requests_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint approval_requests_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint approval_requests_workflow_fkey FOREIGN KEY (project_id, workflow_id) REFERENCES approval_workflows(project_id, id) ON DELETE CASCADE,
  constraint approval_requests_note_length CHECK ((length(note) <= 10000)),
  constraint approval_requests_post_has_hash CHECK (((post_id IS NULL) = (content_hash IS NULL))),
  constraint approval_requests_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'withdrawn'::text, 'superseded'::text])))
);

comment on table approval_requests is 'One post asks for approval of what it says now. Its end is the end: asking again is another row.';
comment on column approval_requests.content_hash is 'app.post_hash of what was shown. An edit supersedes the request.';
comment on column approval_requests.decided_at is 'When it stopped being pending.';
comment on column approval_requests.post_id is 'Null only where an import brought a workflow''s status without saying of what.';

CREATE INDEX approval_requests_open_idx ON public.approval_requests USING btree (project_id, id) WHERE (state = 'pending'::text);
CREATE UNIQUE INDEX approval_requests_pending_key ON public.approval_requests USING btree (post_id) WHERE (state = 'pending'::text);
CREATE INDEX approval_requests_post_idx ON public.approval_requests USING btree (project_id, post_id);
CREATE INDEX approval_requests_requested_by_idx ON public.approval_requests USING btree (requested_by);
CREATE INDEX approval_requests_workflow_idx ON public.approval_requests USING btree (project_id, workflow_id);

CREATE TRIGGER approval_requests_audit AFTER INSERT OR DELETE OR UPDATE ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'requested_by', '{workflow_id,post_id,requested_by,content_hash,state,decided_at}', '{}', '{}');
CREATE TRIGGER approval_requests_bind BEFORE INSERT ON public.approval_requests FOR EACH ROW WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.bind_request();
CREATE TRIGGER approval_requests_end AFTER UPDATE OF state ON public.approval_requests FOR EACH ROW WHEN (((old.state = 'pending'::text) AND (new.state = ANY (ARRAY['approved'::text, 'rejected'::text, 'withdrawn'::text])))) EXECUTE FUNCTION app.end_request();
CREATE TRIGGER approval_requests_guard BEFORE UPDATE OF state ON public.approval_requests FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION app.guard_request();
CREATE TRIGGER approval_requests_submit AFTER INSERT ON public.approval_requests FOR EACH ROW WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.submit_request();
CREATE TRIGGER approval_requests_touch BEFORE UPDATE ON public.approval_requests FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table approval_requests enable row level security;

create policy approval_requests_insert on approval_requests for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy approval_requests_read on approval_requests for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy approval_requests_update on approval_requests for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy approval_requests_worker on approval_requests for select to posthaste_worker
  using (true);

grant select on approval_requests to posthaste_api;
grant select on approval_requests to posthaste_worker;

grant insert (id, project_id, workflow_id, post_id, note) on approval_requests to posthaste_api;
grant update (state) on approval_requests to posthaste_api;

create table approval_workflows (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  name text not null,
  rule text not null default 'any'::text,
  min_approvals integer not null default 1,
  allow_self_approval boolean not null default false,
  is_active boolean not null default true,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint approval_workflows_pkey PRIMARY KEY (id),
  constraint approval_workflows_project_id_id_key UNIQUE (project_id, id),
  constraint approval_workflows_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint approval_workflows_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint approval_workflows_min_approvals_positive CHECK (((min_approvals >= 1) AND (min_approvals <= 50))),
  constraint approval_workflows_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint approval_workflows_rule_known CHECK ((rule = ANY (ARRAY['any'::text, 'all'::text, 'ordered'::text])))
);

comment on table approval_workflows is 'How a project approves posts. A definition: what becomes of one post is an approval_requests row.';
comment on column approval_workflows.allow_self_approval is 'Whether whoever wrote the post, or asked for its approval, may approve it too.';
comment on column approval_workflows.min_approvals is 'For the rule any.';
comment on column approval_workflows.rule is 'any: min_approvals approvers agree. all: every approver does. ordered: every approver does, those with a lower position first.';

CREATE INDEX approval_workflows_created_by_idx ON public.approval_workflows USING btree (created_by);
CREATE INDEX approval_workflows_deleted_at_idx ON public.approval_workflows USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX approval_workflows_name_key ON public.approval_workflows USING btree (project_id, lower(name)) WHERE (deleted_at IS NULL);

CREATE TRIGGER approval_workflows_audit AFTER INSERT OR DELETE OR UPDATE ON public.approval_workflows FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'created_by', '{created_by,rule,min_approvals,allow_self_approval,is_active,deleted_at}', '{name}', '{}');
CREATE TRIGGER approval_workflows_touch BEFORE UPDATE ON public.approval_workflows FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table approval_workflows enable row level security;

create policy approval_workflows_insert on approval_workflows for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy approval_workflows_read on approval_workflows for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy approval_workflows_update on approval_workflows for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));

grant select on approval_workflows to posthaste_api;

grant insert (id, project_id, created_by, name, rule, min_approvals, allow_self_approval, is_active) on approval_workflows to posthaste_api;
grant update (name, rule, min_approvals, allow_self_approval, is_active, deleted_at) on approval_workflows to posthaste_api;

create table archive_parts (
  archive_id uuid not null,
  number integer not null,
  object_key text not null,
  row_count bigint not null,
  bytes bigint not null,
  sha256 text not null,
  last_id text not null,
  written_at timestamp with time zone not null default app.now(),
  constraint archive_parts_pkey PRIMARY KEY (archive_id, number),
  constraint archive_parts_object_key_key UNIQUE (object_key),
  constraint archive_parts_archive_id_fkey FOREIGN KEY (archive_id) REFERENCES partition_archives(id) ON DELETE CASCADE,
  constraint archive_parts_natural CHECK (((number > 0) AND (row_count > 0) AND (bytes > 0))),
  constraint archive_parts_sha256_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

comment on table archive_parts is 'Objects of an archived partition. Whoever was killed goes on after the last of them.';
comment on column archive_parts.last_id is 'Rows are written in the order of their ids; the next part begins after this one.';
comment on column archive_parts.sha256 is 'Of the object as it is stored.';

alter table archive_parts enable row level security;

create policy archive_parts_worker on archive_parts for all to posthaste_worker
  using (true)
  with check (true);

grant insert, select on archive_parts to posthaste_worker;

create table audit_keys (
  user_id uuid not null,
  key bytea not null default crypto.gen_random_bytes(32),
  created_at timestamp with time zone not null default app.now(),
  constraint audit_keys_pkey PRIMARY KEY (user_id),
  constraint audit_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint audit_keys_key_length CHECK ((octet_length(key) = 32))
);

comment on table audit_keys is 'The key under which a person''s mail, names and addresses lie in the log. It goes with the person: what it sealed is noise from then on. Granted to nobody; used by functions of the owner.';

alter table audit_keys enable row level security;

create table audit_log (
  id uuid not null default uuidv7(),
  occurred_at timestamp with time zone not null default app.now(),
  actor text not null,
  user_id uuid,
  session_id uuid,
  api_key_id uuid,
  request_id text,
  project_id uuid,
  subject_id uuid,
  table_name text not null,
  row_id text,
  operation text not null,
  old_values jsonb,
  new_values jsonb,
  personal_sealed bytea,
  ip_sealed bytea,
  constraint audit_log_pkey PRIMARY KEY (id, occurred_at),
  constraint audit_log_actor_known CHECK ((actor = ANY (ARRAY['person'::text, 'public'::text, 'worker'::text, 'operator'::text]))),
  constraint audit_log_operation_known CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'access'::text]))),
  constraint audit_log_personal_has_subject CHECK (((personal_sealed IS NULL) OR (subject_id IS NOT NULL)))
) partition by RANGE (occurred_at);

comment on table audit_log is 'Who changed what, and who looked at what should not be looked at unseen. Written by app.write_audit alone, changed by nobody (PH008), sealed by app.seal_audit. No references: it outlives what it tells of.';
comment on column audit_log.actor is 'person (user_id), public (before an actor is known), worker, operator (at the database itself).';
comment on column audit_log.ip_sealed is 'Address of the request, likewise, under the key of user_id, or of subject_id where nobody was signed in.';
comment on column audit_log.new_values is 'As old_values, after the change.';
comment on column audit_log.old_values is 'By column; of an update only what changed. {"hidden": "secret"} stands for hashes and sealed values, {"hidden": "personal"} for what personal_sealed holds.';
comment on column audit_log.personal_sealed is 'AES-256-CBC under the subject''s key, a fresh 16 bytes first: {"old": {...}, "new": {...}}.';
comment on column audit_log.row_id is 'Primary key of the row; several columns are joined by a comma.';
comment on column audit_log.session_id is 'The session behind the request; api_key_id where it was a key.';
comment on column audit_log.subject_id is 'Whose personal values the row holds, and under whose key they lie.';
comment on column audit_log.table_name is 'The table; for an access what was read, such as export.account.';

CREATE INDEX audit_log_project_id_idx ON ONLY public.audit_log USING btree (project_id, id DESC) WHERE (project_id IS NOT NULL);
CREATE INDEX audit_log_request_id_idx ON ONLY public.audit_log USING btree (request_id, id DESC) WHERE (request_id IS NOT NULL);
CREATE INDEX audit_log_row_idx ON ONLY public.audit_log USING btree (table_name, row_id, id DESC);
CREATE INDEX audit_log_user_id_idx ON ONLY public.audit_log USING btree (user_id, id DESC) WHERE (user_id IS NOT NULL);

CREATE TRIGGER audit_log_stays BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER audit_log_stays_whole BEFORE TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

alter table audit_log enable row level security;

create policy audit_log_project on audit_log for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy audit_log_staff on audit_log for select to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy audit_log_worker on audit_log for select to posthaste_worker
  using (true);

grant select (id, occurred_at, actor, user_id, session_id, api_key_id, request_id, project_id, subject_id, table_name, row_id, operation, old_values, new_values) on audit_log to posthaste_api;
grant select (id, occurred_at, actor, user_id, session_id, api_key_id, request_id, project_id, subject_id, table_name, row_id, operation, old_values, new_values) on audit_log to posthaste_worker;

create table audit_seals (
  sequence bigint not null,
  month date not null,
  sealed_at timestamp with time zone not null default app.now(),
  row_count integer not null,
  row_ids uuid[] not null,
  row_hashes bytea[] not null,
  previous_hash bytea not null,
  hash bytea not null,
  constraint audit_seals_pkey PRIMARY KEY (sequence),
  constraint audit_seals_hash_key UNIQUE (hash),
  constraint audit_seals_previous_hash_key UNIQUE (previous_hash),
  constraint audit_seals_complete CHECK (((row_count > 0) AND (cardinality(row_ids) = row_count) AND (cardinality(row_hashes) = row_count))),
  constraint audit_seals_hash_length CHECK (((octet_length(previous_hash) = 32) AND (octet_length(hash) = 32))),
  constraint audit_seals_month_first CHECK ((EXTRACT(day FROM month) = (1)::numeric)),
  constraint audit_seals_sequence_positive CHECK ((sequence > 0))
);

comment on table audit_seals is 'The chain over the log. A seal names its rows, so that a missing one can be named too, and stays when their month is archived.';
comment on column audit_seals.hash is 'sha256 over sequence, month, instant, ids, hashes and the hash before: infra/tools/verify-audit.ts says how.';
comment on column audit_seals.month is 'All rows of a seal lie in one partition.';
comment on column audit_seals.previous_hash is 'Hash of the seal before; zeros at the beginning.';
comment on column audit_seals.row_hashes is 'By place in row_ids; empty where the row had already gone.';

CREATE INDEX audit_seals_month_idx ON public.audit_seals USING btree (month);
CREATE INDEX audit_seals_row_ids_idx ON public.audit_seals USING gin (row_ids);

CREATE TRIGGER audit_seals_stay BEFORE DELETE OR UPDATE ON public.audit_seals FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER audit_seals_stay_whole BEFORE TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

alter table audit_seals enable row level security;

create policy audit_seals_staff on audit_seals for select to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy audit_seals_worker on audit_seals for select to posthaste_worker
  using (true);

grant select on audit_seals to posthaste_api;
grant select on audit_seals to posthaste_worker;

create table audit_unsealed (
  audit_id uuid not null,
  occurred_at timestamp with time zone not null,
  constraint audit_unsealed_pkey PRIMARY KEY (occurred_at, audit_id)
);

comment on table audit_unsealed is 'Rows of the log that no seal holds yet, written with them. A row that commits late is sealed late, whatever its id: no horizon of ids or times is needed.';

alter table audit_unsealed enable row level security;

create table auth_attempts (
  subject text not null,
  source text not null,
  attempts integer not null default 0,
  last_at timestamp with time zone not null default app.now(),
  blocked_until timestamp with time zone,
  constraint auth_attempts_pkey PRIMARY KEY (subject, source),
  constraint auth_attempts_attempts_natural CHECK ((attempts >= 0)),
  constraint auth_attempts_source_length CHECK (((length(source) >= 1) AND (length(source) <= 100)))
);

comment on table auth_attempts is 'Failed proofs of a password, and mails that were asked for, of the last day. Kept for addresses that nobody has too, so that both are answered alike.';
comment on column auth_attempts.blocked_until is 'Failures: no proof is looked at before. Mails: end of the day that began with the first.';
comment on column auth_attempts.source is '* for the whole account; address:… one caller; session:… one session; mail:… mails of one purpose; reset:… a caller who chose a new password.';
comment on column auth_attempts.subject is 'Keyed hash of the e-mail address; never the address itself.';

CREATE INDEX auth_attempts_last_at_idx ON public.auth_attempts USING btree (last_at);

alter table auth_attempts enable row level security;

create policy auth_attempts_worker on auth_attempts for all to posthaste_worker
  using (true)
  with check (true);

grant delete on auth_attempts to posthaste_worker;

grant select (subject, source, last_at) on auth_attempts to posthaste_worker;

create table clip_categories (
  clip_id uuid not null,
  category_id uuid not null,
  project_id uuid not null,
  constraint clip_categories_pkey PRIMARY KEY (clip_id, category_id),
  constraint clip_categories_category_fkey FOREIGN KEY (project_id, category_id) REFERENCES content_categories(project_id, id) ON DELETE CASCADE,
  constraint clip_categories_clip_fkey FOREIGN KEY (project_id, clip_id) REFERENCES clips(project_id, id) ON DELETE CASCADE
);

comment on table clip_categories is 'Which clips are in which categories.';

CREATE INDEX clip_categories_category_idx ON public.clip_categories USING btree (project_id, category_id);
CREATE INDEX clip_categories_clip_idx ON public.clip_categories USING btree (project_id, clip_id);

alter table clip_categories enable row level security;

create policy clip_categories_delete on clip_categories for delete to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy clip_categories_insert on clip_categories for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy clip_categories_read on clip_categories for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant delete, insert, select on clip_categories to posthaste_api;

create table clips (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  video_id uuid not null,
  title text,
  start_ms integer not null,
  end_ms integer not null,
  ai_score numeric(5,2),
  transcript jsonb,
  status text not null default 'suggested'::text,
  rendered_media_id uuid,
  failure_code text,
  failure_reason text,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint clips_pkey PRIMARY KEY (id),
  constraint clips_project_id_id_key UNIQUE (project_id, id),
  constraint clips_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint clips_rendered_media_fkey FOREIGN KEY (project_id, rendered_media_id) REFERENCES media(project_id, id) ON DELETE SET NULL (rendered_media_id),
  constraint clips_video_fkey FOREIGN KEY (project_id, video_id) REFERENCES videos(project_id, media_id) ON DELETE CASCADE,
  constraint clips_ai_score_percent CHECK (((ai_score >= (0)::numeric) AND (ai_score <= (100)::numeric))),
  constraint clips_failed_has_reason CHECK (((status <> 'failed'::text) OR ((failure_code IS NOT NULL) AND (failure_reason IS NOT NULL)))),
  constraint clips_range CHECK (((start_ms >= 0) AND (start_ms < end_ms))),
  constraint clips_status_known CHECK ((status = ANY (ARRAY['suggested'::text, 'rendering'::text, 'ready'::text, 'failed'::text, 'discarded'::text]))),
  constraint clips_title_length CHECK (((length(title) >= 1) AND (length(title) <= 255))),
  constraint clips_transcript_list CHECK ((jsonb_typeof(transcript) = 'array'::text))
);

comment on table clips is 'A range of a video and, once it was rendered, the file made of it. The range ends within the video (clips_within_video).';
comment on column clips.ai_score is 'How promising it is, 0 to 100; null = nobody judged.';
comment on column clips.failure_reason is 'For people; failure_code is for programs.';
comment on column clips.start_ms is 'From the beginning of the video, like end_ms, which is the first instant that is out.';
comment on column clips.status is 'See app.guard_clip.';
comment on column clips.transcript is 'List of what is said, in the form that the transcriber gave.';
comment on column clips.video_id is 'The media_id of the video.';

CREATE INDEX clips_created_by_idx ON public.clips USING btree (created_by);
CREATE INDEX clips_deleted_at_idx ON public.clips USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX clips_rendered_media_idx ON public.clips USING btree (project_id, rendered_media_id);
CREATE INDEX clips_status_created_idx ON public.clips USING btree (project_id, status, created_at DESC) WHERE (deleted_at IS NULL);
CREATE INDEX clips_video_idx ON public.clips USING btree (project_id, video_id, ai_score DESC);

CREATE TRIGGER clips_guard BEFORE UPDATE OF status ON public.clips FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION app.guard_clip();
CREATE TRIGGER clips_guard_new BEFORE INSERT ON public.clips FOR EACH ROW EXECUTE FUNCTION app.guard_clip();
CREATE TRIGGER clips_touch BEFORE UPDATE ON public.clips FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER clips_within_video BEFORE INSERT OR UPDATE OF video_id, end_ms ON public.clips FOR EACH ROW EXECUTE FUNCTION app.guard_clip_range();

alter table clips enable row level security;

create policy clips_insert on clips for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy clips_read on clips for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy clips_update on clips for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy clips_worker on clips for all to posthaste_worker
  using (true)
  with check (true);

grant select on clips to posthaste_api;
grant insert, select, update on clips to posthaste_worker;

grant insert (project_id, video_id, title, start_ms, end_ms, ai_score, transcript, created_by) on clips to posthaste_api;
grant update (title, start_ms, end_ms, status, deleted_at) on clips to posthaste_api;

create table comments (
  id uuid not null default uuidv7(),
  community_post_id uuid not null,
  author_id uuid not null,
  parent_id uuid,
  text text not null,
  created_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  like_count bigint not null default 0,
  reply_count bigint not null default 0,
  edited_at timestamp with time zone,
  is_edited boolean not null generated always as ((edited_at IS NOT NULL)) stored,
  hidden_at timestamp with time zone,
  is_standing boolean not null generated always as (((deleted_at IS NULL) AND (hidden_at IS NULL))) stored,
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint comments_pkey PRIMARY KEY (id),
  constraint comments_post_id_id_key UNIQUE (community_post_id, id),
  constraint comments_author_id_fkey FOREIGN KEY (author_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint comments_community_post_id_fkey FOREIGN KEY (community_post_id) REFERENCES community_posts(id) ON DELETE CASCADE,
  constraint comments_parent_fkey FOREIGN KEY (community_post_id, parent_id) REFERENCES comments(community_post_id, id) ON DELETE CASCADE,
  constraint comments_like_count_natural CHECK ((like_count >= 0)),
  constraint comments_reply_count_natural CHECK ((reply_count >= 0)),
  constraint comments_text_length CHECK (((length(text) >= 1) AND (length(text) <= 2000)))
);

comment on table comments is 'What people say below a community post, in threads.';
comment on column comments.hidden_at is 'Taken from view by a moderator; its author still sees it.';
comment on column comments.is_standing is 'Neither deleted nor hidden. Counts and everybody else''s view ask for it.';
comment on column comments.parent_id is 'The comment of the same post that this one replies to.';

CREATE INDEX comments_author_id_idx ON public.comments USING btree (author_id);
CREATE INDEX comments_community_post_idx ON public.comments USING btree (community_post_id, id);
CREATE INDEX comments_created_at_idx ON public.comments USING btree (created_at DESC);
CREATE INDEX comments_deleted_at_idx ON public.comments USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX comments_parent_idx ON public.comments USING btree (community_post_id, parent_id);

CREATE TRIGGER comments_audit AFTER UPDATE OF hidden_at ON public.comments FOR EACH ROW WHEN ((old.hidden_at IS DISTINCT FROM new.hidden_at)) EXECUTE FUNCTION app.audit('{id}', '', 'author_id', '{hidden_at}', '{}', '{}');
CREATE TRIGGER comments_count_delete AFTER DELETE ON public.comments REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_comments();
CREATE TRIGGER comments_count_insert AFTER INSERT ON public.comments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_comments();
CREATE TRIGGER comments_count_update AFTER UPDATE OF deleted_at, hidden_at ON public.comments FOR EACH ROW WHEN ((old.is_standing <> new.is_standing)) EXECUTE FUNCTION app.count_standing_comment();
CREATE TRIGGER comments_edited BEFORE UPDATE OF text ON public.comments FOR EACH ROW WHEN ((old.text IS DISTINCT FROM new.text)) EXECUTE FUNCTION app.mark_edited();
CREATE TRIGGER comments_judge AFTER INSERT ON public.comments FOR EACH ROW EXECUTE FUNCTION app.judge_text('comment');
CREATE TRIGGER comments_judge_again AFTER UPDATE OF text ON public.comments FOR EACH ROW WHEN ((old.text IS DISTINCT FROM new.text)) EXECUTE FUNCTION app.judge_text('comment');
CREATE TRIGGER comments_note_delete AFTER DELETE ON public.comments REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.note_comments();
CREATE TRIGGER comments_note_insert AFTER INSERT ON public.comments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.note_comments();
CREATE TRIGGER comments_note_update AFTER UPDATE OF deleted_at, hidden_at ON public.comments FOR EACH ROW WHEN ((old.is_standing <> new.is_standing)) EXECUTE FUNCTION app.note_standing_comment();
CREATE TRIGGER comments_touch BEFORE UPDATE OF text, hidden_at, deleted_at ON public.comments FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table comments enable row level security;

create policy comments_delete on comments for update to posthaste_api
  using ((author_id = ( SELECT app.user_id() AS user_id)))
  with check ((author_id = ( SELECT app.user_id() AS user_id)));
create policy comments_insert on comments for insert to posthaste_api
  with check (((author_id = ( SELECT app.user_id() AS user_id)) AND (community_post_id IN ( SELECT p.id
   FROM community_posts p
  WHERE ((p.id = comments.community_post_id) AND p.is_standing)))));
create policy comments_own on comments for select to posthaste_api
  using ((author_id = ( SELECT app.user_id() AS user_id)));
create policy comments_read on comments for select to posthaste_api, posthaste_public
  using ((is_standing AND (community_post_id IN ( SELECT p.id
   FROM community_posts p
  WHERE (p.id = comments.community_post_id)))));
create policy comments_staff on comments for select to posthaste_api
  using (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy comments_worker on comments for select to posthaste_worker
  using (true);

grant select on comments to posthaste_api;
grant select on comments to posthaste_public;
grant select on comments to posthaste_worker;

grant insert (id, community_post_id, author_id, parent_id, text) on comments to posthaste_api;
grant update (text, deleted_at) on comments to posthaste_api;

create table community_hashtags (
  community_post_id uuid not null,
  tag text not null,
  constraint community_hashtags_pkey PRIMARY KEY (community_post_id, tag),
  constraint community_hashtags_community_post_id_fkey FOREIGN KEY (community_post_id) REFERENCES community_posts(id) ON DELETE CASCADE,
  constraint community_hashtags_tag_fkey FOREIGN KEY (tag) REFERENCES hashtags(tag) ON DELETE RESTRICT
);

comment on table community_hashtags is 'The hashtags of community posts while they are public, kept by a trigger: what makes a tag known to everybody.';

CREATE INDEX community_hashtags_tag_idx ON public.community_hashtags USING btree (tag, community_post_id DESC);

CREATE TRIGGER community_hashtags_add AFTER INSERT ON public.community_hashtags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_hashtags('public_uses');
CREATE TRIGGER community_hashtags_take AFTER DELETE ON public.community_hashtags REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_hashtags('public_uses');

alter table community_hashtags enable row level security;

create policy community_hashtags_worker on community_hashtags for select to posthaste_worker
  using (true);

grant select on community_hashtags to posthaste_worker;

create table community_posts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  text text not null,
  media jsonb not null default '[]'::jsonb,
  visibility text not null default 'public'::text,
  like_count bigint not null default 0,
  comment_count bigint not null default 0,
  share_count bigint not null default 0,
  view_count bigint not null default 0,
  created_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  author_id uuid,
  location text,
  tags text[] not null default '{}'::text[],
  is_featured boolean not null default false,
  media_type text generated always as (((media -> 0) ->> 'kind'::text)) stored,
  save_count bigint not null default 0,
  click_count bigint not null default 0,
  engagement_score numeric(10,2) not null default 0,
  scored_at timestamp with time zone not null default app.now(),
  hidden_at timestamp with time zone,
  project_deleted_at timestamp with time zone,
  is_standing boolean not null generated always as (((deleted_at IS NULL) AND (hidden_at IS NULL) AND (project_deleted_at IS NULL))) stored,
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  search tsvector not null generated always as (app.community_document(text, tags)) stored,
  constraint community_posts_pkey PRIMARY KEY (id),
  constraint community_posts_publication_key UNIQUE (project_id, publication_id),
  constraint community_posts_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint community_posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES users(id) ON DELETE SET NULL,
  constraint community_posts_publication_fkey FOREIGN KEY (project_id, publication_id) REFERENCES post_publications(project_id, id) ON DELETE CASCADE,
  constraint community_posts_click_count_natural CHECK ((click_count >= 0)),
  constraint community_posts_comment_count_natural CHECK ((comment_count >= 0)),
  constraint community_posts_engagement_score_natural CHECK ((engagement_score >= (0)::numeric)),
  constraint community_posts_like_count_natural CHECK ((like_count >= 0)),
  constraint community_posts_location_length CHECK (((length(location) >= 1) AND (length(location) <= 100))),
  constraint community_posts_save_count_natural CHECK ((save_count >= 0)),
  constraint community_posts_share_count_natural CHECK ((share_count >= 0)),
  constraint community_posts_tags_few CHECK ((cardinality(tags) <= 50)),
  constraint community_posts_view_count_natural CHECK ((view_count >= 0)),
  constraint community_posts_visibility_known CHECK ((visibility = ANY (ARRAY['public'::text, 'followers_only'::text, 'unlisted'::text, 'private'::text])))
) with (autovacuum_vacuum_scale_factor=0.05, autovacuum_analyze_scale_factor=0.05);

comment on table community_posts is '1:1 to a publication on the platform community.';
comment on column community_posts.author_id is 'Who wrote it: of the post, or else of the project. Null once the person is gone; the post stays the project''s.';
comment on column community_posts.engagement_score is 'app.engagement_score as of scored_at.';
comment on column community_posts.hidden_at is 'Taken from public view by a moderator.';
comment on column community_posts.is_standing is 'Neither deleted nor hidden, and its project is there. Everything public asks for it.';
comment on column community_posts.media is 'What a reader needs of each medium: id, kind, alt text, keys of its renditions. URLs are computed from them.';
comment on column community_posts.media_type is 'Kind of the first medium.';
comment on column community_posts.project_deleted_at is 'Since when its project is deleted: then it is not public.';
comment on column community_posts.search is 'app.community_document of text and tags.';
comment on column community_posts.tags is 'Labels that the author gave; hashtags stand in the text.';

CREATE INDEX community_posts_account_idx ON public.community_posts USING btree (project_id, account_id);
CREATE INDEX community_posts_author_idx ON public.community_posts USING btree (author_id, id DESC);
CREATE INDEX community_posts_created_at_idx ON public.community_posts USING btree (created_at DESC);
CREATE INDEX community_posts_deleted_at_idx ON public.community_posts USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX community_posts_featured_idx ON public.community_posts USING btree (id DESC) WHERE (is_featured AND (visibility = 'public'::text) AND is_standing);
CREATE INDEX community_posts_listed_idx ON public.community_posts USING btree (id DESC) WHERE ((visibility = 'public'::text) AND is_standing);
CREATE INDEX community_posts_public_idx ON public.community_posts USING btree (id DESC) WHERE ((visibility = ANY (ARRAY['public'::text, 'unlisted'::text])) AND is_standing);
CREATE INDEX community_posts_score_idx ON public.community_posts USING btree (engagement_score DESC, id DESC) WHERE ((visibility = 'public'::text) AND is_standing);
CREATE INDEX community_posts_scored_at_idx ON public.community_posts USING btree (scored_at) WHERE (engagement_score > (0)::numeric);
CREATE INDEX community_posts_search_idx ON public.community_posts USING gin (search) WHERE ((visibility = 'public'::text) AND is_standing);
CREATE INDEX community_posts_tags_idx ON public.community_posts USING gin (tags);

CREATE TRIGGER community_posts_audit AFTER UPDATE OF hidden_at ON public.community_posts FOR EACH ROW WHEN ((old.hidden_at IS DISTINCT FROM new.hidden_at)) EXECUTE FUNCTION app.audit('{id}', 'project_id', 'author_id', '{hidden_at}', '{}', '{}');
CREATE TRIGGER community_posts_author BEFORE INSERT ON public.community_posts FOR EACH ROW EXECUTE FUNCTION app.find_author();
CREATE TRIGGER community_posts_count AFTER INSERT OR DELETE ON public.community_posts FOR EACH ROW EXECUTE FUNCTION app.count_posts();
CREATE TRIGGER community_posts_count_update AFTER UPDATE OF author_id, deleted_at, hidden_at, project_deleted_at ON public.community_posts FOR EACH ROW WHEN (((old.is_standing <> new.is_standing) OR (old.author_id IS DISTINCT FROM new.author_id))) EXECUTE FUNCTION app.count_posts();
CREATE TRIGGER community_posts_judge AFTER INSERT ON public.community_posts FOR EACH ROW EXECUTE FUNCTION app.judge_text('post');
CREATE TRIGGER community_posts_judge_again AFTER UPDATE OF text ON public.community_posts FOR EACH ROW WHEN ((old.text IS DISTINCT FROM new.text)) EXECUTE FUNCTION app.judge_text('post');
CREATE TRIGGER community_posts_link AFTER UPDATE ON public.community_posts FOR EACH ROW WHEN ((((old.text IS DISTINCT FROM new.text) OR (old.visibility IS DISTINCT FROM new.visibility)) OR (old.is_standing IS DISTINCT FROM new.is_standing))) EXECUTE FUNCTION app.link_community_post();
CREATE TRIGGER community_posts_link_new AFTER INSERT ON public.community_posts FOR EACH ROW WHEN (((new.visibility = 'public'::text) AND new.is_standing)) EXECUTE FUNCTION app.link_community_post();
CREATE TRIGGER community_posts_touch BEFORE UPDATE OF text, media, visibility, location, tags, is_featured, hidden_at, deleted_at ON public.community_posts FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table community_posts enable row level security;
alter table community_posts alter column search set statistics 500; alter table community_posts alter column search set ();

create policy community_posts_followers on community_posts for select to posthaste_api
  using (((visibility = 'followers_only'::text) AND is_standing AND (author_id = ANY (( SELECT app.following() AS following)::uuid[]))));
create policy community_posts_members on community_posts for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy community_posts_public on community_posts for select to posthaste_api, posthaste_public
  using (((visibility = ANY (ARRAY['public'::text, 'unlisted'::text])) AND is_standing));
create policy community_posts_staff on community_posts for select to posthaste_api
  using (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy community_posts_worker on community_posts for all to posthaste_worker
  using (true)
  with check (true);

grant select on community_posts to posthaste_api;
grant select on community_posts to posthaste_public;
grant insert, select on community_posts to posthaste_worker;

grant update (deleted_at, engagement_score, scored_at) on community_posts to posthaste_worker;

create table content (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  title text not null,
  description text,
  body text not null default ''::text,
  script text,
  tone text,
  platform text,
  content_type text not null default 'text'::text,
  status text not null default 'draft'::text,
  scheduled_at timestamp with time zone,
  published_at timestamp with time zone,
  thumbnail_media_id uuid,
  thumbnail_url text,
  video_media_id uuid,
  video_url text,
  tags text[] not null default '{}'::text[],
  metadata jsonb not null default '{}'::jsonb,
  ai_generated boolean not null default false,
  language text,
  external_id text,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  search tsvector not null generated always as (app.search_document(project_id, language, title, (app.hashtags_in(((((((COALESCE(title, ''::text) || ' '::text) || COALESCE(description, ''::text)) || ' '::text) || body) || ' '::text) || COALESCE(script, ''::text))) || tags), ((((COALESCE(description, ''::text) || ' '::text) || body) || ' '::text) || COALESCE(script, ''::text)))) stored,
  constraint content_pkey PRIMARY KEY (id),
  constraint content_project_id_id_key UNIQUE (project_id, id),
  constraint content_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint content_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE RESTRICT,
  constraint content_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint content_thumbnail_fkey FOREIGN KEY (project_id, thumbnail_media_id) REFERENCES media(project_id, id) ON DELETE SET NULL (thumbnail_media_id),
  constraint content_video_fkey FOREIGN KEY (project_id, video_media_id) REFERENCES media(project_id, id) ON DELETE SET NULL (video_media_id),
  constraint content_body_length CHECK ((length(body) <= 100000)),
  constraint content_content_type_known CHECK ((content_type = ANY (ARRAY['text'::text, 'image'::text, 'video'::text, 'audio'::text, 'carousel'::text, 'story'::text, 'reel'::text, 'short'::text, 'mixed'::text]))),
  constraint content_description_length CHECK ((length(description) <= 10000)),
  constraint content_external_id_length CHECK (((length(external_id) >= 1) AND (length(external_id) <= 255))),
  constraint content_language_shape CHECK ((language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
  constraint content_published_has_instant CHECK (((status <> 'published'::text) OR (published_at IS NOT NULL))),
  constraint content_scheduled_has_instant CHECK (((status <> 'scheduled'::text) OR (scheduled_at IS NOT NULL))),
  constraint content_script_length CHECK ((length(script) <= 100000)),
  constraint content_status_known CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'scheduled'::text, 'published'::text, 'archived'::text]))),
  constraint content_tags_fit CHECK (app.labels_fit(tags)),
  constraint content_title_length CHECK (((length(title) >= 1) AND (length(title) <= 255))),
  constraint content_tone_length CHECK (((length(tone) >= 1) AND (length(tone) <= 100)))
);

comment on table content is 'A piece of content before and beside its posts: draft, script, plan. Posts name it by content_id.';
comment on column content.external_id is 'The caller''s own id, unique within the project.';
comment on column content.language is 'BCP 47, such as en or pt-BR: chooses the word forms of search. Null = words as they are written.';
comment on column content.platform is 'The platform that it is meant for; null = any. Where it went is said by the publications of its posts.';
comment on column content.script is 'What is spoken or shown, for video and audio.';
comment on column content.search is 'app.search_document; asked by app.search_content alone, for @@ uses no index under row-level security.';
comment on column content.tags is 'Labels of the team. Hashtags come from the text: content_hashtags.';
comment on column content.thumbnail_url is 'An address elsewhere, for content that was brought in; files of ours are thumbnail_media_id.';
comment on column content.video_url is 'An address elsewhere, for content that was brought in; files of ours are video_media_id.';

CREATE INDEX content_created_by_idx ON public.content USING btree (created_by, created_at DESC, id DESC) INCLUDE (project_id, deleted_at, title);
CREATE INDEX content_deleted_at_idx ON public.content USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX content_external_id_key ON public.content USING btree (project_id, external_id) WHERE ((external_id IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX content_platform_idx ON public.content USING btree (platform);
CREATE INDEX content_project_id_created_idx ON public.content USING btree (project_id, created_at DESC, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX content_scheduled_idx ON public.content USING btree (project_id, scheduled_at) WHERE ((status = 'scheduled'::text) AND (deleted_at IS NULL));
CREATE INDEX content_search_idx ON public.content USING gin (search);
CREATE INDEX content_thumbnail_idx ON public.content USING btree (project_id, thumbnail_media_id);
CREATE INDEX content_video_idx ON public.content USING btree (project_id, video_media_id);

CREATE TRIGGER content_keep_first_version AFTER INSERT ON public.content FOR EACH ROW EXECUTE FUNCTION app.keep_content_version();
CREATE TRIGGER content_keep_version AFTER UPDATE ON public.content FOR EACH ROW WHEN (((((((((((old.title IS DISTINCT FROM new.title) OR (old.description IS DISTINCT FROM new.description)) OR (old.body IS DISTINCT FROM new.body)) OR (old.script IS DISTINCT FROM new.script)) OR (old.tone IS DISTINCT FROM new.tone)) OR (old.platform IS DISTINCT FROM new.platform)) OR (old.content_type IS DISTINCT FROM new.content_type)) OR (old.tags IS DISTINCT FROM new.tags)) OR (old.metadata IS DISTINCT FROM new.metadata)) OR (old.language IS DISTINCT FROM new.language))) EXECUTE FUNCTION app.keep_content_version();
CREATE TRIGGER content_link AFTER UPDATE ON public.content FOR EACH ROW WHEN ((((((old.title IS DISTINCT FROM new.title) OR (old.description IS DISTINCT FROM new.description)) OR (old.body IS DISTINCT FROM new.body)) OR (old.script IS DISTINCT FROM new.script)) OR ((old.deleted_at IS NULL) IS DISTINCT FROM (new.deleted_at IS NULL)))) EXECUTE FUNCTION app.link_content();
CREATE TRIGGER content_link_new AFTER INSERT ON public.content REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION app.link_new_content();
CREATE TRIGGER content_touch BEFORE UPDATE ON public.content FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table content enable row level security;

create policy content_insert on content for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_read on content for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy content_update on content for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_worker on content for select to posthaste_worker
  using (true);

grant insert, select on content to posthaste_api;
grant select on content to posthaste_worker;

grant update (title, description, body, script, tone, platform, content_type, status, scheduled_at, published_at, thumbnail_media_id, thumbnail_url, video_media_id, video_url, tags, metadata, ai_generated, language, external_id, deleted_at) on content to posthaste_api;

create table content_categories (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  name text not null,
  color text,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint content_categories_pkey PRIMARY KEY (id),
  constraint content_categories_project_id_id_key UNIQUE (project_id, id),
  constraint content_categories_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint content_categories_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint content_categories_color_hex CHECK ((color ~ '^#[0-9A-Fa-f]{6}$'::text)),
  constraint content_categories_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

comment on table content_categories is 'Categories of a project. Which content, videos and clips are in one stands in tables of links.';
comment on column content_categories.color is 'Such as #1f883d; null = none was chosen.';

CREATE INDEX content_categories_created_by_idx ON public.content_categories USING btree (created_by);
CREATE INDEX content_categories_deleted_at_idx ON public.content_categories USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX content_categories_name_key ON public.content_categories USING btree (project_id, lower(name)) WHERE (deleted_at IS NULL);

CREATE TRIGGER content_categories_touch BEFORE UPDATE ON public.content_categories FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table content_categories enable row level security;

create policy content_categories_insert on content_categories for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_categories_read on content_categories for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy content_categories_update on content_categories for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));

grant select on content_categories to posthaste_api;

grant insert (project_id, name, color, created_by) on content_categories to posthaste_api;
grant update (name, color, deleted_at) on content_categories to posthaste_api;

create table content_category_links (
  content_id uuid not null,
  category_id uuid not null,
  project_id uuid not null,
  constraint content_category_links_pkey PRIMARY KEY (content_id, category_id),
  constraint content_category_links_category_fkey FOREIGN KEY (project_id, category_id) REFERENCES content_categories(project_id, id) ON DELETE CASCADE,
  constraint content_category_links_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE CASCADE
);

comment on table content_category_links is 'Which content is in which categories.';

CREATE INDEX content_category_links_category_idx ON public.content_category_links USING btree (project_id, category_id);
CREATE INDEX content_category_links_content_idx ON public.content_category_links USING btree (project_id, content_id);

alter table content_category_links enable row level security;

create policy content_category_links_delete on content_category_links for delete to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_category_links_insert on content_category_links for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_category_links_read on content_category_links for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant delete, insert, select on content_category_links to posthaste_api;

create table content_hashtags (
  project_id uuid not null,
  content_id uuid not null,
  tag text not null,
  constraint content_hashtags_pkey PRIMARY KEY (content_id, tag),
  constraint content_hashtags_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE CASCADE,
  constraint content_hashtags_tag_fkey FOREIGN KEY (tag) REFERENCES hashtags(tag) ON DELETE RESTRICT
);

comment on table content_hashtags is 'The hashtags of content that stands, kept by a trigger from title, description, body and script.';

CREATE INDEX content_hashtags_content_idx ON public.content_hashtags USING btree (project_id, content_id);
CREATE INDEX content_hashtags_project_tag_idx ON public.content_hashtags USING btree (project_id, tag text_pattern_ops);
CREATE INDEX content_hashtags_tag_idx ON public.content_hashtags USING btree (tag, project_id, content_id);

CREATE TRIGGER content_hashtags_add AFTER INSERT ON public.content_hashtags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_hashtags('uses');
CREATE TRIGGER content_hashtags_take AFTER DELETE ON public.content_hashtags REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_hashtags('uses');

alter table content_hashtags enable row level security;

create policy content_hashtags_read on content_hashtags for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy content_hashtags_worker on content_hashtags for select to posthaste_worker
  using (true);

grant select on content_hashtags to posthaste_api;
grant select on content_hashtags to posthaste_worker;

create view content_metrics with (security_invoker=true) as
 SELECT c.project_id,
    c.id AS content_id,
    w.publications,
    w.published,
    w.likes,
    w.comments,
    w.shares,
    w.views,
    w.impressions,
    w.saves,
    w.clicks,
    (((w.likes + w.comments) + w.shares) + w.views) AS total_engagement,
    w.metrics_at
   FROM (content c
     CROSS JOIN LATERAL ( SELECT count(pp.id) AS publications,
            count(pp.id) FILTER (WHERE (pp.state = 'published'::text)) AS published,
            (COALESCE(sum(pp.likes), (0)::numeric))::bigint AS likes,
            (COALESCE(sum(pp.comments), (0)::numeric))::bigint AS comments,
            (COALESCE(sum(pp.shares), (0)::numeric))::bigint AS shares,
            (COALESCE(sum(pp.views), (0)::numeric))::bigint AS views,
            (COALESCE(sum(pp.impressions), (0)::numeric))::bigint AS impressions,
            (COALESCE(sum(pp.saves), (0)::numeric))::bigint AS saves,
            (COALESCE(sum(pp.clicks), (0)::numeric))::bigint AS clicks,
            max(pp.metrics_at) AS metrics_at
           FROM (( SELECT p.id
                   FROM posts p
                  WHERE ((p.project_id = c.project_id) AND (p.content_id = c.id) AND (p.deleted_at IS NULL))
                UNION
                 SELECT p.id
                   FROM (clips k
                     JOIN posts p ON (((p.project_id = k.project_id) AND (p.clip_id = k.id))))
                  WHERE ((k.project_id = c.project_id) AND (k.video_id = c.video_media_id) AND (k.deleted_at IS NULL) AND (p.deleted_at IS NULL))) made
             JOIN post_publications pp ON (((pp.project_id = c.project_id) AND (pp.post_id = made.id))))) w);;

comment on view content_metrics is 'Computed when asked, so that it is never behind: content has few posts. A post that is both of the content and of its clip counts once.';
comment on column content_metrics.metrics_at is 'When the latest of the numbers was fetched.';

grant select on content_metrics to posthaste_api;
grant select on content_metrics to posthaste_worker;

create table content_moderation (
  id uuid not null default uuidv7(),
  target_type text not null,
  target_id uuid not null,
  status text not null default 'pending'::text,
  reason text,
  automated_score numeric(3,2),
  moderator_id uuid,
  reviewed_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint content_moderation_pkey PRIMARY KEY (id),
  constraint content_moderation_moderator_id_fkey FOREIGN KEY (moderator_id) REFERENCES users(id) ON DELETE SET NULL,
  constraint content_moderation_decided CHECK (((status = ANY (ARRAY['approved'::text, 'rejected'::text])) = (reviewed_at IS NOT NULL))),
  constraint content_moderation_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 1000))),
  constraint content_moderation_score_range CHECK (((automated_score >= (0)::numeric) AND (automated_score <= (1)::numeric))),
  constraint content_moderation_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'flagged'::text]))),
  constraint content_moderation_target_type_known CHECK ((target_type = ANY (ARRAY['post'::text, 'comment'::text, 'user_profile'::text, 'media'::text])))
);

comment on table content_moderation is 'A case: something to be judged, how a machine judged it, and what a moderator decided. The queue is what is pending or flagged.';
comment on column content_moderation.automated_score is 'app.automated_score of the text: 0 harmless to 1.';
comment on column content_moderation.status is 'pending and flagged (urgent) are open; rejected hides the target, approved shows it again.';
comment on column content_moderation.target_id is 'Of community_posts, comments, users or media, by target_type. Without a foreign key: a decision outlives what it was about.';

CREATE INDEX content_moderation_moderator_id_idx ON public.content_moderation USING btree (moderator_id);
CREATE UNIQUE INDEX content_moderation_open_key ON public.content_moderation USING btree (target_type, target_id) WHERE (status = ANY (ARRAY['pending'::text, 'flagged'::text]));
CREATE INDEX content_moderation_queue_idx ON public.content_moderation USING btree (status, created_at);
CREATE INDEX content_moderation_target_idx ON public.content_moderation USING btree (target_type, target_id);

CREATE TRIGGER content_moderation_apply AFTER UPDATE OF status ON public.content_moderation FOR EACH ROW WHEN (((old.status IS DISTINCT FROM new.status) AND (new.status = ANY (ARRAY['approved'::text, 'rejected'::text])))) EXECUTE FUNCTION app.apply_decision();
CREATE TRIGGER content_moderation_audit AFTER UPDATE ON public.content_moderation FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', '', '{target_type,target_id,status,moderator_id,reviewed_at}', '{}', '{}');
CREATE TRIGGER content_moderation_guard BEFORE UPDATE OF status ON public.content_moderation FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION app.guard_moderation();
CREATE TRIGGER content_moderation_touch BEFORE UPDATE ON public.content_moderation FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table content_moderation enable row level security;

create policy content_moderation_decide on content_moderation for update to posthaste_api
  using (( SELECT app.is_staff('moderator'::text) AS is_staff))
  with check (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy content_moderation_open on content_moderation for insert to posthaste_api
  with check (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy content_moderation_read on content_moderation for select to posthaste_api
  using (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy content_moderation_worker on content_moderation for all to posthaste_worker
  using (true)
  with check (true);

grant select on content_moderation to posthaste_api;
grant select on content_moderation to posthaste_worker;

grant insert (target_type, target_id, reason) on content_moderation to posthaste_api;
grant update (status, reason) on content_moderation to posthaste_api;
grant insert (target_type, target_id, status, reason, automated_score) on content_moderation to posthaste_worker;

create table content_template_versions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  template_id uuid not null,
  number integer not null,
  body text not null,
  variables text[] not null default '{}'::text[],
  is_current boolean not null default true,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  constraint content_template_versions_pkey PRIMARY KEY (id),
  constraint content_template_versions_number_key UNIQUE (template_id, number),
  constraint content_template_versions_project_id_id_key UNIQUE (project_id, id),
  constraint content_template_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint content_template_versions_template_fkey FOREIGN KEY (project_id, template_id) REFERENCES content_templates(project_id, id) ON DELETE CASCADE,
  constraint content_template_versions_body_length CHECK ((length(body) <= 100000)),
  constraint content_template_versions_number_positive CHECK ((number >= 1)),
  constraint content_template_versions_variables_count CHECK ((cardinality(variables) <= 100))
);

comment on table content_template_versions is 'What a template says, from 1. Never changed; a new version becomes the current one (app.guard_template_version).';
comment on column content_template_versions.is_current is 'Exactly one of a template, checked when the transaction ends.';
comment on column content_template_versions.variables is 'Names that the body has in double braces.';

CREATE INDEX content_template_versions_created_by_idx ON public.content_template_versions USING btree (created_by);
CREATE UNIQUE INDEX content_template_versions_current_key ON public.content_template_versions USING btree (template_id) WHERE is_current;
CREATE INDEX content_template_versions_template_idx ON public.content_template_versions USING btree (project_id, template_id);

CREATE CONSTRAINT TRIGGER content_template_versions_current AFTER DELETE ON public.content_template_versions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.require_current_version();
CREATE TRIGGER content_template_versions_guard BEFORE INSERT OR UPDATE ON public.content_template_versions FOR EACH ROW EXECUTE FUNCTION app.guard_template_version();

alter table content_template_versions enable row level security;

create policy content_template_versions_choose on content_template_versions for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_template_versions_insert on content_template_versions for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_template_versions_read on content_template_versions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant insert, select on content_template_versions to posthaste_api;

grant update (is_current) on content_template_versions to posthaste_api;

create table content_templates (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  name text not null,
  type text not null,
  description text,
  is_active boolean not null default true,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint content_templates_pkey PRIMARY KEY (id),
  constraint content_templates_project_id_id_key UNIQUE (project_id, id),
  constraint content_templates_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint content_templates_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint content_templates_description_length CHECK ((length(description) <= 1000)),
  constraint content_templates_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint content_templates_type_length CHECK (((length(type) >= 1) AND (length(type) <= 50)))
);

comment on table content_templates is 'A pattern for content. What it says stands in content_template_versions, one of which is current.';
comment on column content_templates.is_active is 'Offered when something new is written.';
comment on column content_templates.type is 'What it is a template of, in the team''s own words: post, caption, script, thread.';
comment on column content_templates.version is 'Optimistic lock. The version of the text is content_template_versions.number.';

CREATE INDEX content_templates_created_by_idx ON public.content_templates USING btree (created_by);
CREATE INDEX content_templates_deleted_at_idx ON public.content_templates USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX content_templates_name_key ON public.content_templates USING btree (project_id, name, type) WHERE (deleted_at IS NULL);
CREATE INDEX content_templates_project_id_idx ON public.content_templates USING btree (project_id, id DESC);

CREATE CONSTRAINT TRIGGER content_templates_current AFTER INSERT ON public.content_templates DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.require_current_version();
CREATE TRIGGER content_templates_touch BEFORE UPDATE ON public.content_templates FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table content_templates enable row level security;

create policy content_templates_insert on content_templates for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy content_templates_read on content_templates for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy content_templates_update on content_templates for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));

grant insert, select on content_templates to posthaste_api;

grant update (name, type, description, is_active, deleted_at) on content_templates to posthaste_api;

create table content_versions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  content_id uuid not null,
  number integer not null,
  title text not null,
  description text,
  body text not null,
  script text,
  tone text,
  platform text,
  content_type text not null,
  tags text[] not null,
  metadata jsonb not null,
  language text,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  constraint content_versions_pkey PRIMARY KEY (id),
  constraint content_versions_number_key UNIQUE (content_id, number),
  constraint content_versions_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE CASCADE,
  constraint content_versions_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint content_versions_number_positive CHECK ((number >= 1))
);

comment on table content_versions is 'What a piece of content said, from 1: written by a trigger at every edit, never changed.';
comment on column content_versions.created_by is 'Whose edit it was; null = the system''s, or somebody who has gone.';
comment on column content_versions.platform is 'As it was then: no reference, so that no platform is held by history.';

CREATE INDEX content_versions_content_idx ON public.content_versions USING btree (project_id, content_id);
CREATE INDEX content_versions_created_by_idx ON public.content_versions USING btree (created_by);

CREATE TRIGGER content_versions_fixed BEFORE UPDATE OF id, project_id, content_id, number, title, description, body, script, tone, platform, content_type, tags, metadata, language, created_at ON public.content_versions FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

alter table content_versions enable row level security;

create policy content_versions_read on content_versions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant select on content_versions to posthaste_api;

create table counter_deltas (
  id uuid not null default uuidv7(),
  kind text not null,
  target_id uuid not null,
  counter text not null,
  step bigint not null,
  constraint counter_deltas_pkey PRIMARY KEY (id),
  constraint counter_deltas_counter_known CHECK ((((kind = 'post'::text) AND (counter = ANY (ARRAY['like_count'::text, 'comment_count'::text, 'share_count'::text, 'save_count'::text, 'view_count'::text, 'click_count'::text]))) OR ((kind = 'comment'::text) AND (counter = ANY (ARRAY['like_count'::text, 'reply_count'::text]))) OR ((kind = 'user'::text) AND (counter = ANY (ARRAY['followers_count'::text, 'following_count'::text, 'posts_count'::text])))))
) with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000, autovacuum_vacuum_insert_scale_factor=0, autovacuum_vacuum_insert_threshold=20000);

comment on table counter_deltas is 'What has happened to counters since they were last folded. Written by triggers, emptied by app.fold_counters.';
comment on column counter_deltas.step is 'What is added when the deltas are folded.';
comment on column counter_deltas.target_id is 'Of community_posts, comments or users. Without a foreign key: deltas of what is gone are dropped by the fold.';

CREATE INDEX counter_deltas_target_id_idx ON public.counter_deltas USING btree (target_id);

alter table counter_deltas enable row level security;

create policy counter_deltas_worker on counter_deltas for select to posthaste_worker
  using (true);

grant select on counter_deltas to posthaste_worker;

create table derivation_marks (
  name text not null,
  last_id uuid not null,
  updated_at timestamp with time zone not null default app.now(),
  constraint derivation_marks_pkey PRIMARY KEY (name)
);

comment on table derivation_marks is 'Up to which event what is derived from events knows them. Ids of events grow with the time at which they came, so that one that is late is news as well.';

alter table derivation_marks enable row level security;

create policy derivation_marks_worker on derivation_marks for all to posthaste_worker
  using (true)
  with check (true);

grant select, update on derivation_marks to posthaste_worker;

create table email_verification_tokens (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  token_hash text not null,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '24:00:00'::interval),
  used_at timestamp with time zone,
  email text,
  username text,
  username_skeleton text,
  password_hash text,
  display_name text,
  invitation_token_hash text,
  constraint email_verification_tokens_pkey PRIMARY KEY (id),
  constraint email_verification_tokens_token_hash_key UNIQUE (token_hash),
  constraint email_verification_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint email_verification_tokens_display_name_length CHECK (((length(display_name) >= 1) AND (length(display_name) <= 100))),
  constraint email_verification_tokens_email_form CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 254)))),
  constraint email_verification_tokens_of_registration CHECK (((password_hash IS NULL) = (display_name IS NULL))),
  constraint email_verification_tokens_one_purpose CHECK (((email IS NULL) OR (password_hash IS NULL))),
  constraint email_verification_tokens_username_visible CHECK ((username !~ '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'::text))
);

comment on table email_verification_tokens is 'Hashes of the tokens in mails that verify an address; single use.';
comment on column email_verification_tokens.email is 'The new address of somebody who is registered; null: the address that the person has.';
comment on column email_verification_tokens.invitation_token_hash is 'Of the invitation that the registration came with: what it gives to staff goes with this link alone.';
comment on column email_verification_tokens.password_hash is 'Of the registration that the link belongs to: becomes the person''s with it. Null: the link proves the address, and brings no password.';
comment on column email_verification_tokens.username is 'Wished for at registration and given with the verification, if it is still free: a name taken at once would tell whether the address was new.';

CREATE INDEX email_verification_tokens_expires_at_idx ON public.email_verification_tokens USING btree (expires_at);
CREATE INDEX email_verification_tokens_user_id_idx ON public.email_verification_tokens USING btree (user_id);

alter table email_verification_tokens enable row level security;

create policy email_verification_tokens_worker on email_verification_tokens for all to posthaste_worker
  using (true)
  with check (true);

grant delete on email_verification_tokens to posthaste_worker;

grant select (id, expires_at) on email_verification_tokens to posthaste_worker;

create table engagement_events (
  id uuid not null default uuidv7(),
  occurred_at timestamp with time zone not null default app.now(),
  type text not null,
  user_id uuid not null,
  actor_id uuid,
  community_post_id uuid,
  comment_id uuid,
  metadata jsonb not null default '{}'::jsonb,
  constraint engagement_events_pkey PRIMARY KEY (id, occurred_at),
  constraint engagement_events_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES users(id) ON DELETE SET NULL,
  constraint engagement_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint engagement_events_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
  constraint engagement_events_target_fits CHECK (((type = ANY (ARRAY['follow'::text, 'unfollow'::text, 'profile_view'::text])) = (community_post_id IS NULL))),
  constraint engagement_events_type_known CHECK ((type = ANY (ARRAY['like'::text, 'unlike'::text, 'comment'::text, 'uncomment'::text, 'share'::text, 'unshare'::text, 'save'::text, 'unsave'::text, 'view'::text, 'click'::text, 'follow'::text, 'unfollow'::text, 'profile_view'::text])))
) partition by RANGE (occurred_at);

comment on table engagement_events is 'Append-only, by month. The state that came of it stands in user_engagement, comments and user_followers.';
comment on column engagement_events.actor_id is 'Who did it; null when they are gone.';
comment on column engagement_events.comment_id is 'The comment that was written or liked. Without a foreign key.';
comment on column engagement_events.community_post_id is 'Without a foreign key: what happened to a post remains when the post does not.';
comment on column engagement_events.user_id is 'Whose figures it changes: the author, who is followed, whose profile was seen.';

CREATE INDEX engagement_events_actor_idx ON ONLY public.engagement_events USING btree (actor_id, occurred_at);
CREATE INDEX engagement_events_post_idx ON ONLY public.engagement_events USING btree (community_post_id, occurred_at);
CREATE INDEX engagement_events_user_idx ON ONLY public.engagement_events USING btree (user_id, occurred_at);

CREATE TRIGGER engagement_events_fixed BEFORE DELETE OR UPDATE ON public.engagement_events FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION app.refuse_change();

alter table engagement_events enable row level security;

create policy engagement_events_own on engagement_events for select to posthaste_api
  using ((actor_id = ( SELECT app.user_id() AS user_id)));
create policy engagement_events_reporting on engagement_events for select to posthaste_reporting
  using (true);
create policy engagement_events_worker on engagement_events for all to posthaste_worker
  using (true)
  with check (true);

grant select on engagement_events to posthaste_api;
grant select on engagement_events to posthaste_reporting;
grant insert, select on engagement_events to posthaste_worker;

create table export_tables (
  name text not null,
  person_columns text[] not null default '{}'::text[],
  project_column text,
  columns text[] not null default '{}'::text[],
  withheld text[] not null default '{}'::text[],
  left_out_because text,
  kept_after_leaving text[] not null default '{}'::text[],
  constraint export_tables_pkey PRIMARY KEY (name),
  constraint export_tables_reached CHECK (((left_out_because IS NOT NULL) OR (cardinality(person_columns) > 0) OR (project_column IS NOT NULL))),
  constraint export_tables_says_why CHECK (((left_out_because IS NULL) = (cardinality(columns) > 0)))
);

comment on table export_tables is 'Of every table that may hold a person''s rows: what of it the export of an account holds, or why nothing. A table without a row here is not exported, and a test names it.';
comment on column export_tables.columns is 'What is exported. A new column is a decision.';
comment on column export_tables.kept_after_leaving is 'Of rows that name the person in a project that they can no longer read, beside key, project, person and created_at: what is about the person alone, or their own words that nobody else can have changed.';
comment on column export_tables.person_columns is 'Columns that name a person: rows in which any of them is the person are theirs.';
comment on column export_tables.project_column is 'Column of the project: rows of projects that the person owns are theirs too.';
comment on column export_tables.withheld is 'What is not: hashes and sealed values, other people''s addresses, and the machine''s own upkeep.';

alter table export_tables enable row level security;

create policy export_tables_worker on export_tables for select to posthaste_worker
  using (true);

grant select on export_tables to posthaste_worker;

create table feed_items (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  community_post_id uuid not null,
  score numeric(10,4) not null,
  reason text,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '01:00:00'::interval),
  constraint feed_items_pkey PRIMARY KEY (id),
  constraint feed_items_once UNIQUE (user_id, community_post_id),
  constraint feed_items_community_post_id_fkey FOREIGN KEY (community_post_id) REFERENCES community_posts(id) ON DELETE CASCADE,
  constraint feed_items_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint feed_items_reason_length CHECK (((length(reason) >= 1) AND (length(reason) <= 50)))
);

comment on table feed_items is 'What a person''s feed held when it was last ranked. Readers join the live posts, so what went since then is not shown.';
comment on column feed_items.reason is 'Why it is there: following, featured, popular.';

CREATE INDEX feed_items_community_post_id_idx ON public.feed_items USING btree (community_post_id);
CREATE INDEX feed_items_created_at_idx ON public.feed_items USING btree (created_at DESC);
CREATE INDEX feed_items_expires_at_idx ON public.feed_items USING btree (expires_at);
CREATE INDEX feed_items_score_idx ON public.feed_items USING btree (user_id, score DESC, id DESC);

alter table feed_items enable row level security;

create policy feed_items_own on feed_items for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy feed_items_worker on feed_items for all to posthaste_worker
  using (true)
  with check (true);

grant select on feed_items to posthaste_api;
grant delete on feed_items to posthaste_worker;

grant select (id, user_id, expires_at) on feed_items to posthaste_worker;

create table hashtag_deltas (
  id uuid not null default uuidv7(),
  tag text not null,
  uses integer not null default 0,
  public_uses integer not null default 0,
  constraint hashtag_deltas_pkey PRIMARY KEY (id),
  constraint hashtag_deltas_tag_fkey FOREIGN KEY (tag) REFERENCES hashtags(tag) ON DELETE CASCADE
);

comment on table hashtag_deltas is 'Uses that came and went since the last folding into hashtags. Only added, so that two who use a tag never wait for each other.';

CREATE INDEX hashtag_deltas_tag_idx ON public.hashtag_deltas USING btree (tag);

alter table hashtag_deltas enable row level security;

create policy hashtag_deltas_reporting on hashtag_deltas for select to posthaste_reporting
  using (true);
create policy hashtag_deltas_worker on hashtag_deltas for all to posthaste_worker
  using (true)
  with check (true);

grant select on hashtag_deltas to posthaste_reporting;
grant delete, select on hashtag_deltas to posthaste_worker;

create table hashtag_suggestions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  content_id uuid,
  post_id uuid,
  task_id uuid,
  tag text not null,
  score numeric(3,2),
  source text not null default 'ai'::text,
  prompt_version text,
  decision text,
  decided_by uuid,
  decided_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  constraint hashtag_suggestions_pkey PRIMARY KEY (id),
  constraint hashtag_suggestions_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE CASCADE,
  constraint hashtag_suggestions_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint hashtag_suggestions_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint hashtag_suggestions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint hashtag_suggestions_task_fkey FOREIGN KEY (project_id, task_id) REFERENCES ai_generation_tasks(project_id, id) ON DELETE SET NULL (task_id),
  constraint hashtag_suggestions_decided CHECK (((decision IS NULL) = (decided_at IS NULL))),
  constraint hashtag_suggestions_decision_known CHECK ((decision = ANY (ARRAY['accepted'::text, 'rejected'::text, 'edited'::text]))),
  constraint hashtag_suggestions_score_range CHECK (((score >= (0)::numeric) AND (score <= (1)::numeric))),
  constraint hashtag_suggestions_source_known CHECK ((source = ANY (ARRAY['ai'::text, 'niche'::text, 'usage'::text, 'import'::text]))),
  constraint hashtag_suggestions_tag_length CHECK (((length(tag) >= 1) AND (length(tag) <= 100))),
  constraint hashtag_suggestions_tag_normal CHECK ((tag = app.normal_hashtag(tag)))
);

comment on table hashtag_suggestions is 'A hashtag proposed for a piece of content or a post, and what became of it.';
comment on column hashtag_suggestions.tag is 'In the form of hashtags.tag; no reference: what is only proposed is not in use.';

CREATE INDEX hashtag_suggestions_content_idx ON public.hashtag_suggestions USING btree (project_id, content_id);
CREATE UNIQUE INDEX hashtag_suggestions_content_key ON public.hashtag_suggestions USING btree (content_id, tag) WHERE ((content_id IS NOT NULL) AND (decision IS NULL));
CREATE INDEX hashtag_suggestions_decided_by_idx ON public.hashtag_suggestions USING btree (decided_by);
CREATE INDEX hashtag_suggestions_post_idx ON public.hashtag_suggestions USING btree (project_id, post_id);
CREATE UNIQUE INDEX hashtag_suggestions_post_key ON public.hashtag_suggestions USING btree (post_id, tag) WHERE ((post_id IS NOT NULL) AND (decision IS NULL));
CREATE INDEX hashtag_suggestions_project_id_idx ON public.hashtag_suggestions USING btree (project_id, id DESC);
CREATE INDEX hashtag_suggestions_task_idx ON public.hashtag_suggestions USING btree (project_id, task_id);

alter table hashtag_suggestions enable row level security;

create policy hashtag_suggestions_decide on hashtag_suggestions for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy hashtag_suggestions_read on hashtag_suggestions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy hashtag_suggestions_worker on hashtag_suggestions for all to posthaste_worker
  using (true)
  with check (true);

grant select on hashtag_suggestions to posthaste_api;
grant insert, select on hashtag_suggestions to posthaste_worker;

grant update (decision, decided_by, decided_at) on hashtag_suggestions to posthaste_api;

create view hashtag_usage with (security_invoker=true) as
 SELECT h.tag,
    (h.usage_count + COALESCE(d.uses, (0)::bigint)) AS usage_count,
    (h.public_count + COALESCE(d.public_uses, (0)::bigint)) AS public_count
   FROM (hashtags h
     LEFT JOIN LATERAL ( SELECT sum(x.uses) AS uses,
            sum(x.public_uses) AS public_uses
           FROM hashtag_deltas x
          WHERE (x.tag = h.tag)) d ON (true));;

comment on view hashtag_usage is 'Uses of every hashtag, exact at any instant: what is folded and what is not yet.';

grant select on hashtag_usage to posthaste_reporting;
grant select on hashtag_usage to posthaste_worker;

create table hashtags (
  id uuid not null default uuidv7(),
  tag text not null,
  usage_count bigint not null default 0,
  public_count bigint not null default 0,
  created_at timestamp with time zone not null default app.now(),
  constraint hashtags_pkey PRIMARY KEY (id),
  constraint hashtags_tag_key UNIQUE (tag),
  constraint hashtags_tag_length CHECK (((length(tag) >= 1) AND (length(tag) <= 100))),
  constraint hashtags_tag_normal CHECK ((tag = app.normal_hashtag(tag))),
  constraint hashtags_tag_shape CHECK ((tag !~ '[[:space:]#]'::text))
);

comment on table hashtags is 'Every hashtag that was ever used, once. Nobody but the worker reads it whole: a tag can be somebody''s secret (app.hashtags_like).';
comment on column hashtags.public_count is 'Public posts of the community that have it, as far as folded.';
comment on column hashtags.tag is 'Without the sign; NFKC, lower case.';
comment on column hashtags.usage_count is 'Content and posts that stand and have it, as far as folded: the whole is hashtag_usage.';

CREATE INDEX hashtags_public_idx ON public.hashtags USING btree (public_count DESC, tag) WHERE (public_count > 0);
CREATE INDEX hashtags_public_prefix_idx ON public.hashtags USING btree (tag text_pattern_ops) WHERE (public_count > 0);
CREATE INDEX hashtags_unused_idx ON public.hashtags USING btree (created_at) WHERE ((usage_count = 0) AND (public_count = 0));
CREATE INDEX hashtags_usage_idx ON public.hashtags USING btree (usage_count DESC, tag) WHERE (usage_count > 0);

alter table hashtags enable row level security;

create policy hashtags_reporting on hashtags for select to posthaste_reporting
  using (true);
create policy hashtags_worker on hashtags for all to posthaste_worker
  using (true)
  with check (true);

grant select on hashtags to posthaste_reporting;
grant select on hashtags to posthaste_worker;

grant update (usage_count, public_count) on hashtags to posthaste_worker;

create table idea_suggestions (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  content_id uuid,
  task_id uuid,
  niche_id uuid,
  text text not null,
  relevance_score numeric(3,2),
  source text not null default 'ai'::text,
  prompt_version text,
  decision text,
  decided_text text,
  decided_by uuid,
  decided_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  constraint idea_suggestions_pkey PRIMARY KEY (id),
  constraint idea_suggestions_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE CASCADE,
  constraint idea_suggestions_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint idea_suggestions_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint idea_suggestions_niche_id_fkey FOREIGN KEY (niche_id) REFERENCES niches(id) ON DELETE SET NULL,
  constraint idea_suggestions_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint idea_suggestions_task_fkey FOREIGN KEY (project_id, task_id) REFERENCES ai_generation_tasks(project_id, id) ON DELETE SET NULL (task_id),
  constraint idea_suggestions_decided CHECK (((decision IS NULL) = (decided_at IS NULL))),
  constraint idea_suggestions_decision_known CHECK ((decision = ANY (ARRAY['accepted'::text, 'rejected'::text, 'edited'::text]))),
  constraint idea_suggestions_edited_has_text CHECK (((NOT (decision IS DISTINCT FROM 'edited'::text)) = (decided_text IS NOT NULL))),
  constraint idea_suggestions_relevance_score_range CHECK (((relevance_score >= (0)::numeric) AND (relevance_score <= (1)::numeric))),
  constraint idea_suggestions_source_known CHECK ((source = ANY (ARRAY['ai'::text, 'niche'::text, 'person'::text, 'import'::text]))),
  constraint idea_suggestions_text_length CHECK (((length(text) >= 1) AND (length(text) <= 10000)))
);

comment on table idea_suggestions is 'An idea for content, or for more of a piece of content, and what became of it.';
comment on column idea_suggestions.content_id is 'The content that it belongs to; null = an idea for something new.';

CREATE INDEX idea_suggestions_content_idx ON public.idea_suggestions USING btree (project_id, content_id);
CREATE INDEX idea_suggestions_created_by_idx ON public.idea_suggestions USING btree (created_by);
CREATE INDEX idea_suggestions_decided_by_idx ON public.idea_suggestions USING btree (decided_by);
CREATE INDEX idea_suggestions_niche_id_idx ON public.idea_suggestions USING btree (niche_id);
CREATE INDEX idea_suggestions_project_id_idx ON public.idea_suggestions USING btree (project_id, id DESC);
CREATE INDEX idea_suggestions_task_idx ON public.idea_suggestions USING btree (project_id, task_id);

alter table idea_suggestions enable row level security;

create policy idea_suggestions_decide on idea_suggestions for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy idea_suggestions_insert on idea_suggestions for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy idea_suggestions_read on idea_suggestions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy idea_suggestions_worker on idea_suggestions for all to posthaste_worker
  using (true)
  with check (true);

grant insert, select on idea_suggestions to posthaste_api;
grant insert, select on idea_suggestions to posthaste_worker;

grant update (decision, decided_text, decided_by, decided_at) on idea_suggestions to posthaste_api;

create table idempotency_keys (
  caller text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  answer text[],
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '24:00:00'::interval),
  constraint idempotency_keys_pkey PRIMARY KEY (caller, route, key),
  constraint idempotency_keys_key_length CHECK (((length(key) >= 1) AND (length(key) <= 255)))
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);

comment on table idempotency_keys is 'Answers of writes by Idempotency-Key. Touched by app.run alone.';
comment on column idempotency_keys.answer is 'Rows of the statement, one JSON text each; null where the answer held a secret.';
comment on column idempotency_keys.body_hash is 'Of the request''s body; slow to guess where it may hold a password, keyed where nobody is known.';
comment on column idempotency_keys.caller is 'Person or key; where nobody is known a keyed hash of address and program, never the address itself.';

CREATE INDEX idempotency_keys_expires_at_idx ON public.idempotency_keys USING btree (expires_at);

alter table idempotency_keys enable row level security;

create policy idempotency_keys_worker on idempotency_keys for all to posthaste_worker
  using (true)
  with check (true);

grant delete on idempotency_keys to posthaste_worker;

grant select (caller, route, key, expires_at) on idempotency_keys to posthaste_worker;

create table identity_providers (
  name text not null,
  label text not null,
  issuer text not null,
  client_id text not null,
  client_secret_sealed text not null,
  scopes text[] not null default '{openid,email,profile}'::text[],
  return_origins text[] not null default '{}'::text[],
  is_enabled boolean not null default true,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint identity_providers_pkey PRIMARY KEY (name),
  constraint identity_providers_client_id_length CHECK (((length(client_id) >= 1) AND (length(client_id) <= 500))),
  constraint identity_providers_issuer_form CHECK (((issuer ~ '^https?://'::text) AND (length(issuer) <= 2000))),
  constraint identity_providers_label_length CHECK (((length(label) >= 1) AND (length(label) <= 100))),
  constraint identity_providers_name_form CHECK ((name ~ '^[a-z][a-z0-9_-]{0,49}$'::text)),
  constraint identity_providers_return_origins_few CHECK ((cardinality(return_origins) <= 50)),
  constraint identity_providers_scopes_openid CHECK ((('openid'::text = ANY (scopes)) AND (cardinality(scopes) <= 20)))
);

comment on table identity_providers is 'Where people may sign in besides here. Entered by administrators.';
comment on column identity_providers.client_secret_sealed is 'Sealed for this provider; read by app.open_provider_sign_in alone.';
comment on column identity_providers.issuer is 'Never changed: subjects are the issuer''s, and another one could name anybody.';
comment on column identity_providers.return_origins is 'Origins of web clients that a sign-in may return to, besides our own and the person''s own machine.';

CREATE TRIGGER identity_providers_audit AFTER INSERT OR DELETE OR UPDATE ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION app.audit('{name}', '', '', '{label,issuer,client_id,scopes,return_origins,is_enabled}', '{}', '{client_secret_sealed}');
CREATE TRIGGER identity_providers_touch BEFORE UPDATE ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table identity_providers enable row level security;

create policy identity_providers_staff on identity_providers for select to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy identity_providers_staff_insert on identity_providers for insert to posthaste_api
  with check (( SELECT app.is_staff('admin'::text) AS is_staff));

grant insert (name, label, issuer, client_id, client_secret_sealed, scopes, return_origins, is_enabled) on identity_providers to posthaste_api;
grant select (name, label, issuer, client_id, scopes, return_origins, is_enabled, created_at, updated_at, version) on identity_providers to posthaste_api;

create table import_ids (
  system text not null,
  source_table text not null,
  source_id text not null,
  target_id uuid not null,
  imported_at timestamp with time zone not null default app.now(),
  constraint import_ids_pkey PRIMARY KEY (system, source_table, source_id)
);

comment on table import_ids is 'What was imported: a second run skips it, and references find it. Written by the migrator alone. Rows of a system may be deleted once nothing more is to come from it.';
comment on column import_ids.source_id is 'The key there, as text.';
comment on column import_ids.source_table is 'The table there; with # and a word for what else a row became, such as users#project.';
comment on column import_ids.system is 'The label of the run: the name of the system, unless two of a kind were imported.';
comment on column import_ids.target_id is 'The id here; the same for all rows that one row there became.';

CREATE INDEX import_ids_target_id_idx ON public.import_ids USING btree (target_id);

alter table import_ids enable row level security;

create table installation_settings (
  singleton boolean not null default true,
  registration text not null default 'open'::text,
  address_key bytea not null default crypto.gen_random_bytes(32),
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint installation_settings_pkey PRIMARY KEY (singleton),
  constraint installation_settings_address_key_length CHECK ((octet_length(address_key) = 32)),
  constraint installation_settings_one_row CHECK (singleton),
  constraint installation_settings_registration_known CHECK ((registration = ANY (ARRAY['open'::text, 'invite_only'::text, 'closed'::text])))
);

comment on table installation_settings is 'What an operator decides for everybody; one row.';
comment on column installation_settings.address_key is 'Under which addresses are hashed for counting. Granted to nobody.';
comment on column installation_settings.registration is 'open: anybody registers; invite_only: who holds an invitation; closed: nobody.';
comment on column installation_settings.singleton is 'Always true: there is one row.';

CREATE TRIGGER installation_settings_audit AFTER UPDATE ON public.installation_settings FOR EACH ROW EXECUTE FUNCTION app.audit('{singleton}', '', '', '{registration}', '{}', '{}');
CREATE TRIGGER installation_settings_touch BEFORE UPDATE ON public.installation_settings FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table installation_settings enable row level security;

create policy installation_settings_staff on installation_settings for all to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy installation_settings_worker on installation_settings for select to posthaste_worker
  using (true);

grant select (registration, created_at, updated_at, version) on installation_settings to posthaste_api;
grant update (registration) on installation_settings to posthaste_api;
grant select (registration) on installation_settings to posthaste_worker;

create table media (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  status text not null default 'pending_upload'::text,
  file_name text not null,
  declared_mime_type text not null,
  declared_bytes bigint not null,
  upload_key text,
  upload_expires_at timestamp with time zone not null default (app.now() + '01:00:00'::interval),
  kind text,
  mime_type text,
  bytes bigint,
  width integer,
  height integer,
  failure_code text,
  failure_reason text,
  processing_until timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  title text,
  description text,
  alt_text text,
  folder text,
  tags text[] not null default '{}'::text[],
  metadata jsonb not null default '{}'::jsonb,
  duration_ms integer,
  sha256 text,
  provider text not null default 's3'::text,
  provider_key text,
  stored_name text,
  source_url text,
  thumbnail_source_url text,
  constraint media_pkey PRIMARY KEY (id),
  constraint media_project_id_id_key UNIQUE (project_id, id),
  constraint media_upload_key_key UNIQUE (upload_key),
  constraint media_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint media_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint media_alt_text_length CHECK ((length(alt_text) <= 5000)),
  constraint media_description_length CHECK ((length(description) <= 10000)),
  constraint media_duration_positive CHECK ((duration_ms > 0)),
  constraint media_failed_has_reason CHECK (((status <> 'failed'::text) OR ((failure_code IS NOT NULL) AND (failure_reason IS NOT NULL)))),
  constraint media_folder_length CHECK (((length(folder) >= 1) AND (length(folder) <= 255))),
  constraint media_is_somewhere CHECK ((num_nonnulls(upload_key, provider_key, source_url) > 0)),
  constraint media_kind_known CHECK ((kind = ANY (ARRAY['image'::text, 'video'::text, 'gif'::text, 'document'::text, 'audio'::text]))),
  constraint media_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
  constraint media_provider_key_length CHECK (((length(provider_key) >= 1) AND (length(provider_key) <= 500))),
  constraint media_provider_length CHECK (((length(provider) >= 1) AND (length(provider) <= 255))),
  constraint media_ready_is_known CHECK (((status <> 'ready'::text) OR ((kind IS NOT NULL) AND ((upload_key IS NULL) OR ((mime_type IS NOT NULL) AND ((kind = ANY (ARRAY['document'::text, 'audio'::text])) OR COALESCE(((width > 0) AND (height > 0)), false))))))),
  constraint media_sha256_hex CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
  constraint media_source_url_length CHECK (((length(source_url) >= 1) AND (length(source_url) <= 2083))),
  constraint media_status_known CHECK ((status = ANY (ARRAY['pending_upload'::text, 'processing'::text, 'ready'::text, 'failed'::text]))),
  constraint media_stored_name_length CHECK (((length(stored_name) >= 1) AND (length(stored_name) <= 255))),
  constraint media_tags_some CHECK (((cardinality(tags) <= 100) AND (array_position(tags, NULL::text) IS NULL))),
  constraint media_thumbnail_source_url_length CHECK (((length(thumbnail_source_url) >= 1) AND (length(thumbnail_source_url) <= 2083))),
  constraint media_title_length CHECK (((length(title) >= 1) AND (length(title) <= 255)))
);

comment on table media is 'One file. Its URLs are computed from its renditions.';
comment on column media.alt_text is 'For whoever cannot see it; a post may say it differently (post_media.alt_text).';
comment on column media.declared_bytes is 'What the uploader announced; the upload form takes no more.';
comment on column media.declared_mime_type is 'What the client said; mime_type, kind and bytes are what the content proved to be.';
comment on column media.duration_ms is 'Of what plays; for a video kept equal to videos.duration_ms.';
comment on column media.failure_reason is 'For people; failure_code is for programs.';
comment on column media.file_name is 'What its author called it.';
comment on column media.folder is 'Where its members put it; null = nowhere in particular.';
comment on column media.metadata is 'Free values of its members.';
comment on column media.processing_until is 'Lease of the worker that prepares it.';
comment on column media.provider is 'Who stores it: s3 is our own bucket.';
comment on column media.provider_key is 'Key or path at another provider.';
comment on column media.sha256 is 'Of the file as it was uploaded, in hex.';
comment on column media.source_url is 'Where another system served it; our own URLs are computed from renditions.';
comment on column media.status is 'pending_upload, processing, ready, failed: see app.guard_media.';
comment on column media.stored_name is 'Its file name at another provider.';
comment on column media.tags is 'Labels for sorting; not the hashtags of posts.';
comment on column media.thumbnail_source_url is 'Where another system served its small picture.';
comment on column media.upload_key is 'Key in our bucket under which it was uploaded; null for files that another system stored.';

CREATE INDEX media_created_at_idx ON public.media USING btree (project_id, created_at DESC) WHERE (deleted_at IS NULL);
CREATE INDEX media_created_by_idx ON public.media USING btree (created_by);
CREATE INDEX media_folder_idx ON public.media USING btree (project_id, folder, id DESC) WHERE ((folder IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX media_kind_idx ON public.media USING btree (project_id, kind, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX media_mime_type_idx ON public.media USING btree (project_id, mime_type, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX media_project_id_created_idx ON public.media USING btree (project_id, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX media_sha256_idx ON public.media USING btree (project_id, sha256) WHERE ((sha256 IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX media_status_created_idx ON public.media USING btree (project_id, status, created_at DESC) WHERE (deleted_at IS NULL);
CREATE INDEX media_stored_by_idx ON public.media USING btree (created_by) INCLUDE (bytes, declared_bytes) WHERE ((deleted_at IS NULL) AND (status <> 'failed'::text));
CREATE INDEX media_stored_bytes_idx ON public.media USING btree (project_id) INCLUDE (bytes, declared_bytes) WHERE ((deleted_at IS NULL) AND (status <> 'failed'::text));
CREATE INDEX media_tags_idx ON public.media USING gin (tags);
CREATE INDEX media_unfinished_idx ON public.media USING btree (upload_expires_at) WHERE ((status = ANY (ARRAY['pending_upload'::text, 'processing'::text])) AND (deleted_at IS NULL));

CREATE TRIGGER media_deleted AFTER UPDATE OF deleted_at ON public.media FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION app.announce_media_deletion();
CREATE TRIGGER media_guard BEFORE UPDATE OF status ON public.media FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION app.guard_media();
CREATE TRIGGER media_quota AFTER INSERT ON public.media FOR EACH ROW EXECUTE FUNCTION app.guard_quota('storageBytes', 'created_by', 'project_id');
CREATE TRIGGER media_touch BEFORE UPDATE ON public.media FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table media enable row level security;

create policy media_insert on media for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy media_read on media for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy media_update on media for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy media_worker on media for all to posthaste_worker
  using (true)
  with check (true);

grant select on media to posthaste_api;
grant select, update on media to posthaste_worker;

grant insert (id, project_id, created_by, file_name, declared_mime_type, declared_bytes, upload_key, title, description, alt_text, folder, tags, metadata) on media to posthaste_api;
grant update (deleted_at, title, description, alt_text, folder, tags, metadata) on media to posthaste_api;

create table media_renditions (
  media_id uuid not null,
  project_id uuid not null,
  name text not null,
  object_key text not null,
  mime_type text not null,
  bytes bigint not null,
  width integer not null,
  height integer not null,
  sha256 text not null,
  constraint media_renditions_pkey PRIMARY KEY (media_id, name),
  constraint media_renditions_media_fkey FOREIGN KEY (project_id, media_id) REFERENCES media(project_id, id) ON DELETE CASCADE,
  constraint media_renditions_name_known CHECK ((name = ANY (ARRAY['original'::text, 'preview'::text, 'thumb'::text, 'poster'::text])))
);

comment on table media_renditions is 'A file that was made of a medium: the cleaned original, sizes for platforms, a poster.';
comment on column media_renditions.object_key is 'Below media/ in the media bucket.';
comment on column media_renditions.sha256 is 'Of the file''s bytes, hexadecimal.';

CREATE INDEX media_renditions_media_idx ON public.media_renditions USING btree (project_id, media_id);

alter table media_renditions enable row level security;

create policy media_renditions_read on media_renditions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy media_renditions_worker on media_renditions for all to posthaste_worker
  using (true)
  with check (true);

grant select on media_renditions to posthaste_api;
grant delete, insert, select, update on media_renditions to posthaste_worker;

create table mfa_factors (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  kind text not null,
  name text,
  secret_sealed text,
  code_hashes text[],
  last_step bigint,
  confirmed_at timestamp with time zone,
  last_used_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint mfa_factors_pkey PRIMARY KEY (id),
  constraint mfa_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint mfa_factors_kind_fits CHECK ((((kind = 'totp'::text) = (secret_sealed IS NOT NULL)) AND ((kind = 'recovery'::text) = (code_hashes IS NOT NULL)))),
  constraint mfa_factors_kind_known CHECK ((kind = ANY (ARRAY['totp'::text, 'recovery'::text]))),
  constraint mfa_factors_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

comment on table mfa_factors is 'Second factors: authenticator apps, and the codes for when one is lost. Used through functions only.';
comment on column mfa_factors.code_hashes is 'Hashes of the recovery codes that are left.';
comment on column mfa_factors.confirmed_at is 'Null: enrolled, but no code was shown yet; asked for at no login.';
comment on column mfa_factors.last_step is 'The time step of the code that was used last: none is good twice.';
comment on column mfa_factors.secret_sealed is 'Sealed for this person and this factor: copied to another row it does not open.';
comment on column mfa_factors.version is 'Raised by a new name; that a code was used is no change of the factor.';

CREATE UNIQUE INDEX mfa_factors_recovery_key ON public.mfa_factors USING btree (user_id) WHERE (kind = 'recovery'::text);
CREATE INDEX mfa_factors_user_id_idx ON public.mfa_factors USING btree (user_id);

CREATE TRIGGER mfa_factors_audit AFTER INSERT OR DELETE OR UPDATE ON public.mfa_factors FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'user_id', '{kind,confirmed_at}', '{name}', '{secret_sealed,code_hashes}');
CREATE TRIGGER mfa_factors_touch BEFORE UPDATE ON public.mfa_factors FOR EACH ROW WHEN ((old.name IS DISTINCT FROM new.name)) EXECUTE FUNCTION app.touch();

alter table mfa_factors enable row level security;

create policy mfa_factors_own on mfa_factors for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));

grant select (id, user_id, kind, name, confirmed_at, last_used_at, created_at, updated_at, version) on mfa_factors to posthaste_api;
grant update (name) on mfa_factors to posthaste_api;

create table moderation_reports (
  id uuid not null default uuidv7(),
  reporter_id uuid not null,
  target_type text not null,
  target_id uuid not null,
  reason text not null,
  details text,
  status text not null default 'open'::text,
  moderation_id uuid,
  created_at timestamp with time zone not null default app.now(),
  resolved_at timestamp with time zone,
  constraint moderation_reports_pkey PRIMARY KEY (id),
  constraint moderation_reports_moderation_id_fkey FOREIGN KEY (moderation_id) REFERENCES content_moderation(id) ON DELETE SET NULL,
  constraint moderation_reports_reporter_id_fkey FOREIGN KEY (reporter_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint moderation_reports_details_length CHECK (((length(details) >= 1) AND (length(details) <= 2000))),
  constraint moderation_reports_reason_known CHECK ((reason = ANY (ARRAY['spam'::text, 'harassment'::text, 'hate'::text, 'violence'::text, 'nudity'::text, 'self_harm'::text, 'misinformation'::text, 'copyright'::text, 'impersonation'::text, 'other'::text]))),
  constraint moderation_reports_resolved CHECK (((status = 'open'::text) = (resolved_at IS NULL))),
  constraint moderation_reports_status_known CHECK ((status = ANY (ARRAY['open'::text, 'upheld'::text, 'dismissed'::text]))),
  constraint moderation_reports_target_type_known CHECK ((target_type = ANY (ARRAY['post'::text, 'comment'::text, 'user_profile'::text, 'media'::text])))
);

comment on table moderation_reports is 'What people ask moderators to look at. A report opens a case, or joins the open one.';
comment on column moderation_reports.status is 'upheld: the case was rejected; dismissed: it was approved.';

CREATE INDEX moderation_reports_moderation_id_idx ON public.moderation_reports USING btree (moderation_id);
CREATE UNIQUE INDEX moderation_reports_open_key ON public.moderation_reports USING btree (reporter_id, target_type, target_id) WHERE (status = 'open'::text);
CREATE INDEX moderation_reports_reporter_id_idx ON public.moderation_reports USING btree (reporter_id, id DESC);
CREATE INDEX moderation_reports_target_idx ON public.moderation_reports USING btree (target_type, target_id);

CREATE TRIGGER moderation_reports_take BEFORE INSERT ON public.moderation_reports FOR EACH ROW EXECUTE FUNCTION app.take_report();

alter table moderation_reports enable row level security;

create policy moderation_reports_file on moderation_reports for insert to posthaste_api
  with check (((reporter_id = ( SELECT app.user_id() AS user_id)) AND ((target_type = ANY (ARRAY['user_profile'::text, 'media'::text])) OR ((target_type = 'post'::text) AND (target_id IN ( SELECT p.id
   FROM community_posts p
  WHERE (p.id = moderation_reports.target_id)))) OR ((target_type = 'comment'::text) AND (target_id IN ( SELECT c.id
   FROM comments c
  WHERE (c.id = moderation_reports.target_id)))))));
create policy moderation_reports_own on moderation_reports for select to posthaste_api
  using ((reporter_id = ( SELECT app.user_id() AS user_id)));
create policy moderation_reports_staff on moderation_reports for select to posthaste_api
  using (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy moderation_reports_worker on moderation_reports for select to posthaste_worker
  using (true);

grant select on moderation_reports to posthaste_api;
grant select on moderation_reports to posthaste_worker;

grant insert (reporter_id, target_type, target_id, reason, details) on moderation_reports to posthaste_api;

create table moderation_words (
  id uuid not null default uuidv7(),
  language text not null,
  word text not null,
  category text not null,
  weight numeric(3,2) not null,
  enabled boolean not null default true,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint moderation_words_pkey PRIMARY KEY (id),
  constraint moderation_words_word_key UNIQUE (word, language),
  constraint moderation_words_category_known CHECK ((category = ANY (ARRAY['spam'::text, 'harassment'::text, 'hate'::text, 'violence'::text, 'sexual'::text, 'self_harm'::text, 'drugs'::text]))),
  constraint moderation_words_language_form CHECK ((language ~ '^[a-z]{2,3}$'::text)),
  constraint moderation_words_weight_range CHECK (((weight > (0)::numeric) AND (weight <= (1)::numeric))),
  constraint moderation_words_word_form CHECK (((word = lower(word)) AND ((length(word) >= 2) AND (length(word) <= 60)) AND (word ~ '^\S+( \S+){0,2}$'::text)))
);

comment on table moderation_words is 'Words and phrases of up to three words that raise the automatic score. Loaded by migration, changed by administrators.';
comment on column moderation_words.weight is 'Probability that a text with it is not fit for everybody.';

CREATE TRIGGER moderation_words_audit AFTER INSERT OR DELETE OR UPDATE ON public.moderation_words FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', '', '{word,language,category,weight,enabled}', '{}', '{}');
CREATE TRIGGER moderation_words_touch BEFORE UPDATE ON public.moderation_words FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table moderation_words enable row level security;

create policy moderation_words_delete on moderation_words for delete to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy moderation_words_insert on moderation_words for insert to posthaste_api
  with check (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy moderation_words_read on moderation_words for select to posthaste_api
  using (( SELECT app.is_staff('moderator'::text) AS is_staff));
create policy moderation_words_update on moderation_words for update to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff))
  with check (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy moderation_words_worker on moderation_words for select to posthaste_worker
  using (true);

grant delete, select on moderation_words to posthaste_api;
grant select on moderation_words to posthaste_worker;

grant insert (language, word, category, weight, enabled) on moderation_words to posthaste_api;
grant update (category, weight, enabled) on moderation_words to posthaste_api;

create table niches (
  id uuid not null default uuidv7(),
  slug text not null,
  name text not null,
  source text not null default 'derived'::text,
  tags text[] not null,
  score numeric(5,2) not null default 0,
  uses bigint not null default 0,
  refreshed_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  constraint niches_pkey PRIMARY KEY (id),
  constraint niches_slug_key UNIQUE (slug),
  constraint niches_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint niches_score_range CHECK (((score >= (0)::numeric) AND (score <= (100)::numeric))),
  constraint niches_source_known CHECK ((source = ANY (ARRAY['starter'::text, 'derived'::text]))),
  constraint niches_tags_count CHECK (((cardinality(tags) >= 1) AND (cardinality(tags) <= 100))),
  constraint niches_uses_natural CHECK ((uses >= 0))
);

comment on table niches is 'Fields that content is about: a starter list, and what the hashtags in use show. Scored by app.refresh_niches.';
comment on column niches.score is '0 to 100: uses of its hashtags in the last 90 days, as a share of those of the strongest niche.';
comment on column niches.tags is 'The hashtags that belong to it, in normal form.';
comment on column niches.uses is 'Content and posts of the last 90 days that have one of its hashtags.';

alter table niches enable row level security;

create policy niches_read on niches for select to posthaste_api
  using (true);
create policy niches_worker on niches for all to posthaste_worker
  using (true)
  with check (true);

grant select on niches to posthaste_api;
grant delete, insert, select, update on niches to posthaste_worker;

create table notifications (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  project_id uuid,
  actor_id uuid,
  kind text not null,
  payload jsonb not null default '{}'::jsonb,
  event_id uuid,
  read_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  constraint notifications_pkey PRIMARY KEY (id),
  constraint notifications_event_once UNIQUE (user_id, event_id),
  constraint notifications_actor_id_fkey FOREIGN KEY (actor_id) REFERENCES users(id) ON DELETE SET NULL,
  constraint notifications_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint notifications_kind_form CHECK ((kind ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'::text)),
  constraint notifications_payload_object CHECK ((jsonb_typeof(payload) = 'object'::text))
);

comment on table notifications is 'What a person is told. Names are joined on reading: the payload holds ids, never a person''s values.';
comment on column notifications.actor_id is 'Who did it; null: nobody, or somebody who has left.';
comment on column notifications.event_id is 'The event that it tells of: a second delivery of the event tells nothing again.';

CREATE INDEX notifications_actor_id_idx ON public.notifications USING btree (actor_id);
CREATE INDEX notifications_created_at_idx ON public.notifications USING btree (created_at);
CREATE INDEX notifications_project_id_idx ON public.notifications USING btree (project_id);
CREATE INDEX notifications_read_at_idx ON public.notifications USING btree (read_at) WHERE (read_at IS NOT NULL);
CREATE INDEX notifications_unread_idx ON public.notifications USING btree (user_id, id DESC) WHERE (read_at IS NULL);
CREATE INDEX notifications_user_id_idx ON public.notifications USING btree (user_id, id DESC);

alter table notifications enable row level security;

create policy notifications_own on notifications for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy notifications_worker on notifications for all to posthaste_worker
  using (true)
  with check (true);

grant select on notifications to posthaste_api;
grant delete, insert, select on notifications to posthaste_worker;

grant update (read_at) on notifications to posthaste_api;

create table oauth_states (
  id uuid not null default uuidv7(),
  state_hash text not null,
  user_id uuid not null,
  project_id uuid not null,
  platform text not null,
  base_url text not null,
  code_verifier_sealed text not null,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '00:10:00'::interval),
  used_at timestamp with time zone,
  constraint oauth_states_pkey PRIMARY KEY (id),
  constraint oauth_states_state_hash_key UNIQUE (state_hash),
  constraint oauth_states_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE CASCADE,
  constraint oauth_states_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint oauth_states_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

comment on table oauth_states is 'A sign-in at a platform under way: single use, ten minutes, only a hash of the state.';
comment on column oauth_states.code_verifier_sealed is 'PKCE; never leaves but to the platform''s token endpoint.';
comment on column oauth_states.state_hash is 'Of the value that goes out with the sign-in and must come back.';

CREATE INDEX oauth_states_expires_at_idx ON public.oauth_states USING btree (expires_at);
CREATE INDEX oauth_states_platform_idx ON public.oauth_states USING btree (platform);
CREATE INDEX oauth_states_project_id_idx ON public.oauth_states USING btree (project_id);
CREATE INDEX oauth_states_user_id_idx ON public.oauth_states USING btree (user_id);

alter table oauth_states enable row level security;

create policy oauth_states_own on oauth_states for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy oauth_states_start on oauth_states for insert to posthaste_api
  with check (((user_id = ( SELECT app.user_id() AS user_id)) AND (project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[]))));
create policy oauth_states_worker on oauth_states for all to posthaste_worker
  using (true)
  with check (true);

grant insert on oauth_states to posthaste_api;
grant delete on oauth_states to posthaste_worker;

grant select (id, user_id, project_id, platform, base_url, expires_at) on oauth_states to posthaste_api;
grant select (id, expires_at) on oauth_states to posthaste_worker;

create table outbox_events (
  id uuid not null default uuidv7(),
  kind text not null,
  project_id uuid,
  payload jsonb not null,
  created_at timestamp with time zone not null default app.now(),
  lease_until timestamp with time zone,
  attempts integer not null default 0,
  dispatched_at timestamp with time zone,
  last_error text,
  user_id uuid,
  alerted_at timestamp with time zone,
  constraint outbox_events_pkey PRIMARY KEY (id),
  constraint outbox_events_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint outbox_events_kind_form CHECK (((kind = 'mail'::text) OR (kind ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'::text)))
) with (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=1000);

comment on table outbox_events is 'What must leave the database after a commit. Drained by dispatched_at is null with SKIP LOCKED; a mail''s payload is emptied once sent.';
comment on column outbox_events.alerted_at is 'When app.alert_failures took a publication.failed into account, or app.alert_pauses told of a pause or its end; dispatched_at is other consumers''.';
comment on column outbox_events.dispatched_at is 'When it left; null while it waits.';
comment on column outbox_events.kind is 'mail, or noun.verb: what happened to what.';
comment on column outbox_events.lease_until is 'Until then whoever wrote or claimed it tries to deliver it.';
comment on column outbox_events.payload is 'What is to be told; a mail''s is emptied once it was sent.';
comment on column outbox_events.project_id is 'Whose event it is. No reference: an event of a purged project is still to be told.';
comment on column outbox_events.user_id is 'The one person whom it concerns; null where a project''s members are meant.';

CREATE INDEX outbox_events_dispatched_at_idx ON public.outbox_events USING btree (dispatched_at) WHERE (dispatched_at IS NOT NULL);
CREATE INDEX outbox_events_failed_post_idx ON public.outbox_events USING btree (((payload ->> 'postId'::text))) WHERE (kind = 'publication.failed'::text);
CREATE INDEX outbox_events_pauses_idx ON public.outbox_events USING btree (project_id) WHERE (kind = ANY (ARRAY['account.paused'::text, 'account.resumed'::text]));
CREATE INDEX outbox_events_unalerted_idx ON public.outbox_events USING btree (created_at) WHERE ((kind = 'publication.failed'::text) AND (alerted_at IS NULL));
CREATE INDEX outbox_events_user_id_idx ON public.outbox_events USING btree (user_id);
CREATE INDEX outbox_events_waiting_idx ON public.outbox_events USING btree (kind, created_at) WHERE (dispatched_at IS NULL);

alter table outbox_events enable row level security;

create policy outbox_events_worker on outbox_events for all to posthaste_worker
  using (true)
  with check (true);

grant delete, insert, select, update on outbox_events to posthaste_worker;

create table partition_archives (
  id uuid not null default uuidv7(),
  table_name text not null,
  partition_name text not null,
  from_at timestamp with time zone,
  to_at timestamp with time zone not null,
  detached_at timestamp with time zone not null default app.now(),
  manifest_key text,
  written_at timestamp with time zone,
  dropped_at timestamp with time zone,
  constraint partition_archives_pkey PRIMARY KEY (id),
  constraint partition_archives_dropped_after_written CHECK (((dropped_at IS NULL) OR (written_at IS NOT NULL))),
  constraint partition_archives_written_with_manifest CHECK (((manifest_key IS NULL) = (written_at IS NULL)))
);

comment on table partition_archives is 'What left the database by age: one row per detached partition, more where rows came late. `npm run db -- archive list` shows them.';
comment on column partition_archives.from_at is 'Null: from the beginning.';
comment on column partition_archives.written_at is 'All parts and the manifest are in the archive, and were read back.';

CREATE UNIQUE INDEX partition_archives_partition_name_key ON public.partition_archives USING btree (partition_name) WHERE (dropped_at IS NULL);

CREATE TRIGGER partition_archives_audit AFTER INSERT OR DELETE OR UPDATE ON public.partition_archives FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', '', '{table_name,partition_name,from_at,to_at,manifest_key,written_at,dropped_at}', '{}', '{}');

alter table partition_archives enable row level security;

create policy partition_archives_worker on partition_archives for all to posthaste_worker
  using (true)
  with check (true);

grant select on partition_archives to posthaste_worker;

grant update (manifest_key, written_at) on partition_archives to posthaste_worker;

create table partitioned_tables (
  name text not null,
  column_name text not null,
  keep_months integer not null,
  archive boolean not null default true,
  constraint partitioned_tables_pkey PRIMARY KEY (name),
  constraint partitioned_tables_keep_months_positive CHECK ((keep_months > 0))
);

comment on table partitioned_tables is 'Tables with a partition per month (UTC), and how long a month stays. Changeable without a release.';
comment on column partitioned_tables.archive is 'What is past its time is written to the archive before it is dropped.';
comment on column partitioned_tables.column_name is 'The instant that decides the month.';
comment on column partitioned_tables.keep_months is 'Whole months that stay in the database after the current one.';

CREATE TRIGGER partitioned_tables_audit AFTER INSERT OR DELETE OR UPDATE ON public.partitioned_tables FOR EACH ROW EXECUTE FUNCTION app.audit('{name}', '', '', '{column_name,keep_months,archive}', '{}', '{}');

alter table partitioned_tables enable row level security;

create policy partitioned_tables_worker on partitioned_tables for select to posthaste_worker
  using (true);

grant select on partitioned_tables to posthaste_worker;

create table password_reset_tokens (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  token_hash text not null,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '01:00:00'::interval),
  used_at timestamp with time zone,
  constraint password_reset_tokens_pkey PRIMARY KEY (id),
  constraint password_reset_tokens_token_hash_key UNIQUE (token_hash),
  constraint password_reset_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

comment on table password_reset_tokens is 'Hashes of the tokens in reset mails; single use.';

CREATE INDEX password_reset_tokens_expires_at_idx ON public.password_reset_tokens USING btree (expires_at);
CREATE INDEX password_reset_tokens_user_id_idx ON public.password_reset_tokens USING btree (user_id);

CREATE TRIGGER password_reset_tokens_end_tickets AFTER UPDATE ON public.password_reset_tokens FOR EACH ROW WHEN (((old.used_at IS NULL) AND (new.used_at IS NOT NULL))) EXECUTE FUNCTION app.end_tickets();

alter table password_reset_tokens enable row level security;

create policy password_reset_tokens_worker on password_reset_tokens for all to posthaste_worker
  using (true)
  with check (true);

grant delete on password_reset_tokens to posthaste_worker;

grant select (id, expires_at) on password_reset_tokens to posthaste_worker;

create table pause_checks (
  id uuid not null default uuidv7(),
  person uuid,
  project uuid,
  everybody text,
  later boolean not null default false,
  constraint pause_checks_pkey PRIMARY KEY (id),
  constraint pause_checks_everybody_known CHECK ((everybody = ANY (ARRAY['user'::text, 'project'::text])))
);

comment on table pause_checks is 'Whose accounts may have come over their quota, or under it again. Written by triggers, emptied by app.keep_pauses.';
comment on column pause_checks.everybody is 'The limit of this scope that everybody has was changed.';
comment on column pause_checks.later is 'Not in the transaction that wrote it: the sweep''s.';
comment on column pause_checks.person is 'Like project without a foreign key: of what is gone nothing is found.';

CREATE CONSTRAINT TRIGGER pause_checks_kept AFTER INSERT ON public.pause_checks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((NOT new.later)) EXECUTE FUNCTION app.keep_own_pauses();

alter table pause_checks enable row level security;

create table platform_apps (
  platform text not null,
  base_url text not null,
  redirect_uri text not null,
  client_id text not null,
  client_secret_sealed text not null,
  created_at timestamp with time zone not null default app.now(),
  constraint platform_apps_pkey PRIMARY KEY (platform, base_url),
  constraint platform_apps_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE CASCADE
);

comment on table platform_apps is 'Our registration with each instance of a federated platform.';

CREATE TRIGGER platform_apps_audit AFTER INSERT OR DELETE OR UPDATE ON public.platform_apps FOR EACH ROW EXECUTE FUNCTION app.audit('{platform,base_url}', '', '', '{redirect_uri,client_id}', '{}', '{client_secret_sealed}');

alter table platform_apps enable row level security;

create policy platform_apps_api on platform_apps for select to posthaste_api
  using (true);
create policy platform_apps_worker on platform_apps for select to posthaste_worker
  using (true);

grant select on platform_apps to posthaste_worker;

grant select (platform, base_url, redirect_uri, client_id, created_at) on platform_apps to posthaste_api;

create table platforms (
  name text not null,
  display_name text not null,
  base_url text,
  authorize_url text,
  metrics_url text,
  enabled boolean not null default true,
  sandbox_base_url text,
  limits jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint platforms_pkey PRIMARY KEY (name),
  constraint platforms_limits_object CHECK ((jsonb_typeof(limits) = 'object'::text))
);

comment on table platforms is 'Where each platform is reached. Changeable without a release.';
comment on column platforms.authorize_url is 'Origin of the consent screen, where it differs.';
comment on column platforms.base_url is 'Origin of the API; null where every account brings its own (an instance, a PDS).';
comment on column platforms.enabled is 'False: nobody connects an account there; what is connected goes on.';
comment on column platforms.limits is 'What differs here from the limits in the code (shared/platforms), in the words of GET /v1/platforms; {} = nothing.';
comment on column platforms.metrics_url is 'Origin that counts likes and replies, where the account''s own host does not.';
comment on column platforms.sandbox_base_url is 'Origin that stands for the platform in tries; null = there is none.';
comment on column platforms.version is 'Of the switch and of our app there, whose secret lies elsewhere.';

CREATE TRIGGER platforms_audit AFTER INSERT OR DELETE OR UPDATE ON public.platforms FOR EACH ROW EXECUTE FUNCTION app.audit('{name}', '', '', '{display_name,base_url,authorize_url,metrics_url,sandbox_base_url,enabled,limits}', '{}', '{}');

alter table platforms enable row level security;

create policy platforms_read on platforms for select to posthaste_api, posthaste_public, posthaste_worker
  using (true);

grant select on platforms to posthaste_api;
grant select on platforms to posthaste_public;
grant select on platforms to posthaste_worker;

create materialized view popular_posts as
 SELECT (row_number() OVER (ORDER BY engagement_score DESC, id DESC))::integer AS rank,
    id AS post_id,
    author_id,
    engagement_score
   FROM community_posts p
  WHERE ((visibility = 'public'::text) AND is_standing AND (created_at > (app.now() - '7 days'::interval)))
  ORDER BY engagement_score DESC, id DESC
 LIMIT 1000;;

comment on materialized view popular_posts is 'The 1000 best public posts of the last 7 days. Under no policy, so nobody reads it but app.popular_posts; readers join the live posts.';

CREATE UNIQUE INDEX popular_posts_post_id_key ON public.popular_posts USING btree (post_id);
CREATE UNIQUE INDEX popular_posts_rank_key ON public.popular_posts USING btree (rank);
CREATE INDEX popular_posts_score_idx ON public.popular_posts USING btree (engagement_score DESC);

create table post_hashtags (
  project_id uuid not null,
  post_id uuid not null,
  tag text not null,
  constraint post_hashtags_pkey PRIMARY KEY (post_id, tag),
  constraint post_hashtags_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint post_hashtags_tag_fkey FOREIGN KEY (tag) REFERENCES hashtags(tag) ON DELETE RESTRICT
);

comment on table post_hashtags is 'The hashtags of posts that stand, kept by a trigger from their text.';

CREATE INDEX post_hashtags_post_idx ON public.post_hashtags USING btree (project_id, post_id);
CREATE INDEX post_hashtags_project_tag_idx ON public.post_hashtags USING btree (project_id, tag text_pattern_ops);
CREATE INDEX post_hashtags_tag_idx ON public.post_hashtags USING btree (tag, project_id, post_id);

CREATE TRIGGER post_hashtags_add AFTER INSERT ON public.post_hashtags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_hashtags('uses');
CREATE TRIGGER post_hashtags_take AFTER DELETE ON public.post_hashtags REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_hashtags('uses');

alter table post_hashtags enable row level security;

create policy post_hashtags_read on post_hashtags for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy post_hashtags_worker on post_hashtags for select to posthaste_worker
  using (true);

grant select on post_hashtags to posthaste_api;
grant select on post_hashtags to posthaste_worker;

create table post_media (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  publication_id uuid,
  media_id uuid not null,
  "position" integer not null,
  alt_text text,
  constraint post_media_pkey PRIMARY KEY (id),
  constraint post_media_media_fkey FOREIGN KEY (project_id, media_id) REFERENCES media(project_id, id) ON DELETE RESTRICT,
  constraint post_media_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint post_media_publication_fkey FOREIGN KEY (project_id, publication_id) REFERENCES post_publications(project_id, id) ON DELETE CASCADE,
  constraint post_media_position_positive CHECK (("position" >= 0))
);

comment on table post_media is 'Which media a post shows, in order, with their alternative texts; with publication_id, what that publication shows instead.';

CREATE INDEX post_media_media_idx ON public.post_media USING btree (project_id, media_id);
CREATE INDEX post_media_post_idx ON public.post_media USING btree (project_id, post_id);
CREATE UNIQUE INDEX post_media_post_position_key ON public.post_media USING btree (post_id, "position") WHERE (publication_id IS NULL);
CREATE INDEX post_media_publication_idx ON public.post_media USING btree (project_id, publication_id);
CREATE UNIQUE INDEX post_media_publication_position_key ON public.post_media USING btree (publication_id, "position") WHERE (publication_id IS NOT NULL);

CREATE TRIGGER post_media_add AFTER INSERT ON public.post_media REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.change_media();
CREATE TRIGGER post_media_alter AFTER UPDATE ON public.post_media REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.change_media();
CREATE TRIGGER post_media_guard BEFORE INSERT OR DELETE OR UPDATE ON public.post_media FOR EACH ROW WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.guard_post_media();
CREATE TRIGGER post_media_place AFTER INSERT OR UPDATE OF post_id, publication_id ON public.post_media FOR EACH ROW WHEN ((new.publication_id IS NOT NULL)) EXECUTE FUNCTION app.guard_media_place();
CREATE TRIGGER post_media_take AFTER DELETE ON public.post_media REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.change_media();

alter table post_media enable row level security;

create policy post_media_insert on post_media for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy post_media_read on post_media for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy post_media_worker on post_media for select to posthaste_worker
  using (true);

grant insert, select on post_media to posthaste_api;
grant select on post_media to posthaste_worker;

create table post_mentions (
  project_id uuid not null,
  post_id uuid not null,
  handle text not null,
  constraint post_mentions_pkey PRIMARY KEY (post_id, handle),
  constraint post_mentions_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint post_mentions_handle_length CHECK (((length(handle) >= 1) AND (length(handle) <= 255))),
  constraint post_mentions_handle_lower CHECK ((handle = lower(handle)))
);

comment on table post_mentions is 'Who is mentioned in the text of a post that stands, kept by a trigger.';
comment on column post_mentions.handle is 'Without the sign, lower case: ada, ada@mastodon.example, ada.bsky.social.';

CREATE INDEX post_mentions_handle_idx ON public.post_mentions USING btree (project_id, handle);
CREATE INDEX post_mentions_post_idx ON public.post_mentions USING btree (project_id, post_id);

alter table post_mentions enable row level security;

create policy post_mentions_read on post_mentions for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy post_mentions_worker on post_mentions for select to posthaste_worker
  using (true);

grant select on post_mentions to posthaste_api;
grant select on post_mentions to posthaste_worker;

create view post_overview with (security_invoker=true) as
 SELECT p.id,
    p.project_id,
    p.created_by,
    p.title,
    p.slug,
    p.text,
    p.content_type,
    p.schedule_type,
    p.due_at,
    p.deleted_at,
    app.post_status(s.states) AS status,
    s.is_scheduled,
    s.published_at,
    s.failed_at,
    s.error_message,
    s.retry_count,
    s.last_retry_at,
    s.likes,
    s.comments,
    s.shares,
    s.views,
    s.impressions,
    s.reach,
    s.saves,
    s.clicks,
    s.total_engagement,
    s.metrics_at,
    (p.analytics || jsonb_strip_nulls(jsonb_build_object('likes', s.likes, 'comments', s.comments, 'shares', s.shares, 'views', s.views, 'impressions', s.impressions, 'reach', s.reach, 'saves', s.saves, 'clicks', s.clicks))) AS analytics,
    GREATEST(p.updated_at, s.updated_at) AS updated_at
   FROM (posts p
     CROSS JOIN LATERAL ( SELECT COALESCE(array_agg(pp.state), '{}'::text[]) AS states,
            COALESCE(bool_or((pp.state = ANY (ARRAY['scheduled'::text, 'queued'::text]))), false) AS is_scheduled,
            min(pp.published_at) AS published_at,
            max(pp.failed_at) FILTER (WHERE (pp.state = 'failed'::text)) AS failed_at,
            (array_agg(pp.failure_message ORDER BY pp.failed_at DESC NULLS LAST, pp.id DESC) FILTER (WHERE (pp.state = 'failed'::text)))[1] AS error_message,
            (COALESCE(sum(pp.retry_count), (0)::bigint))::integer AS retry_count,
            max(pp.last_retry_at) AS last_retry_at,
            (sum(pp.likes))::bigint AS likes,
            (sum(pp.comments))::bigint AS comments,
            (sum(pp.shares))::bigint AS shares,
            (sum(pp.views))::bigint AS views,
            (sum(pp.impressions))::bigint AS impressions,
            (sum(pp.reach))::bigint AS reach,
            (sum(pp.saves))::bigint AS saves,
            (sum(pp.clicks))::bigint AS clicks,
            (COALESCE(sum(pp.total_engagement), (0)::numeric))::bigint AS total_engagement,
            max(pp.metrics_at) AS metrics_at,
            max(pp.updated_at) AS updated_at
           FROM post_publications pp
          WHERE (pp.post_id = p.id)) s);;

comment on view post_overview is 'A post with what its publications make of it: status, the first instant it was published, the latest failure, retries, and the sums of their numbers. Read under the reader''s own policies; publications are found by the index on the post.';

grant select on post_overview to posthaste_api;
grant select on post_overview to posthaste_worker;

create table post_publications (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  account_id uuid not null,
  platform text not null,
  text text,
  options jsonb not null default '{}'::jsonb,
  state text not null default 'draft'::text,
  due_at timestamp with time zone,
  next_attempt_at timestamp with time zone,
  generation integer not null default 0,
  attempts integer not null default 0,
  lease_token uuid,
  lease_until timestamp with time zone,
  commit_started_at timestamp with time zone,
  refused_at timestamp with time zone,
  looks integer not null default 0,
  prepared jsonb,
  prepared_ready boolean not null default false,
  prepared_expires_at timestamp with time zone,
  prepare_lease_until timestamp with time zone,
  scheduled_at timestamp with time zone,
  queued_at timestamp with time zone,
  publishing_at timestamp with time zone,
  published_at timestamp with time zone,
  platform_post_id text,
  url text,
  platform_published_at timestamp with time zone,
  failure_class text,
  failure_code text,
  failure_message text,
  removed_at timestamp with time zone,
  likes bigint,
  comments bigint,
  shares bigint,
  views bigint,
  metrics_at timestamp with time zone,
  next_metrics_at timestamp with time zone,
  metrics_lease_until timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  impressions bigint,
  reach bigint,
  saves bigint,
  clicks bigint,
  engagement_rate numeric(5,2),
  analytics jsonb not null default '{}'::jsonb,
  metadata jsonb not null default '{}'::jsonb,
  failed_at timestamp with time zone,
  last_retry_at timestamp with time zone,
  revision integer not null default 0,
  retry_count integer generated always as (GREATEST((attempts - 1), 0)) virtual,
  total_engagement bigint generated always as ((((COALESCE(views, (0)::bigint) + COALESCE(likes, (0)::bigint)) + COALESCE(shares, (0)::bigint)) + COALESCE(comments, (0)::bigint))) virtual,
  constraint post_publications_pkey PRIMARY KEY (id),
  constraint post_publications_account_once UNIQUE (post_id, account_id),
  constraint post_publications_project_id_id_key UNIQUE (project_id, id),
  constraint post_publications_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE RESTRICT,
  constraint post_publications_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE RESTRICT,
  constraint post_publications_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint post_publications_analytics_object CHECK ((jsonb_typeof(analytics) = 'object'::text)),
  constraint post_publications_attempts_natural CHECK ((attempts >= 0)),
  constraint post_publications_due_when_scheduled CHECK (((state = ANY (ARRAY['draft'::text, 'pending_approval'::text, 'cancelled'::text])) OR (due_at IS NOT NULL))),
  constraint post_publications_engagement_rate_percent CHECK (((engagement_rate >= (0)::numeric) AND (engagement_rate <= (100)::numeric))),
  constraint post_publications_evidence CHECK (((state <> 'published'::text) OR (platform_post_id IS NOT NULL))),
  constraint post_publications_failure_class_known CHECK ((failure_class = ANY (ARRAY['retry-later'::text, 'rate-limited'::text, 'reauthorize'::text, 'invalid-content'::text, 'duplicate-content'::text, 'account-restricted'::text, 'unknown'::text]))),
  constraint post_publications_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
  constraint post_publications_numbers_natural CHECK (((likes >= 0) AND (comments >= 0) AND (shares >= 0) AND (views >= 0) AND (impressions >= 0) AND (reach >= 0) AND (saves >= 0) AND (clicks >= 0))),
  constraint post_publications_owned CHECK (((state <> ALL (ARRAY['publishing'::text, 'processing'::text])) OR (lease_until IS NOT NULL) OR (next_attempt_at IS NOT NULL))),
  constraint post_publications_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'pending_approval'::text, 'scheduled'::text, 'queued'::text, 'publishing'::text, 'processing'::text, 'published'::text, 'failed'::text, 'unknown'::text, 'cancelled'::text])))
) with (autovacuum_vacuum_scale_factor=0.05, autovacuum_analyze_scale_factor=0.02);

comment on table post_publications is 'A post on one account: the state machine of the artery. Guarded by app.guard_publication.';
comment on column post_publications.analytics is 'What the platform told beyond the columns, by its own names.';
comment on column post_publications.attempts is 'Tries of this round; a retry by a person begins a new one.';
comment on column post_publications.commit_started_at is 'Set by the guard right before the platform is told to publish: from here on only a look decides.';
comment on column post_publications.due_at is 'When it is to go out.';
comment on column post_publications.engagement_rate is 'Likes, comments, shares and saves in percent of the people reached, else of impressions, else of views; at most 100, null without any of them.';
comment on column post_publications.failed_at is 'When it last became failed; stays when it is tried again.';
comment on column post_publications.failure_class is 'Who must act: retry-later, rate-limited, reauthorize, invalid-content, duplicate-content, account-restricted, unknown.';
comment on column post_publications.failure_message is 'The platform''s own words, without secrets.';
comment on column post_publications.generation is 'Raised by every claim: a message of another generation is stale and dropped.';
comment on column post_publications.last_retry_at is 'When the latest attempt after the first one began.';
comment on column post_publications.lease_token is 'Of the worker that holds it; whoever has another token may write nothing.';
comment on column post_publications.lease_until is 'After that instant the sweep takes it from a worker that died.';
comment on column post_publications.likes is 'As the latest snapshot told; null: the platform does not tell. Likewise the other numbers.';
comment on column post_publications.looks is 'Looks of reconcile since the commit whose outcome is unknown.';
comment on column post_publications.metadata is 'The caller''s own data.';
comment on column post_publications.metrics_at is 'When the platform was last asked for numbers and told them.';
comment on column post_publications.next_attempt_at is 'When it is claimed again; null while nothing waits.';
comment on column post_publications.next_metrics_at is 'When its numbers are fetched next; null when no more.';
comment on column post_publications.options is 'What this platform takes besides text and media, as its connector declares.';
comment on column post_publications.platform is 'Of the account at the time; connectors are chosen by it.';
comment on column post_publications.platform_published_at is 'As the platform dates it.';
comment on column post_publications.prepared is 'What was made ahead at the platform, such as container ids.';
comment on column post_publications.prepared_expires_at is 'After that instant what was made ahead is void.';
comment on column post_publications.prepared_ready is 'The platform has finished with what was made ahead.';
comment on column post_publications.refused_at is 'The platform answered the commit with a plain no: it may be tried again.';
comment on column post_publications.removed_at is 'When it was taken down at its platform; the state stays published.';
comment on column post_publications.retry_count is 'Attempts after the first.';
comment on column post_publications.revision is 'Raised by every change of what is published: what was prepared for another revision is worthless.';
comment on column post_publications.scheduled_at is 'When the state was entered; so also queued_at, publishing_at, published_at.';
comment on column post_publications.total_engagement is 'Views, likes, shares and comments together.';
comment on column post_publications.url is 'Of the post at its platform; null where the platform tells it late or never.';

CREATE INDEX post_publications_account_idx ON public.post_publications USING btree (project_id, account_id);
CREATE INDEX post_publications_account_published_idx ON public.post_publications USING btree (account_id, published_at DESC) INCLUDE (engagement_rate) WHERE (published_at IS NOT NULL);
CREATE INDEX post_publications_busy_idx ON public.post_publications USING btree (account_id, publishing_at) WHERE (state = 'publishing'::text);
CREATE INDEX post_publications_due_idx ON public.post_publications USING btree (COALESCE(next_attempt_at, due_at)) WHERE (state = 'scheduled'::text);
CREATE INDEX post_publications_lease_idx ON public.post_publications USING btree (lease_until) WHERE (lease_until IS NOT NULL);
CREATE INDEX post_publications_metrics_idx ON public.post_publications USING btree (next_metrics_at) WHERE ((state = 'published'::text) AND (next_metrics_at IS NOT NULL));
CREATE INDEX post_publications_open_idx ON public.post_publications USING btree (project_id, state, due_at, id) WHERE (state <> 'published'::text);
CREATE INDEX post_publications_platform_idx ON public.post_publications USING btree (platform);
CREATE INDEX post_publications_post_idx ON public.post_publications USING btree (project_id, post_id);
CREATE INDEX post_publications_published_idx ON public.post_publications USING btree (project_id, published_at DESC, id DESC) WHERE (state = 'published'::text);
CREATE INDEX post_publications_queued_idx ON public.post_publications USING btree (queued_at) WHERE (state = 'queued'::text);
CREATE INDEX post_publications_turn_idx ON public.post_publications USING btree (account_id, due_at, id) WHERE (state = 'queued'::text);
CREATE INDEX post_publications_waiting_idx ON public.post_publications USING btree (next_attempt_at) WHERE ((state = ANY (ARRAY['processing'::text, 'unknown'::text])) AND (next_attempt_at IS NOT NULL));

CREATE TRIGGER post_publications_add AFTER INSERT ON public.post_publications REFERENCING NEW TABLE AS changed FOR EACH STATEMENT WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.change_media();
CREATE TRIGGER post_publications_announce AFTER UPDATE OF state ON public.post_publications FOR EACH ROW WHEN (((old.state IS DISTINCT FROM new.state) AND (new.state = ANY (ARRAY['published'::text, 'failed'::text, 'unknown'::text])))) EXECUTE FUNCTION app.announce_publication();
CREATE TRIGGER post_publications_approved BEFORE UPDATE OF state ON public.post_publications FOR EACH ROW WHEN (((old.state = ANY (ARRAY['draft'::text, 'pending_approval'::text])) AND (new.state = 'scheduled'::text) AND (NOT app.is_owner()))) EXECUTE FUNCTION app.guard_approval();
CREATE TRIGGER post_publications_audit AFTER UPDATE OF state ON public.post_publications FOR EACH ROW WHEN (((old.state IS DISTINCT FROM new.state) AND ((new.state = 'cancelled'::text) OR (old.state = ANY (ARRAY['unknown'::text, 'failed'::text]))))) EXECUTE FUNCTION app.audit('{id}', 'project_id', '', '{state}', '{}', '{}');
CREATE TRIGGER post_publications_begin BEFORE INSERT ON public.post_publications FOR EACH ROW WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.guard_new_publication();
CREATE TRIGGER post_publications_changed AFTER UPDATE OF text, options ON public.post_publications FOR EACH ROW WHEN (((old.text IS DISTINCT FROM new.text) OR (old.options IS DISTINCT FROM new.options))) EXECUTE FUNCTION app.change_publication();
CREATE TRIGGER post_publications_edit BEFORE UPDATE OF text, options ON public.post_publications FOR EACH ROW WHEN (((old.text IS DISTINCT FROM new.text) OR (old.options IS DISTINCT FROM new.options))) EXECUTE FUNCTION app.edit_publication();
CREATE TRIGGER post_publications_guard BEFORE UPDATE OF state ON public.post_publications FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION app.guard_publication();
CREATE TRIGGER post_publications_leave_approval AFTER UPDATE OF state ON public.post_publications FOR EACH ROW WHEN (((old.state = 'pending_approval'::text) AND (new.state = ANY (ARRAY['draft'::text, 'cancelled'::text])))) EXECUTE FUNCTION app.leave_approval();
CREATE TRIGGER post_publications_note_posted AFTER UPDATE OF state ON public.post_publications FOR EACH ROW WHEN (((old.state IS DISTINCT FROM new.state) AND (new.state = 'published'::text))) EXECUTE FUNCTION app.note_posted();
CREATE TRIGGER post_publications_touch BEFORE UPDATE ON public.post_publications FOR EACH ROW WHEN (((((((((((((((((old.project_id IS DISTINCT FROM new.project_id) OR (old.post_id IS DISTINCT FROM new.post_id)) OR (old.account_id IS DISTINCT FROM new.account_id)) OR (old.state IS DISTINCT FROM new.state)) OR (old.text IS DISTINCT FROM new.text)) OR (old.options IS DISTINCT FROM new.options)) OR (old.metadata IS DISTINCT FROM new.metadata)) OR (old.due_at IS DISTINCT FROM new.due_at)) OR (old.platform_post_id IS DISTINCT FROM new.platform_post_id)) OR (old.url IS DISTINCT FROM new.url)) OR (old.platform_published_at IS DISTINCT FROM new.platform_published_at)) OR (old.published_at IS DISTINCT FROM new.published_at)) OR (old.failure_class IS DISTINCT FROM new.failure_class)) OR (old.failure_code IS DISTINCT FROM new.failure_code)) OR (old.failure_message IS DISTINCT FROM new.failure_message)) OR (old.removed_at IS DISTINCT FROM new.removed_at))) EXECUTE FUNCTION app.touch();

alter table post_publications enable row level security;
alter table post_publications alter column published_at set statistics 1000; alter table post_publications alter column published_at set ();

create policy post_publications_insert on post_publications for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy post_publications_read on post_publications for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy post_publications_update on post_publications for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy post_publications_worker on post_publications for all to posthaste_worker
  using (true)
  with check (true);

grant select on post_publications to posthaste_api;
grant select, update on post_publications to posthaste_worker;

grant insert (id, project_id, post_id, account_id, platform, text, options, state, due_at, scheduled_at, metadata) on post_publications to posthaste_api;
grant update (text, options, state, due_at, next_attempt_at, generation, lease_token, lease_until, prepared, prepared_ready, prepared_expires_at, prepare_lease_until, platform_post_id, url, failure_class, failure_code, failure_message, removed_at, next_metrics_at, metrics_lease_until, metadata) on post_publications to posthaste_api;

create table post_variations (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  created_by uuid,
  variation_type text not null,
  label text,
  text text,
  hashtags text[],
  due_at timestamp with time zone,
  variant_post_id uuid,
  performance_metrics jsonb not null default '{}'::jsonb,
  is_winner boolean not null default false,
  decided_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint post_variations_pkey PRIMARY KEY (id),
  constraint post_variations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint post_variations_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint post_variations_variant_fkey FOREIGN KEY (project_id, variant_post_id) REFERENCES posts(project_id, id) ON DELETE SET NULL (variant_post_id),
  constraint post_variations_another_post CHECK ((variant_post_id <> post_id)),
  constraint post_variations_label_length CHECK (((length(label) >= 1) AND (length(label) <= 100))),
  constraint post_variations_metrics_object CHECK ((jsonb_typeof(performance_metrics) = 'object'::text)),
  constraint post_variations_text_length CHECK ((length(text) <= 100000)),
  constraint post_variations_type_known CHECK ((variation_type = ANY (ARRAY['content'::text, 'timing'::text, 'hashtags'::text]))),
  constraint post_variations_varies CHECK ((num_nonnulls(text, hashtags, due_at) > 0)),
  constraint post_variations_winner_decided CHECK (((NOT is_winner) OR (decided_at IS NOT NULL)))
);

comment on table post_variations is 'A/B tests: other words, another time or other hashtags for the same post, and which of them won.';
comment on column post_variations.decided_at is 'When it was found to be better, or not to be.';
comment on column post_variations.performance_metrics is 'Its numbers when they were last compared.';
comment on column post_variations.post_id is 'The original.';
comment on column post_variations.variant_post_id is 'The post that was made of it; its numbers are what is compared.';

CREATE INDEX post_variations_created_by_idx ON public.post_variations USING btree (created_by);
CREATE INDEX post_variations_deleted_at_idx ON public.post_variations USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX post_variations_post_idx ON public.post_variations USING btree (project_id, post_id);
CREATE INDEX post_variations_variant_idx ON public.post_variations USING btree (project_id, variant_post_id);
CREATE UNIQUE INDEX post_variations_winner_key ON public.post_variations USING btree (post_id) WHERE (is_winner AND (deleted_at IS NULL));

CREATE TRIGGER post_variations_touch BEFORE UPDATE ON public.post_variations FOR EACH ROW WHEN ((NOT (old.performance_metrics IS DISTINCT FROM new.performance_metrics))) EXECUTE FUNCTION app.touch();

alter table post_variations enable row level security;

create policy post_variations_insert on post_variations for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy post_variations_read on post_variations for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy post_variations_update on post_variations for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy post_variations_worker on post_variations for all to posthaste_worker
  using (true)
  with check (true);

grant select on post_variations to posthaste_api;
grant select on post_variations to posthaste_worker;

grant insert (id, project_id, post_id, created_by, variation_type, label, text, hashtags, due_at, variant_post_id) on post_variations to posthaste_api;
grant update (label, text, hashtags, due_at, variant_post_id, is_winner, decided_at, deleted_at) on post_variations to posthaste_api;
grant update (performance_metrics, is_winner, decided_at) on post_variations to posthaste_worker;

create table posts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  text text not null default ''::text,
  schedule_type text not null,
  due_at timestamp with time zone,
  wall_time text,
  time_zone text,
  external_id text,
  metadata jsonb not null default '{}'::jsonb,
  metrics_requested_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  title text,
  slug text,
  content_type text,
  tags text[] not null default '{}'::text[],
  language text,
  location text,
  content_id uuid,
  clip_id uuid,
  analytics jsonb not null default '{}'::jsonb,
  search tsvector not null generated always as (app.search_document(project_id, language, title, (app.hashtags_in(text) || tags), text)) stored,
  constraint posts_pkey PRIMARY KEY (id),
  constraint posts_project_id_id_key UNIQUE (project_id, id),
  constraint posts_clip_fkey FOREIGN KEY (project_id, clip_id) REFERENCES clips(project_id, id) ON DELETE SET NULL (clip_id),
  constraint posts_content_fkey FOREIGN KEY (project_id, content_id) REFERENCES content(project_id, id) ON DELETE SET NULL (content_id),
  constraint posts_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint posts_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint posts_analytics_object CHECK ((jsonb_typeof(analytics) = 'object'::text)),
  constraint posts_content_type_known CHECK ((content_type = ANY (ARRAY['text'::text, 'image'::text, 'video'::text, 'carousel'::text, 'story'::text, 'reel'::text, 'mixed'::text, 'short'::text, 'audio'::text]))),
  constraint posts_due_when_scheduled CHECK (((schedule_type = 'draft'::text) = (due_at IS NULL))),
  constraint posts_external_id_length CHECK (((length(external_id) >= 1) AND (length(external_id) <= 255))),
  constraint posts_language_shape CHECK ((language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'::text)),
  constraint posts_location_length CHECK (((length(location) >= 1) AND (length(location) <= 255))),
  constraint posts_schedule_type_known CHECK ((schedule_type = ANY (ARRAY['draft'::text, 'now'::text, 'at'::text]))),
  constraint posts_slug_form CHECK (((slug ~ '^\w+(-+\w+)*$'::text) AND (slug = lower(slug)) AND (length(slug) <= 255))),
  constraint posts_tags_few CHECK ((cardinality(tags) <= 50)),
  constraint posts_text_length CHECK ((length(text) <= 100000)),
  constraint posts_title_length CHECK (((length(title) >= 1) AND (length(title) <= 255))),
  constraint posts_wall_time_with_zone CHECK (((wall_time IS NULL) = (time_zone IS NULL)))
);

comment on table posts is 'What is to be said. Its status is computed from its publications.';
comment on column posts.analytics is 'Aggregated numbers that came with an import. Those of our own publications are summed in post_overview.';
comment on column posts.clip_id is 'The clip it shows.';
comment on column posts.content_id is 'What it was made of.';
comment on column posts.content_type is 'What kind of post it is meant to be; null: as its media say.';
comment on column posts.due_at is 'The instant that schedule and time_zone resolve to; null for a draft.';
comment on column posts.external_id is 'The caller''s own id, one live post of the project each.';
comment on column posts.language is 'BCP 47, such as en or pt-BR. Null: not said.';
comment on column posts.location is 'Where, in the author''s words.';
comment on column posts.metadata is 'Whatever the client keeps with its post; at most 16 KiB.';
comment on column posts.metrics_requested_at is 'When a person last asked for fresh numbers.';
comment on column posts.schedule_type is 'How the author said when: draft, now, at, slot.';
comment on column posts.search is 'app.search_document; asked by app.search_posts alone, for @@ uses no index under row-level security.';
comment on column posts.slug is 'Readable name in URLs, one live post of the project each.';
comment on column posts.tags is 'Labels of the team. Hashtags are what the text says, in post_hashtags.';
comment on column posts.time_zone is 'Of the wall time that the author gave.';
comment on column posts.title is 'For platforms that have one, and for people who look for it.';
comment on column posts.wall_time is 'The wall time that the author chose, in time_zone; due_at is what the two resolve to.';

CREATE INDEX posts_clip_idx ON public.posts USING btree (project_id, clip_id);
CREATE INDEX posts_content_idx ON public.posts USING btree (project_id, content_id);
CREATE INDEX posts_content_type_idx ON public.posts USING btree (project_id, content_type, id DESC) WHERE ((content_type IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX posts_created_by_due_idx ON public.posts USING btree (created_by, due_at) WHERE ((deleted_at IS NULL) AND (due_at IS NOT NULL));
CREATE INDEX posts_created_by_idx ON public.posts USING btree (created_by);
CREATE INDEX posts_deleted_at_idx ON public.posts USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX posts_external_id_key ON public.posts USING btree (project_id, external_id) WHERE ((external_id IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX posts_project_due_idx ON public.posts USING btree (project_id, due_at, id) WHERE ((deleted_at IS NULL) AND (due_at IS NOT NULL));
CREATE INDEX posts_project_id_idx ON public.posts USING btree (project_id, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX posts_search_idx ON public.posts USING gin (search);
CREATE UNIQUE INDEX posts_slug_key ON public.posts USING btree (project_id, slug) WHERE ((slug IS NOT NULL) AND (deleted_at IS NULL));
CREATE INDEX posts_tags_idx ON public.posts USING gin (tags);

CREATE TRIGGER posts_guard AFTER UPDATE OF text, title, schedule_type, due_at, wall_time, time_zone, deleted_at ON public.posts FOR EACH ROW WHEN ((((((((old.text IS DISTINCT FROM new.text) OR (old.title IS DISTINCT FROM new.title)) OR (old.schedule_type IS DISTINCT FROM new.schedule_type)) OR (old.due_at IS DISTINCT FROM new.due_at)) OR (old.wall_time IS DISTINCT FROM new.wall_time)) OR (old.time_zone IS DISTINCT FROM new.time_zone)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION app.guard_post();
CREATE TRIGGER posts_link AFTER UPDATE ON public.posts FOR EACH ROW WHEN (((old.text IS DISTINCT FROM new.text) OR ((old.deleted_at IS NULL) IS DISTINCT FROM (new.deleted_at IS NULL)))) EXECUTE FUNCTION app.link_post();
CREATE TRIGGER posts_link_new AFTER INSERT ON public.posts REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION app.link_new_posts();
CREATE TRIGGER posts_quota AFTER INSERT ON public.posts FOR EACH ROW WHEN ((new.due_at IS NOT NULL)) EXECUTE FUNCTION app.guard_quota('postsPerDay', 'created_by', 'project_id');
CREATE TRIGGER posts_quota_moved AFTER UPDATE OF due_at ON public.posts FOR EACH ROW WHEN (((new.due_at IS NOT NULL) AND (date_trunc('day'::text, old.due_at, 'UTC'::text) IS DISTINCT FROM date_trunc('day'::text, new.due_at, 'UTC'::text)))) EXECUTE FUNCTION app.guard_quota('postsPerDay', 'created_by', 'project_id');
CREATE TRIGGER posts_sign BEFORE INSERT ON public.posts FOR EACH ROW WHEN ((NOT app.is_owner())) EXECUTE FUNCTION app.sign_post();
CREATE TRIGGER posts_touch BEFORE UPDATE ON public.posts FOR EACH ROW WHEN ((NOT ((old.metrics_requested_at IS DISTINCT FROM new.metrics_requested_at) OR (old.analytics IS DISTINCT FROM new.analytics)))) EXECUTE FUNCTION app.touch();

alter table posts enable row level security;
alter table posts alter column due_at set statistics 1000; alter table posts alter column due_at set ();

create policy posts_insert on posts for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy posts_read on posts for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy posts_update on posts for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy posts_worker on posts for select to posthaste_worker
  using (true);

grant select on posts to posthaste_api;
grant select on posts to posthaste_worker;

grant insert (id, project_id, created_by, text, schedule_type, due_at, wall_time, time_zone, external_id, metadata, title, slug, content_type, tags, language, location, content_id, clip_id) on posts to posthaste_api;
grant update (text, schedule_type, due_at, wall_time, time_zone, external_id, metadata, metrics_requested_at, deleted_at, title, slug, content_type, tags, language, location, content_id, clip_id) on posts to posthaste_api;

create table project_collaborators (
  project_id uuid not null,
  user_id uuid not null,
  role text not null,
  created_at timestamp with time zone not null default app.now(),
  permissions text[] not null default '{}'::text[],
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint project_collaborators_pkey PRIMARY KEY (project_id, user_id),
  constraint project_collaborators_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint project_collaborators_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint project_collaborators_permissions_known CHECK ((permissions <@ '{review,approve,write}'::text[])),
  constraint project_collaborators_role_known CHECK ((role = ANY (ARRAY['owner'::text, 'editor'::text, 'approver'::text, 'reviewer'::text, 'viewer'::text])))
);

comment on table project_collaborators is 'Who belongs to a project, and as what.';
comment on column project_collaborators.created_at is 'When the person joined.';
comment on column project_collaborators.permissions is 'Given on top of what the role allows: review, approve, write.';

CREATE INDEX project_collaborators_joined_idx ON public.project_collaborators USING btree (project_id, created_at, user_id);
CREATE INDEX project_collaborators_user_id_idx ON public.project_collaborators USING btree (user_id);

CREATE TRIGGER project_collaborators_audit AFTER INSERT OR DELETE OR UPDATE ON public.project_collaborators FOR EACH ROW EXECUTE FUNCTION app.audit('{project_id,user_id}', 'project_id', 'user_id', '{user_id,role,permissions}', '{}', '{}');
CREATE TRIGGER project_collaborators_gone AFTER DELETE ON public.project_collaborators FOR EACH ROW EXECUTE FUNCTION app.end_membership();
CREATE TRIGGER project_collaborators_keep_owner AFTER DELETE OR UPDATE OF role ON public.project_collaborators FOR EACH ROW WHEN ((old.role = 'owner'::text)) EXECUTE FUNCTION app.keep_owner();
CREATE TRIGGER project_collaborators_quota AFTER INSERT ON public.project_collaborators FOR EACH ROW EXECUTE FUNCTION app.guard_quota('members', '', 'project_id');
CREATE TRIGGER project_collaborators_stepped_down AFTER UPDATE OF role ON public.project_collaborators FOR EACH ROW WHEN (((old.role = 'owner'::text) AND (new.role <> 'owner'::text))) EXECUTE FUNCTION app.end_membership();
CREATE TRIGGER project_collaborators_touch BEFORE UPDATE ON public.project_collaborators FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table project_collaborators enable row level security;

create policy project_collaborators_change on project_collaborators for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy project_collaborators_leave on project_collaborators for delete to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy project_collaborators_read on project_collaborators for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy project_collaborators_remove on project_collaborators for delete to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));

grant delete, select on project_collaborators to posthaste_api;

grant update (role, permissions) on project_collaborators to posthaste_api;

create table project_invitations (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  email text not null,
  role text not null,
  permissions text[] not null default '{}'::text[],
  token_hash text not null,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '7 days'::interval),
  accepted_at timestamp with time zone,
  accepted_by uuid,
  revoked_at timestamp with time zone,
  declined_at timestamp with time zone,
  sent_count integer not null default 1,
  last_sent_at timestamp with time zone not null default app.now(),
  constraint project_invitations_pkey PRIMARY KEY (id),
  constraint project_invitations_token_hash_key UNIQUE (token_hash),
  constraint project_invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint project_invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint project_invitations_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint project_invitations_email_length CHECK (((length(email) >= 3) AND (length(email) <= 254))),
  constraint project_invitations_email_lower CHECK ((email = lower(email))),
  constraint project_invitations_one_end CHECK ((num_nonnulls(accepted_at, declined_at, revoked_at) <= 1)),
  constraint project_invitations_permissions_known CHECK ((permissions <@ '{review,approve,write}'::text[])),
  constraint project_invitations_role_known CHECK ((role = ANY (ARRAY['owner'::text, 'editor'::text, 'approver'::text, 'reviewer'::text, 'viewer'::text]))),
  constraint project_invitations_sent_count_positive CHECK ((sent_count > 0))
);

comment on table project_invitations is 'Who was asked into a project. Whoever holds the token and has the address becomes a member.';
comment on column project_invitations.declined_at is 'By whoever holds the token: who was asked need not be a person here.';
comment on column project_invitations.permissions is 'Given on top of what the role allows, as in project_collaborators.';
comment on column project_invitations.sent_count is 'Mails with a link; each has a token of its own, and only the last one is good.';
comment on column project_invitations.token_hash is 'Of the token in the mail; read by app.accept_invitation alone.';

CREATE INDEX project_invitations_accepted_by_idx ON public.project_invitations USING btree (accepted_by);
CREATE INDEX project_invitations_created_by_idx ON public.project_invitations USING btree (created_by);
CREATE INDEX project_invitations_expires_at_idx ON public.project_invitations USING btree (expires_at);
CREATE UNIQUE INDEX project_invitations_open_key ON public.project_invitations USING btree (project_id, email) WHERE ((accepted_at IS NULL) AND (declined_at IS NULL) AND (revoked_at IS NULL));
CREATE INDEX project_invitations_project_id_idx ON public.project_invitations USING btree (project_id, id DESC);

CREATE TRIGGER project_invitations_audit AFTER INSERT OR DELETE OR UPDATE ON public.project_invitations FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'accepted_by', '{role,permissions,created_by,expires_at,accepted_at,accepted_by,declined_at,revoked_at,sent_count}', '{email}', '{token_hash}');
CREATE TRIGGER project_invitations_stay_ended BEFORE UPDATE OF revoked_at ON public.project_invitations FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS NULL))) EXECUTE FUNCTION app.stay_ended();

alter table project_invitations enable row level security;

create policy project_invitations_read on project_invitations for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy project_invitations_revoke on project_invitations for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy project_invitations_worker on project_invitations for all to posthaste_worker
  using (true)
  with check (true);

grant delete on project_invitations to posthaste_worker;

grant select (id, project_id, email, role, permissions, created_by, created_at, expires_at, accepted_at, accepted_by, revoked_at, declined_at, sent_count, last_sent_at) on project_invitations to posthaste_api;
grant update (revoked_at) on project_invitations to posthaste_api;
grant select (id, expires_at) on project_invitations to posthaste_worker;

create table projects (
  id uuid not null default uuidv7(),
  name text not null,
  description text,
  time_zone text not null default 'UTC'::text,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  type text,
  template text,
  platform text,
  target_audience text,
  estimated_duration text,
  tags text[] not null default '{}'::text[],
  is_public boolean not null default false,
  status text not null default 'active'::text,
  metadata jsonb not null default '{}'::jsonb,
  personal boolean not null default false,
  constraint projects_pkey PRIMARY KEY (id),
  constraint projects_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint projects_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE SET NULL,
  constraint projects_description_length CHECK ((length(description) <= 10000)),
  constraint projects_estimated_duration_length CHECK (((length(estimated_duration) >= 1) AND (length(estimated_duration) <= 255))),
  constraint projects_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
  constraint projects_name_length CHECK (((length(name) >= 1) AND (length(name) <= 255))),
  constraint projects_status_known CHECK ((status = ANY (ARRAY['active'::text, 'draft'::text, 'archived'::text]))),
  constraint projects_tags_some CHECK (((cardinality(tags) <= 100) AND (array_position(tags, NULL::text) IS NULL))),
  constraint projects_target_audience_length CHECK (((length(target_audience) >= 1) AND (length(target_audience) <= 1000))),
  constraint projects_template_length CHECK (((length(template) >= 1) AND (length(template) <= 255))),
  constraint projects_type_known CHECK ((type = ANY (ARRAY['video'::text, 'audio'::text, 'image'::text, 'script'::text, 'campaign'::text])))
);

comment on table projects is 'The tenant: everything a team owns carries its project_id.';
comment on column projects.created_by is 'Who made it; null once that person is gone. Who owns it now stands in project_collaborators.';
comment on column projects.estimated_duration is 'In the words of its owner, such as 30 seconds or two weeks.';
comment on column projects.is_public is 'Everybody may read the row, of it as much as posthaste_public was granted; nothing else in the project becomes public by it.';
comment on column projects.metadata is 'Free values of its members.';
comment on column projects.name is 'Once per person who created it, among those not deleted.';
comment on column projects.personal is 'The project through which a person without a project posts; made by app.personal_project, one per person.';
comment on column projects.platform is 'The platform that it is mainly for.';
comment on column projects.tags is 'Labels for sorting; not the hashtags of posts.';
comment on column projects.target_audience is 'In the words of its owner.';
comment on column projects.template is 'Name of the template that it began with.';
comment on column projects.time_zone is 'IANA name: the zone of wall times that bring none.';
comment on column projects.type is 'What is mainly made in it; null = everything.';

CREATE INDEX projects_created_by_idx ON public.projects USING btree (created_by);
CREATE INDEX projects_deleted_at_idx ON public.projects USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX projects_owner_name_key ON public.projects USING btree (created_by, name) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX projects_personal_key ON public.projects USING btree (created_by) WHERE (personal AND (deleted_at IS NULL));
CREATE INDEX projects_platform_idx ON public.projects USING btree (platform);
CREATE INDEX projects_public_idx ON public.projects USING btree (id DESC) WHERE (is_public AND (deleted_at IS NULL));
CREATE INDEX projects_tags_idx ON public.projects USING gin (tags);

CREATE TRIGGER projects_audit AFTER INSERT OR DELETE OR UPDATE ON public.projects FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'id', 'created_by', '{created_by,time_zone,is_public,status,personal,deleted_at}', '{name,description}', '{}');
CREATE TRIGGER projects_let_go_of_accounts AFTER UPDATE OF deleted_at ON public.projects FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION app.let_go_of_accounts();
CREATE TRIGGER projects_quota AFTER INSERT ON public.projects FOR EACH ROW EXECUTE FUNCTION app.guard_quota('projects', 'created_by', '');
CREATE TRIGGER projects_touch BEFORE UPDATE ON public.projects FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER projects_withdraw_community_posts AFTER UPDATE OF deleted_at ON public.projects FOR EACH ROW WHEN ((old.deleted_at IS DISTINCT FROM new.deleted_at)) EXECUTE FUNCTION app.withdraw_community_posts();

alter table projects enable row level security;

create policy projects_manage on projects for update to posthaste_api
  using ((id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check (true);
create policy projects_public on projects for select to posthaste_public
  using ((is_public AND (deleted_at IS NULL)));
create policy projects_read on projects for select to posthaste_api
  using ((id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy projects_worker on projects for select to posthaste_worker
  using (true);

grant select on projects to posthaste_api;
grant select on projects to posthaste_worker;

grant update (name, description, time_zone, deleted_at, type, template, platform, target_audience, estimated_duration, tags, is_public, status, metadata) on projects to posthaste_api;
grant select (id, name, description, created_at, type, platform, tags) on projects to posthaste_public;

create table proof_tries (
  user_id uuid not null,
  failures integer not null default 1,
  tried_at timestamp with time zone not null default app.now(),
  blocked_until timestamp with time zone,
  constraint proof_tries_pkey PRIMARY KEY (user_id),
  constraint proof_tries_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint proof_tries_failures_positive CHECK ((failures > 0))
);

comment on table proof_tries is 'Guesses at a person''s second factor since the last right one. Used through functions only.';
comment on column proof_tries.failures is 'Counted before the guess is looked at, so that many at once are many.';

alter table proof_tries enable row level security;

create table provider_sign_ins (
  id uuid not null default uuidv7(),
  provider text not null,
  purpose text not null,
  user_id uuid,
  start_hash text not null,
  browser_hash text,
  return_to text not null,
  code_challenge text not null,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '00:10:00'::interval),
  returned_at timestamp with time zone,
  code_hash text,
  subject text,
  email text,
  email_verified boolean,
  display_name text,
  finished_at timestamp with time zone,
  is_fresh boolean not null default false,
  constraint provider_sign_ins_pkey PRIMARY KEY (id),
  constraint provider_sign_ins_browser_hash_key UNIQUE (browser_hash),
  constraint provider_sign_ins_code_hash_key UNIQUE (code_hash),
  constraint provider_sign_ins_start_hash_key UNIQUE (start_hash),
  constraint provider_sign_ins_provider_fkey FOREIGN KEY (provider) REFERENCES identity_providers(name) ON DELETE CASCADE,
  constraint provider_sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint provider_sign_ins_purpose_fits CHECK (((purpose = 'sign_in'::text) = (user_id IS NULL))),
  constraint provider_sign_ins_purpose_known CHECK ((purpose = ANY (ARRAY['sign_in'::text, 'link'::text, 'step_up'::text])))
);

comment on table provider_sign_ins is 'A sign-in at a provider under way: ten minutes, each step once. Hashes only: of the link that begins it, of the browser that went, of the code that the client gives back.';
comment on column provider_sign_ins.code_challenge is 'Of the client''s own secret (S256, as in PKCE): whoever only begins or only receives cannot finish.';
comment on column provider_sign_ins.is_fresh is 'Whether the provider says that the person signed in there within the last five minutes, and was not merely recognised.';
comment on column provider_sign_ins.user_id is 'Who is signed in already, and links an identity or proves anew who they are.';

CREATE INDEX provider_sign_ins_expires_at_idx ON public.provider_sign_ins USING btree (expires_at);
CREATE INDEX provider_sign_ins_provider_idx ON public.provider_sign_ins USING btree (provider);
CREATE INDEX provider_sign_ins_user_id_idx ON public.provider_sign_ins USING btree (user_id);

alter table provider_sign_ins enable row level security;

create policy provider_sign_ins_worker on provider_sign_ins for all to posthaste_worker
  using (true)
  with check (true);

grant delete on provider_sign_ins to posthaste_worker;

grant select (id, expires_at) on provider_sign_ins to posthaste_worker;

create table publication_attempts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  publication_id uuid not null,
  account_id uuid not null,
  kind text not null,
  generation integer not null,
  lease_token uuid not null,
  started_at timestamp with time zone not null default app.now(),
  commit_started_at timestamp with time zone,
  finished_at timestamp with time zone,
  outcome text,
  failure_class text,
  failure_code text,
  message text,
  constraint publication_attempts_pkey PRIMARY KEY (id, started_at),
  constraint publication_attempts_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint publication_attempts_publication_fkey FOREIGN KEY (project_id, publication_id) REFERENCES post_publications(project_id, id) ON DELETE CASCADE,
  constraint publication_attempts_kind_known CHECK ((kind = ANY (ARRAY['publish'::text, 'prepare'::text, 'confirm'::text, 'reconcile'::text, 'resolve'::text]))),
  constraint publication_attempts_outcome_known CHECK ((outcome = ANY (ARRAY['published'::text, 'accepted'::text, 'prepared'::text, 'waiting'::text, 'retry'::text, 'failed'::text, 'unknown'::text, 'absent'::text, 'lost'::text, 'refused'::text])))
) partition by RANGE (started_at);

comment on table publication_attempts is 'Written before a platform is called; quotas are counted from it. By month: statements say from when on they look.';
comment on column publication_attempts.commit_started_at is 'When the platform was told to publish, by database time; lateness is measured against due_at.';
comment on column publication_attempts.message is 'What went wrong, in the platform''s words, without secrets.';
comment on column publication_attempts.outcome is 'How the try ended; null while it runs, or when its worker died.';

CREATE INDEX publication_attempts_account_idx ON ONLY public.publication_attempts USING btree (project_id, account_id);
CREATE INDEX publication_attempts_lease_idx ON ONLY public.publication_attempts USING btree (lease_token);
CREATE INDEX publication_attempts_publication_idx ON ONLY public.publication_attempts USING btree (project_id, publication_id);
CREATE INDEX publication_attempts_quota_idx ON ONLY public.publication_attempts USING btree (account_id, commit_started_at) WHERE (commit_started_at IS NOT NULL);

alter table publication_attempts enable row level security;

create policy publication_attempts_read on publication_attempts for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy publication_attempts_resolve on publication_attempts for insert to posthaste_api
  with check (((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])) AND (kind = 'resolve'::text)));
create policy publication_attempts_worker on publication_attempts for all to posthaste_worker
  using (true)
  with check (true);

grant select on publication_attempts to posthaste_api;
grant insert, select, update on publication_attempts to posthaste_worker;

grant insert (project_id, publication_id, account_id, kind, generation, lease_token, finished_at, outcome, message) on publication_attempts to posthaste_api;

create table publishing_schedules (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  name text not null,
  post_id uuid,
  wall_time text,
  time_zone text not null default 'UTC'::text,
  rrule text,
  recurrence text generated always as (COALESCE(lower("substring"(rrule, 'FREQ=([A-Z]+)'::text)), 'none'::text)) stored,
  exceptions text[] not null default '{}'::text[],
  series_ends_at timestamp with time zone,
  schedule_rule jsonb,
  is_active boolean not null default true,
  next_at timestamp with time zone,
  retry_count integer not null default 0,
  last_attempt_at timestamp with time zone,
  error_message text,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint publishing_schedules_pkey PRIMARY KEY (id),
  constraint publishing_schedules_project_id_id_key UNIQUE (project_id, id),
  constraint publishing_schedules_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint publishing_schedules_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE SET NULL (post_id),
  constraint publishing_schedules_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint publishing_schedules_exceptions_form CHECK ((array_to_string(exceptions, ','::text) ~ '^(\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?(,|$))*$'::text)),
  constraint publishing_schedules_has_rule CHECK (((wall_time IS NOT NULL) OR (schedule_rule IS NOT NULL))),
  constraint publishing_schedules_name_length CHECK (((length(name) >= 1) AND (length(name) <= 255))),
  constraint publishing_schedules_retry_count_natural CHECK ((retry_count >= 0)),
  constraint publishing_schedules_rrule_form CHECK (((rrule ~ '^[A-Z]+=[A-Z0-9,+-]+(;[A-Z]+=[A-Z0-9,+-]+)*$'::text) AND (rrule ~ '(^|;)FREQ=(HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)(;|$)'::text))),
  constraint publishing_schedules_rrule_starts CHECK (((rrule IS NULL) OR (wall_time IS NOT NULL))),
  constraint publishing_schedules_rule_object CHECK ((jsonb_typeof(schedule_rule) = 'object'::text)),
  constraint publishing_schedules_wall_time_form CHECK ((wall_time ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$'::text))
);

comment on table publishing_schedules is 'A post that is published again and again, or once. Each time is a schedule_occurrences row.';
comment on column publishing_schedules.exceptions is 'Wall times, or whole days, that are left out.';
comment on column publishing_schedules.next_at is 'From when on the schedule''s next occurrence is to be planned. Null: nothing is left.';
comment on column publishing_schedules.post_id is 'What is repeated: its text, media and publications are copied each time.';
comment on column publishing_schedules.recurrence is 'none, hourly, daily, weekly, monthly or yearly, as rrule says.';
comment on column publishing_schedules.retry_count is 'Failures in a row.';
comment on column publishing_schedules.rrule is 'RFC 5545, without the prefix. Null: once.';
comment on column publishing_schedules.schedule_rule is 'Cron-like rules that came with an import. Where there is no wall_time they are all that is known.';
comment on column publishing_schedules.wall_time is 'The first time, on the clock of time_zone.';

CREATE INDEX publishing_schedules_created_by_idx ON public.publishing_schedules USING btree (created_by);
CREATE INDEX publishing_schedules_deleted_at_idx ON public.publishing_schedules USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE UNIQUE INDEX publishing_schedules_name_key ON public.publishing_schedules USING btree (project_id, lower(name)) WHERE (deleted_at IS NULL);
CREATE INDEX publishing_schedules_next_idx ON public.publishing_schedules USING btree (next_at) WHERE (is_active AND (deleted_at IS NULL));
CREATE INDEX publishing_schedules_post_idx ON public.publishing_schedules USING btree (project_id, post_id);

CREATE TRIGGER publishing_schedules_touch BEFORE UPDATE ON public.publishing_schedules FOR EACH ROW WHEN ((NOT (((old.next_at IS DISTINCT FROM new.next_at) OR (old.retry_count IS DISTINCT FROM new.retry_count)) OR (old.last_attempt_at IS DISTINCT FROM new.last_attempt_at)))) EXECUTE FUNCTION app.touch();

alter table publishing_schedules enable row level security;

create policy publishing_schedules_insert on publishing_schedules for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy publishing_schedules_read on publishing_schedules for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy publishing_schedules_update on publishing_schedules for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy publishing_schedules_worker on publishing_schedules for all to posthaste_worker
  using (true)
  with check (true);

grant select on publishing_schedules to posthaste_api;
grant select on publishing_schedules to posthaste_worker;

grant insert (id, project_id, created_by, name, post_id, wall_time, time_zone, rrule, exceptions, series_ends_at, is_active, next_at) on publishing_schedules to posthaste_api;
grant update (name, post_id, wall_time, time_zone, rrule, exceptions, series_ends_at, is_active, next_at, deleted_at) on publishing_schedules to posthaste_api;
grant update (is_active, next_at, retry_count, last_attempt_at, error_message) on publishing_schedules to posthaste_worker;

create table quota_overrides (
  id uuid not null default uuidv7(),
  scope text not null,
  name text not null,
  user_id uuid,
  project_id uuid,
  most bigint,
  created_at timestamp with time zone not null default app.now(),
  constraint quota_overrides_pkey PRIMARY KEY (id),
  constraint quota_overrides_one_key UNIQUE NULLS NOT DISTINCT (user_id, project_id, name),
  constraint quota_overrides_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint quota_overrides_quota_fkey FOREIGN KEY (scope, name) REFERENCES quotas(scope, name) ON DELETE CASCADE,
  constraint quota_overrides_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint quota_overrides_most_natural CHECK ((most >= 0)),
  constraint quota_overrides_scope_fits CHECK ((((scope = 'user'::text) = (user_id IS NOT NULL)) AND ((scope = 'project'::text) = (project_id IS NOT NULL))))
);

comment on table quota_overrides is 'Limits of one person or project that differ from everybody''s.';
comment on column quota_overrides.most is 'Null: as much as one likes, whatever everybody may.';

CREATE INDEX quota_overrides_project_id_idx ON public.quota_overrides USING btree (project_id);
CREATE INDEX quota_overrides_quota_idx ON public.quota_overrides USING btree (scope, name);

CREATE TRIGGER quota_overrides_audit AFTER INSERT OR DELETE OR UPDATE ON public.quota_overrides FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'user_id', '{name,most,user_id}', '{}', '{}');
CREATE TRIGGER quota_overrides_pauses AFTER INSERT OR DELETE OR UPDATE ON public.quota_overrides FOR EACH ROW EXECUTE FUNCTION app.check_limited_pauses();

alter table quota_overrides enable row level security;

create policy quota_overrides_staff on quota_overrides for select to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));

grant select on quota_overrides to posthaste_api;

create table quotas (
  scope text not null,
  name text not null,
  most bigint,
  constraint quotas_pkey PRIMARY KEY (scope, name),
  constraint quotas_most_natural CHECK ((most >= 0)),
  constraint quotas_name_known CHECK ((name = ANY (ARRAY['projects'::text, 'accounts'::text, 'storageBytes'::text, 'postsPerDay'::text, 'members'::text]))),
  constraint quotas_scope_known CHECK ((scope = ANY (ARRAY['user'::text, 'project'::text])))
);

comment on table quotas is 'What there are quotas of, and how much everybody has who has no limit of their own.';
comment on column quotas.most is 'Null: as much as one likes. Then nothing is counted and nobody waits.';

CREATE TRIGGER quotas_audit AFTER UPDATE ON public.quotas FOR EACH ROW EXECUTE FUNCTION app.audit('{scope,name}', '', '', '{most}', '{}', '{}');
CREATE TRIGGER quotas_pauses AFTER UPDATE OF most ON public.quotas FOR EACH ROW WHEN (((new.name = 'accounts'::text) AND (old.most IS DISTINCT FROM new.most))) EXECUTE FUNCTION app.check_limited_pauses();

alter table quotas enable row level security;

create policy quotas_staff on quotas for all to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));

grant select on quotas to posthaste_api;

grant update (most) on quotas to posthaste_api;

create table rate_budgets (
  account_id uuid not null,
  project_id uuid not null,
  kind text not null,
  window_s integer not null,
  allowed integer not null,
  used integer not null default 0,
  resets_at timestamp with time zone not null,
  updated_at timestamp with time zone not null default app.now(),
  constraint rate_budgets_pkey PRIMARY KEY (account_id, kind, window_s),
  constraint rate_budgets_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint rate_budgets_allowed_natural CHECK ((allowed >= 0)),
  constraint rate_budgets_kind_known CHECK ((kind = ANY (ARRAY['calls'::text, 'posts'::text, 'uploads'::text]))),
  constraint rate_budgets_used_natural CHECK ((used >= 0)),
  constraint rate_budgets_window_positive CHECK ((window_s > 0))
);

comment on table rate_budgets is 'What a platform still lets an account do, as it last told or as we counted.';
comment on column rate_budgets.allowed is 'Requests of a window that the platform allows the whole app.';
comment on column rate_budgets.resets_at is 'From then on used counts from zero.';
comment on column rate_budgets.used is 'May be more than allowed: other programs use the account too.';
comment on column rate_budgets.window_s is 'Seconds of the window in which the platform counts.';

CREATE INDEX rate_budgets_account_idx ON public.rate_budgets USING btree (project_id, account_id);
CREATE INDEX rate_budgets_resets_at_idx ON public.rate_budgets USING btree (resets_at);

alter table rate_budgets enable row level security;

create policy rate_budgets_read on rate_budgets for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy rate_budgets_worker on rate_budgets for all to posthaste_worker
  using (true)
  with check (true);

grant select on rate_budgets to posthaste_api;
grant delete, insert, select, update on rate_budgets to posthaste_worker;

create table rate_counters (
  caller text not null,
  class text not null,
  window_start timestamp with time zone not null,
  count integer not null default 1,
  expires_at timestamp with time zone not null,
  constraint rate_counters_pkey PRIMARY KEY (caller, class, window_start),
  constraint rate_counters_count_natural CHECK ((count >= 0)),
  constraint rate_counters_expires_later CHECK ((expires_at > window_start))
);

comment on table rate_counters is 'Requests by caller, class of door and window. Unlogged: counting must not make a reading request wait for a durable commit, and after a crash a fresh window harms nobody.';
comment on column rate_counters.caller is 'Person, session, key or a keyed hash of an address; never the address itself.';
comment on column rate_counters.count is 'Requests of this window so far.';

CREATE INDEX rate_counters_expires_at_idx ON public.rate_counters USING btree (expires_at);

alter table rate_counters enable row level security;

create policy rate_counters_worker on rate_counters for all to posthaste_worker
  using (true)
  with check (true);

grant delete on rate_counters to posthaste_worker;

grant select (caller, class, window_start, expires_at) on rate_counters to posthaste_worker;

create table rate_limits (
  class text not null,
  max_requests integer not null,
  window_s integer not null,
  constraint rate_limits_pkey PRIMARY KEY (class),
  constraint rate_limits_class_form CHECK ((class ~ '^[a-z][a-z-]{0,29}$'::text)),
  constraint rate_limits_max_requests_positive CHECK ((max_requests > 0)),
  constraint rate_limits_window_s_range CHECK (((window_s >= 1) AND (window_s <= 86400)))
);

comment on table rate_limits is 'Requests that one caller (person, key, address without either) may make in a window, by class of door. refused: those by dead or invented sessions and keys, by address.';
comment on column rate_limits.window_s is 'Seconds; windows begin at whole multiples of it.';

alter table rate_limits enable row level security;

create policy rate_limits_staff on rate_limits for all to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));

grant select on rate_limits to posthaste_api;

grant update (max_requests, window_s) on rate_limits to posthaste_api;

create table realtime_connections (
  connection_id text not null,
  user_id uuid not null,
  session_id uuid,
  connected_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '02:00:00'::interval),
  constraint realtime_connections_pkey PRIMARY KEY (connection_id),
  constraint realtime_connections_session_id_fkey FOREIGN KEY (session_id) REFERENCES user_sessions(id) ON DELETE CASCADE,
  constraint realtime_connections_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint realtime_connections_connection_id_length CHECK (((length(connection_id) >= 1) AND (length(connection_id) <= 128)))
);

comment on table realtime_connections is 'Open WebSocket connections. The gateway ends each after two hours.';

CREATE INDEX realtime_connections_expires_at_idx ON public.realtime_connections USING btree (expires_at);
CREATE INDEX realtime_connections_session_id_idx ON public.realtime_connections USING btree (session_id);
CREATE INDEX realtime_connections_user_id_idx ON public.realtime_connections USING btree (user_id);

alter table realtime_connections enable row level security;

create policy realtime_connections_own on realtime_connections for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)))
  with check ((user_id = ( SELECT app.user_id() AS user_id)));
create policy realtime_connections_worker on realtime_connections for all to posthaste_worker
  using (true)
  with check (true);

grant delete, select on realtime_connections to posthaste_api;
grant delete, select on realtime_connections to posthaste_worker;

grant insert (connection_id, user_id, session_id) on realtime_connections to posthaste_api;

create table report_links (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  token_hash text not null,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '30 days'::interval),
  revoked_at timestamp with time zone,
  constraint report_links_pkey PRIMARY KEY (id),
  constraint report_links_token_hash_key UNIQUE (token_hash),
  constraint report_links_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint report_links_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE
);

comment on table report_links is 'Who holds the unguessable path may read the report of one post, until it expires.';

CREATE INDEX report_links_created_by_idx ON public.report_links USING btree (created_by);
CREATE INDEX report_links_newest_idx ON public.report_links USING btree (project_id, id);
CREATE INDEX report_links_post_idx ON public.report_links USING btree (project_id, post_id);

CREATE TRIGGER report_links_audit AFTER INSERT OR DELETE OR UPDATE ON public.report_links FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'created_by', '{post_id,created_by,expires_at,revoked_at}', '{}', '{token_hash}');
CREATE TRIGGER report_links_stay_ended BEFORE UPDATE OF revoked_at ON public.report_links FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS NULL))) EXECUTE FUNCTION app.stay_ended();

alter table report_links enable row level security;

create policy report_links_insert on report_links for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy report_links_read on report_links for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy report_links_revoke on report_links for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));

grant insert on report_links to posthaste_api;

grant select (id, project_id, post_id, created_by, created_at, expires_at, revoked_at) on report_links to posthaste_api;
grant update (revoked_at) on report_links to posthaste_api;

create table review_links (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  post_id uuid not null,
  token_hash text not null,
  scope text not null default 'comment'::text,
  label text,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '30 days'::interval),
  revoked_at timestamp with time zone,
  constraint review_links_pkey PRIMARY KEY (id),
  constraint review_links_project_id_id_key UNIQUE (project_id, id),
  constraint review_links_token_hash_key UNIQUE (token_hash),
  constraint review_links_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint review_links_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE CASCADE,
  constraint review_links_label_length CHECK (((length(label) >= 1) AND (length(label) <= 100))),
  constraint review_links_scope_known CHECK ((scope = ANY (ARRAY['view'::text, 'comment'::text, 'decide'::text])))
);

comment on table review_links is 'Who holds the unguessable path sees one post before it goes out, without an account, until it expires.';
comment on column review_links.label is 'For whom it was made.';
comment on column review_links.scope is 'view; comment; decide: also approves or rejects, as one of the approvers of a workflow with the rule any.';

CREATE INDEX review_links_created_by_idx ON public.review_links USING btree (created_by);
CREATE INDEX review_links_post_idx ON public.review_links USING btree (project_id, post_id);

CREATE TRIGGER review_links_audit AFTER INSERT OR DELETE OR UPDATE ON public.review_links FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'created_by', '{post_id,scope,created_by,expires_at,revoked_at}', '{label}', '{token_hash}');
CREATE TRIGGER review_links_stay_ended BEFORE UPDATE OF revoked_at ON public.review_links FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS NULL))) EXECUTE FUNCTION app.stay_ended();

alter table review_links enable row level security;

create policy review_links_insert on review_links for insert to posthaste_api
  with check (((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])) AND ((scope <> 'decide'::text) OR (project_id = ANY (( SELECT app.projects_of('approve'::text) AS projects_of)::uuid[])))));
create policy review_links_read on review_links for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy review_links_revoke on review_links for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));

grant insert (id, project_id, post_id, token_hash, scope, label, created_by, expires_at) on review_links to posthaste_api;
grant select (id, project_id, post_id, scope, label, created_by, created_at, expires_at, revoked_at) on review_links to posthaste_api;
grant update (revoked_at) on review_links to posthaste_api;

create table schedule_occurrences (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  schedule_id uuid not null,
  occurs_at timestamp with time zone not null,
  state text not null default 'planned'::text,
  post_id uuid,
  attempts integer not null default 0,
  error_message text,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint schedule_occurrences_pkey PRIMARY KEY (id),
  constraint schedule_occurrences_once UNIQUE (schedule_id, occurs_at),
  constraint schedule_occurrences_post_fkey FOREIGN KEY (project_id, post_id) REFERENCES posts(project_id, id) ON DELETE SET NULL (post_id),
  constraint schedule_occurrences_schedule_fkey FOREIGN KEY (project_id, schedule_id) REFERENCES publishing_schedules(project_id, id) ON DELETE CASCADE,
  constraint schedule_occurrences_attempts_natural CHECK ((attempts >= 0)),
  constraint schedule_occurrences_failed_has_reason CHECK (((state <> 'failed'::text) OR (error_message IS NOT NULL))),
  constraint schedule_occurrences_post_when_made CHECK (((post_id IS NULL) OR (state = 'materialised'::text))),
  constraint schedule_occurrences_state_known CHECK ((state = ANY (ARRAY['planned'::text, 'materialised'::text, 'skipped'::text, 'failed'::text])))
);

comment on table schedule_occurrences is 'One time of a schedule. Materialised: it became a post, and lives on as that.';
comment on column schedule_occurrences.post_id is 'The post it became. Null again once that is purged.';

CREATE INDEX schedule_occurrences_planned_idx ON public.schedule_occurrences USING btree (occurs_at) WHERE (state = 'planned'::text);
CREATE INDEX schedule_occurrences_post_idx ON public.schedule_occurrences USING btree (project_id, post_id);
CREATE INDEX schedule_occurrences_schedule_idx ON public.schedule_occurrences USING btree (project_id, schedule_id);

CREATE TRIGGER schedule_occurrences_guard BEFORE UPDATE OF state ON public.schedule_occurrences FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION app.guard_occurrence();
CREATE TRIGGER schedule_occurrences_stay BEFORE UPDATE OF occurs_at, schedule_id ON public.schedule_occurrences FOR EACH ROW WHEN (((old.occurs_at IS DISTINCT FROM new.occurs_at) OR (old.schedule_id IS DISTINCT FROM new.schedule_id))) EXECUTE FUNCTION app.keep_occurrence();
CREATE TRIGGER schedule_occurrences_touch BEFORE UPDATE ON public.schedule_occurrences FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table schedule_occurrences enable row level security;

create policy schedule_occurrences_read on schedule_occurrences for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy schedule_occurrences_update on schedule_occurrences for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy schedule_occurrences_worker on schedule_occurrences for all to posthaste_worker
  using (true)
  with check (true);

grant select on schedule_occurrences to posthaste_api;
grant insert, select, update on schedule_occurrences to posthaste_worker;

grant update (state) on schedule_occurrences to posthaste_api;

create table schedule_slots (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  account_id uuid,
  created_by uuid,
  weekday integer not null,
  local_time time without time zone not null,
  minutes integer not null default 1,
  is_active boolean not null default true,
  week int4multirange generated always as (
CASE
    WHEN (((((weekday - 1) * 1440) + (((EXTRACT(hour FROM local_time) * (60)::numeric) + EXTRACT(minute FROM local_time)))::integer) + minutes) <= 10080) THEN int4multirange(int4range((((weekday - 1) * 1440) + (((EXTRACT(hour FROM local_time) * (60)::numeric) + EXTRACT(minute FROM local_time)))::integer), ((((weekday - 1) * 1440) + (((EXTRACT(hour FROM local_time) * (60)::numeric) + EXTRACT(minute FROM local_time)))::integer) + minutes)))
    ELSE int4multirange(VARIADIC ARRAY[int4range((((weekday - 1) * 1440) + (((EXTRACT(hour FROM local_time) * (60)::numeric) + EXTRACT(minute FROM local_time)))::integer), 10080), int4range(0, (((((weekday - 1) * 1440) + (((EXTRACT(hour FROM local_time) * (60)::numeric) + EXTRACT(minute FROM local_time)))::integer) + minutes) - 10080))])
END) stored,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint schedule_slots_pkey PRIMARY KEY (id),
  constraint schedule_slots_account_fkey FOREIGN KEY (project_id, account_id) REFERENCES social_accounts(project_id, id) ON DELETE CASCADE,
  constraint schedule_slots_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint schedule_slots_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint schedule_slots_apart EXCLUDE USING gist (COALESCE(account_id, project_id) WITH =, week WITH &&) WHERE ((deleted_at IS NULL)),
  constraint schedule_slots_minutes_of_a_day CHECK (((minutes >= 1) AND (minutes <= 1440))),
  constraint schedule_slots_weekday_known CHECK (((weekday >= 1) AND (weekday <= 7))),
  constraint schedule_slots_whole_minute CHECK ((EXTRACT(second FROM local_time) = (0)::numeric))
);

comment on table schedule_slots is 'When in the week an account publishes what is queued for its next free slot. Two slots of one account, or two of the project, never overlap.';
comment on column schedule_slots.account_id is 'Null: for all accounts of the project that have no slots of their own.';
comment on column schedule_slots.local_time is 'On the clock of the project''s time zone.';
comment on column schedule_slots.minutes is 'How long it is open: one post goes out within.';
comment on column schedule_slots.week is 'Its minutes of the week, Monday 00 00 being 0; what goes past Sunday begins again.';
comment on column schedule_slots.weekday is 'ISO 8601, 1 is Monday.';

CREATE INDEX schedule_slots_account_idx ON public.schedule_slots USING btree (project_id, account_id);
CREATE INDEX schedule_slots_created_by_idx ON public.schedule_slots USING btree (created_by);
CREATE INDEX schedule_slots_deleted_at_idx ON public.schedule_slots USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE TRIGGER schedule_slots_in_turn BEFORE INSERT OR UPDATE OF account_id, weekday, local_time, minutes, deleted_at ON public.schedule_slots FOR EACH ROW EXECUTE FUNCTION app.take_turns_for_slots();
CREATE TRIGGER schedule_slots_touch BEFORE UPDATE ON public.schedule_slots FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table schedule_slots enable row level security;

create policy schedule_slots_insert on schedule_slots for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy schedule_slots_read on schedule_slots for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy schedule_slots_update on schedule_slots for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy schedule_slots_worker on schedule_slots for select to posthaste_worker
  using (true);

grant select on schedule_slots to posthaste_api;
grant select on schedule_slots to posthaste_worker;

grant insert (id, project_id, account_id, created_by, weekday, local_time, minutes, is_active) on schedule_slots to posthaste_api;
grant update (weekday, local_time, minutes, is_active, deleted_at) on schedule_slots to posthaste_api;

create table schema_migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default now(),
  state text not null default 'applied'::text,
  begun_at timestamp with time zone not null default now(),
  steps_done integer not null default 0,
  rows_done bigint not null default 0,
  holder text,
  lease_until timestamp with time zone,
  constraint schema_migrations_pkey PRIMARY KEY (version),
  constraint schema_migrations_state_known CHECK ((state = ANY (ARRAY['applied'::text, 'applying'::text, 'reverting'::text])))
);

comment on table schema_migrations is 'Applied migrations. Applying and reverting: files that run outside a transaction and are not finished, with their lease.';
comment on column schema_migrations.checksum is 'Of the file as it was applied: a changed file is refused.';

create table sign_in_tickets (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  token_hash text not null,
  tries integer not null default 0,
  created_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '00:10:00'::interval),
  used_at timestamp with time zone,
  constraint sign_in_tickets_pkey PRIMARY KEY (id),
  constraint sign_in_tickets_token_hash_key UNIQUE (token_hash),
  constraint sign_in_tickets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint sign_in_tickets_tries_natural CHECK ((tries >= 0))
);

comment on table sign_in_tickets is 'Who has shown the first factor and owes the second: ten minutes, ten tries, one use, a hash of the ticket.';

CREATE INDEX sign_in_tickets_expires_at_idx ON public.sign_in_tickets USING btree (expires_at);
CREATE INDEX sign_in_tickets_user_id_idx ON public.sign_in_tickets USING btree (user_id);

alter table sign_in_tickets enable row level security;

create policy sign_in_tickets_worker on sign_in_tickets for all to posthaste_worker
  using (true)
  with check (true);

grant delete on sign_in_tickets to posthaste_worker;

grant select (id, expires_at) on sign_in_tickets to posthaste_worker;

create table social_accounts (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  platform text not null,
  platform_account_id text not null,
  handle text not null,
  display_name text,
  avatar_url text,
  base_url text not null,
  scopes text[] not null default '{}'::text[],
  status text not null default 'connected'::text,
  status_reason text,
  connected_by uuid,
  connected_at timestamp with time zone not null default app.now(),
  disconnected_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  health text not null default 'unknown'::text,
  health_checked_at timestamp with time zone,
  metadata jsonb not null default '{}'::jsonb,
  followers_count bigint,
  following_count bigint,
  posts_count bigint,
  last_synced_at timestamp with time zone,
  last_posted_at timestamp with time zone,
  grant_expires_at timestamp with time zone,
  paused_at timestamp with time zone,
  resumed_at timestamp with time zone,
  constraint social_accounts_pkey PRIMARY KEY (id),
  constraint social_accounts_identity_key UNIQUE (project_id, platform, base_url, platform_account_id),
  constraint social_accounts_project_id_id_key UNIQUE (project_id, id),
  constraint social_accounts_connected_by_fkey FOREIGN KEY (connected_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint social_accounts_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE RESTRICT,
  constraint social_accounts_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint social_accounts_followers_count_natural CHECK ((followers_count >= 0)),
  constraint social_accounts_following_count_natural CHECK ((following_count >= 0)),
  constraint social_accounts_health_known CHECK ((health = ANY (ARRAY['healthy'::text, 'degraded'::text, 'unhealthy'::text, 'unknown'::text]))),
  constraint social_accounts_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
  constraint social_accounts_posts_count_natural CHECK ((posts_count >= 0)),
  constraint social_accounts_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'connected'::text, 'reauthorization_needed'::text, 'restricted'::text, 'disconnected'::text])))
);

comment on table social_accounts is 'An account on a platform. Reconnecting keeps its id, so what waits for it resumes.';
comment on column social_accounts.base_url is 'Origin that serves the account; empty for our own community.';
comment on column social_accounts.followers_count is 'As the platform told at last_synced_at, like following_count and posts_count; null = it does not tell.';
comment on column social_accounts.grant_expires_at is 'When the person must connect it anew; the token''s own end stands in account_tokens.expires_at.';
comment on column social_accounts.health is 'Of the latest row of account_health_checks.';
comment on column social_accounts.last_posted_at is 'When a publication last became public through us.';
comment on column social_accounts.metadata is 'What the platform tells of the account beyond the columns.';
comment on column social_accounts.paused_at is 'Since when it is beyond its person''s or project''s quota of accounts: what waits for it goes on waiting. Kept by app.pause_accounts alone.';
comment on column social_accounts.platform_account_id is 'The platform''s own id: DID, Threads user id, Mastodon account id, the project''s id for community.';
comment on column social_accounts.resumed_at is 'When its last pause ended: what waited until then is late from then on.';
comment on column social_accounts.scopes is 'What the platform granted, as it words it.';
comment on column social_accounts.status is 'pending: was asked for, not granted yet; connected; reauthorization_needed: the grant expired or was withdrawn (status_reason says which); restricted: the platform does not let it post; disconnected: taken off here.';
comment on column social_accounts.status_reason is 'Why it needs reconnecting, for people.';

CREATE UNIQUE INDEX social_accounts_community_handle_key ON public.social_accounts USING btree (lower(handle)) WHERE ((platform = 'community'::text) AND (status <> 'disconnected'::text));
CREATE INDEX social_accounts_connected_by_idx ON public.social_accounts USING btree (connected_by);
CREATE INDEX social_accounts_grant_expires_at_idx ON public.social_accounts USING btree (grant_expires_at) WHERE (grant_expires_at IS NOT NULL);
CREATE INDEX social_accounts_health_idx ON public.social_accounts USING btree (health, health_checked_at);
CREATE INDEX social_accounts_metadata_idx ON public.social_accounts USING gin (metadata);
CREATE INDEX social_accounts_paused_idx ON public.social_accounts USING btree (id) WHERE (paused_at IS NOT NULL);
CREATE UNIQUE INDEX social_accounts_person_key ON public.social_accounts USING btree (connected_by, platform, base_url, platform_account_id) WHERE (status <> 'disconnected'::text);
CREATE INDEX social_accounts_platform_idx ON public.social_accounts USING btree (platform);
CREATE INDEX social_accounts_status_idx ON public.social_accounts USING btree (project_id, status);

CREATE TRIGGER social_accounts_audit AFTER INSERT OR DELETE OR UPDATE ON public.social_accounts FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'connected_by', '{platform,scopes,status,connected_by,connected_at,disconnected_at,paused_at,grant_expires_at}', '{platform_account_id,handle,display_name,avatar_url,base_url,status_reason}', '{}');
CREATE TRIGGER social_accounts_disconnected AFTER UPDATE OF status ON public.social_accounts FOR EACH ROW WHEN (((old.status <> 'disconnected'::text) AND (new.status = 'disconnected'::text))) EXECUTE FUNCTION app.announce_disconnection();
CREATE TRIGGER social_accounts_note_metrics AFTER UPDATE OF last_synced_at, followers_count, following_count, posts_count ON public.social_accounts FOR EACH ROW WHEN (((num_nonnulls(new.followers_count, new.following_count, new.posts_count) > 0) AND ((((new.last_synced_at IS DISTINCT FROM old.last_synced_at) OR (new.followers_count IS DISTINCT FROM old.followers_count)) OR (new.following_count IS DISTINCT FROM old.following_count)) OR (new.posts_count IS DISTINCT FROM old.posts_count)))) EXECUTE FUNCTION app.note_account_metrics();
CREATE TRIGGER social_accounts_pause_announced AFTER UPDATE OF paused_at ON public.social_accounts FOR EACH ROW WHEN (((old.paused_at IS NULL) <> (new.paused_at IS NULL))) EXECUTE FUNCTION app.announce_pause();
CREATE TRIGGER social_accounts_pauses AFTER INSERT ON public.social_accounts REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.check_pauses();
CREATE TRIGGER social_accounts_pauses_gone AFTER DELETE ON public.social_accounts REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.check_pauses();
CREATE TRIGGER social_accounts_pauses_moved AFTER UPDATE OF project_id, connected_by, created_at, status ON public.social_accounts FOR EACH ROW WHEN (((old.project_id <> new.project_id) OR (old.connected_by IS DISTINCT FROM new.connected_by) OR (old.created_at <> new.created_at) OR ((old.status = 'disconnected'::text) <> (new.status = 'disconnected'::text)))) EXECUTE FUNCTION app.check_moved_pauses();
CREATE TRIGGER social_accounts_quota AFTER INSERT ON public.social_accounts FOR EACH ROW EXECUTE FUNCTION app.guard_quota('accounts', 'connected_by', 'project_id');
CREATE TRIGGER social_accounts_quota_again AFTER UPDATE OF status, connected_by ON public.social_accounts FOR EACH ROW WHEN (((new.status <> 'disconnected'::text) AND ((old.status = 'disconnected'::text) OR (old.connected_by IS DISTINCT FROM new.connected_by)))) EXECUTE FUNCTION app.guard_quota('accounts', 'connected_by', 'project_id');
CREATE TRIGGER social_accounts_touch BEFORE UPDATE ON public.social_accounts FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table social_accounts enable row level security;

create policy social_accounts_read on social_accounts for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy social_accounts_update on social_accounts for update to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy social_accounts_worker on social_accounts for all to posthaste_worker
  using (true)
  with check (true);

grant select on social_accounts to posthaste_api;
grant select on social_accounts to posthaste_worker;

grant update (status, status_reason, disconnected_at) on social_accounts to posthaste_api;
grant update (display_name, avatar_url, status, status_reason, metadata, followers_count, following_count, posts_count, last_synced_at, grant_expires_at) on social_accounts to posthaste_worker;

create table starter_templates (
  slug text not null,
  name text not null,
  type text not null,
  description text not null,
  body text not null,
  variables text[] not null default '{}'::text[],
  variations jsonb not null default '{}'::jsonb,
  "position" integer not null,
  enabled boolean not null default true,
  constraint starter_templates_pkey PRIMARY KEY (slug),
  constraint starter_templates_slug_shape CHECK ((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text))
);

comment on table starter_templates is 'Templates to begin with, the same for everybody. Reference data: changed by operators, copied by app.use_starter_template.';
comment on column starter_templates.variations is 'Wordings by the name of the platform.';

alter table starter_templates enable row level security;

create policy starter_templates_read on starter_templates for select to posthaste_api
  using (true);

grant select on starter_templates to posthaste_api;

create table system_metrics (
  id uuid not null default uuidv7(),
  name text not null,
  value numeric(15,4) not null,
  tags jsonb not null default '{}'::jsonb,
  recorded_at timestamp with time zone not null default app.now(),
  constraint system_metrics_pkey PRIMARY KEY (id),
  constraint system_metrics_name_length CHECK (((length(name) >= 1) AND (length(name) <= 100))),
  constraint system_metrics_tags_object CHECK ((jsonb_typeof(tags) = 'object'::text))
);

comment on table system_metrics is 'How the system itself does: slow statements, dead rows, sizes. Kept for 90 days.';
comment on column system_metrics.name is 'As in statement.mean_ms, table.dead_rows; the unit is its last word.';
comment on column system_metrics.tags is 'What it was measured of: table, statement.';

CREATE INDEX system_metrics_name_idx ON public.system_metrics USING btree (name, recorded_at DESC);
CREATE INDEX system_metrics_recorded_at_idx ON public.system_metrics USING btree (recorded_at);
CREATE INDEX system_metrics_tags_idx ON public.system_metrics USING gin (tags);

alter table system_metrics enable row level security;

create policy system_metrics_reporting on system_metrics for select to posthaste_reporting
  using (true);
create policy system_metrics_staff on system_metrics for select to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy system_metrics_worker on system_metrics for all to posthaste_worker
  using (true)
  with check (true);

grant select on system_metrics to posthaste_api;
grant select on system_metrics to posthaste_reporting;
grant delete, insert, select on system_metrics to posthaste_worker;

create table template_platform_variations (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  version_id uuid not null,
  platform text not null,
  body text not null,
  options jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default app.now(),
  constraint template_platform_variations_pkey PRIMARY KEY (id),
  constraint template_platform_variations_platform_key UNIQUE (version_id, platform),
  constraint template_platform_variations_platform_fkey FOREIGN KEY (platform) REFERENCES platforms(name) ON DELETE RESTRICT,
  constraint template_platform_variations_version_fkey FOREIGN KEY (project_id, version_id) REFERENCES content_template_versions(project_id, id) ON DELETE CASCADE,
  constraint template_platform_variations_body_length CHECK ((length(body) <= 100000))
);

comment on table template_platform_variations is 'The wording of a template version for one platform. Never changed, like the version.';

CREATE INDEX template_platform_variations_platform_idx ON public.template_platform_variations USING btree (platform);
CREATE INDEX template_platform_variations_version_idx ON public.template_platform_variations USING btree (project_id, version_id);

CREATE TRIGGER template_platform_variations_fixed BEFORE UPDATE ON public.template_platform_variations FOR EACH ROW EXECUTE FUNCTION app.refuse_change();

alter table template_platform_variations enable row level security;

create policy template_platform_variations_insert on template_platform_variations for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy template_platform_variations_read on template_platform_variations for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant insert, select on template_platform_variations to posthaste_api;

create table user_analytics (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  day date not null,
  profile_views integer not null default 0,
  post_impressions integer not null default 0,
  post_engagements integer not null default 0,
  followers_gained integer not null default 0,
  followers_lost integer not null default 0,
  total_likes integer not null default 0,
  total_comments integer not null default 0,
  total_shares integer not null default 0,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  constraint user_analytics_pkey PRIMARY KEY (id),
  constraint user_analytics_day_key UNIQUE (user_id, day),
  constraint user_analytics_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_analytics_natural CHECK ((LEAST(profile_views, post_impressions, post_engagements, followers_gained, followers_lost) >= 0))
);

comment on table user_analytics is 'What the community did with a person''s posts and profile, per day (UTC). Derived from engagement_events.';
comment on column user_analytics.post_engagements is 'Likes, comments, shares, saves and clicks that day, those taken back later too.';
comment on column user_analytics.post_impressions is 'Views of the person''s posts that day.';
comment on column user_analytics.total_likes is 'Likes given less those taken back, that day. Likewise total_comments and total_shares.';

CREATE INDEX user_analytics_day_idx ON public.user_analytics USING btree (day);
CREATE INDEX user_analytics_latest_idx ON public.user_analytics USING btree (user_id, day DESC);

alter table user_analytics enable row level security;

create policy user_analytics_own on user_analytics for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_analytics_reporting on user_analytics for select to posthaste_reporting
  using (true);
create policy user_analytics_worker on user_analytics for all to posthaste_worker
  using (true)
  with check (true);

grant select on user_analytics to posthaste_api;
grant insert, select, update on user_analytics to posthaste_worker;

grant select (id, day, profile_views, post_impressions, post_engagements, followers_gained, followers_lost, total_likes, total_comments, total_shares) on user_analytics to posthaste_reporting;

create table user_avatars (
  id uuid not null default uuidv7(),
  user_id uuid not null default app.user_id(),
  status text not null default 'pending_upload'::text,
  declared_mime_type text not null,
  declared_bytes integer not null,
  upload_expires_at timestamp with time zone not null default (app.now() + '00:15:00'::interval),
  failure_code text,
  failure_reason text,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  constraint user_avatars_pkey PRIMARY KEY (id),
  constraint user_avatars_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_avatars_declared_bytes_positive CHECK ((declared_bytes > 0)),
  constraint user_avatars_failure_fits CHECK ((((status = 'failed'::text) = (failure_code IS NOT NULL)) AND ((failure_code IS NULL) = (failure_reason IS NULL)))),
  constraint user_avatars_status_known CHECK ((status = ANY (ARRAY['pending_upload'::text, 'processing'::text, 'ready'::text, 'failed'::text])))
);

comment on table user_avatars is 'Pictures of people: the newest ready one is shown, an older one goes when the next is ready. Objects lie under media/avatars/<id>/, the upload under uploads/avatars/<id>.';

CREATE INDEX user_avatars_open_idx ON public.user_avatars USING btree (upload_expires_at) WHERE (status = ANY (ARRAY['pending_upload'::text, 'processing'::text]));
CREATE INDEX user_avatars_user_id_idx ON public.user_avatars USING btree (user_id, id DESC);

CREATE TRIGGER user_avatars_audit AFTER INSERT OR DELETE OR UPDATE ON public.user_avatars FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'user_id', '{status}', '{}', '{}');
CREATE TRIGGER user_avatars_objects AFTER DELETE ON public.user_avatars FOR EACH ROW EXECUTE FUNCTION app.drop_avatar_objects();

alter table user_avatars enable row level security;

create policy user_avatars_own on user_avatars for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)))
  with check ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_avatars_worker on user_avatars for all to posthaste_worker
  using (true)
  with check (true);

grant delete, select on user_avatars to posthaste_api;
grant delete, select on user_avatars to posthaste_worker;

grant insert (user_id, declared_mime_type, declared_bytes) on user_avatars to posthaste_api;
grant update (status, failure_code, failure_reason, updated_at) on user_avatars to posthaste_worker;

create table user_counters (
  user_id uuid not null,
  followers_count bigint not null default 0,
  following_count bigint not null default 0,
  posts_count bigint not null default 0,
  constraint user_counters_pkey PRIMARY KEY (user_id),
  constraint user_counters_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_counters_followers_count_natural CHECK ((followers_count >= 0)),
  constraint user_counters_following_count_natural CHECK ((following_count >= 0)),
  constraint user_counters_posts_count_natural CHECK ((posts_count >= 0))
);

comment on table user_counters is 'Apart from users, whose version does not change because somebody follows. No row: all zero. Read through app.user_counts.';

alter table user_counters enable row level security;

create policy user_counters_own on user_counters for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_counters_worker on user_counters for select to posthaste_worker
  using (true);

grant select on user_counters to posthaste_api;
grant select on user_counters to posthaste_worker;

create table user_engagement (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  community_post_id uuid,
  type text not null,
  created_at timestamp with time zone not null default app.now(),
  comment_id uuid,
  value numeric(5,2) not null default 1,
  metadata jsonb not null default '{}'::jsonb,
  constraint user_engagement_pkey PRIMARY KEY (id),
  constraint user_engagement_comment_once UNIQUE (user_id, comment_id, type),
  constraint user_engagement_once UNIQUE (user_id, community_post_id, type),
  constraint user_engagement_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES comments(id) ON DELETE CASCADE,
  constraint user_engagement_community_post_id_fkey FOREIGN KEY (community_post_id) REFERENCES community_posts(id) ON DELETE CASCADE,
  constraint user_engagement_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_engagement_comments_are_liked CHECK (((comment_id IS NULL) OR (type = 'like'::text))),
  constraint user_engagement_metadata_object CHECK ((jsonb_typeof(metadata) = 'object'::text)),
  constraint user_engagement_one_target CHECK ((num_nonnulls(community_post_id, comment_id) = 1)),
  constraint user_engagement_type_known CHECK ((type = ANY (ARRAY['like'::text, 'share'::text, 'comment'::text, 'save'::text, 'view'::text, 'click'::text])))
);

comment on table user_engagement is 'Who likes, shares, saves … what, now. One row per person, target and type, for as long as it is so.';
comment on column user_engagement.metadata is 'Where it was done: surface, referrer.';
comment on column user_engagement.type is '`comment`: has commented at some time. Comments are counted from comments.';
comment on column user_engagement.value is 'Weight, where a kind has degrees.';

CREATE INDEX user_engagement_comment_idx ON public.user_engagement USING btree (comment_id, type);
CREATE INDEX user_engagement_community_post_idx ON public.user_engagement USING btree (community_post_id, type);
CREATE INDEX user_engagement_created_at_idx ON public.user_engagement USING btree (created_at);
CREATE INDEX user_engagement_metadata_idx ON public.user_engagement USING gin (metadata);
CREATE INDEX user_engagement_type_idx ON public.user_engagement USING btree (type, created_at);

CREATE TRIGGER user_engagement_count_delete AFTER DELETE ON public.user_engagement REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_engagement();
CREATE TRIGGER user_engagement_count_insert AFTER INSERT ON public.user_engagement REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_engagement();
CREATE TRIGGER user_engagement_note_delete AFTER DELETE ON public.user_engagement REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.note_engagement();
CREATE TRIGGER user_engagement_note_insert AFTER INSERT ON public.user_engagement REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.note_engagement();

alter table user_engagement enable row level security;

create policy user_engagement_own on user_engagement for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)))
  with check (((user_id = ( SELECT app.user_id() AS user_id)) AND ((community_post_id IN ( SELECT p.id
   FROM community_posts p
  WHERE ((p.id = user_engagement.community_post_id) AND p.is_standing))) OR (comment_id IN ( SELECT c.id
   FROM comments c
  WHERE ((c.id = user_engagement.comment_id) AND c.is_standing))))));
create policy user_engagement_worker on user_engagement for select to posthaste_worker
  using (true);

grant delete, select on user_engagement to posthaste_api;
grant select on user_engagement to posthaste_worker;

grant insert (id, user_id, community_post_id, type, comment_id, metadata) on user_engagement to posthaste_api;

create table user_followers (
  id uuid not null default uuidv7(),
  follower_id uuid not null,
  following_id uuid not null,
  created_at timestamp with time zone not null default app.now(),
  constraint user_followers_pkey PRIMARY KEY (id),
  constraint user_followers_once UNIQUE (follower_id, following_id),
  constraint user_followers_follower_id_fkey FOREIGN KEY (follower_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_followers_following_id_fkey FOREIGN KEY (following_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_followers_not_oneself CHECK ((follower_id <> following_id))
);

comment on table user_followers is 'One row: follower_id reads what following_id writes. Following ends by deleting the row.';
comment on column user_followers.following_id is 'Who is followed.';

CREATE INDEX user_followers_following_id_idx ON public.user_followers USING btree (following_id, follower_id);

CREATE TRIGGER user_followers_count_delete AFTER DELETE ON public.user_followers REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_follows();
CREATE TRIGGER user_followers_count_insert AFTER INSERT ON public.user_followers REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.count_follows();
CREATE TRIGGER user_followers_note_delete AFTER DELETE ON public.user_followers REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.note_follows();
CREATE TRIGGER user_followers_note_insert AFTER INSERT ON public.user_followers REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION app.note_follows();

alter table user_followers enable row level security;

create policy user_followers_mine on user_followers for select to posthaste_api
  using ((following_id = ( SELECT app.user_id() AS user_id)));
create policy user_followers_own on user_followers for all to posthaste_api
  using ((follower_id = ( SELECT app.user_id() AS user_id)))
  with check ((follower_id = ( SELECT app.user_id() AS user_id)));
create policy user_followers_worker on user_followers for select to posthaste_worker
  using (true);

grant delete, select on user_followers to posthaste_api;
grant select on user_followers to posthaste_worker;

grant insert (follower_id, following_id) on user_followers to posthaste_api;

create table user_identities (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  provider text not null,
  subject text not null,
  email text,
  created_at timestamp with time zone not null default app.now(),
  last_used_at timestamp with time zone,
  constraint user_identities_pkey PRIMARY KEY (id),
  constraint user_identities_subject_key UNIQUE (provider, subject),
  constraint user_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_identities_email_length CHECK (((length(email) >= 3) AND (length(email) <= 254))),
  constraint user_identities_provider_form CHECK ((provider ~ '^[a-z][a-z0-9_-]{0,49}$'::text)),
  constraint user_identities_subject_length CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
);

comment on table user_identities is 'Who a person is at a provider of sign-in. Who only has a password has no row.';
comment on column user_identities.email is 'The address as the provider told it; never a proof that it is the person''s here.';
comment on column user_identities.subject is 'The provider''s own id of the person: stable, unlike the address.';

CREATE INDEX user_identities_email_idx ON public.user_identities USING btree (email, provider);
CREATE INDEX user_identities_user_id_idx ON public.user_identities USING btree (user_id);

CREATE TRIGGER user_identities_audit AFTER INSERT OR DELETE OR UPDATE ON public.user_identities FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'user_id', '{provider}', '{subject,email}', '{}');

alter table user_identities enable row level security;

create policy user_identities_own on user_identities for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_identities_worker on user_identities for select to posthaste_worker
  using (true);

grant select on user_identities to posthaste_api;
grant select on user_identities to posthaste_worker;

create table user_invitations (
  id uuid not null default uuidv7(),
  email text not null,
  role text not null,
  token_hash text not null,
  created_by uuid,
  created_at timestamp with time zone not null default app.now(),
  sent_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '14 days'::interval),
  accepted_at timestamp with time zone,
  accepted_by uuid,
  revoked_at timestamp with time zone,
  constraint user_invitations_pkey PRIMARY KEY (id),
  constraint user_invitations_token_hash_key UNIQUE (token_hash),
  constraint user_invitations_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_invitations_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint user_invitations_email_length CHECK (((length(email) >= 3) AND (length(email) <= 254))),
  constraint user_invitations_email_lower CHECK ((email = lower(email))),
  constraint user_invitations_one_end CHECK (((accepted_at IS NULL) OR (revoked_at IS NULL))),
  constraint user_invitations_role_known CHECK ((role = ANY (ARRAY['admin'::text, 'moderator'::text, 'creator'::text, 'user'::text, 'viewer'::text])))
);

comment on table user_invitations is 'Who was asked into the installation. Whoever registers and proves the address becomes what it says.';
comment on column user_invitations.role is 'Of the installation; given when the address is verified, to who is a plain user until then.';
comment on column user_invitations.sent_at is 'The last mail; its token alone is good.';
comment on column user_invitations.token_hash is 'Of the token in the last mail; asked for while registration is by invitation.';

CREATE INDEX user_invitations_accepted_by_idx ON public.user_invitations USING btree (accepted_by);
CREATE INDEX user_invitations_created_by_idx ON public.user_invitations USING btree (created_by);
CREATE INDEX user_invitations_email_idx ON public.user_invitations USING btree (email);
CREATE INDEX user_invitations_expires_at_idx ON public.user_invitations USING btree (expires_at);
CREATE UNIQUE INDEX user_invitations_open_key ON public.user_invitations USING btree (email) WHERE ((accepted_at IS NULL) AND (revoked_at IS NULL));

CREATE TRIGGER user_invitations_audit AFTER INSERT OR DELETE OR UPDATE ON public.user_invitations FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'accepted_by', '{role,created_by,sent_at,expires_at,accepted_at,accepted_by,revoked_at}', '{email}', '{token_hash}');
CREATE TRIGGER user_invitations_stay_ended BEFORE UPDATE OF revoked_at ON public.user_invitations FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS NULL))) EXECUTE FUNCTION app.stay_ended();

alter table user_invitations enable row level security;

create policy user_invitations_staff on user_invitations for all to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy user_invitations_worker on user_invitations for all to posthaste_worker
  using (true)
  with check (true);

grant delete on user_invitations to posthaste_worker;

grant select (id, email, role, created_by, created_at, sent_at, expires_at, accepted_at, accepted_by, revoked_at) on user_invitations to posthaste_api;
grant update (revoked_at) on user_invitations to posthaste_api;
grant select (id, expires_at) on user_invitations to posthaste_worker;

create table user_preferences (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  default_posting_time time without time zone,
  time_zone text,
  enable_ai_optimization boolean not null default true,
  content_tone text,
  email_notifications boolean not null default true,
  post_failure_alerts boolean not null default true,
  extra jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  version integer not null default 1,
  constraint user_preferences_pkey PRIMARY KEY (id),
  constraint user_preferences_user_id_key UNIQUE (user_id),
  constraint user_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_preferences_content_tone_length CHECK (((length(content_tone) >= 1) AND (length(content_tone) <= 50))),
  constraint user_preferences_extra_object CHECK ((jsonb_typeof(extra) = 'object'::text)),
  constraint user_preferences_time_zone_length CHECK (((length(time_zone) >= 1) AND (length(time_zone) <= 64)))
);

comment on table user_preferences is 'How a person wants it. Without a row all defaults hold.';
comment on column user_preferences.default_posting_time is 'Wall time in time_zone that the composer proposes.';
comment on column user_preferences.extra is 'Whatever else a client keeps for the person.';
comment on column user_preferences.time_zone is 'Zone of new projects and of wall times that bring none. Null: not chosen, the project''s clock holds.';

CREATE INDEX user_preferences_extra_idx ON public.user_preferences USING gin (extra);

CREATE TRIGGER user_preferences_touch BEFORE UPDATE ON public.user_preferences FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table user_preferences enable row level security;

create policy user_preferences_own on user_preferences for all to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)))
  with check ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_preferences_worker on user_preferences for select to posthaste_worker
  using (true);

grant select on user_preferences to posthaste_api;
grant select on user_preferences to posthaste_worker;

grant insert (user_id, default_posting_time, time_zone, enable_ai_optimization, content_tone, email_notifications, post_failure_alerts, extra) on user_preferences to posthaste_api;
grant update (default_posting_time, time_zone, enable_ai_optimization, content_tone, email_notifications, post_failure_alerts, extra) on user_preferences to posthaste_api;

create table user_sessions (
  id uuid not null default uuidv7(),
  user_id uuid not null,
  refresh_hash text not null,
  previous_hash text,
  rotated_at timestamp with time zone not null default app.now(),
  user_agent text,
  ip inet,
  created_at timestamp with time zone not null default app.now(),
  last_used_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '30 days'::interval),
  revoked_at timestamp with time zone,
  revoked_because text,
  device jsonb not null default '{}'::jsonb,
  is_active boolean generated always as ((revoked_at IS NULL)) virtual,
  elevated_until timestamp with time zone default (app.now() + '00:10:00'::interval),
  last_ip inet,
  last_user_agent text,
  last_device jsonb,
  constraint user_sessions_pkey PRIMARY KEY (id),
  constraint user_sessions_refresh_hash_key UNIQUE (refresh_hash),
  constraint user_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint user_sessions_device_object CHECK ((jsonb_typeof(device) = 'object'::text)),
  constraint user_sessions_last_device_object CHECK ((jsonb_typeof(last_device) = 'object'::text))
);

comment on table user_sessions is 'One row per login. Only hashes of refresh tokens are kept.';
comment on column user_sessions.device is 'What the client told of itself: kind, system, name.';
comment on column user_sessions.elevated_until is 'Until then dangerous actions are taken: ten minutes from login or from POST /v1/auth/step-up.';
comment on column user_sessions.is_active is 'Not revoked; whether it has expired is expires_at''s.';
comment on column user_sessions.last_device is 'What the client told of itself at the last refresh; null where it told the same as at the login.';
comment on column user_sessions.last_ip is 'Of the last refresh, as last_user_agent; null before the first, when the login is the last use.';
comment on column user_sessions.previous_hash is 'Of the one before: good for the same successor for a minute, then a replay.';
comment on column user_sessions.refresh_hash is 'Of the refresh token that is good now.';
comment on column user_sessions.revoked_because is 'Logged out, revoked, password changed, replayed and the like.';

CREATE INDEX user_sessions_active_idx ON public.user_sessions USING btree (user_id, id DESC) WHERE (revoked_at IS NULL);
CREATE INDEX user_sessions_expires_at_idx ON public.user_sessions USING btree (expires_at);
CREATE INDEX user_sessions_user_id_idx ON public.user_sessions USING btree (user_id);

CREATE TRIGGER user_sessions_audit AFTER INSERT OR UPDATE ON public.user_sessions FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'user_id', '{expires_at,revoked_at,revoked_because}', '{ip,user_agent,device,last_device}', '{}');
CREATE TRIGGER user_sessions_call_off AFTER UPDATE OF revoked_at ON public.user_sessions FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND (new.revoked_at IS NOT NULL) AND (app.session_id() IS DISTINCT FROM new.id))) EXECUTE FUNCTION app.call_off();
CREATE TRIGGER user_sessions_stay_ended BEFORE UPDATE OF revoked_at ON public.user_sessions FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS NULL))) EXECUTE FUNCTION app.stay_ended();

alter table user_sessions enable row level security;

create policy user_sessions_end on user_sessions for update to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)))
  with check ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_sessions_own on user_sessions for select to posthaste_api
  using ((user_id = ( SELECT app.user_id() AS user_id)));
create policy user_sessions_worker on user_sessions for all to posthaste_worker
  using (true)
  with check (true);

grant delete on user_sessions to posthaste_worker;

grant select (id, user_id, user_agent, ip, created_at, last_used_at, expires_at, revoked_at, device, is_active, elevated_until, last_ip, last_user_agent, last_device) on user_sessions to posthaste_api;
grant update (revoked_at, revoked_because) on user_sessions to posthaste_api;
grant select (id, expires_at) on user_sessions to posthaste_worker;

create table users (
  id uuid not null default uuidv7(),
  email text not null,
  password_hash text,
  display_name text not null,
  role text not null default 'user'::text,
  status text not null default 'active'::text,
  email_verified_at timestamp with time zone,
  failed_login_attempts integer not null default 0,
  locked_until timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  username text,
  given_name text,
  family_name text,
  bio text,
  avatar_url text,
  avatar_media_id uuid,
  last_login_at timestamp with time zone,
  deletion_requested_at timestamp with time zone,
  is_active boolean generated always as (((status = 'active'::text) AND (deleted_at IS NULL))) virtual,
  is_verified boolean generated always as ((email_verified_at IS NOT NULL)) virtual,
  username_skeleton text,
  status_reason text,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_avatar_media_id_fkey FOREIGN KEY (avatar_media_id) REFERENCES media(id) ON DELETE SET NULL,
  constraint users_avatar_url_length CHECK ((length(avatar_url) <= 2000)),
  constraint users_bio_length CHECK ((length(bio) <= 10000)),
  constraint users_display_name_length CHECK (((length(display_name) >= 1) AND (length(display_name) <= 255))),
  constraint users_email_length CHECK (((length(email) >= 3) AND (length(email) <= 254))),
  constraint users_email_lower CHECK ((email = lower(email))),
  constraint users_failed_login_attempts_natural CHECK ((failed_login_attempts >= 0)),
  constraint users_family_name_length CHECK (((length(family_name) >= 1) AND (length(family_name) <= 255))),
  constraint users_given_name_length CHECK (((length(given_name) >= 1) AND (length(given_name) <= 255))),
  constraint users_role_known CHECK ((role = ANY (ARRAY['admin'::text, 'moderator'::text, 'creator'::text, 'user'::text, 'viewer'::text]))),
  constraint users_status_known CHECK ((status = ANY (ARRAY['active'::text, 'deactivated'::text]))),
  constraint users_status_reason_length CHECK (((length(status_reason) >= 1) AND (length(status_reason) <= 500))),
  constraint users_username_length CHECK (((length(username) >= 1) AND (length(username) <= 50))),
  constraint users_username_skeleton_length CHECK (((length(username_skeleton) >= 1) AND (length(username_skeleton) <= 500))),
  constraint users_username_skeleton_of_name CHECK (((username IS NOT NULL) OR (username_skeleton IS NULL))),
  constraint users_username_visible CHECK ((username !~ '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]'::text))
);

comment on table users is 'People who can log in. password_hash is read by functions alone, and leaves none of them.';
comment on column users.avatar_media_id is 'A medium of the person''s own project.';
comment on column users.avatar_url is 'Where an imported picture lies; avatar_media_id goes before it.';
comment on column users.deletion_requested_at is 'Begin of the grace time, after which app.erase_user runs.';
comment on column users.display_name is 'The one name that is shown. given_name and family_name are optional parts of it.';
comment on column users.failed_login_attempts is 'In a row, since the last login or reset.';
comment on column users.locked_until is 'No login before this instant; set after failed_login_attempts.';
comment on column users.password_hash is 'Null: signs in through an identity only.';
comment on column users.role is 'Of the installation: admin, moderator, creator, user, viewer (reads only). Roles in projects are memberships.';
comment on column users.status_reason is 'Why an administrator deactivated the person, in words for other administrators.';
comment on column users.username is 'Unique however it is written. Null: has chosen none yet.';
comment on column users.username_skeleton is 'What the name looks like (UTS 39): no two look alike. Null for names that an import brought.';

CREATE INDEX users_active_idx ON public.users USING btree (id) WHERE ((status = 'active'::text) AND (deleted_at IS NULL));
CREATE INDEX users_avatar_media_id_idx ON public.users USING btree (avatar_media_id);
CREATE INDEX users_created_at_idx ON public.users USING btree (created_at);
CREATE INDEX users_deletion_requested_at_idx ON public.users USING btree (deletion_requested_at) WHERE (deletion_requested_at IS NOT NULL);
CREATE INDEX users_display_name_prefix_idx ON public.users USING btree (lower(NORMALIZE(display_name)) COLLATE "C");
CREATE UNIQUE INDEX users_email_key ON public.users USING btree (email) WHERE (deleted_at IS NULL);
CREATE INDEX users_email_prefix_idx ON public.users USING btree (email COLLATE "C");
CREATE INDEX users_idle_idx ON public.users USING btree (id) WHERE ((deleted_at IS NULL) AND ((status <> 'active'::text) OR (role = 'viewer'::text)));
CREATE INDEX users_last_login_at_idx ON public.users USING btree (COALESCE(last_login_at, '-infinity'::timestamp with time zone), id);
CREATE INDEX users_never_proven_idx ON public.users USING btree (created_at) WHERE ((email_verified_at IS NULL) AND (deleted_at IS NULL));
CREATE INDEX users_role_idx ON public.users USING btree (role, id);
CREATE INDEX users_search_idx ON public.users USING gin (email COLLATE "C" trigram.gin_trgm_ops, lower(username) COLLATE "C" trigram.gin_trgm_ops, lower(NORMALIZE(display_name)) COLLATE "C" trigram.gin_trgm_ops);
CREATE UNIQUE INDEX users_username_key ON public.users USING btree (lower(username)) WHERE (deleted_at IS NULL);
CREATE INDEX users_username_prefix_idx ON public.users USING btree (lower(username) COLLATE "C");
CREATE UNIQUE INDEX users_username_skeleton_key ON public.users USING btree (username_skeleton) WHERE (deleted_at IS NULL);

CREATE TRIGGER users_audit AFTER INSERT OR DELETE OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', '', 'id', '{role,status,email_verified_at,locked_until,deletion_requested_at,deleted_at,avatar_media_id}', '{email,username,display_name,given_name,family_name,bio,avatar_url,status_reason}', '{password_hash}');
CREATE TRIGGER users_forget_deletion AFTER UPDATE OF deletion_requested_at ON public.users FOR EACH ROW WHEN (((old.deletion_requested_at IS NOT NULL) AND (new.deletion_requested_at IS NULL))) EXECUTE FUNCTION app.forget_deletion();
CREATE TRIGGER users_forget_import AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION app.forget_import();
CREATE TRIGGER users_heirs_named AFTER UPDATE OF deleted_at ON public.users FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION app.name_heirs();
CREATE TRIGGER users_invited AFTER INSERT ON public.users FOR EACH ROW WHEN ((new.email_verified_at IS NOT NULL)) EXECUTE FUNCTION app.honour_invitation();
CREATE TRIGGER users_invited_later AFTER UPDATE OF email_verified_at, email ON public.users FOR EACH ROW WHEN (((new.email_verified_at IS NOT NULL) AND ((old.email_verified_at IS NULL) OR (old.email <> new.email)))) EXECUTE FUNCTION app.honour_invitation();
CREATE TRIGGER users_keep_an_admin AFTER UPDATE OF role, status, deletion_requested_at, deleted_at ON public.users FOR EACH ROW WHEN (((old.role = 'admin'::text) AND (old.status = 'active'::text) AND (old.deleted_at IS NULL) AND (old.deletion_requested_at IS NULL) AND (NOT ((new.role = 'admin'::text) AND (new.status = 'active'::text) AND (new.deleted_at IS NULL) AND (new.deletion_requested_at IS NULL))))) EXECUTE FUNCTION app.keep_an_admin();
CREATE TRIGGER users_links_ended AFTER UPDATE OF deleted_at ON public.users FOR EACH ROW WHEN (((old.deleted_at IS NULL) AND (new.deleted_at IS NOT NULL))) EXECUTE FUNCTION app.end_links();
CREATE TRIGGER users_office_ended AFTER UPDATE OF role, status ON public.users FOR EACH ROW WHEN ((((old.role = 'admin'::text) AND (new.role <> 'admin'::text)) OR ((new.role = 'viewer'::text) AND (old.role <> 'viewer'::text)) OR ((old.status = 'active'::text) AND (new.status <> 'active'::text)))) EXECUTE FUNCTION app.end_office();
CREATE TRIGGER users_touch BEFORE UPDATE ON public.users FOR EACH ROW WHEN (((NOT (old.last_login_at IS DISTINCT FROM new.last_login_at)) AND (old.failed_login_attempts = new.failed_login_attempts) AND (NOT (old.locked_until IS DISTINCT FROM new.locked_until)))) EXECUTE FUNCTION app.touch();
CREATE TRIGGER users_traces BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION app.forget_traces();

alter table users enable row level security;

create policy users_self on users for select to posthaste_api
  using ((id = ( SELECT app.user_id() AS user_id)));
create policy users_self_update on users for update to posthaste_api
  using ((id = ( SELECT app.user_id() AS user_id)))
  with check ((id = ( SELECT app.user_id() AS user_id)));
create policy users_staff on users for select to posthaste_api
  using (( SELECT app.is_staff('admin'::text) AS is_staff));
create policy users_worker on users for select to posthaste_worker
  using (true);

grant select (id, email, display_name, role, status, email_verified_at, created_at, updated_at, deleted_at, version, username, given_name, family_name, bio, avatar_url, avatar_media_id, last_login_at, deletion_requested_at, is_active, is_verified, username_skeleton) on users to posthaste_api;
grant update (display_name, username, given_name, family_name, bio, username_skeleton) on users to posthaste_api;
grant select (id, email, display_name, role, status, email_verified_at, created_at, deleted_at, username, given_name, family_name, bio, avatar_url, avatar_media_id, last_login_at, deletion_requested_at) on users to posthaste_worker;

create table video_categories (
  video_id uuid not null,
  category_id uuid not null,
  project_id uuid not null,
  constraint video_categories_pkey PRIMARY KEY (video_id, category_id),
  constraint video_categories_category_fkey FOREIGN KEY (project_id, category_id) REFERENCES content_categories(project_id, id) ON DELETE CASCADE,
  constraint video_categories_video_fkey FOREIGN KEY (project_id, video_id) REFERENCES videos(project_id, media_id) ON DELETE CASCADE
);

comment on table video_categories is 'Which videos are in which categories.';
comment on column video_categories.video_id is 'The media_id of the video.';

CREATE INDEX video_categories_category_idx ON public.video_categories USING btree (project_id, category_id);
CREATE INDEX video_categories_video_idx ON public.video_categories USING btree (project_id, video_id);

alter table video_categories enable row level security;

create policy video_categories_delete on video_categories for delete to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy video_categories_insert on video_categories for insert to posthaste_api
  with check ((project_id = ANY (( SELECT app.projects_of('write'::text) AS projects_of)::uuid[])));
create policy video_categories_read on video_categories for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));

grant delete, insert, select on video_categories to posthaste_api;

create table videos (
  media_id uuid not null,
  project_id uuid not null,
  duration_ms integer not null,
  fps numeric(7,3),
  video_codec text not null,
  audio_codec text,
  constraint videos_pkey PRIMARY KEY (media_id),
  constraint videos_project_id_media_id_key UNIQUE (project_id, media_id),
  constraint videos_media_fkey FOREIGN KEY (project_id, media_id) REFERENCES media(project_id, id) ON DELETE CASCADE,
  constraint videos_duration_positive CHECK ((duration_ms > 0))
);

comment on table videos is 'What only a video has; 1:1 to its media row.';

CREATE INDEX videos_media_idx ON public.videos USING btree (project_id, media_id);

CREATE TRIGGER videos_note_duration AFTER INSERT OR UPDATE OF duration_ms ON public.videos FOR EACH ROW EXECUTE FUNCTION app.note_duration();

alter table videos enable row level security;

create policy videos_read on videos for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('read'::text) AS projects_of)::uuid[])));
create policy videos_worker on videos for all to posthaste_worker
  using (true)
  with check (true);

grant select on videos to posthaste_api;
grant delete, insert, select, update on videos to posthaste_worker;

create table webhook_deliveries (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_kind text not null,
  payload jsonb not null,
  state text not null default 'waiting'::text,
  attempts integer not null default 0,
  next_attempt_at timestamp with time zone default app.now(),
  lease_until timestamp with time zone,
  response_status integer,
  last_error text,
  delivered_at timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  expires_at timestamp with time zone not null default (app.now() + '30 days'::interval),
  version integer not null default 1,
  constraint webhook_deliveries_pkey PRIMARY KEY (id),
  constraint webhook_deliveries_event_once UNIQUE (webhook_id, event_id),
  constraint webhook_deliveries_webhook_fkey FOREIGN KEY (project_id, webhook_id) REFERENCES webhooks(project_id, id) ON DELETE CASCADE,
  constraint webhook_deliveries_attempts_natural CHECK ((attempts >= 0)),
  constraint webhook_deliveries_event_kind_form CHECK ((event_kind ~ '^[a-z][a-z_]*([.][a-z][a-z_]*)+$'::text)),
  constraint webhook_deliveries_owned CHECK (
CASE state
    WHEN 'waiting'::text THEN (next_attempt_at IS NOT NULL)
    WHEN 'sending'::text THEN (lease_until IS NOT NULL)
    WHEN 'delivered'::text THEN (delivered_at IS NOT NULL)
    ELSE true
END),
  constraint webhook_deliveries_response_status_range CHECK (((response_status >= 100) AND (response_status <= 599))),
  constraint webhook_deliveries_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'sending'::text, 'delivered'::text, 'failed'::text])))
);

comment on table webhook_deliveries is 'One event on its way to one webhook. Guarded by app.guard_delivery.';
comment on column webhook_deliveries.event_id is 'The event''s id, and the receiver''s key against a second delivery. No reference: events are purged earlier.';
comment on column webhook_deliveries.last_error is 'What the receiver or the network said, shortened; nothing of the request.';
comment on column webhook_deliveries.next_attempt_at is 'When it is tried again; null when delivered or given up.';
comment on column webhook_deliveries.state is 'waiting, sending (leased), delivered, failed (given up; may be sent again by hand).';

CREATE INDEX webhook_deliveries_due_idx ON public.webhook_deliveries USING btree (next_attempt_at) WHERE (state = 'waiting'::text);
CREATE INDEX webhook_deliveries_expires_at_idx ON public.webhook_deliveries USING btree (expires_at);
CREATE INDEX webhook_deliveries_lease_idx ON public.webhook_deliveries USING btree (lease_until) WHERE (state = 'sending'::text);
CREATE INDEX webhook_deliveries_webhook_idx ON public.webhook_deliveries USING btree (project_id, webhook_id, id DESC);

CREATE TRIGGER webhook_deliveries_guard BEFORE UPDATE OF state ON public.webhook_deliveries FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION app.guard_delivery();
CREATE TRIGGER webhook_deliveries_touch BEFORE UPDATE ON public.webhook_deliveries FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table webhook_deliveries enable row level security;

create policy webhook_deliveries_read on webhook_deliveries for select to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy webhook_deliveries_worker on webhook_deliveries for all to posthaste_worker
  using (true)
  with check (true);

grant select on webhook_deliveries to posthaste_api;
grant delete, insert, select, update on webhook_deliveries to posthaste_worker;

create table webhooks (
  id uuid not null default uuidv7(),
  project_id uuid not null,
  created_by uuid,
  url text not null,
  description text,
  events text[] not null,
  secret_sealed text not null,
  previous_secret_sealed text,
  previous_secret_expires_at timestamp with time zone,
  is_active boolean not null default true,
  failing_since timestamp with time zone,
  created_at timestamp with time zone not null default app.now(),
  updated_at timestamp with time zone not null default app.now(),
  deleted_at timestamp with time zone,
  version integer not null default 1,
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_project_id_id_key UNIQUE (project_id, id),
  constraint webhooks_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint webhooks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE,
  constraint webhooks_description_length CHECK ((length(description) <= 500)),
  constraint webhooks_events_some CHECK (((cardinality(events) >= 1) AND (cardinality(events) <= 100))),
  constraint webhooks_previous_secret_expires CHECK (((previous_secret_sealed IS NULL) = (previous_secret_expires_at IS NULL))),
  constraint webhooks_url_form CHECK (((url ~ '^https?://.'::text) AND (length(url) <= 2000)))
);

comment on table webhooks is 'Where a project''s events are sent, signed.';
comment on column webhooks.events is 'Kinds of events, as in outbox_events.kind; * is all.';
comment on column webhooks.failing_since is 'The first failure after the last success; after days of it the webhook is switched off.';
comment on column webhooks.previous_secret_expires_at is 'Until then deliveries are signed with both secrets.';
comment on column webhooks.previous_secret_sealed is 'Signs too until previous_secret_expires_at, while the receiver changes over.';

CREATE INDEX webhooks_created_by_idx ON public.webhooks USING btree (created_by);
CREATE INDEX webhooks_deleted_at_idx ON public.webhooks USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX webhooks_previous_secret_idx ON public.webhooks USING btree (previous_secret_expires_at) WHERE (previous_secret_expires_at IS NOT NULL);
CREATE UNIQUE INDEX webhooks_url_key ON public.webhooks USING btree (project_id, url) WHERE (deleted_at IS NULL);

CREATE TRIGGER webhooks_audit AFTER INSERT OR DELETE OR UPDATE ON public.webhooks FOR EACH ROW EXECUTE FUNCTION app.audit('{id}', 'project_id', 'created_by', '{created_by,events,is_active,previous_secret_expires_at,deleted_at}', '{description}', '{url,secret_sealed,previous_secret_sealed}');
CREATE TRIGGER webhooks_touch BEFORE UPDATE ON public.webhooks FOR EACH ROW EXECUTE FUNCTION app.touch();

alter table webhooks enable row level security;

create policy webhooks_manage on webhooks for all to posthaste_api
  using ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])))
  with check ((project_id = ANY (( SELECT app.projects_of('manage'::text) AS projects_of)::uuid[])));
create policy webhooks_worker on webhooks for all to posthaste_worker
  using (true)
  with check (true);

grant select on webhooks to posthaste_worker;

grant insert (project_id, created_by, url, description, events, secret_sealed) on webhooks to posthaste_api;
grant select (id, project_id, created_by, url, description, events, previous_secret_expires_at, is_active, failing_since, created_at, updated_at, deleted_at, version) on webhooks to posthaste_api;
grant update (url, description, events, secret_sealed, previous_secret_sealed, previous_secret_expires_at, is_active, deleted_at) on webhooks to posthaste_api;
grant update (previous_secret_sealed, previous_secret_expires_at, is_active, failing_since) on webhooks to posthaste_worker;

CREATE OR REPLACE FUNCTION app.accept_invitation(token_hash text)
 RETURNS TABLE(outcome text, project_id uuid, role text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  used project_invitations;
  me users;
begin
  select u.* into me from users u where u.id = app.user_id();
  select i.* into used from project_invitations i join projects p on p.id = i.project_id and p.deleted_at is null
  where i.token_hash = accept_invitation.token_hash for update of i;
  if used.id is null or used.declined_at is not null or used.revoked_at is not null
    or used.accepted_at is null and used.expires_at <= app.now() then
    outcome := 'invalid_token';
  elsif used.email <> me.email then
    outcome := 'invitation_of_another';
  elsif used.accepted_at is null then
    update project_invitations i set accepted_at = app.now(), accepted_by = me.id where i.id = used.id;
    insert into project_collaborators (project_id, user_id, role, permissions)
    values (used.project_id, me.id, used.role, used.permissions)
    on conflict on constraint project_collaborators_pkey do nothing;
    -- The token was in that mailbox alone.
    update users u set email_verified_at = app.now() where u.id = me.id and u.email_verified_at is null;
    outcome := 'ok';
  else
    -- The second click of who accepted, for as long as they belong to it.
    outcome := case when used.accepted_by = me.id and exists (
      select from project_collaborators c where c.project_id = used.project_id and c.user_id = me.id) then 'ok' else 'invalid_token' end;
  end if;
  if outcome <> 'ok' then
    return query select accept_invitation.outcome, null::uuid, null::text;
    return;
  end if;
  return query select 'ok', c.project_id, c.role from project_collaborators c
    where c.project_id = used.project_id and c.user_id = me.id;
end
$function$;
comment on function app.accept_invitation(text) is 'For the actor whose address was invited, once; who is a member already stays what they are. Does not tell whose address it was.';
grant execute on function app.accept_invitation(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.accounts_are_limited()
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from quotas q where q.name = 'accounts' and q.most is not null)
    or exists (select from quota_overrides o where o.name = 'accounts' and o.most is not null)
    or exists (select from social_accounts a where a.paused_at is not null)
$function$;
comment on function app.accounts_are_limited() is 'False: nobody has too many, and nobody is paused. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.add_comment(post uuid, parent uuid, text text)
 RETURNS TABLE(outcome text, id uuid, created_at timestamp with time zone, comment_count bigint)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  made comments;
begin
  if not exists (select from community_posts p where p.id = post and p.is_standing)
    or (parent is not null and not exists (
      select from comments c where c.community_post_id = post and c.id = parent and c.is_standing)) then
    return query select 'not_found', null::uuid, null::timestamptz, null::bigint;
    return;
  end if;
  insert into comments (community_post_id, author_id, parent_id, text) values (post, app.user_id(), parent, add_comment.text)
  returning * into made;
  insert into user_engagement (user_id, community_post_id, type) values (app.user_id(), post, 'comment')
  on conflict on constraint user_engagement_once do nothing;
  return query select 'ok', made.id, made.created_at, c.comment_count from app.post_counts(array[post]) c;
end
$function$;
grant execute on function app.add_comment(uuid,uuid,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.add_month_partition(parent regclass, month date)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '5s'
AS $function$
declare
  table_name text := (select c.relname from pg_class c where c.oid = parent);
  key text := (select quote_ident(a.attname) from pg_partitioned_table p
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0] where p.partrelid = parent);
  child text := table_name || to_char(month, '"_y"YYYY"m"MM');
  starts timestamptz := date_trunc('month', month::timestamp) at time zone 'UTC';
  ends timestamptz := (date_trunc('month', month::timestamp) + interval '1 month') at time zone 'UTC';
  spare regclass;
  referenced regclass;
  columns text;
  holds boolean := false;
begin
  perform pg_advisory_xact_lock(hashtextextended('app.add_month_partition', parent::oid::bigint));
  if exists (
    select from app.partitions(parent) p
    where not p.is_default and coalesce(p.from_at, '-infinity') < ends
      and coalesce(p.to_at, 'infinity') > starts) then
    return (select c.relname from pg_class c where c.oid = to_regclass(quote_ident(child)));
  end if;
  for referenced in select distinct k.confrelid from pg_constraint k where k.conrelid = parent and k.contype = 'f' order by 1 loop
    execute format('lock table only %s in share row exclusive mode', referenced);
  end loop;
  execute format('create table %I (like %s including all)', child, parent);
  execute format('alter table %I enable row level security', child);

  spare := (select p.partition from app.partitions(parent) p where p.is_default);
  if spare is not null then
    execute format('select exists (select from only %s where %s >= $1 and %s < $2)', spare, key, key) into holds using starts, ends;
  end if;
  if holds then
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
    from pg_attribute a where a.attrelid = parent and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    execute format('lock table only %s in access exclusive mode', parent);
    -- Detached, it has none of the parent's triggers: moving a row is no change of it.
    execute format('alter table %s detach partition %s', parent, spare);
    execute format('insert into %I (%s) select %s from only %s where %s >= $1 and %s < $2', child, columns, columns, spare, key, key)
      using starts, ends;
    execute format('delete from only %s where %s >= $1 and %s < $2', spare, key, key) using starts, ends;
  end if;
  execute format('alter table %s attach partition %I for values from (%L) to (%L)', parent, child, starts, ends);
  if holds then
    execute format('alter table %s attach partition %s default', parent, spare);
  end if;
  return child;
end
$function$;
comment on function app.add_month_partition(regclass,date) is 'Name of the month''s partition, made if need be. Safe to call twice and at once.';

CREATE OR REPLACE FUNCTION app.address_caller(ip text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select 'address:' || encode(substr(crypto.hmac(
    convert_to(coalesce(host(network(set_masklen(a.ip, case family(a.ip) when 6 then 64 else 32 end))), 'none'), 'UTF8'),
    s.address_key, 'sha256'), 1, 16), 'hex')
  from installation_settings s, (select app.to_inet(address_caller.ip) as ip) a
$function$;
grant execute on function app.address_caller(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.administer(person uuid, action text, value text, expected_version integer)
 RETURNS TABLE(outcome text, account users)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  who users;
begin
  select * into who from users u where u.id = person and u.deleted_at is null for no key update;
  outcome := case
    when who.id is null or not app.is_staff('admin') then 'not_found'
    when who.version <> expected_version then 'stale'
    when who.id = app.user_id() and action in ('role', 'deactivate', 'delete') then 'not_oneself'
    when action = 'deactivate' and who.status <> 'active' then 'wrong_state'
    when action = 'reactivate' and who.status = 'active' and who.deletion_requested_at is null then 'wrong_state'
    when action = 'delete' and who.deletion_requested_at is not null then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    case action
      when 'role' then
        perform app.forget_registration(person);
        update users u set role = value where u.id = person;
      when 'deactivate' then
        update users u set status = 'deactivated', status_reason = value where u.id = person;
      when 'reactivate' then
        update users u set status = 'active', status_reason = null, deletion_requested_at = null where u.id = person;
      when 'delete' then
        update users u set status = 'deactivated', status_reason = value, deletion_requested_at = app.now() where u.id = person;
      when 'verify-email' then
        perform app.forget_registration(person);
        update users u set email_verified_at = app.now() where u.id = person and u.email_verified_at is null;
      when 'unlock' then
        update users u set failed_login_attempts = 0, locked_until = null where u.id = person;
        delete from auth_attempts a where a.subject = app.attempt_subject(who.email) and a.source not like 'mail:%';
        delete from proof_tries p where p.user_id = person;
      when 'sign-out' then
        null;
    end case;
    if action in ('deactivate', 'delete', 'sign-out') then
      perform app.end_sessions(person, case action when 'sign-out' then 'signed out by an administrator' else 'deactivated' end);
    end if;
  end if;
  select u.* into account from users u where u.id = person and outcome = 'ok';
  return next;
end
$function$;
comment on function app.administer(uuid,text,text,integer) is 'delete begins the grace time after which a worker erases; reactivate ends it as well. Keys of a deactivated person are dead with them.';
grant execute on function app.administer(uuid,text,text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.alert_failures(row_limit integer)
 RETURNS TABLE(outcome text, events integer, mails integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  taken uuid[];
  failed_posts uuid[];
  written integer;
begin
  -- One at a time: a post whose failures two sweeps took would be told twice.
  perform pg_advisory_xact_lock(hashtextextended('app.alert_failures', 0));
  -- Publications of one post fail within the same minutes: they are told together.
  select array_agg(e.id), array_agg(distinct (e.payload ->> 'postId')::uuid) into taken, failed_posts
  from (
    select o.id, o.payload from outbox_events o
    where o.kind = 'publication.failed' and o.alerted_at is null and o.created_at < app.now() - interval '2 minutes'
    order by o.created_at limit row_limit) e;
  if taken is null then
    return query select 'ok', 0, 0;
    return;
  end if;
  insert into outbox_events (kind, user_id, payload)
  select 'mail', u.id, jsonb_build_object('template', 'post-failed', 'to', u.email, 'name', u.display_name, 'postId', p.id,
    'project', pr.name, 'excerpt', left(p.text, 140), 'failures', f.failures)
  from posts p
  join projects pr on pr.id = p.project_id and pr.deleted_at is null
  join users u on u.id = p.created_by and u.status = 'active' and u.deleted_at is null and u.email_verified_at is not null
  join project_collaborators c on c.project_id = p.project_id and c.user_id = u.id
  left join user_preferences w on w.user_id = u.id
  cross join lateral (
    select jsonb_agg(jsonb_build_object('platform', pp.platform, 'handle', a.handle, 'reason', left(pp.failure_message, 300)) order by pp.id) as failures
    from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
    where pp.project_id = p.project_id and pp.post_id = p.id and pp.state = 'failed') f
  where p.id = any (failed_posts) and p.deleted_at is null and f.failures is not null
    and coalesce(w.email_notifications, true) and coalesce(w.post_failure_alerts, true)
    and not exists (
      select from outbox_events told
      where told.kind = 'publication.failed' and told.payload ->> 'postId' = p.id::text and told.alerted_at > app.now() - interval '1 day');
  get diagnostics written = row_count;
  update outbox_events o set alerted_at = app.now() where o.id = any (taken);
  return query select 'ok', cardinality(taken), written;
end
$function$;
comment on function app.alert_failures(integer) is 'One mail a post and day to its author, where both preferences allow it and the author is still a member; written in the transaction that notes it.';
grant execute on function app.alert_failures(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.alert_pauses(row_limit integer)
 RETURNS TABLE(outcome text, events integer, mails integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  settled integer;
  written integer;
  -- A mail names no more accounts than this, and says how many others there are.
  named constant integer := 50;
begin
  -- One at a time: what two sweeps took would be told twice.
  perform pg_advisory_xact_lock(hashtextextended('app.alert_pauses', 0));
  with due as materialized (
    select e.project_id from outbox_events e
    where e.kind in ('account.paused', 'account.resumed') and e.dispatched_at is null
      and coalesce(e.lease_until, e.created_at + interval '2 minutes') <= app.now()
    group by e.project_id order by min(e.created_at) limit row_limit
  ), changed as materialized (
    -- By id: they were written one after the other, under the lock of app.keep_pauses.
    select (e.payload ->> 'accountId')::uuid as account_id, e.project_id, array_agg(e.id) as events,
      (array_agg(e.kind order by e.id))[1] as first
    from outbox_events e
    where e.project_id in (select d.project_id from due d) and e.kind in ('account.paused', 'account.resumed')
      and e.dispatched_at is null
    group by 1, 2
  ), last_told as materialized (
    select e.project_id, e.kind, max(e.alerted_at) as at from outbox_events e
    where e.project_id in (select d.project_id from due d) and e.kind in ('account.paused', 'account.resumed')
      and e.alerted_at > app.now() - interval '1 hour'
    group by e.project_id, e.kind
  ), news as materialized (
    -- What was told last is what was so before the first of the changes.
    select c.account_id, c.events, n.kind, t.at as last_told_at, a.project_id, a.connected_by, a.platform, a.handle, a.created_at,
      p.name as project
    from changed c
    left join social_accounts a on a.id = c.account_id and a.status <> 'disconnected'
    left join projects p on p.id = a.project_id and p.deleted_at is null
    cross join lateral (
      select case
        when p.id is null then null
        when c.first = 'account.paused' and a.paused_at is not null then 'account.paused'
        when c.first = 'account.resumed' and a.paused_at is null and a.status = 'connected' then 'account.resumed'
      end as kind) n
    left join last_told t on t.project_id = c.project_id and t.kind = n.kind
  ), told as materialized (
    select n.* from news n where n.kind is not null and n.last_told_at is null
  ), project_places as materialized (
    select a.id, row_number() over (partition by a.project_id order by a.created_at, a.id) as place from social_accounts a
    where a.project_id in (select t.project_id from told t where t.kind = 'account.paused') and a.status <> 'disconnected'
  ), person_places as materialized (
    select a.id, row_number() over (partition by a.connected_by order by a.created_at, a.id) as place from social_accounts a
    where a.connected_by in (select t.connected_by from told t where t.kind = 'account.paused') and a.status <> 'disconnected'
  ), accounts as materialized (
    -- Once an account, not once a person and account; of a project no more than a mail can name.
    select n.* from (
      select t.*, case when r.place > app.quota_most('project', 'accounts', t.project_id)
          then app.quota_most('project', 'accounts', t.project_id) end as project_most,
        case when o.place > app.quota_most('user', 'accounts', t.connected_by)
          then app.quota_most('user', 'accounts', t.connected_by) end as person_most,
        row_number() over (partition by t.kind, t.project_id order by t.created_at, t.account_id) as place
      from told t
      left join project_places r on t.kind = 'account.paused' and r.id = t.account_id
      left join person_places o on t.kind = 'account.paused' and o.id = t.account_id) n
    where n.place <= named
  ), readers as materialized (
    select c.project_id, u.id as user_id, u.email, u.display_name
    from project_collaborators c
    join users u on u.id = c.user_id and u.role <> 'viewer'
      and u.status = 'active' and u.deleted_at is null and u.email_verified_at is not null
    left join user_preferences w on w.user_id = u.id
    where c.project_id = any (array(select distinct t.project_id from told t))
      and (c.role in ('owner', 'editor') or 'write' = any (c.permissions)) and coalesce(w.email_notifications, true)
  ), sums as materialized (
    select r.user_id, t.kind, sum(t.accounts) as accounts
    from readers r join (select t.project_id, t.kind, count(*) as accounts from told t group by t.project_id, t.kind) t
      on t.project_id = r.project_id
    group by r.user_id, t.kind
  ), lines as materialized (
    select a.kind, r.user_id, r.email, r.display_name,
      row_number() over (partition by a.kind, r.user_id order by a.project, a.project_id, a.created_at, a.account_id) as line,
      jsonb_build_object('project', a.project, 'platform', a.platform, 'handle', a.handle, 'projectLimit', a.project_most,
        'ownLimit', case when a.connected_by = r.user_id then a.person_most end,
        'memberLimited', a.person_most is not null and a.connected_by <> r.user_id) as account
    from accounts a join readers r on r.project_id = a.project_id
  ), mailed as (
    insert into outbox_events (kind, user_id, payload)
    select 'mail', s.user_id, jsonb_build_object('to', s.email, 'name', s.display_name,
      'template', case s.kind when 'account.paused' then 'accounts-paused' else 'accounts-resumed' end,
      'accounts', jsonb_agg(s.account order by s.line), 'others', min(m.accounts) - count(*))
    from lines s join sums m on m.user_id = s.user_id and m.kind = s.kind
    where s.line <= named
    group by s.kind, s.user_id, s.email, s.display_name
    returning 1
  ), held as (
    update outbox_events e set lease_until = n.last_told_at + interval '1 hour'
    from news n where n.last_told_at is not null and e.id = any (n.events)
  ), left_now as (
    update outbox_events e
    set dispatched_at = app.now(), alerted_at = case when e.kind = n.kind then app.now() end, lease_until = null
    from news n where n.last_told_at is null and e.id = any (n.events)
    returning 1
  )
  select (select count(*) from left_now), (select count(*) from mailed) into settled, written;
  return query select 'ok', settled, written;
end
$function$;
comment on function app.alert_pauses(integer) is 'Mails who may write in a project which accounts are paused, and which publish again, of what is so after two minutes; at most one of a kind a project and hour, written in the transaction that notes it.';
grant execute on function app.alert_pauses(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.announce_disconnection()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into outbox_events (kind, project_id, payload)
  values ('account.disconnected', new.project_id, jsonb_build_object('accountId', new.id, 'platform', new.platform));
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.announce_media_deletion()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into outbox_events (kind, project_id, payload)
  values ('media.deleted', new.project_id, jsonb_build_object('mediaId', new.id));
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.announce_pause()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into outbox_events (kind, project_id, payload)
  values (case when new.paused_at is null then 'account.resumed' else 'account.paused' end, new.project_id,
    jsonb_build_object('accountId', new.id, 'platform', new.platform));
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.announce_publication()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into outbox_events (kind, project_id, payload)
  values ('publication.' || new.state, new.project_id,
    jsonb_build_object('publicationId', new.id, 'postId', new.post_id, 'accountId', new.account_id, 'platform', new.platform));
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.api_key_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select nullif(current_setting('app.api_key_id', true), '')::uuid$function$;
comment on function app.api_key_id() is 'The API key behind the statement; null for a session.';
grant execute on function app.api_key_id() to posthaste_api;
grant execute on function app.api_key_id() to posthaste_public;
grant execute on function app.api_key_id() to posthaste_reporting;
grant execute on function app.api_key_id() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.apply_decision()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  hidden timestamptz := case when new.status = 'rejected' then app.now() end;
begin
  if new.target_type = 'post' then
    update community_posts p set hidden_at = hidden where p.id = new.target_id and (p.hidden_at is null) <> (hidden is null);
  elsif new.target_type = 'comment' then
    update comments c set hidden_at = hidden where c.id = new.target_id and (c.hidden_at is null) <> (hidden is null);
  end if;
  update moderation_reports r
  set status = case new.status when 'rejected' then 'upheld' else 'dismissed' end, resolved_at = app.now()
  where r.moderation_id = new.id and r.status <> case new.status when 'rejected' then 'upheld' else 'dismissed' end;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.apply_decision(made approval_decisions)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  asked approval_requests;
  flow approval_workflows;
  done boolean;
begin
  if made.decision = 'comment' then
    return;
  end if;
  -- No key: what was said refers to the request, so everybody who says something at this moment holds its key.
  perform from approval_requests r join post_publications pp on pp.post_id = r.post_id
  where r.id = made.request_id order by pp.id for no key update of pp;
  select * into asked from approval_requests r where r.id = made.request_id for no key update;
  select * into flow from approval_workflows w where w.project_id = asked.project_id and w.id = asked.workflow_id;
  if asked.state <> 'pending' then
    raise exception 'the request is %', asked.state using errcode = 'PH004';
  elsif made.review_link_id is null and not exists (
    select from approval_members m where m.workflow_id = flow.id and m.user_id = made.user_id and m.role = 'approver') then
    raise exception 'only an approver of the workflow decides' using errcode = 'PH004';
  elsif made.review_link_id is not null and flow.rule <> 'any' then
    raise exception 'this workflow asks its own approvers' using errcode = 'PH004';
  end if;
  if made.decision = 'reject' then
    update approval_requests r set state = 'rejected' where r.id = asked.id;
    return;
  end if;
  if made.review_link_id is null and not exists (select from app.approvers_of(asked.id) a where a.user_id = made.user_id) then
    raise exception 'nobody approves what is their own' using errcode = 'PH004';
  elsif flow.rule = 'ordered' and exists (
    select from app.approvers_of(asked.id) a join app.approvers_of(asked.id) mine on mine.user_id = made.user_id
    where a.place < mine.place and not a.approved) then
    raise exception 'others decide first' using errcode = 'PH004';
  end if;
  if flow.rule = 'any' then
    select count(*) >= flow.min_approvals into done
    from approval_decisions d where d.request_id = asked.id and d.decision = 'approve';
  else
    select bool_and(a.approved) into done from app.approvers_of(asked.id) a;
  end if;
  if done then
    update approval_requests r set state = 'approved' where r.id = asked.id;
  end if;
end
$function$;
comment on function app.apply_decision(approval_decisions) is 'What a decision does, in turn with the others of its request. PH004: no longer pending, not an approver of the workflow, one''s own post, out of order.';

CREATE OR REPLACE FUNCTION app.approvers_of(request uuid)
 RETURNS TABLE(user_id uuid, place integer, approved boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select m.user_id, m.position,
    exists (select from approval_decisions d where d.request_id = r.id and d.user_id = m.user_id and d.decision = 'approve')
  from approval_requests r
  join approval_workflows w on w.project_id = r.project_id and w.id = r.workflow_id
  join approval_members m on m.project_id = w.project_id and m.workflow_id = w.id and m.role = 'approver'
  join project_collaborators c on c.project_id = m.project_id and c.user_id = m.user_id
    and (c.role in ('owner', 'approver') or 'approve' = any (c.permissions))
  join users u on u.id = m.user_id and u.status = 'active' and u.deleted_at is null
  left join posts p on p.project_id = r.project_id and p.id = r.post_id
  where r.id = request
    and (w.allow_self_approval or (m.user_id is distinct from r.requested_by and m.user_id is distinct from p.created_by))
$function$;

CREATE OR REPLACE FUNCTION app.archive_page(archive_id uuid, after_id text, bytes integer)
 RETURNS TABLE(id text, line text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  partition regclass := (select to_regclass('archive.' || quote_ident(p.partition_name)) from partition_archives p
    where p.id = archive_page.archive_id and p.dropped_at is null);
  id_type text := (select format_type(a.atttypid, -1) from pg_attribute a where a.attrelid = partition and a.attname = 'id');
begin
  return query execute format(
    'select r.id, r.line from (
       select t.id::text as id, row_to_json(t)::text as line,
         sum(octet_length(row_to_json(t)::text)) over (order by t.id) as total, row_number() over (order by t.id) as place
       from (select * from %s p where ($1 is null or p.id > $1::%s) order by p.id limit 5000) t
     ) r where r.total <= $2 or r.place = 1 order by r.place', partition, id_type)
    using after_id, bytes;
end
$function$;
grant execute on function app.archive_page(uuid,text,integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.ask_password_reset(email text, token_hash text, link text)
 RETURNS TABLE(outcome text, mail_id uuid, template text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
  content jsonb;
begin
  if not app.count_mail(ask_password_reset.email, 'reset') then
    -- Whoever asks so often that no mail is left for the day leaves the owner the link of the last one.
    update password_reset_tokens t set expires_at = greatest(t.expires_at, app.now() + interval '1 hour')
    where t.used_at is null and t.created_at > app.now() - interval '1 day' and t.id = (
      select l.id from password_reset_tokens l join users u on u.id = l.user_id
      where u.email = ask_password_reset.email and u.deleted_at is null and u.status = 'active'
      order by l.id desc limit 1);
    return query select 'ok', null::uuid, null::text;
    return;
  end if;
  select * into person from users u where u.email = ask_password_reset.email and u.deleted_at is null and u.status = 'active';
  if person.id is null then
    content := jsonb_build_object('template', 'no-account', 'to', ask_password_reset.email);
  else
    insert into password_reset_tokens (user_id, token_hash) values (person.id, ask_password_reset.token_hash);
    content := jsonb_build_object('template', 'reset-password', 'to', ask_password_reset.email, 'link', ask_password_reset.link);
  end if;
  return query select 'ok', app.write_mail(content, true), content ->> 'template';
end
$function$;
grant execute on function app.ask_password_reset(text,text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.attempt_subject(email text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select encode(crypto.hmac(convert_to(attempt_subject.email, 'UTF8'), s.address_key, 'sha256'), 'hex') from installation_settings s
$function$;

CREATE OR REPLACE FUNCTION app.audit()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  keys text[] := tg_argv[0];
  plain text[] := tg_argv[3];
  personal text[] := tg_argv[4];
  secret text[] := tg_argv[5];
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  becomes jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  whole jsonb := coalesce(becomes, was);
  changed text[];
begin
  if tg_op = 'UPDATE' then
    select array_agg(w.key) into changed from jsonb_each(was) w
    where w.key = any (plain || personal || secret) and w.value is distinct from becomes -> w.key;
    if changed is null then
      return null;
    end if;
    select jsonb_object_agg(w.key, w.value) into was from jsonb_each(was) w where w.key = any (changed);
    select jsonb_object_agg(b.key, b.value) into becomes from jsonb_each(becomes) b where b.key = any (changed);
  end if;
  perform app.write_audit(lower(tg_op), tg_table_name,
    (select string_agg(whole ->> k.name, ',' order by k.place) from unnest(keys) with ordinality k (name, place)),
    (whole ->> tg_argv[1])::uuid, (whole ->> tg_argv[2])::uuid,
    app.audited(was, plain, personal, secret), app.audited(becomes, plain, personal, secret),
    jsonb_strip_nulls(jsonb_build_object(
      'old', (select jsonb_object_agg(w.key, w.value) from jsonb_each(was) w where w.key = any (personal) and w.value <> 'null'),
      'new', (select jsonb_object_agg(b.key, b.value) from jsonb_each(becomes) b where b.key = any (personal) and b.value <> 'null'))));
  return null;
end
$function$;
comment on function app.audit() is 'Arguments: key columns, column of the project, column of the person whose values they are; then the columns that are logged as they are, as personal values, as secrets. Other columns are not logged; a change of nothing else leaves no row.';

CREATE OR REPLACE FUNCTION app.audit_access(what text, project uuid, about jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if what !~ '^[a-z][a-z_]*([.][a-z][a-z_]*)*$' or length(about::text) > 4000 then
    raise exception 'an access is named in words and told briefly' using errcode = '22023';
  end if;
  perform app.write_audit('access', what, null,
    case when app.user_id() is null or project = any (app.projects_of('read')) or app.is_staff('admin') then project end,
    null, null, about, null);
end
$function$;
comment on function app.audit_access(text,uuid,jsonb) is 'Records that somebody read what is not read every day: exports, other people''s data, the log''s personal values, tokens outside publishing. about holds ids and counts, never values.';
grant execute on function app.audit_access(text,uuid,jsonb) to posthaste_api;
grant execute on function app.audit_access(text,uuid,jsonb) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.audit_altered(first bigint, last bigint)
 RETURNS TABLE(sequence bigint, row_id uuid, gone boolean)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  s audit_seals;
begin
  if not app.is_staff('admin') then
    return;
  end if;
  for s in select a.* from audit_seals a where a.sequence between first and least(last, first + 19) order by a.sequence loop
    -- What was archived by age is not here, and its seals say so; a verifier of the archive reads it there.
    continue when exists (
      select from partition_archives p where p.table_name = 'audit_log' and coalesce(p.from_at, '-infinity') <= s.month::timestamp at time zone 'UTC'
        and p.to_at >= (s.month + interval '1 month') at time zone 'UTC');
    return query
      select s.sequence, l.id, a.id is null
      from unnest(s.row_ids, s.row_hashes) l (id, hash)
      left join audit_log a on a.id = l.id and a.occurred_at >= s.month::timestamp at time zone 'UTC'
        and a.occurred_at < (s.month + interval '1 month') at time zone 'UTC'
      where a.id is null or l.hash <> sha256(convert_to(jsonb_build_array(a.id, extract(epoch from a.occurred_at), a.actor, a.user_id,
        a.session_id, a.api_key_id, a.request_id, a.project_id, a.subject_id, a.table_name, a.row_id, a.operation, a.old_values,
        a.new_values, encode(a.personal_sealed, 'hex'), encode(a.ip_sealed, 'hex'))::text, 'UTF8'))
      order by l.id limit 500;
  end loop;
end
$function$;
comment on function app.audit_altered(bigint,bigint) is 'For administrators, at most 20 seals at once (10,000 rows). Nobody else gets a row.';
grant execute on function app.audit_altered(bigint,bigint) to posthaste_api;

CREATE OR REPLACE FUNCTION app.audit_key(person uuid)
 RETURNS bytea
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  found_key bytea;
begin
  select k.key into found_key from audit_keys k where k.user_id = person;
  if found_key is null and person is not null then
    insert into audit_keys (user_id) select u.id from users u where u.id = person on conflict on constraint audit_keys_pkey do nothing;
    select k.key into found_key from audit_keys k where k.user_id = person;
  end if;
  return found_key;
end
$function$;

CREATE OR REPLACE FUNCTION app.audit_names(ids uuid[])
 RETURNS TABLE(user_id uuid, display_name text)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select distinct u.id, u.display_name
  from audit_log a join users u on u.id in (a.user_id, a.subject_id)
  where a.id = any (ids) and cardinality(ids) <= 1000 and u.deleted_at is null
    and (app.is_staff('admin') or a.project_id = any (app.projects_of('manage')))
$function$;
comment on function app.audit_names(uuid[]) is 'ids are of rows of the log, at most 1,000. Who has gone has no name any more.';
grant execute on function app.audit_names(uuid[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.audit_open(sealed bytea, person uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select convert_from(crypto.decrypt_iv(substr(sealed, 17), k.key, substr(sealed, 1, 16), 'aes'), 'UTF8')
  from audit_keys k where k.user_id = person
$function$;

CREATE OR REPLACE FUNCTION app.audit_reveal(ids uuid[])
 RETURNS TABLE(id uuid, personal jsonb, ip text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  admin boolean := app.is_staff('admin');
  mine uuid[] := app.projects_of('manage');
begin
  if cardinality(ids) > 200 then
    raise exception 'at most 200 rows at once' using errcode = '22023';
  end if;
  perform app.audit_access('audit_log.personal', a.project_id, jsonb_build_object('rows', jsonb_agg(a.id)))
  from audit_log a where a.id = any (ids) and (admin or a.project_id = any (mine)) group by a.project_id;
  return query
    select a.id, app.audit_open(a.personal_sealed, a.subject_id)::jsonb,
      case when admin then app.audit_open(a.ip_sealed, coalesce(a.user_id, a.subject_id)) end
    from audit_log a where a.id = any (ids) and (admin or a.project_id = any (mine)) order by a.id;
end
$function$;
grant execute on function app.audit_reveal(uuid[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.audit_row_hash(a audit_log)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
  select sha256(convert_to(jsonb_build_array(a.id, extract(epoch from a.occurred_at), a.actor, a.user_id, a.session_id, a.api_key_id,
    a.request_id, a.project_id, a.subject_id, a.table_name, a.row_id, a.operation, a.old_values, a.new_values,
    encode(a.personal_sealed, 'hex'), encode(a.ip_sealed, 'hex'))::text, 'UTF8'))
$function$;

CREATE OR REPLACE FUNCTION app.audit_seal(plain text, person uuid)
 RETURNS bytea
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  key bytea := case when plain is not null then app.audit_key(person) end;
  start bytea := crypto.gen_random_bytes(16);
begin
  return start || crypto.encrypt_iv(convert_to(plain, 'UTF8'), key, start, 'aes');
end
$function$;
comment on function app.audit_seal(text,uuid) is 'Null where there is nothing to seal or no key. Whether it was tampered with is the chain''s to tell.';

CREATE OR REPLACE FUNCTION app.audited(row_values jsonb, plain text[], personal text[], secret text[])
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select jsonb_object_agg(v.key, case when v.key = any (secret) then '{"hidden": "secret"}'::jsonb
    when v.key = any (personal) then '{"hidden": "personal"}'::jsonb else v.value end)
  from jsonb_each(row_values) v where v.key = any (plain || personal || secret) and v.value <> 'null'
$function$;

CREATE OR REPLACE FUNCTION app.automated_score(text text)
 RETURNS numeric
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with word as (
    select w.word as one, lead(w.word) over (order by w.place) as two, lead(w.word, 2) over (order by w.place) as three
    from regexp_split_to_table(lower(left(automated_score.text, 20000)), '[^[:alnum:]'']+') with ordinality w (word, place)
    where w.word <> ''
  ), phrase as (
    select distinct p.text from word w cross join lateral (values (w.one), (w.one || ' ' || w.two), (w.one || ' ' || w.two || ' ' || w.three)) p (text)
    where p.text is not null
  ), found as (
    select max(m.weight) as weight from phrase p join moderation_words m on m.word = p.text where m.enabled group by m.word
  )
  select least(1, coalesce(1 - round(exp(sum(ln(greatest(1 - f.weight, 0.001)))), 2), 0))::numeric(3, 2) from found f
$function$;
comment on function app.automated_score(text) is '1 minus the product of (1 - weight) over the listed words and phrases that occur, each once.';
grant execute on function app.automated_score(text) to posthaste_api;
grant execute on function app.automated_score(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.avatar_of(person uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select a.id from user_avatars a where a.user_id = person and a.status = 'ready' order by a.id desc limit 1
$function$;
comment on function app.avatar_of(uuid) is 'The picture that everybody may see of a person: its objects are media/avatars/<id>/64.webp, 256.webp and 512.webp.';
grant execute on function app.avatar_of(uuid) to posthaste_api;
grant execute on function app.avatar_of(uuid) to posthaste_public;

CREATE OR REPLACE FUNCTION app.begin_export()
 RETURNS TABLE(outcome text, id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  made uuid;
begin
  insert into account_exports as e (user_id) values (app.user_id())
  on conflict do nothing
  returning e.id into made;
  if made is null then
    return query select 'export_running', null::uuid;
    return;
  end if;
  perform app.audit_access('export.account', null, jsonb_build_object('exportId', made));
  return query select 'ok', made;
end
$function$;
grant execute on function app.begin_export() to posthaste_api;

CREATE OR REPLACE FUNCTION app.begin_provider_sign_in(provider text, purpose text, start_hash text, return_to text, return_origin text, code_challenge text)
 RETURNS TABLE(outcome text, expires_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  chosen identity_providers;
begin
  select * into chosen from identity_providers p where p.name = begin_provider_sign_in.provider and p.is_enabled;
  if chosen.name is null then
    return query select 'not_found', null::timestamptz;
  elsif return_origin is not null and not return_origin = any (chosen.return_origins) then
    return query select 'return_not_allowed', null::timestamptz;
  else
    return query
      insert into provider_sign_ins (provider, purpose, user_id, start_hash, return_to, code_challenge)
      values (chosen.name, begin_provider_sign_in.purpose,
        case when begin_provider_sign_in.purpose <> 'sign_in' then app.user_id() end, begin_provider_sign_in.start_hash,
        begin_provider_sign_in.return_to, begin_provider_sign_in.code_challenge)
      returning 'ok', expires_at;
  end if;
end
$function$;
grant execute on function app.begin_provider_sign_in(text,text,text,text,text,text) to posthaste_api;
grant execute on function app.begin_provider_sign_in(text,text,text,text,text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.bind_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  new.content_hash := coalesce(app.post_hash(new.post_id), 'unknown');
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.call_off()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform app.call_off_changes(new.user_id);
  return null;
end
$function$;
comment on function app.call_off() is 'A session that did not end itself may have been a thief''s, and so may the change of the address that waits.';

CREATE OR REPLACE FUNCTION app.call_off_changes(person uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update email_verification_tokens t set used_at = app.now()
  where t.user_id = call_off_changes.person and t.email is not null and t.used_at is null
$function$;
comment on function app.call_off_changes(uuid) is 'A new address that somebody asked for is asked for no more. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.can_act(person users)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select person.deleted_at is null and person.deletion_requested_at is null and person.status = 'active' and person.role <> 'viewer'
$function$;
comment on function app.can_act(users) is 'Whether a project could be left to them: neither gone nor going, not deactivated, no mere reader of the installation. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.cancel_deletion()
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update users u set deletion_requested_at = null
  where u.id = app.user_id() and u.deletion_requested_at is not null and u.deleted_at is null;
  delete from account_deletions d where d.user_id = app.user_id();
  return query select 'ok';
end
$function$;
grant execute on function app.cancel_deletion() to posthaste_api;

CREATE OR REPLACE FUNCTION app.change_email(email text, token_hash text, link text)
 RETURNS TABLE(outcome text, mail_id uuid, template text, wait_s integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
  content jsonb;
begin
  select * into person from users u where u.id = app.user_id();
  if person.email = change_email.email then
    return query select 'wrong_state', null::uuid, null::text, null::integer;
    return;
  end if;
  -- By the one who asks as by the one who is written to: nobody fills another's box from many accounts.
  if not app.count_mail(person.email, 'change') or not app.count_mail(change_email.email, 'new') then
    return query select 'too_many_requests', null::uuid, null::text,
      greatest(app.mail_wait_s(person.email, 'change'), app.mail_wait_s(change_email.email, 'new'));
    return;
  end if;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.email is not null and t.used_at is null;
  if exists (select from users u where u.email = change_email.email and u.deleted_at is null and not app.is_unclaimed(u)) then
    content := jsonb_build_object('template', 'already-registered', 'to', change_email.email);
  else
    insert into email_verification_tokens (user_id, token_hash, email) values (person.id, change_email.token_hash, change_email.email);
    content := jsonb_build_object('template', 'verify-new-email', 'to', change_email.email, 'link', change_email.link);
  end if;
  perform app.write_mail(jsonb_build_object('template', 'email-change-asked', 'to', person.email), false);
  return query select 'ok', app.write_mail(content, true), content ->> 'template', null::integer;
end
$function$;
comment on function app.change_email(text,text,text) is 'Whether somebody has the new address is told to that address alone. The old one hears of the wish and of the change.';
grant execute on function app.change_email(text,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.change_identity_provider(provider text, patch jsonb, client_secret_sealed text, expected_version integer)
 RETURNS TABLE(outcome text, name text, label text, issuer text, client_id text, scopes text[], return_origins text[], is_enabled boolean, created_at timestamp with time zone, updated_at timestamp with time zone, version integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  p identity_providers;
begin
  select * into p from identity_providers k where k.name = change_identity_provider.provider and app.is_staff('admin') for update;
  if p.name is null or p.version <> expected_version then
    return query select case when p.name is null then 'not_found' else 'stale' end, null::text, null::text, null::text, null::text,
      null::text[], null::text[], null::boolean, null::timestamptz, null::timestamptz, null::integer;
    return;
  end if;
  update identity_providers u set
    label = coalesce(patch ->> 'label', u.label),
    client_id = coalesce(patch ->> 'clientId', u.client_id),
    client_secret_sealed = coalesce(change_identity_provider.client_secret_sealed, u.client_secret_sealed),
    scopes = coalesce((select array_agg(s) from jsonb_array_elements_text(patch -> 'scopes') s), u.scopes),
    return_origins = case when patch ? 'returnOrigins'
      then array(select o from jsonb_array_elements_text(patch -> 'returnOrigins') o) else u.return_origins end,
    is_enabled = coalesce((patch ->> 'isEnabled')::boolean, u.is_enabled)
  where u.name = p.name
  returning u.* into p;
  return query select 'ok', p.name, p.label, p.issuer, p.client_id, p.scopes, p.return_origins, p.is_enabled, p.created_at, p.updated_at, p.version;
end
$function$;
comment on function app.change_identity_provider(text,jsonb,text,integer) is 'Since a secret that is kept can be read by nobody who keeps it.';
grant execute on function app.change_identity_provider(text,jsonb,text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.change_media()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  posts uuid[] := array(select distinct c.post_id from changed c);
begin
  if posts <> '{}' then
    perform app.revise_posts(posts);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.change_member(project uuid, person uuid, changes jsonb, expected_version integer)
 RETURNS TABLE(outcome text, role text, permissions text[], joined_at timestamp with time zone, version integer)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  member project_collaborators;
  new_role text;
begin
  perform from projects p where p.id = project for no key update;
  select c.* into member from project_collaborators c join app.member_names(project, array[person]) n on n.user_id = c.user_id
  where c.project_id = project;
  new_role := coalesce(changes ->> 'role', member.role);
  outcome := case when member.user_id is null then 'not_found' when project <> all (app.projects_of('manage')) then 'forbidden'
    when member.version <> expected_version then 'stale'
    when new_role = 'owner' and member.role <> 'owner' and not app.may_own(project, person) then 'wrong_state' else 'ok' end;
  if outcome = 'ok' then
    if new_role <> member.role and 'owner' in (new_role, member.role) then
      perform app.check_elevated(app.session_id());
    end if;
    update project_collaborators c
    set role = new_role,
      permissions = case when changes ? 'permissions' then array(select jsonb_array_elements_text(changes -> 'permissions')) else c.permissions end
    where c.project_id = project and c.user_id = person
    returning c.* into member;
    -- Who leaves holds no lock of the project: they may be gone by now.
    if not found then
      outcome := 'not_found';
    end if;
  end if;
  return query select change_member.outcome, member.role, member.permissions, member.created_at, member.version;
end
$function$;
comment on function app.change_member(uuid,uuid,jsonb,integer) is 'Making an owner, and unmaking one, asks for a proof of the last minutes (PH405).';
grant execute on function app.change_member(uuid,uuid,jsonb,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.change_password(presented_hash text, new_hash text)
 RETURNS TABLE(outcome text, wait_s integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  proof record;
  person users;
begin
  select * into proof from app.prove_password(change_password.presented_hash);
  if proof.outcome <> 'ok' then
    return query select proof.outcome, proof.wait_s;
    return;
  end if;
  update users u set password_hash = change_password.new_hash where u.id = app.user_id() returning u.* into person;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'password changed'
  where s.user_id = person.id and s.revoked_at is null and s.id is distinct from app.session_id();
  update password_reset_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  -- What somebody else may have begun with the old one, or with a session that has just ended, is not finished.
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  delete from sign_in_tickets t where t.user_id = person.id;
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email) || app.other_ways_in(person.id), false);
  return query select 'ok', null::integer;
end
$function$;
grant execute on function app.change_password(text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.change_publication()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform app.revise_posts(array[new.post_id]);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.check_consistency()
 RETURNS SETOF text
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  return query
    select 'published, and nobody knows when - publication ' || pp.id from post_publications pp
    where pp.state = 'published' and pp.published_at is null limit 100;
  return query
    select 'to be published, and nowhere - post ' || p.id from posts p
    where p.schedule_type <> 'draft' and p.deleted_at is null
      and not exists (select from post_publications pp where pp.project_id = p.project_id and pp.post_id = p.id) limit 100;
  return query
    select 'of another project than its post - publication ' || pp.id from post_publications pp
    where not exists (select from posts p where p.project_id = pp.project_id and p.id = pp.post_id) limit 100;
  return query
    select 'waits with a file that was deleted - post ' || pm.post_id || ', file ' || pm.media_id
    from media m join post_media pm on pm.project_id = m.project_id and pm.media_id = m.id
    join post_publications pp on pp.project_id = pm.project_id and pp.post_id = pm.post_id and pp.state in ('scheduled', 'queued')
    where m.deleted_at is not null limit 100;
  return query
    select 'ready, and without a file to show - media ' || m.id from media m
    where m.status = 'ready' and m.deleted_at is null and m.upload_key is not null
      and not exists (select from media_renditions r where r.project_id = m.project_id and r.media_id = m.id) limit 100;
  return query
    select 'nobody owns it - project ' || p.id from projects p
    where p.deleted_at is null
      and not exists (select from project_collaborators c where c.project_id = p.id and c.role = 'owner') limit 100;
  return query
    select 'not the newest numbers - publication ' || pp.id from post_publications pp
    cross join lateral (
      select a.fetched_at, a.likes, a.comments, a.shares, a.views from analytics a
      where a.project_id = pp.project_id and a.publication_id = pp.id and a.fetched_at >= pp.metrics_at - interval '1 day'
      order by a.fetched_at desc limit 1
    ) a
    where pp.metrics_at > app.now() - interval '1 day' and a.fetched_at <= pp.metrics_at
      and (a.likes, a.comments, a.shares, a.views) is distinct from (pp.likes, pp.comments, pp.shares, pp.views) limit 100;
  return query
    select 'somebody who left is signed in - session ' || s.id from user_sessions s join users u on u.id = s.user_id
    where s.revoked_at is null and s.expires_at > app.now() and u.deleted_at is not null limit 100;
  return query
    select 'not rolled up for a day - publication ' || t.publication_id from analytics_touched t
    join analytics a on a.project_id = t.project_id and a.publication_id = t.publication_id and a.fetched_at = t.from_at
    where a.created_at < app.now() - interval '1 day' limit 100;
  return query
    select 'on its way to the archive for three days - partition ' || p.partition_name from partition_archives p
    where p.dropped_at is null and p.detached_at < app.now() - interval '3 days';
end
$function$;
comment on function app.check_consistency() is 'One line per finding, at most 100 of each kind. Reads everything. Counters have app.counter_drift.';

CREATE OR REPLACE FUNCTION app.check_elevated(session_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform 1 from user_sessions s where s.id = check_elevated.session_id and s.elevated_until > app.now();
  if not found then
    raise exception 'the session must prove itself first' using errcode = 'PH405';
  end if;
end
$function$;
grant execute on function app.check_elevated(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.check_key(key_hash text, scope text)
 RETURNS TABLE(user_id uuid, key_id uuid, project_id uuid, refused text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  k api_keys;
begin
  select a.* into k
  from api_keys a
    join users u on u.id = a.created_by and u.status = 'active' and u.deleted_at is null
    join projects p on p.id = a.project_id and p.deleted_at is null
    join project_collaborators c on c.project_id = a.project_id and c.user_id = a.created_by
  where a.key_hash = check_key.key_hash and a.revoked_at is null and (a.expires_at is null or a.expires_at > app.now());
  refused := case
    when k.id is null then 'PH401'
    when not coalesce(scope = any (k.scopes) or regexp_replace(scope, 'read$', 'write') = any (k.scopes), false) then 'PH403' end;
  -- By the minute: a durable commit for every request would be too dear, and who cannot have the row at once leaves it.
  if refused is null and (k.last_used_at is null or k.last_used_at < app.now() - interval '1 minute') then
    update api_keys a set last_used_at = app.now()
    where a.id = (select l.id from api_keys l where l.id = k.id for update skip locked);
  end if;
  return query select k.created_by, k.id, k.project_id, check_key.refused;
end
$function$;
comment on function app.check_key(text,text) is 'The liveness check of app.run for API keys. refused: PH401 where the key is unknown, or dead with its creator''s account or membership, or with the project; PH403 where the scope is missing. write holds read.';
grant execute on function app.check_key(text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.check_limited_pauses()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if tg_table_name = 'quotas' then
    insert into pause_checks (everybody) values (new.scope);
  elsif coalesce(new.name, old.name) = 'accounts' then
    insert into pause_checks (person, project)
    values (coalesce(new.user_id, old.user_id), coalesce(new.project_id, old.project_id));
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.check_moved_pauses()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into pause_checks (person, project)
  values (old.connected_by, old.project_id) union values (new.connected_by, new.project_id);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.check_pauses()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into pause_checks (person, project) select distinct c.connected_by, c.project_id from changed c;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.check_rate(caller text, class text, requests integer)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  l rate_limits;
begin
  select * into l from rate_limits r where r.class = check_rate.class;
  perform 1 from rate_counters c
  where c.caller = check_rate.caller and c.class = l.class and c.count >= l.max_requests + 1 - check_rate.requests
    and c.window_start = to_timestamp(floor(extract(epoch from app.now()) / l.window_s) * l.window_s);
  if found or check_rate.requests > l.max_requests then
    perform app.raise_rate(l.max_requests, l.window_s);
  end if;
end
$function$;
grant execute on function app.check_rate(text,text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.claim(ids uuid[])
 RETURNS TABLE(id uuid, project_id uuid, generation integer, prepare boolean, delay_s integer)
 LANGUAGE sql
AS $function$
  update post_publications pp set state = 'queued', generation = pp.generation + 1
  where pp.id = any (ids)
  returning pp.id, pp.project_id, pp.generation,
    not pp.prepared_ready and exists (select from post_media pm where pm.project_id = pp.project_id and pm.post_id = pp.post_id),
    greatest(0, ceil(extract(epoch from coalesce(pp.next_attempt_at, pp.due_at) - app.now())))::integer
$function$;
comment on function app.claim(uuid[]) is 'prepare: it has media that its platform may have to take in first. delay_s: seconds until it is due.';
grant execute on function app.claim(uuid[]) to posthaste_api;
grant execute on function app.claim(uuid[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.claim_erasures(row_limit integer)
 RETURNS TABLE(user_id uuid, email text, name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into account_deletions as d (user_id, requested_at, due_at)
  select u.id, u.deletion_requested_at, u.deletion_requested_at + app.deletion_grace()
  from users u where u.deletion_requested_at is not null and not exists (select from account_deletions k where k.user_id = u.id)
  limit row_limit
  on conflict do nothing;
  return query
    update account_deletions d set lease_until = app.now() + interval '10 minutes'
    from users u
    where u.id = d.user_id and d.user_id in (
      select q.user_id from account_deletions q
      where q.due_at <= app.now() and (q.lease_until is null or q.lease_until < app.now())
      order by q.due_at limit row_limit for update skip locked)
    returning d.user_id, u.email, u.display_name;
end
$function$;
grant execute on function app.claim_erasures(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.comment_counts(ids uuid[])
 RETURNS TABLE(comment_id uuid, like_count bigint, reply_count bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select c.id, greatest(0, c.like_count + coalesce(d.likes, 0)), greatest(0, c.reply_count + coalesce(d.replies, 0))
  from comments c
  left join (
    select w.target_id, (sum(w.step) filter (where w.counter = 'like_count'))::bigint as likes,
      (sum(w.step) filter (where w.counter = 'reply_count'))::bigint as replies
    from counter_deltas w where w.target_id = any (ids) and w.kind = 'comment' group by w.target_id
  ) d on d.target_id = c.id
  where c.id = any (ids)
$function$;
grant execute on function app.comment_counts(uuid[]) to posthaste_api;
grant execute on function app.comment_counts(uuid[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.community_document(text text, tags text[])
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select setweight(to_tsvector('simple', coalesce((select string_agg(h.tag[1], ' ') from regexp_matches(text, '#([[:alnum:]_]+)', 'g') h (tag)), '')), 'A')
    || setweight(to_tsvector('simple', coalesce((select string_agg(t.tag, ' ') from unnest(tags) t (tag)), '')), 'B')
    || setweight(to_tsvector('simple', text), 'C')
$function$;
comment on function app.community_document(text,text[]) is 'Hashtags weigh most (A), then labels (B), then the words (C). Without stemming: posts are of all languages.';
grant execute on function app.community_document(text,text[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.community_profiles(ids uuid[])
 RETURNS TABLE(account_id uuid, handle text, display_name text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select a.id, a.handle, a.display_name from social_accounts a where a.id = any (ids) and a.platform = 'community'
$function$;
grant execute on function app.community_profiles(uuid[]) to posthaste_api;
grant execute on function app.community_profiles(uuid[]) to posthaste_public;

CREATE OR REPLACE FUNCTION app.community_query(words text)
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
  select to_tsquery('simple', string_agg(quote_literal(w.word) || case when length(w.word) > 1 then ':*' else '' end, ' & '))
  from (select m[1] as word from regexp_matches(left(words, 500), '[[:alnum:]_]+', 'g') m limit 10) w
$function$;

CREATE OR REPLACE FUNCTION app.confirm_factor(factor_id uuid, step bigint, code_hashes text[])
 RETURNS TABLE(outcome text, codes_made boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  person uuid;
  made boolean;
begin
  update mfa_factors f set confirmed_at = app.now(), last_step = step, last_used_at = app.now()
  where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is null
  returning f.user_id into person;
  if person is null then
    return query select 'wrong_state', null::boolean;
    return;
  end if;
  insert into mfa_factors (user_id, kind, code_hashes, confirmed_at)
  values (person, 'recovery', confirm_factor.code_hashes, app.now())
  on conflict (user_id) where kind = 'recovery' do nothing
  returning true into made;
  delete from proof_tries p where p.user_id = person;
  perform app.tell_factor(person, '{"change": "added"}');
  return query select 'ok', coalesce(made, false);
end
$function$;
comment on function app.confirm_factor(uuid,bigint,text[]) is 'The first factor brings the recovery codes; later ones leave them as they are.';
grant execute on function app.confirm_factor(uuid,bigint,text[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.connect_account(user_id uuid, project_id uuid, platform text, platform_account_id text, handle text, display_name text, avatar_url text, base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text, expires_in_s integer)
 RETURNS TABLE(outcome text, account social_accounts)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  made social_accounts;
begin
  if not exists (
    select 1 from project_collaborators c join users u on u.id = c.user_id join projects p on p.id = c.project_id
    where c.user_id = connect_account.user_id and c.project_id = connect_account.project_id
      and (c.role in ('owner', 'editor') or 'write' = any (c.permissions)) and u.role <> 'viewer' and u.status = 'active'
      and u.deleted_at is null and p.deleted_at is null
  ) then
    return query select 'forbidden', null::social_accounts;
    return;
  end if;
  insert into social_accounts as s (project_id, platform, platform_account_id, handle, display_name, avatar_url, base_url, scopes, connected_by)
  values (connect_account.project_id, connect_account.platform, connect_account.platform_account_id, connect_account.handle,
    connect_account.display_name, connect_account.avatar_url, connect_account.base_url, connect_account.scopes, connect_account.user_id)
  on conflict on constraint social_accounts_identity_key do update
    set handle = excluded.handle, display_name = excluded.display_name, avatar_url = excluded.avatar_url,
      scopes = excluded.scopes, connected_by = excluded.connected_by, connected_at = app.now(),
      status = 'connected', status_reason = null, disconnected_at = null
  returning s.* into made;
  if connect_account.access_token_sealed is not null then
    insert into account_tokens as t (account_id, project_id, access_token_sealed, refresh_token_sealed, expires_at)
    values (made.id, connect_account.project_id, connect_account.access_token_sealed, connect_account.refresh_token_sealed,
      app.now() + make_interval(secs => connect_account.expires_in_s))
    on conflict on constraint account_tokens_pkey do update
      set access_token_sealed = excluded.access_token_sealed, refresh_token_sealed = excluded.refresh_token_sealed,
        expires_at = excluded.expires_at, token_version = t.token_version + 1, refresh_lease_until = null, updated_at = app.now();
  end if;
  update post_publications pp
  set state = 'scheduled', next_attempt_at = app.now(), failure_class = null, failure_code = null, failure_message = null
  where pp.project_id = made.project_id and pp.account_id = made.id and pp.state = 'failed'
    and pp.failure_class = 'reauthorize' and pp.updated_at > app.now() - interval '7 days';
  return query select 'ok', made;
end
$function$;

CREATE OR REPLACE FUNCTION app.connect_own_account(project_id uuid, platform text, platform_account_id text, handle text, display_name text, avatar_url text, base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text, expires_in_s integer, spare_handle text)
 RETURNS TABLE(outcome text, account social_accounts)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select * from app.connect_account(app.user_id(), connect_own_account.project_id, connect_own_account.platform,
    platform_account_id,
    case
      when connect_own_account.spare_handle is not null and exists (
        select from social_accounts a
        where a.platform = 'community' and a.status <> 'disconnected' and a.project_id <> connect_own_account.project_id
          and lower(a.handle) = lower(connect_own_account.handle)
      ) then connect_own_account.spare_handle
      else connect_own_account.handle
    end,
    display_name, avatar_url, base_url, scopes, access_token_sealed, refresh_token_sealed, expires_in_s)
$function$;
grant execute on function app.connect_own_account(uuid,text,text,text,text,text,text,text[],text,text,integer,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.count_comments()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  insert into counter_deltas (kind, target_id, counter, step)
  select 'post', r.community_post_id, 'comment_count', step * count(*) from changed r where r.is_standing group by r.community_post_id
  union all
  select 'comment', r.parent_id, 'reply_count', step * count(*) from changed r
  where r.is_standing and r.parent_id is not null group by r.parent_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.count_decision()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform app.apply_decision(new);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.count_engagement()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into counter_deltas (kind, target_id, counter, step)
  select case when r.comment_id is null then 'post' else 'comment' end, coalesce(r.comment_id, r.community_post_id), r.type || '_count',
    case tg_op when 'DELETE' then -count(*) else count(*) end
  from changed r where r.type <> 'comment'
  group by r.comment_id, r.community_post_id, r.type;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.count_failure(subject text, source text, free_attempts integer, first_s integer, most_s integer)
 RETURNS TABLE(attempts integer, blocked_until timestamp with time zone)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  insert into auth_attempts as a (subject, source, attempts)
  values (count_failure.subject, count_failure.source, 1)
  on conflict on constraint auth_attempts_pkey do update
    set attempts = case when a.last_at < app.now() - interval '1 day' then 1 else a.attempts + 1 end, last_at = app.now(),
      blocked_until = app.now() + make_interval(secs => app.delay_s(
        case when a.last_at < app.now() - interval '1 day' then 1 else a.attempts + 1 end, free_attempts, first_s, most_s))
  returning a.attempts, a.blocked_until
$function$;

CREATE OR REPLACE FUNCTION app.count_follows()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  step integer := case tg_op when 'DELETE' then -1 else 1 end;
begin
  insert into counter_deltas (kind, target_id, counter, step)
  select 'user', r.following_id, 'followers_count', step * count(*) from changed r group by r.following_id
  union all
  select 'user', r.follower_id, 'following_count', step * count(*) from changed r group by r.follower_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.count_hashtags()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  insert into hashtag_deltas (tag, uses, public_uses)
  select c.tag, case when tg_argv[0] = 'uses' then step * count(*) else 0 end, case when tg_argv[0] = 'public_uses' then step * count(*) else 0 end
  from changed c group by c.tag order by c.tag;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.count_mail(email text, purpose text, gap interval DEFAULT '00:01:00'::interval)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into auth_attempts as a (subject, source, attempts)
  values (app.attempt_subject(count_mail.email), 'mail:' || purpose, 1)
  on conflict on constraint auth_attempts_pkey do update
    set attempts = case when a.blocked_until < app.now() then 1 else a.attempts + 1 end, last_at = app.now(),
      blocked_until = case when a.blocked_until < app.now() then null else a.blocked_until end
    where (gap is null or a.last_at < app.now() - gap) and (a.attempts < 5 or a.blocked_until < app.now());
  if not found then
    return false;
  end if;
  -- The day begins with the first mail.
  update auth_attempts a set blocked_until = app.now() + interval '1 day'
  where a.subject = app.attempt_subject(count_mail.email) and a.source = 'mail:' || purpose and a.blocked_until is null;
  return true;
end
$function$;
comment on function app.count_mail(text,text,interval) is 'Whether another mail of the purpose may go to the address: five a day, and so long apart (null: however close). Granted to nobody.';

CREATE OR REPLACE FUNCTION app.count_posts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if tg_op <> 'INSERT' and old.is_standing and old.author_id is not null then
    insert into counter_deltas (kind, target_id, counter, step) values ('user', old.author_id, 'posts_count', -1);
  end if;
  if tg_op <> 'DELETE' and new.is_standing and new.author_id is not null then
    insert into counter_deltas (kind, target_id, counter, step) values ('user', new.author_id, 'posts_count', 1);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.count_refusal(refused text, call jsonb, counted text)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  is_nobody boolean := refused = 'PH401';
  counting text := case when is_nobody then app.address_caller(call ->> 'ip') else counted end;
  requests integer := case when is_nobody then 1 else coalesce((call -> 'limit' ->> 'requests')::integer, 1) end;
  l rate_limits;
  began timestamptz;
  total integer;
begin
  select * into l from rate_limits r
  where r.class = call -> 'limit' ->> case when is_nobody then 'refusedClass' else 'class' end;
  if l.class is null then
    return jsonb_build_object('refused', refused);
  end if;
  began := to_timestamp(floor(extract(epoch from app.now()) / l.window_s) * l.window_s);
  if requests <= l.max_requests and not exists (
    select from rate_counters c
    where c.caller = counting and c.class = l.class and c.window_start = began and c.count > l.max_requests - requests
  ) then
    insert into rate_counters as c (caller, class, window_start, count, expires_at)
    values (counting, l.class, began, requests, began + make_interval(secs => l.window_s))
    on conflict on constraint rate_counters_pkey do update set count = c.count + excluded.count
      where c.count <= l.max_requests - excluded.count
    returning c.count into total;
  end if;
  return jsonb_build_object('refused', case when total is null then 'PH402' else refused end, 'class', l.class,
    'max', l.max_requests, 'windowS', l.window_s, 'left', coalesce(l.max_requests - total, 0),
    'resetS', l.window_s - floor(extract(epoch from app.now()))::bigint % l.window_s);
end
$function$;
comment on function app.count_refusal(text,jsonb,text) is 'What the line of app.run tells; refused becomes PH402 where that has happened too often.';
grant execute on function app.count_refusal(text,jsonb,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.count_request(caller text, class text, requests integer)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  l rate_limits;
  total integer;
  began timestamptz;
begin
  select * into l from rate_limits r where r.class = count_request.class;
  if l.class is null then
    return '{}';
  end if;
  began := to_timestamp(floor(extract(epoch from app.now()) / l.window_s) * l.window_s);
  insert into rate_counters as c (caller, class, window_start, count, expires_at)
  values (count_request.caller, l.class, began, requests, began + make_interval(secs => l.window_s))
  on conflict on constraint rate_counters_pkey do update set count = c.count + excluded.count
  returning c.count into total;
  if total >= l.max_requests + requests then
    perform app.raise_rate(l.max_requests, l.window_s);
  end if;
  return jsonb_build_object('max', l.max_requests, 'windowS', l.window_s, 'left', greatest(0, l.max_requests - total),
    'resetS', l.window_s - floor(extract(epoch from app.now()))::bigint % l.window_s);
end
$function$;
comment on function app.count_request(text,text,integer) is 'requests: this one, and those of this caller that ended without a commit since the last.';
grant execute on function app.count_request(text,text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.count_standing_comment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  step integer := case when new.is_standing then 1 else -1 end;
begin
  insert into counter_deltas (kind, target_id, counter, step) values ('post', new.community_post_id, 'comment_count', step);
  if new.parent_id is not null then
    insert into counter_deltas (kind, target_id, counter, step) values ('comment', new.parent_id, 'reply_count', step);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.counter_drift()
 RETURNS TABLE(kind text, id uuid, counter text, stored bigint, actual bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with pending as (
    select w.kind, w.target_id, w.counter, sum(w.step)::bigint as step from counter_deltas w group by w.kind, w.target_id, w.counter
  ), counted as (
    select 'post' as kind, e.community_post_id as id, e.type || '_count' as counter, count(*) as n
    from user_engagement e where e.community_post_id is not null and e.type <> 'comment' group by e.community_post_id, e.type
    union all
    select 'comment', e.comment_id, e.type || '_count', count(*) from user_engagement e where e.comment_id is not null group by e.comment_id, e.type
    union all
    select 'post', c.community_post_id, 'comment_count', count(*) from comments c where c.is_standing group by c.community_post_id
    union all
    select 'comment', c.parent_id, 'reply_count', count(*) from comments c where c.is_standing and c.parent_id is not null group by c.parent_id
    union all
    select 'user', f.following_id, 'followers_count', count(*) from user_followers f group by f.following_id
    union all
    select 'user', f.follower_id, 'following_count', count(*) from user_followers f group by f.follower_id
    union all
    select 'user', p.author_id, 'posts_count', count(*) from community_posts p where p.is_standing and p.author_id is not null group by p.author_id
  ), kept as (
    select 'post' as kind, p.id, v.counter, v.n from community_posts p cross join lateral (values ('like_count', p.like_count),
      ('comment_count', p.comment_count), ('share_count', p.share_count), ('save_count', p.save_count), ('view_count', p.view_count),
      ('click_count', p.click_count)) v (counter, n) where v.n <> 0
    union all
    select 'comment', c.id, v.counter, v.n from comments c
    cross join lateral (values ('like_count', c.like_count), ('reply_count', c.reply_count)) v (counter, n) where v.n <> 0
    union all
    select 'user', k.user_id, v.counter, v.n from user_counters k cross join lateral (values ('followers_count', k.followers_count),
      ('following_count', k.following_count), ('posts_count', k.posts_count)) v (counter, n) where v.n <> 0
  ), both_sides as (
    select kind, id, counter, sum(stored)::bigint as stored, sum(actual)::bigint as actual
    from (
      select kind, id, counter, n as stored, 0 as actual from kept
      union all
      select kind, target_id, counter, step, 0 from pending
      union all
      select kind, id, counter, 0, n from counted
    ) s
    group by kind, id, counter
  )
  select b.kind, b.id, b.counter, b.stored, b.actual from both_sides b
  where b.stored <> b.actual and case b.kind
    when 'post' then exists (select from community_posts p where p.id = b.id)
    when 'comment' then exists (select from comments c where c.id = b.id)
    else exists (select from users u where u.id = b.id)
  end
$function$;
grant execute on function app.counter_drift() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.create_api_key(project uuid, name text, prefix text, key_hash text, scopes text[], expires_at timestamp with time zone)
 RETURNS TABLE(outcome text, key_id uuid)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform from projects p where p.id = project for no key update;
  outcome := case
    when project <> all (app.projects_of('read')) then 'not_found'
    when project <> all (app.projects_of('manage')) then 'forbidden'
    when (
      select count(*) from api_keys k where k.project_id = project and k.revoked_at is null and k.replaced_by is null
        and (k.expires_at is null or k.expires_at > app.now())) >= 50 then 'limit_reached'
    else 'ok' end;
  if outcome = 'ok' then
    insert into api_keys as k (project_id, name, prefix, key_hash, scopes, expires_at)
    values (project, create_api_key.name, create_api_key.prefix, create_api_key.key_hash, create_api_key.scopes, create_api_key.expires_at)
    returning k.id into key_id;
  end if;
  return next;
end
$function$;
comment on function app.create_api_key(uuid,text,text,text,text[],timestamp with time zone) is 'At most 50 live keys of a project, not counting those that a newer one has replaced.';
grant execute on function app.create_api_key(uuid,text,text,text,text[],timestamp with time zone) to posthaste_api;

CREATE OR REPLACE FUNCTION app.create_project(name text, description text, time_zone text)
 RETURNS SETOF projects
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  made projects;
begin
  if app.user_id() is null then
    return;
  end if;
  if exists (select from users u where u.id = app.user_id() and u.role = 'viewer') then
    raise exception 'a viewer of the installation makes no project' using errcode = '42501';
  end if;
  insert into projects (name, description, time_zone, created_by)
  values (create_project.name, create_project.description, create_project.time_zone, app.user_id())
  returning * into made;
  insert into project_collaborators (project_id, user_id, role) values (made.id, made.created_by, 'owner');
  return next made;
end
$function$;
grant execute on function app.create_project(text,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.decline_invitation(token_hash text)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update project_invitations i set declined_at = coalesce(i.declined_at, app.now()), expires_at = least(i.expires_at, app.now())
  where i.token_hash = decline_invitation.token_hash and i.accepted_at is null and i.revoked_at is null
    and (i.expires_at > app.now() or i.declined_at is not null);
  outcome := case when found then 'ok' else 'invalid_token' end;
  return next;
end
$function$;
grant execute on function app.decline_invitation(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.delay_s(attempts integer, free_attempts integer, first_s integer, most_s integer)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select case when attempts < free_attempts then 0 else least(most_s, first_s * power(2, least(attempts - free_attempts, 20)))::integer end
$function$;
comment on function app.delay_s(integer,integer,integer,integer) is 'Seconds to wait after so many failures: none, then first_s, doubling up to most_s.';

CREATE OR REPLACE FUNCTION app.deletion_grace()
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select interval '14 days'
$function$;
comment on function app.deletion_grace() is 'How long one may think better of it. The one place that says so.';
grant execute on function app.deletion_grace() to posthaste_api;

CREATE OR REPLACE FUNCTION app.detach_expired()
 RETURNS TABLE(table_name text, partition_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '5s'
AS $function$
declare
  expired record;
  referenced regclass;
begin
  perform pg_advisory_xact_lock(hashtextextended('app.detach_expired', 0));
  select t.name, t.archive, p.partition, c.relname, p.from_at, p.to_at into expired
  from partitioned_tables t
  cross join lateral app.partitions(to_regclass(quote_ident(t.name))) p
  join pg_class c on c.oid = p.partition
  where p.to_at <= (date_trunc('month', app.now() at time zone 'UTC') - make_interval(months => t.keep_months)) at time zone 'UTC'
    -- Rows that came when their month was on its way already wait until it is gone.
    and to_regclass('archive.' || quote_ident(c.relname)) is null
  order by p.to_at, t.name limit 1;
  if not found then
    return;
  end if;
  for referenced in
    select distinct k.confrelid from pg_constraint k where k.conrelid = to_regclass(quote_ident(expired.name)) and k.contype = 'f' order by 1
  loop
    execute format('lock table only %s in share row exclusive mode', referenced);
  end loop;
  execute format('alter table %I detach partition %s', expired.name, expired.partition);
  if expired.archive then
    execute format('alter table %s set schema archive', expired.partition);
    insert into partition_archives (table_name, partition_name, from_at, to_at)
    values (expired.name, expired.relname, expired.from_at, expired.to_at);
  else
    execute format('drop table %s', expired.partition);
  end if;
  return query select expired.name, expired.relname::text;
end
$function$;
grant execute on function app.detach_expired() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.display_names(ids uuid[])
 RETURNS TABLE(user_id uuid, display_name text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.id, u.display_name from users u where u.id = any (ids) and u.deleted_at is null
$function$;
grant execute on function app.display_names(uuid[]) to posthaste_api;
grant execute on function app.display_names(uuid[]) to posthaste_public;

CREATE OR REPLACE FUNCTION app.drop_archived(archive_id uuid)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '5s'
AS $function$
declare
  archived partition_archives := (select p from partition_archives p where p.id = drop_archived.archive_id for update);
  rows_here bigint;
begin
  if archived.dropped_at is not null then
    return 'ok';
  end if;
  if archived.written_at is null then
    return 'wrong_state';
  end if;
  execute format('lock table archive.%I in access exclusive mode', archived.partition_name);
  execute format('select count(*) from archive.%I', archived.partition_name) into rows_here;
  if rows_here <> (select coalesce(sum(p.row_count), 0) from archive_parts p where p.archive_id = archived.id) then
    delete from archive_parts p where p.archive_id = archived.id;
    update partition_archives p set written_at = null, manifest_key = null where p.id = archived.id;
    return 'changed';
  end if;
  execute format('drop table archive.%I', archived.partition_name);
  update partition_archives p set dropped_at = app.now() where p.id = archived.id;
  return 'ok';
end
$function$;
comment on function app.drop_archived(uuid) is 'ok, wrong_state (not written yet), or changed (write it again).';
grant execute on function app.drop_archived(uuid) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.drop_avatar_objects()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into outbox_events (kind, payload) values ('objects.deleted', jsonb_build_object('keys', jsonb_build_array(
    'uploads/avatars/' || old.id, 'media/avatars/' || old.id || '/64.webp', 'media/avatars/' || old.id || '/256.webp',
    'media/avatars/' || old.id || '/512.webp')));
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.drop_export_objects()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into outbox_events (kind, payload) values ('objects.deleted', jsonb_build_object('keys', (
    select jsonb_agg('exports/' || old.id || '/' || n || '.zip') from generate_series(1, jsonb_array_length(old.parts) + 1) n)));
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.edit_publication()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.state in ('publishing', 'processing', 'published', 'unknown') then
    raise exception 'a publication that is % cannot be edited', old.state using errcode = 'PH001';
  end if;
  new.revision := old.revision + 1;
  new.prepared := null;
  new.prepared_ready := false;
  new.prepared_expires_at := null;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.elevate()
 RETURNS timestamp with time zone
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update user_sessions s set elevated_until = app.now() + interval '10 minutes' where s.id = app.session_id() returning s.elevated_until
$function$;
comment on function app.elevate() is 'Granted to nobody: whoever calls it has seen a proof.';

CREATE OR REPLACE FUNCTION app.end_links()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update report_links l set revoked_at = app.now() where l.created_by = new.id and l.revoked_at is null;
  update review_links l set revoked_at = app.now() where l.created_by = new.id and l.revoked_at is null;
  return null;
end
$function$;
comment on function app.end_links() is 'What a person who is being erased gave away ends with them.';

CREATE OR REPLACE FUNCTION app.end_membership()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if tg_op = 'DELETE' then
    update api_keys k set revoked_at = app.now()
    where k.project_id = old.project_id and k.created_by = old.user_id and k.revoked_at is null;
    update report_links l set revoked_at = app.now()
    where l.project_id = old.project_id and l.created_by = old.user_id and l.revoked_at is null;
    update review_links l set revoked_at = app.now()
    where l.project_id = old.project_id and l.created_by = old.user_id and l.revoked_at is null;
  end if;
  update project_invitations i set revoked_at = app.now()
  where i.project_id = old.project_id and i.created_by = old.user_id and i.accepted_at is null and i.declined_at is null
    and i.revoked_at is null and (tg_op = 'DELETE' or i.role = 'owner');
  return null;
end
$function$;
comment on function app.end_membership() is 'Who leaves takes their keys, links and open invitations along, so that coming back revives none; who is owner no more makes nobody owner.';

CREATE OR REPLACE FUNCTION app.end_office()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update user_invitations i set revoked_at = app.now()
  where i.created_by = new.id and i.accepted_at is null and i.revoked_at is null;
  if new.status <> 'active' or new.role = 'viewer' then
    update project_invitations i set revoked_at = app.now()
    where i.created_by = new.id and i.accepted_at is null and i.declined_at is null and i.revoked_at is null;
  end if;
  return null;
end
$function$;
comment on function app.end_office() is 'Open invitations end with the role or the account of who sent them; being let in again revives none.';

CREATE OR REPLACE FUNCTION app.end_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update post_publications pp set state = case when new.state = 'approved' and pp.due_at is not null then 'scheduled' else 'draft' end
  where pp.post_id = new.post_id and pp.state = 'pending_approval';
  return null;
end
$function$;
comment on function app.end_request() is 'Approved: what has its time is scheduled. Rejected and withdrawn: back to draft.';

CREATE OR REPLACE FUNCTION app.end_sessions(person uuid, because text)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  delete from sign_in_tickets t where t.user_id = person;
  select app.call_off_changes(person);
  with ended as (
    update user_sessions s set revoked_at = app.now(), revoked_because = because
    where s.user_id = person and s.revoked_at is null
    returning 1
  )
  select count(*)::integer from ended
$function$;
comment on function app.end_sessions(uuid,text) is 'Granted to nobody.';

CREATE OR REPLACE FUNCTION app.end_tickets()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  delete from sign_in_tickets t where t.user_id = new.user_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.ending_projects(person uuid, chosen uuid[])
 RETURNS TABLE(project_id uuid, alone boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select p.id, others.members = 0
  from project_collaborators c
  join projects p on p.id = c.project_id and p.deleted_at is null
  cross join lateral (
    select count(*) as members, count(*) filter (where o.role = 'owner' and app.can_act(u)) as owners
    from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
    where o.project_id = p.id and o.user_id <> person) others
  where c.user_id = person and (others.members = 0 or (c.role = 'owner' and others.owners = 0 and p.id = any (chosen)))
$function$;
comment on function app.ending_projects(uuid,uuid[]) is 'Granted to nobody.';

CREATE OR REPLACE FUNCTION app.engage(post uuid, kind text, metadata jsonb)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  person uuid := app.user_id();
  author uuid;
begin
  select p.author_id into author from community_posts p where p.id = post and p.id = any (app.visible_posts(array[post]));
  if person is null or kind not in ('view', 'click', 'share', 'save') or not found then
    return query select 'not_found';
    return;
  end if;
  insert into user_engagement (user_id, community_post_id, type, metadata) values (person, post, kind, engage.metadata)
  on conflict on constraint user_engagement_once do nothing;
  if not found and kind in ('view', 'click') and author is not null then
    insert into engagement_events (type, user_id, actor_id, community_post_id, metadata) values (kind, author, person, post, engage.metadata);
  end if;
  return query select 'ok';
end
$function$;
comment on function app.engage(uuid,text,jsonb) is 'kind: view, click, share, save. metadata: surface, referrer. not_found where the actor cannot see the post.';
grant execute on function app.engage(uuid,text,jsonb) to posthaste_api;

CREATE OR REPLACE FUNCTION app.engagement_rate(likes bigint, comments bigint, shares bigint, saves bigint, reach bigint, impressions bigint, views bigint)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when base is not null then least(100, greatest(0,
    round(100.0 * (coalesce(likes, 0) + coalesce(comments, 0) + coalesce(shares, 0) + coalesce(saves, 0)) / base, 2))) end
  from coalesce(nullif(reach, 0), nullif(impressions, 0), nullif(views, 0)) as base
$function$;
comment on function app.engagement_rate(bigint,bigint,bigint,bigint,bigint,bigint,bigint) is 'Likes, comments, shares and saves in percent of the people reached; where the platform tells no reach, of impressions, else of views. 0 to 100; null without any of them.';
grant execute on function app.engagement_rate(bigint,bigint,bigint,bigint,bigint,bigint,bigint) to posthaste_api;
grant execute on function app.engagement_rate(bigint,bigint,bigint,bigint,bigint,bigint,bigint) to posthaste_reporting;
grant execute on function app.engagement_rate(bigint,bigint,bigint,bigint,bigint,bigint,bigint) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.engagement_score(likes bigint, comments bigint, shares bigint, saves bigint, clicks bigint, views bigint, age interval)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select least(99999999.99, round((likes + 3 * comments + 5 * shares + 4 * saves + 0.5 * clicks + 0.1 * views)
    * power(0.5::numeric, greatest(0, round(extract(epoch from age) / 3600 / 24, 6))), 2))
$function$;
comment on function app.engagement_score(bigint,bigint,bigint,bigint,bigint,bigint,interval) is 'Like 1, comment 3, share 5, save 4, click 0.5, view 0.1; halved with every 24 hours of age. Never negative.';
grant execute on function app.engagement_score(bigint,bigint,bigint,bigint,bigint,bigint,interval) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.enrol_factor(factor_id uuid, name text, secret_sealed text)
 RETURNS TABLE(outcome text, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- Two at once come one after the other: of apps that were begun and never confirmed there is one.
  perform from users u where u.id = app.user_id() for no key update;
  -- Whoever begins anew gives up what was never confirmed.
  delete from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is null;
  if (select count(*) from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp') >= 10 then
    return query select 'too_many_factors', null::timestamptz;
    return;
  end if;
  return query insert into mfa_factors as f (id, user_id, kind, name, secret_sealed)
    values (factor_id, app.user_id(), 'totp', enrol_factor.name, enrol_factor.secret_sealed)
    returning 'ok', f.created_at;
end
$function$;
grant execute on function app.enrol_factor(uuid,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.ensure_partitions(months_ahead integer)
 RETURNS TABLE(table_name text, partition_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  registered partitioned_tables;
  month date;
  spare regclass;
  before text[];
begin
  perform pg_advisory_xact_lock(hashtextextended('app.ensure_partitions', 0));
  for registered in select * from partitioned_tables order by name loop
    continue when to_regclass(quote_ident(registered.name)) is null;
    table_name := registered.name;
    before := array(select p.partition::text from app.partitions(registered.name::regclass) p);
    for ahead in 0 .. months_ahead loop
      perform app.add_month_partition(registered.name::regclass,
        ((app.now() at time zone 'UTC') + make_interval(months => ahead))::date);
    end loop;
    spare := (select p.partition from app.partitions(registered.name::regclass) p where p.is_default);
    if spare is not null then
      for month in execute format(
        -- What lies beyond any sense stays where it is: it must not keep the others from their months.
        'select distinct date_trunc(''month'', %1$I at time zone ''UTC'')::date from only %2$s
         where %1$I >= ''1970-01-01'' and %1$I < $1 + interval ''10 years'' order by 1 limit 24', registered.column_name, spare)
        using app.now() loop
        perform app.add_month_partition(registered.name::regclass, month);
      end loop;
    end if;
    for partition_name in
      select p.partition::text from app.partitions(registered.name::regclass) p
      where p.partition::text <> all (before) order by 1 loop
      return next;
    end loop;
  end loop;
end
$function$;
comment on function app.ensure_partitions(integer) is 'Returns the partitions that it made.';
grant execute on function app.ensure_partitions(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.erase_user(person uuid)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  gone users;
  -- Until when what bears their address is theirs.
  theirs_until timestamptz := 'infinity';
  alone uuid;
  heirless uuid;
  all_purged boolean := true;
begin
  select * into gone from users u where u.id = person for update;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if gone.deletion_requested_at is null then
    return query select 'wrong_state';
    return;
  end if;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'account deleted' where s.user_id = person and s.revoked_at is null;
  -- From here on the person is nobody's owner any more.
  update users u set status = 'deactivated', deleted_at = coalesce(u.deleted_at, app.now()) where u.id = person;

  for heirless in
    select c.project_id from project_collaborators c where c.user_id = person and c.role = 'owner'
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
        where o.project_id = c.project_id and o.role = 'owner')
  loop
    update project_collaborators c set role = 'owner' where c.project_id = heirless and c.user_id = (
      select o.user_id from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
      where o.project_id = heirless
      order by array_position(array['editor', 'approver', 'reviewer', 'viewer'], o.role), o.created_at limit 1);
  end loop;

  for alone in
    select p.id from projects p
    where (p.created_by = person or exists (select from project_collaborators c where c.project_id = p.id and c.user_id = person))
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null where o.project_id = p.id)
  loop
    all_purged := app.purge_project(alone, 1000) and all_purged;
  end loop;
  if not all_purged then
    return query select 'waiting';
    return;
  end if;

  -- By id and address, not by name: whoever calls themselves bluesky must not take along what tells of that platform.
  -- Their address was free since this began, and while files and projects were cleared away it may have become somebody else's.
  if exists (select from users u where u.email = gone.email and u.deleted_at is null) then
    theirs_until := gone.deleted_at;
  end if;
  -- By id and address, not by name: whoever calls themselves bluesky must not take along what tells of that platform.
  delete from idempotency_keys k
  where k.caller = person::text
    or exists (
      select from unnest(k.answer) line
      where strpos(line, to_json(person)::text) > 0 or (k.created_at < theirs_until and strpos(line, gone.email) > 0));
  delete from outbox_events e
  where (e.kind = 'mail' and e.user_id = person) or strpos(e.payload::text, to_json(person)::text) > 0
    or (e.created_at < theirs_until and strpos(e.payload::text, to_json(gone.email)::text) > 0);
  update notifications n set payload = '{}'
  where n.actor_id = person or strpos(n.payload::text, to_json(person)::text) > 0
    or (n.created_at < theirs_until and strpos(n.payload::text, to_json(gone.email)::text) > 0);
  delete from webhook_deliveries d
  where strpos(d.payload::text, to_json(person)::text) > 0
    or (d.created_at < theirs_until and strpos(d.payload::text, to_json(gone.email)::text) > 0);
  delete from project_invitations i
  where i.accepted_by = person
    or (i.email = gone.email and (theirs_until = 'infinity' or (i.accepted_by is null and i.last_sent_at < theirs_until)));
  delete from user_invitations i
  where i.accepted_by = person
    or (i.email = gone.email and (theirs_until = 'infinity' or (i.accepted_by is null and i.sent_at < theirs_until)));
  delete from auth_attempts a where a.subject = app.attempt_subject(gone.email) and theirs_until = 'infinity';
  -- What others wrote of them, while what they wrote it of goes.
  update content_moderation c set reason = null
  where c.reason is not null and (
    (c.target_type = 'user_profile' and c.target_id = person)
    or (c.target_type = 'comment' and c.target_id in (select k.id from comments k where k.author_id = person))
    or (c.target_type = 'post' and c.target_id in (select p.id from community_posts p where p.author_id = person)));
  update moderation_reports r set details = null
  where r.details is not null and (
    (r.target_type = 'user_profile' and r.target_id = person)
    or (r.target_type = 'comment' and r.target_id in (select k.id from comments k where k.author_id = person))
    or (r.target_type = 'post' and r.target_id in (select p.id from community_posts p where p.author_id = person)));
  delete from rate_counters c where strpos(c.caller, person::text) > 0;
  delete from users u where u.id = person;
  return query select 'ok';
end
$function$;
comment on function app.erase_user(uuid) is 'Called until it says ok: waiting while the sweep clears away files and tokens of projects that nobody else is in. Projects with other members get an owner among them. What cascades from users goes, audit_keys among it: personal values in the log can never be read again. Only for who asked (deletion_requested_at), after the grace time that the caller keeps.';
grant execute on function app.erase_user(uuid) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.export_file_count(export uuid, token uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select count(*)::integer
  from account_exports e
  join media m on m.project_id = any (app.owned_projects(e.user_id))
    or m.created_by = e.user_id and m.project_id = any (app.readable_projects(e.user_id))
  where e.id = export and e.state = 'running' and e.lease_token = token and m.deleted_at is null
$function$;
grant execute on function app.export_file_count(uuid,uuid) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.export_files(export uuid, token uuid, after uuid, row_limit integer)
 RETURNS TABLE(media_id uuid, project_id uuid, file_name text, renditions jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  person uuid;
  owned uuid[];
  readable uuid[];
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  owned := app.owned_projects(person);
  readable := app.readable_projects(person);
  return query
    select f.id, f.project_id, f.file_name, coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'bytes', r.bytes) order by r.name)
      from media_renditions r where r.project_id = f.project_id and r.media_id = f.id), '[]')
    from (
      (select m.id, m.project_id, m.file_name from media m
       where m.project_id = any (owned) and m.deleted_at is null and (after is null or m.id > after) order by m.id limit row_limit)
      union
      (select m.id, m.project_id, m.file_name from media m
       where m.created_by = person and m.project_id = any (readable) and m.deleted_at is null and (after is null or m.id > after) order by m.id limit row_limit)
    ) f
    order by f.id limit row_limit;
end
$function$;
comment on function app.export_files(uuid,uuid,uuid,integer) is 'Media of one''s projects, and those that one brought into others'' that one still reads, by id.';
grant execute on function app.export_files(uuid,uuid,uuid,integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.export_page(export uuid, token uuid, table_name text, of_projects boolean, after jsonb, row_limit integer)
 RETURNS TABLE(line text, at_key jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  person uuid;
  owned uuid[];
  readable uuid[];
  rules export_tables;
  scope text;
  open_rows text;
  facts text;
  keys text[];
  names text;
  key_names text;
  condition text;
  opened text;
  size integer := 0;
  r record;
begin
  select e.user_id into person from account_exports e where e.id = export and e.state = 'running' and e.lease_token = token;
  select * into rules from export_tables t where t.name = export_page.table_name and t.left_out_because is null;
  if person is null or rules.name is null or to_regclass(quote_ident(rules.name)) is null then
    return;
  end if;
  owned := app.owned_projects(person);
  readable := app.readable_projects(person);
  scope := coalesce(rules.project_column, (
    select a.attname::text from pg_attribute a
    where a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = 'project_id' and not a.attisdropped));
  if of_projects and rules.project_column is null or not of_projects and cardinality(rules.person_columns) = 0 then
    return;
  end if;
  -- What a later version of the table has no more is left out.
  select string_agg(quote_ident(a.attname), ', ' order by c.place) into names
  from unnest(rules.columns) with ordinality c (name, place)
  join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = c.name and not a.attisdropped and a.attnum > 0;
  select array_agg(a.attname::text order by k.place) into keys
  from pg_index i, unnest(i.indkey::smallint[]) with ordinality k (number, place), pg_attribute a
  where i.indrelid = to_regclass(quote_ident(rules.name)) and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k.number;
  if of_projects and rules.project_column <> all (keys) then
    keys := array[rules.project_column] || keys;
  end if;
  select string_agg('t.' || quote_ident(k), ', ') into key_names from unnest(keys) k;
  -- Which rows leave whole; of the others the fact that they are the person's, and what no colleague can have written.
  open_rows := case when scope is null then 'true' else format('(t.%1$I is null or t.%1$I = any ($5)%2$s)', scope,
    case rules.name when 'community_posts' then ' or t.is_standing and t.visibility in (''public'', ''unlisted'')' else '' end) end;
  select string_agg(quote_ident(a.attname), ', ' order by c.place) into facts
  from unnest(rules.columns) with ordinality c (name, place)
  join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = c.name and not a.attisdropped and a.attnum > 0
  where c.name = any (keys || rules.person_columns || rules.kept_after_leaving) or c.name in (scope, 'created_at');
  -- Of the log only rows of what the person did: what lies in them under their own key is theirs to read.
  opened := case rules.name when 'audit_log' then
    ', app.audit_open(t.ip_sealed, $1) as ip, case when t.subject_id = $1 then app.audit_open(t.personal_sealed, $1)::jsonb end as personal'
    else '' end;
  if of_projects then
    condition := format('t.%I = any ($2)', rules.project_column);
  else
    select '(' || string_agg(format('t.%I = $1', p), ' or ') || ')' into condition from unnest(rules.person_columns) p;
    if rules.project_column is not null then
      condition := condition || format(' and (t.%1$I is null or t.%1$I <> all ($2))', rules.project_column);
    end if;
  end if;
  if after is not null then
    condition := condition || format(' and (%s) > (%s)', key_names, (
      select string_agg(format('($3 ->> %L)::%s', k.name, format_type(a.atttypid, a.atttypmod)), ', ' order by k.place)
      from unnest(keys) with ordinality k (name, place)
      join pg_attribute a on a.attrelid = to_regclass(quote_ident(rules.name)) and a.attname = k.name));
  end if;
  for r in execute format(
    'select case when t.export_open then to_jsonb(q)::text else to_jsonb(f)::text end as line, t.export_key as at_key
     from (select jsonb_build_object(%1$s) as export_key, %6$s as export_open, t.* from %2$I t where %3$s order by %4$s limit $4) t
     cross join lateral (select %5$s%8$s) q cross join lateral (select %7$s%8$s) f order by %4$s',
    (select string_agg(format('%L, t.%I', k, k), ', ') from unnest(keys) k), rules.name, condition, key_names,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(names, ', ')) n), open_rows,
    (select string_agg('t.' || n, ', ') from unnest(string_to_array(facts, ', ')) n), opened)
    using person, owned, after, row_limit, readable
  loop
    line := r.line;
    at_key := r.at_key;
    return next;
    -- The Data API answers a megabyte at most.
    size := size + length(line);
    exit when size > 300000;
  end loop;
end
$function$;
comment on function app.export_page(uuid,uuid,text,boolean,jsonb,integer) is 'At most row_limit rows and about 300,000 characters, a row at least; nothing once there are no more.';
grant execute on function app.export_page(uuid,uuid,text,boolean,jsonb,integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.faces(ids uuid[])
 RETURNS TABLE(user_id uuid, avatar_url text, avatar_key text)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.id, u.avatar_url,
    coalesce('media/avatars/' || app.avatar_of(u.id) || '/256.webp',
      (select r.object_key from media_renditions r where r.media_id = u.avatar_media_id and r.name = 'thumb'))
  from users u where u.id = any (ids) and u.status = 'active' and u.deleted_at is null
$function$;
comment on function app.faces(uuid[]) is 'What app.profiles shows of a face, without the counts: of people who are not deactivated. A picture that was uploaded here has a key.';
grant execute on function app.faces(uuid[]) to posthaste_api;
grant execute on function app.faces(uuid[]) to posthaste_public;

CREATE OR REPLACE FUNCTION app.find_author()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  select coalesce(new.author_id, p.created_by, pr.created_by), pr.deleted_at into new.author_id, new.project_deleted_at
  from post_publications pp
  join posts p on p.project_id = pp.project_id and p.id = pp.post_id
  join projects pr on pr.id = pp.project_id
  where pp.project_id = new.project_id and pp.id = new.publication_id;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.find_users(search text, wanted_role text, wanted_status text, sort text, after jsonb, row_limit integer)
 RETURNS SETOF users
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET enable_seqscan TO 'off'
AS $function$
declare
  -- Trigrams want three characters: what is shorter is looked for at the beginning, by the other indexes.
  pattern text := case when char_length(search) >= 3 then '%' else '' end
    || regexp_replace(lower(normalize(search)), '([\\%_])', '\\\1', 'g') || '%';
  fitting uuid[];
  after_id uuid := coalesce((after ->> 'id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  after_email text := coalesce(after ->> 'email', '');
  after_login timestamptz := coalesce((after ->> 'lastLoginAt')::timestamptz, case when after is null then 'infinity'::timestamptz else '-infinity' end);
begin
  if not app.is_staff('admin') then
    return;
  end if;
  if search is not null then
    fitting := array(
      select f.id from users f
      where f.email collate "C" like pattern or lower(f.username) collate "C" like pattern
        or lower(normalize(f.display_name)) collate "C" like pattern
      limit 1001);
    if pg_input_is_valid(search, 'uuid') then
      fitting := fitting || search::uuid;
    end if;
  end if;
  -- A few are sorted; of many a page is found soon by walking in its order.
  if cardinality(fitting) <= 1000 then
    return query
      select u.* from users u
      where u.id = any (fitting) and app.user_fits(u, wanted_role, wanted_status)
        and case sort when 'email' then u.email collate "C" > after_email
          when 'lastLoginAt' then (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id)
          else u.id < after_id end
      order by case when sort = 'email' then u.email end collate "C",
        case when sort = 'lastLoginAt' then coalesce(u.last_login_at, '-infinity') end desc, u.id desc
      limit row_limit;
  elsif sort = 'email' then
    return query select u.* from users u
      where u.email collate "C" > after_email and app.user_fits(u, wanted_role, wanted_status)
        and (pattern is null or u.email collate "C" like pattern or lower(u.username) collate "C" like pattern
          or lower(normalize(u.display_name)) collate "C" like pattern)
      order by u.email collate "C" limit row_limit;
  elsif sort = 'lastLoginAt' then
    return query select u.* from users u
      where (coalesce(u.last_login_at, '-infinity'), u.id) < (after_login, after_id) and app.user_fits(u, wanted_role, wanted_status)
        and (pattern is null or u.email collate "C" like pattern or lower(u.username) collate "C" like pattern
          or lower(normalize(u.display_name)) collate "C" like pattern)
      order by coalesce(u.last_login_at, '-infinity') desc, u.id desc limit row_limit;
  else
    return query select u.* from users u
      where u.id < after_id and app.user_fits(u, wanted_role, wanted_status)
        and (pattern is null or u.email collate "C" like pattern or lower(u.username) collate "C" like pattern
          or lower(normalize(u.display_name)) collate "C" like pattern)
      order by u.id desc limit row_limit;
  end if;
end
$function$;
comment on function app.find_users(text,text,text,text,jsonb,integer) is 'For administrators; nobody else gets a row. search is a part of an address, user name or display name (shorter than three characters, its beginning), or an id.';
grant execute on function app.find_users(text,text,text,text,jsonb,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.finish_deletion(person uuid)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  due account_deletions;
begin
  select * into due from account_deletions d where d.user_id = person for update;
  if due.user_id is null or due.due_at > app.now() then
    return query select case when due.user_id is null then 'not_found' else 'wrong_state' end;
    return;
  end if;
  delete from project_collaborators c
  where c.user_id <> person and c.project_id in (select e.project_id from app.ending_projects(person, due.delete_projects) e where not e.alone);
  return query select e.outcome from app.erase_user(person) e;
end
$function$;
comment on function app.finish_deletion(uuid) is 'Called until it says ok, as app.erase_user, which alone knows what is to be erased.';
grant execute on function app.finish_deletion(uuid) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.finish_oauth(state_hash text, platform_account_id text, handle text, display_name text, avatar_url text, base_url text, scopes text[], access_token_sealed text, refresh_token_sealed text, expires_in_s integer)
 RETURNS TABLE(outcome text, account social_accounts)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select done.outcome, done.account
  from oauth_states s, app.connect_account(s.user_id, s.project_id, s.platform, finish_oauth.platform_account_id,
    finish_oauth.handle, finish_oauth.display_name, finish_oauth.avatar_url, finish_oauth.base_url, finish_oauth.scopes,
    finish_oauth.access_token_sealed, finish_oauth.refresh_token_sealed, finish_oauth.expires_in_s) done
  where s.state_hash = finish_oauth.state_hash and s.used_at > app.now() - interval '2 minutes'
$function$;
grant execute on function app.finish_oauth(text,text,text,text,text,text,text[],text,text,integer) to posthaste_public;

CREATE OR REPLACE FUNCTION app.finish_provider_sign_in(code_hash text, code_challenge text, invitation_hash text, secret_hash text, user_agent text, ip text, device jsonb)
 RETURNS TABLE(outcome text, user_id uuid, session_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  told provider_sign_ins := app.take_provider_sign_in(finish_provider_sign_in.code_hash, finish_provider_sign_in.code_challenge, 'sign_in', null);
  person users;
  is_known boolean;
  opened record;
begin
  if told.id is null then
    return query select 'invalid_token', null::uuid, null::uuid;
    return;
  end if;
  update user_identities i set last_used_at = app.now(), email = told.email
  where i.provider = told.provider and i.subject = told.subject;
  if found then
    select u.* into person from user_identities i join users u on u.id = i.user_id and u.status = 'active' and u.deleted_at is null
    where i.provider = told.provider and i.subject = told.subject;
    if person.id is null then
      return query select 'sign_in_refused', null::uuid, null::uuid;
      return;
    end if;
  else
    -- Nobody becomes a person here, or is taken for one, by an address that the provider has not verified; and an address that
    -- somebody has is no proof of being that person: they sign in as before and link.
    if told.email is null or not coalesce(told.email_verified, false) then
      return query select 'email_not_verified', null::uuid, null::uuid;
      return;
    end if;
    if exists (select from users u where u.email = told.email and u.deleted_at is null and not app.is_unclaimed(u)) then
      return query select 'account_exists', null::uuid, null::uuid;
      return;
    end if;
    if not app.may_register(told.email, finish_provider_sign_in.invitation_hash) then
      return query select case s.registration when 'invite_only' then 'invitation_needed' else 'registration_closed' end, null::uuid, null::uuid
        from installation_settings s;
      return;
    end if;
    perform app.make_way(told.email);
    insert into users (email, display_name, email_verified_at)
    values (told.email, coalesce(told.display_name, split_part(told.email, '@', 1)), app.now())
    on conflict (email) where deleted_at is null do nothing
    returning * into person;
    if person.id is null then
      return query select 'account_exists', null::uuid, null::uuid;
      return;
    end if;
    insert into user_identities (user_id, provider, subject, email, last_used_at)
    values (person.id, told.provider, told.subject, told.email, app.now());
  end if;
  is_known := person.last_login_at is not null;
  select i.outcome, i.session_id into opened
  from app.sign_in(person.id, finish_provider_sign_in.secret_hash, finish_provider_sign_in.user_agent, finish_provider_sign_in.ip,
    finish_provider_sign_in.device) i;
  -- Whom the provider's cookie alone has let in may be anybody at that screen. Somebody new has nothing yet that it would open.
  update user_sessions s set elevated_until = null where s.id = opened.session_id and is_known and not told.is_fresh;
  return query select opened.outcome, person.id, opened.session_id;
end
$function$;
grant execute on function app.finish_provider_sign_in(text,text,text,text,text,text,jsonb) to posthaste_public;

CREATE OR REPLACE FUNCTION app.fold_counters(take integer)
 RETURNS TABLE(folded bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  named uuid[];
  held uuid[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('app.fold_counters', 0)) then
    return query select 0::bigint;
    return;
  end if;
  select array_agg(distinct w.target_id) into named from (select d.target_id from counter_deltas d order by d.id limit take) w;
  with post as (
    select p.id from community_posts p where p.id = any (named) order by p.id for no key update skip locked
  ), comment as (
    select c.id from comments c where c.id = any (named) order by c.id for no key update skip locked
  ), person as (
    select u.id from users u where u.id = any (named) order by u.id for key share skip locked
  ), gone as (
    select n.id from unnest(named) n (id)
    where not exists (select from community_posts p where p.id = n.id) and not exists (select from comments c where c.id = n.id)
      and not exists (select from users u where u.id = n.id)
  )
  select array_agg(t.id) into held
  from (select id from post union all select id from comment union all select id from person union all select id from gone) t;

  return query
  with taken as (
    delete from counter_deltas d where d.target_id = any (held) returning d.kind, d.target_id, d.counter, d.step
  ), summed as (
    select t.kind, t.target_id as id, sum(t.step) filter (where t.counter = 'like_count') as likes,
      sum(t.step) filter (where t.counter = 'comment_count') as comments, sum(t.step) filter (where t.counter = 'share_count') as shares,
      sum(t.step) filter (where t.counter = 'save_count') as saves, sum(t.step) filter (where t.counter = 'view_count') as views,
      sum(t.step) filter (where t.counter = 'click_count') as clicks, sum(t.step) filter (where t.counter = 'reply_count') as replies,
      sum(t.step) filter (where t.counter = 'followers_count') as followers,
      sum(t.step) filter (where t.counter = 'following_count') as following, sum(t.step) filter (where t.counter = 'posts_count') as posts
    from taken t group by t.kind, t.target_id
  ), post_now as (
    select p.id, greatest(0, p.like_count + coalesce(s.likes, 0))::bigint as likes,
      greatest(0, p.comment_count + coalesce(s.comments, 0))::bigint as comments,
      greatest(0, p.share_count + coalesce(s.shares, 0))::bigint as shares, greatest(0, p.save_count + coalesce(s.saves, 0))::bigint as saves,
      greatest(0, p.view_count + coalesce(s.views, 0))::bigint as views, greatest(0, p.click_count + coalesce(s.clicks, 0))::bigint as clicks
    from summed s join community_posts p on p.id = s.id where s.kind = 'post'
  ), post_done as (
    update community_posts p
    set like_count = n.likes, comment_count = n.comments, share_count = n.shares, save_count = n.saves, view_count = n.views,
      click_count = n.clicks, scored_at = app.now(),
      engagement_score = app.engagement_score(n.likes, n.comments, n.shares, n.saves, n.clicks, n.views, app.now() - p.created_at)
    from post_now n where p.id = n.id
  ), comment_done as (
    update comments c
    set like_count = greatest(0, c.like_count + coalesce(s.likes, 0)), reply_count = greatest(0, c.reply_count + coalesce(s.replies, 0))
    from summed s where s.kind = 'comment' and c.id = s.id
  ), person_done as (
    insert into user_counters as k (user_id, followers_count, following_count, posts_count)
    select s.id, greatest(0, coalesce(k.followers_count, 0) + coalesce(s.followers, 0)),
      greatest(0, coalesce(k.following_count, 0) + coalesce(s.following, 0)), greatest(0, coalesce(k.posts_count, 0) + coalesce(s.posts, 0))
    from summed s join users u on u.id = s.id left join user_counters k on k.user_id = s.id where s.kind = 'user'
    on conflict on constraint user_counters_pkey do update
      set followers_count = excluded.followers_count, following_count = excluded.following_count, posts_count = excluded.posts_count
  )
  select count(*) from taken;
end
$function$;
comment on function app.fold_counters(integer) is 'Returns how many deltas were folded. Every minute by the sweep.';
grant execute on function app.fold_counters(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.fold_hashtags(most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  folded integer;
begin
  -- Two foldings at once could meet tags in two orders.
  if not pg_try_advisory_xact_lock(hashtextextended('app.fold_hashtags', 0)) then
    return 0;
  end if;
  with taken as (
    delete from hashtag_deltas d
    where d.id in (select o.id from hashtag_deltas o order by o.id limit most)
    returning d.tag, d.uses, d.public_uses
  ), sums as (
    select t.tag, sum(t.uses) as uses, sum(t.public_uses) as public_uses, count(*) as deltas from taken t group by t.tag
  ), done as (
    update hashtags h set usage_count = h.usage_count + s.uses, public_count = h.public_count + s.public_uses
    from sums s where h.tag = s.tag
    returning s.deltas
  )
  select coalesce(sum(d.deltas), 0) into folded from done d;
  return folded;
end
$function$;
comment on function app.fold_hashtags(integer) is 'Adds the oldest deltas to the counts of hashtags, and says how many; 0 = nothing left, or another is at it.';
grant execute on function app.fold_hashtags(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.following()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(f.following_id), '{}') from user_followers f where f.follower_id = app.user_id()
$function$;
comment on function app.following() is 'The people whom the actor follows. In policies as (select app.following())::uuid[], so that it is asked once.';
grant execute on function app.following() to posthaste_api;

CREATE OR REPLACE FUNCTION app.force_password_reset(person uuid, token_hash text, link text)
 RETURNS TABLE(outcome text, mail_id uuid, recipient text, display_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  who users;
begin
  select * into who from users u where u.id = person and u.deleted_at is null and app.is_staff('admin') for no key update;
  if who.id is null then
    return query select 'not_found', null::uuid, null::text, null::text;
    return;
  end if;
  update users u set password_hash = null where u.id = person;
  perform app.end_sessions(person, 'a new password was demanded by an administrator');
  update password_reset_tokens t set used_at = app.now() where t.user_id = person and t.used_at is null;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person and t.email is not null and t.used_at is null;
  insert into password_reset_tokens (user_id, token_hash, expires_at)
  values (person, force_password_reset.token_hash, app.now() + interval '24 hours');
  insert into outbox_events as e (kind, payload, lease_until)
  values ('mail', jsonb_build_object('template', 'password-demanded', 'to', who.email, 'name', who.display_name, 'link', link),
    app.now() + interval '60 seconds')
  returning e.id into mail_id;
  return query select 'ok', force_password_reset.mail_id, who.email, who.display_name;
end
$function$;
grant execute on function app.force_password_reset(uuid,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.forget_deletion()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  delete from account_deletions d where d.user_id = new.id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.forget_hashtags(most integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  unused text[];
  forgotten integer;
begin
  -- Locked first: whoever is linking one holds it and is passed over, whoever comes now waits and makes it anew.
  select array_agg(c.tag) into unused from (
    select h.tag from hashtags h
    where h.usage_count = 0 and h.public_count = 0 and h.created_at < app.now() - interval '1 day'
    order by h.created_at limit most for update skip locked
  ) c;
  delete from hashtags h
  where h.tag = any (unused)
    and not exists (select from content_hashtags l where l.tag = h.tag)
    and not exists (select from post_hashtags l where l.tag = h.tag)
    and not exists (select from community_hashtags l where l.tag = h.tag);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$function$;
comment on function app.forget_hashtags(integer) is 'Nothing is kept of a tag that no text has any more: it can be a name, or a secret.';
grant execute on function app.forget_hashtags(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.forget_import()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  delete from import_ids i using import_ids p
  where p.target_id = old.id and i.system = p.system and i.source_id = p.source_id
    and i.source_table in (p.source_table, p.source_table || '#project', p.source_table || '#account');
  return null;
end
$function$;
comment on function app.forget_import() is 'What a person was imported from is forgotten with them.';

CREATE OR REPLACE FUNCTION app.forget_registration(person uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update users u set password_hash = null, display_name = app.name_of_address(u.email) where u.id = person and app.is_unproven(u);
  if found then
    update email_verification_tokens t set used_at = app.now() where t.user_id = person and t.used_at is null;
    perform app.end_sessions(person, 'the address was somebody else''s');
  end if;
end
$function$;
comment on function app.forget_registration(uuid) is 'Before somebody else says whose the address is: password, name and links of whoever registered it go. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.forget_traces()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- Where they came from stands in others' events too: it goes before the rows that would hand it on.
  update user_engagement e set metadata = '{}' where e.user_id = old.id and e.metadata <> '{}';
  update engagement_events v set metadata = '{}' where v.actor_id = old.id and v.metadata <> '{}';
  return old;
end
$function$;
comment on function app.forget_traces() is 'As a trigger: events take changes from within one alone.';

CREATE OR REPLACE FUNCTION app.guard_ai_task()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;
comment on function app.guard_ai_task() is 'Back to queued is another try: after a failure, or by whoever finds a lease that has run out.';

CREATE OR REPLACE FUNCTION app.guard_approval()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.state = 'pending_approval' or exists (
    select from approval_requests r where r.project_id = new.project_id and r.post_id = new.post_id and r.state = 'pending') then
    raise exception 'the post waits for approval' using errcode = 'PH004';
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_clip()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    if new.status = 'ready' and new.rendered_media_id is null then
      raise exception 'a clip is not ready without its file' using errcode = 'PH007';
    end if;
    return new;
  end if;
  if (case old.status
    when 'suggested' then new.status in ('rendering', 'discarded')
    when 'rendering' then new.status = 'failed' or (new.status = 'ready' and new.rendered_media_id is not null)
    when 'ready' then new.status in ('rendering', 'discarded')
    when 'failed' then new.status in ('rendering', 'discarded')
    when 'discarded' then new.status = 'suggested'
    else false
  end) is not true then
    raise exception 'a clip cannot go from % to %', old.status, new.status using errcode = 'PH007';
  end if;
  if new.status <> 'failed' then
    new.failure_code := null;
    new.failure_reason := null;
  end if;
  return new;
end
$function$;
comment on function app.guard_clip() is 'suggested to rendering; rendering to ready (with its file) or failed; ready and failed to rendering; all but rendering to discarded, and back to suggested. Anything else is PH007.';

CREATE OR REPLACE FUNCTION app.guard_clip_range()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if exists (select from videos v where v.project_id = new.project_id and v.media_id = new.video_id and v.duration_ms < new.end_ms) then
    raise exception 'new row for relation "clips" violates check constraint "clips_within_video"'
      using errcode = '23514', table = 'clips', constraint = 'clips_within_video';
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_delivery()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (case old.state
    when 'waiting' then new.state in ('sending', 'failed')
    when 'sending' then new.state in ('waiting', 'delivered', 'failed')
    when 'failed' then new.state = 'waiting'
    else false
  end) is not true then
    raise exception 'a delivery cannot go from % to %', old.state, new.state using errcode = 'PH009';
  end if;
  if new.state = 'sending' then
    new.attempts := old.attempts + 1;
  else
    new.lease_until := null;
  end if;
  if new.state in ('delivered', 'failed') then
    new.next_attempt_at := null;
  end if;
  if new.state = 'delivered' then
    new.delivered_at := app.now();
  end if;
  return new;
end
$function$;
comment on function app.guard_delivery() is 'States of a delivery; any other change is PH009. waiting to sending counts an attempt, whatever ends one gives up its lease.';

CREATE OR REPLACE FUNCTION app.guard_media()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (case old.status
    when 'pending_upload' then new.status in ('processing', 'failed')
    when 'processing' then new.status in ('ready', 'failed')
    when 'failed' then new.status = 'processing'
    else false
  end) is not true then
    raise exception 'a medium cannot go from % to %', old.status, new.status using errcode = 'PH003';
  end if;
  if new.status = 'processing' then
    new.failure_code := null;
    new.failure_reason := null;
  end if;
  return new;
end
$function$;
comment on function app.guard_media() is 'pending_upload to processing or failed, processing to ready or failed, failed to processing; anything else is PH003.';

CREATE OR REPLACE FUNCTION app.guard_media_place()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not exists (
    select from post_publications pp where pp.project_id = new.project_id and pp.post_id = new.post_id and pp.id = new.publication_id) then
    raise exception 'the publication is of another post' using errcode = 'PH002';
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_moderation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (case old.status
    when 'pending' then new.status in ('flagged', 'approved', 'rejected')
    when 'flagged' then new.status in ('pending', 'approved', 'rejected')
    when 'approved' then new.status = 'rejected'
    when 'rejected' then new.status = 'approved'
    else false
  end) is not true then
    raise exception 'a case cannot go from % to %', old.status, new.status using errcode = 'PH010';
  end if;
  if new.status in ('approved', 'rejected') then
    new.moderator_id := app.user_id();
    new.reviewed_at := app.now();
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_new_publication()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if new.state not in ('draft', 'pending_approval', 'scheduled') then
    raise exception 'a publication cannot begin as %', new.state using errcode = 'PH001';
  end if;
  -- The lock keeps the post from being deleted until the publication is seen.
  perform from posts p where p.project_id = new.project_id and p.id = new.post_id and p.deleted_at is not null for share;
  if found then
    raise exception 'a deleted post gets no publications' using errcode = 'PH002';
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_occurrence()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (case old.state
    when 'planned' then new.state in ('materialised', 'skipped', 'failed')
    when 'failed' then new.state in ('planned', 'skipped')
    when 'skipped' then new.state = 'planned' and old.occurs_at > app.now()
    else false
  end) is not true then
    raise exception 'an occurrence cannot go from % to %', old.state, new.state using errcode = 'PH006';
  end if;
  if new.state = 'materialised' and new.post_id is null then
    raise exception 'a materialised occurrence has a post' using errcode = 'PH006';
  end if;
  return new;
end
$function$;
comment on function app.guard_occurrence() is 'planned → materialised (with its post), skipped, failed; failed → planned, skipped; skipped → planned while it lies ahead. Else PH006.';

CREATE OR REPLACE FUNCTION app.guard_post()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  states text[];
  speaking text[];
begin
  if old.deleted_at is not null and new.deleted_at is not null then
    raise exception 'a deleted post does not change' using errcode = 'PH002';
  end if;
  -- Locked, so that no worker takes one up with the old text.
  select coalesce(array_agg(l.state), '{}'), coalesce(array_agg(l.state) filter (where l.text is null), '{}') into states, speaking
  from (
    select pp.state, pp.text from post_publications pp
    where pp.post_id = new.id and pp.state <> 'cancelled' order by pp.id for share
  ) l;
  if old.deleted_at is null and new.deleted_at is not null
    and states && '{pending_approval,scheduled,queued,publishing,processing,unknown}' then
    raise exception 'a post cannot be deleted while its publications wait or are on their way' using errcode = 'PH002';
  end if;
  if (old.text, old.title) is distinct from (new.text, new.title) then
    if speaking && '{publishing,processing,published,unknown}' then
      raise exception 'what is published or on its way cannot be edited' using errcode = 'PH002';
    end if;
    perform app.revise_posts(array[new.id]);
  end if;
  if (old.schedule_type, old.due_at, old.wall_time, old.time_zone) is distinct from (new.schedule_type, new.due_at, new.wall_time, new.time_zone) then
    if states && '{publishing,processing,published,unknown}' then
      raise exception 'what is published or on its way cannot be scheduled anew' using errcode = 'PH002';
    end if;
    if new.schedule_type = 'draft' and states && '{scheduled,queued}' then
      raise exception 'a post is no draft while its publications are scheduled' using errcode = 'PH002';
    end if;
  end if;
  if old.deleted_at is null and new.deleted_at is not null then
    update post_publications pp set state = 'cancelled' where pp.post_id = new.id and pp.state in ('draft', 'failed');
  end if;
  return null;
end
$function$;
comment on function app.guard_post() is 'What a post may do, by its publications (PH002). Text and title: until one that speaks the post''s text is on its way. Schedule: until any is. Deleting: when none waits or is on its way; drafts and failures are cancelled with it. A deleted post can only come back.';

CREATE OR REPLACE FUNCTION app.guard_post_media()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  row post_media := case tg_op when 'DELETE' then old else new end;
begin
  perform from post_publications pp
  where pp.project_id = row.project_id and pp.post_id = row.post_id and pp.state in ('publishing', 'processing', 'published', 'unknown')
    and case when row.publication_id is null
      then not exists (select from post_media own where own.project_id = pp.project_id and own.publication_id = pp.id)
      else pp.id = row.publication_id
    end;
  if found then
    raise exception 'the media of what is published or on its way stay' using errcode = 'PH002';
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_publication()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (case old.state
    when 'draft' then new.state in ('pending_approval', 'scheduled', 'cancelled')
    when 'pending_approval' then new.state in ('scheduled', 'draft', 'cancelled')
    when 'scheduled' then new.state in ('queued', 'draft', 'cancelled')
    when 'queued' then new.state in ('scheduled', 'publishing', 'cancelled')
    when 'publishing' then new.state in ('processing', 'published', 'failed', 'unknown')
      or (new.state = 'scheduled' and (old.commit_started_at is null or new.refused_at > old.commit_started_at))
    when 'processing' then new.state in ('published', 'failed', 'unknown')
    when 'unknown' then new.state in ('published', 'failed', 'scheduled')
    when 'failed' then new.state in ('scheduled', 'cancelled')
    else false
  end) is not true then
    raise exception 'a publication cannot go from % to %', old.state, new.state using errcode = 'PH001';
  end if;
  if new.state = 'scheduled' then
    new.scheduled_at := app.now();
    new.commit_started_at := null;
    new.looks := 0;
  elsif new.state = 'queued' then
    new.queued_at := app.now();
  elsif new.state = 'publishing' then
    new.publishing_at := app.now();
    if old.attempts > 0 then
      new.last_retry_at := app.now();
    end if;
  elsif new.state = 'published' then
    new.published_at := app.now();
    new.next_metrics_at := app.now() + interval '60 seconds';
  elsif new.state = 'failed' then
    new.failed_at := app.now();
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.guard_quota()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  made jsonb := to_jsonb(new);
  person uuid := nullif(made ->> tg_argv[1], '')::uuid;
  project uuid := nullif(made ->> tg_argv[2], '')::uuid;
  at timestamptz := coalesce((made ->> 'due_at')::timestamptz, app.now());
  added bigint := case tg_argv[0] when 'storageBytes' then (made ->> 'declared_bytes')::bigint else 1 end;
begin
  -- What operators bring in, and what schedules make, is theirs to answer for.
  if session_user = 'posthaste_api' then
    -- Always the person before the project: of two at once none waits for the other in a ring.
    if person is not null then
      perform app.hold_quota('user', tg_argv[0], person, at, added);
    end if;
    if project is not null then
      perform app.hold_quota('project', tg_argv[0], project, at, added);
    end if;
  end if;
  return null;
end
$function$;
comment on function app.guard_quota() is 'Arguments: the quota, the columns of the person and of the project whose quota it is; a name without a column is nobody''s.';

CREATE OR REPLACE FUNCTION app.guard_request()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if (case old.state
    when 'pending' then new.state = 'withdrawn' or (new.state in ('approved', 'rejected', 'superseded') and app.is_owner())
    when 'approved' then new.state = 'superseded' and app.is_owner()
    else false
  end) is not true then
    raise exception 'a request for approval cannot go from % to %', old.state, new.state using errcode = 'PH004';
  end if;
  new.decided_at := coalesce(old.decided_at, app.now());
  return new;
end
$function$;
comment on function app.guard_request() is 'pending → withdrawn by whoever may write; → approved, rejected by decisions; → superseded, as from approved, by edits. Else PH004.';

CREATE OR REPLACE FUNCTION app.guard_template_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  newest integer;
begin
  -- One at a time: two new versions at once must not both be current.
  perform from content_templates t where t.id = new.template_id for no key update;
  if tg_op = 'INSERT' then
    select coalesce(max(v.number), 0) into newest from content_template_versions v where v.template_id = new.template_id;
    new.number := coalesce(new.number, newest + 1);
    -- The first that is known here need not be the first there was: a template may come from elsewhere.
    if newest > 0 and new.number <> newest + 1 then
      raise exception 'the next version of the template is %', newest + 1 using errcode = 'PH011';
    end if;
  elsif (new.id, new.project_id, new.template_id, new.number, new.body, new.variables, new.created_at)
    is distinct from (old.id, old.project_id, old.template_id, old.number, old.body, old.variables, old.created_at) then
    raise exception 'a template version is never changed' using errcode = 'PH011';
  elsif old.is_current and not new.is_current and pg_trigger_depth() = 1 then
    raise exception 'another version has to become the current one' using errcode = 'PH011';
  end if;
  if new.is_current and (tg_op = 'INSERT' or not old.is_current) then
    update content_template_versions v set is_current = false
    where v.template_id = new.template_id and v.is_current and v.id <> new.id;
  end if;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.hand_over_project(project uuid, heir uuid, former_role text)
 RETURNS TABLE(outcome text, former_ids uuid[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  chosen users;
  project_name text;
begin
  if not app.is_staff('admin') then
    return query select 'not_found', null::uuid[];
    return;
  end if;
  -- People before the project, as for whoever goes: nobody is let in again, or shut out, until it is decided.
  perform from users u
  where u.id = heir or u.id in (select c.user_id from project_collaborators c where c.project_id = project and c.role = 'owner')
  order by u.id for share;
  -- For update: whoever accepts an invitation as its owner at this moment is waited for, or waits.
  select p.name into project_name from projects p where p.id = project and p.deleted_at is null for update;
  select u.* into chosen from users u where u.id = heir and u.deleted_at is null;
  outcome := case
    when project_name is null or chosen.id is null then 'not_found'
    when app.is_tended(project) then 'owner_active'
    when not app.can_act(chosen) or chosen.email_verified_at is null then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    insert into project_collaborators as c (project_id, user_id, role) values (project, heir, 'owner')
    on conflict on constraint project_collaborators_pkey do update set role = 'owner';
    with changed as (
      update project_collaborators c set role = former_role, permissions = '{}'
      where c.project_id = project and c.role = 'owner' and c.user_id <> heir
      returning c.user_id)
    select coalesce(array_agg(changed.user_id order by changed.user_id), '{}') into former_ids from changed;
    perform app.write_mail(jsonb_build_object('template', 'project-handed-over', 'to', chosen.email, 'name', chosen.display_name,
      'project', project_name), false);
    perform app.write_mail(jsonb_build_object('template', 'project-taken-over', 'to', u.email, 'name', u.display_name,
      'project', project_name, 'owner', chosen.display_name, 'role', former_role), false)
    from users u where u.id = any (former_ids) and u.deleted_at is null and u.email_verified_at is not null;
  end if;
  return next;
end
$function$;
comment on function app.hand_over_project(uuid,uuid,text) is 'An administrator makes somebody the owner of a project that no owner can manage; its owners so far become what is asked for. Both sides are told by mail.';
grant execute on function app.hand_over_project(uuid,uuid,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.hashtags_in(text text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when text !~ E'[#\ufe5f\uff03]' then '{}' else coalesce((
    select array_agg(kept.tag order by kept.tag)
    from (
      select f.tag
      from (
        select app.normal_hashtag(m.found[1]) as tag, m.position
        from regexp_matches(app.without_addresses(text) collate "pg_c_utf8",
          E'(?<![[\x3aalnum\x3a]_&/#])#((?:[^[\x3aspace\x3a][\x3acntrl\x3a][\x3apunct\x3a]\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]|_)+)',
          'g') with ordinality as m (found, position)
        where m.found[1] collate "pg_c_utf8" ~ E'[[\x3aalpha\x3a]]'
      ) f
      where length(f.tag) <= 100
      group by f.tag
      order by min(f.position)
      limit 100
    ) kept), '{}') end
$function$;
comment on function app.hashtags_in(text) is 'Hashtags of a text in their normal form, sorted: after UTS 31, letters, marks, digits and _ of every script, at least one letter, not within a word or an address. The first hundred, of at most 100 characters.';
grant execute on function app.hashtags_in(text) to posthaste_api;
grant execute on function app.hashtags_in(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.hashtags_like(prefix text, most integer)
 RETURNS TABLE(tag text, uses bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  projects uuid[] := app.projects_of('read');
  beginning text := ltrim(app.normal_hashtag(prefix), '#');
begin
  return query
    with own as (
      select u.tag, count(*) as uses
      from (
        select l.tag from content_hashtags l where l.project_id = any (projects) and l.tag ^@ beginning
        union all
        select l.tag from post_hashtags l where l.project_id = any (projects) and l.tag ^@ beginning
      ) u
      group by u.tag
      order by 2 desc, 1
      limit 5 * most
    ), everybodys as (
      select h.tag, h.public_count as uses
      from hashtags h
      where h.public_count > 0 and h.tag ^@ beginning and exists (select from community_hashtags c where c.tag = h.tag)
      order by h.public_count desc, h.tag
      limit most
    )
    select coalesce(o.tag, e.tag), coalesce(o.uses, 0) + coalesce(e.uses, h.public_count, 0)
    from own o
    full join everybodys e on e.tag = o.tag
    left join hashtags h on h.tag = o.tag
    order by 2 desc, 1
    limit most;
end
$function$;
comment on function app.hashtags_like(text,integer) is 'Hashtags that begin so, most used first: those of the actor''s projects and those of public posts. What others use in private neither shows nor counts.';
grant execute on function app.hashtags_like(text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.hold_post(post uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  held integer;
begin
  update post_publications pp set state = 'scheduled', generation = pp.generation + 1 where pp.post_id = post and pp.state = 'queued';
  update post_publications pp set state = 'draft' where pp.post_id = post and pp.state = 'scheduled';
  update post_publications pp set state = 'pending_approval', next_attempt_at = null where pp.post_id = post and pp.state = 'draft';
  select count(*) into held from post_publications pp where pp.post_id = post and pp.state = 'pending_approval';
  return held;
end
$function$;

CREATE OR REPLACE FUNCTION app.hold_quota(scope text, name text, subject uuid, at timestamp with time zone, added bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  most bigint := app.quota_most(scope, name, subject);
  used bigint;
begin
  if most is null then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('app.quota ' || scope || ' ' || name || ' ' || subject, 0));
  used := app.quota_used(scope, name, subject, at);
  if used > most then
    raise exception 'quota % of the %, % of % used, again %', name, scope, used - added, most,
      case when name = 'postsPerDay'
        then to_char(date_trunc('day', at, 'UTC') at time zone 'UTC' + interval '1 day', 'YYYY-MM-DD') else 'never' end
      using errcode = 'PH413';
  end if;
end
$function$;
comment on function app.hold_quota(text,text,uuid,timestamp with time zone,bigint) is 'PH413 where it would be too much. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.holds_invitation(email text, token_hash text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (
      select from project_invitations i
      where i.token_hash = holds_invitation.token_hash and i.email = holds_invitation.email and i.expires_at > app.now()
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null)
    or exists (
      select from user_invitations i
      where i.token_hash = holds_invitation.token_hash and i.email = holds_invitation.email and i.expires_at > app.now()
        and i.accepted_at is null and i.revoked_at is null)
$function$;
comment on function app.holds_invitation(text,text) is 'Whether who registers has read the mail of the address already. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.honour_invitation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  given text;
begin
  update user_invitations i set accepted_at = app.now(), accepted_by = new.id
  where i.email = new.email and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now()
    and (tg_op = 'INSERT' or i.role not in ('admin', 'moderator')
      or current_setting('app.invitation_hash', true) in (i.token_hash, '*'))
  returning i.role into given;
  if given <> 'user' then
    update users u set role = given where u.id = new.id and u.role = 'user';
  end if;
  return null;
end
$function$;
comment on function app.honour_invitation() is 'The address is proven, and that was what the invitation was sent to. To be staff also takes the token of the invitation, a password chosen behind a link to the address, or a provider who vouches for it: the link of somebody else''s registration may be clicked by mistake.';

CREATE OR REPLACE FUNCTION app.identity_provider_labels()
 RETURNS TABLE(name text, label text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select p.name, p.label from identity_providers p
$function$;
comment on function app.identity_provider_labels() is 'How the providers of one''s identities are called, also of those that are switched off.';
grant execute on function app.identity_provider_labels() to posthaste_api;

CREATE OR REPLACE FUNCTION app.import_rows(system text, batch jsonb)
 RETURNS TABLE(source_id text, problem text)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  line jsonb;
  constraint_broken text;
begin
  perform app.write_imported(import_rows.system, batch);
exception when others then
  -- A database in trouble (lock, resources, shutdown, defect) is nobody's row.
  if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
    raise;
  end if;
  for line in select value from jsonb_array_elements(batch) loop
    begin
      perform app.write_imported(import_rows.system, jsonb_build_array(line));
    exception when others then
      if left(sqlstate, 2) in ('40', '53', '55', '57', '58', 'XX') then
        raise;
      end if;
      get stacked diagnostics constraint_broken = constraint_name;
      source_id := line ->> 'id';
      problem := left(case when constraint_broken = '' then sqlerrm else constraint_broken end, 300);
      return next;
    end;
  end loop;
end
$function$;
comment on function app.import_rows(text,jsonb) is 'Writes a batch of rows of another system. Returns those that could not be taken, with the name of the constraint that they break; the rest is written. Runs as the migrator alone.';

CREATE OR REPLACE FUNCTION app.invite(project uuid, email text, role text, permissions text[], token_hash text, link text)
 RETURNS TABLE(outcome text, id uuid, created_at timestamp with time zone, expires_at timestamp with time zone, mail_id uuid, inviter text, project_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  made project_invitations;
begin
  -- First the project, then what the actor may in it: who is being sent away waits here, and invites nobody any more.
  if project = any (app.projects_of('manage')) then
    perform from projects p where p.id = project for no key update;
  end if;
  if project <> all (app.projects_of('manage')) then
    return query select case when project = any (app.projects_of('read')) then 'forbidden' else 'not_found' end,
      null::uuid, null::timestamptz, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  if invite.role = 'owner' then
    perform app.check_elevated(app.session_id());
  end if;
  -- An invitation that nobody answered in time makes way for a new one.
  update project_invitations i set revoked_at = app.now()
  where i.project_id = project and i.email = invite.email and i.expires_at <= app.now()
    and i.accepted_at is null and i.declined_at is null and i.revoked_at is null;
  outcome := case
    when exists (
      select from project_collaborators c join users u on u.id = c.user_id
      where c.project_id = project and u.email = invite.email and u.deleted_at is null) then 'already_member'
    when exists (
      select from project_invitations i where i.project_id = project and i.email = invite.email
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) then 'already_invited'
    when (
      select count(*) from project_invitations i where i.project_id = project and i.expires_at > app.now()
        and i.accepted_at is null and i.declined_at is null and i.revoked_at is null) >= 100 then 'limit_reached'
    else 'ok' end;
  if outcome <> 'ok' then
    return next;
    return;
  end if;
  insert into project_invitations as i (project_id, email, role, permissions, token_hash, created_by)
  values (project, invite.email, invite.role, invite.permissions, invite.token_hash, app.user_id())
  returning i.* into made;
  return query select 'ok', made.id, made.created_at, made.expires_at, m.* from app.mail_invitation(made, link) m;
end
$function$;
comment on function app.invite(uuid,text,text,text[],text,text) is 'At most 100 open invitations of a project: each is a mail to an address that anybody wrote down. As owner: with a proof of the last minutes (PH405).';
grant execute on function app.invite(uuid,text,text,text[],text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.invite_user(email text, role text, token_hash text, link text)
 RETURNS TABLE(outcome text, id uuid, created_at timestamp with time zone, sent_at timestamp with time zone, expires_at timestamp with time zone, mail_id uuid, wait_s integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column -- `on conflict (email)` takes no qualified name
declare
  made user_invitations;
begin
  outcome := case
    when not app.is_staff('admin') then 'not_found'
    when (select s.registration from installation_settings s) = 'closed' then 'wrong_state'
    when exists (select from users u where u.email = invite_user.email and u.deleted_at is null and not app.is_unclaimed(u)) then 'already_registered'
    else 'ok' end;
  if outcome = 'ok' then
    -- One that nobody answered in time makes way for a new one.
    update user_invitations i set revoked_at = app.now()
    where i.email = invite_user.email and i.accepted_at is null and i.revoked_at is null and i.expires_at <= app.now();
    outcome := case
      when exists (select from user_invitations i where i.email = invite_user.email and i.accepted_at is null and i.revoked_at is null)
        then 'already_invited'
      when not app.count_mail(invite_user.email, 'invite', null) then 'too_many_requests'
      else 'ok' end;
  end if;
  if outcome = 'ok' then
    insert into user_invitations as i (email, role, token_hash, created_by)
    values (invite_user.email, invite_user.role, invite_user.token_hash, app.user_id())
    on conflict (email) where accepted_at is null and revoked_at is null do nothing
    returning i.* into made;
    outcome := case when made.id is null then 'already_invited' else 'ok' end;
  end if;
  return query select invite_user.outcome, made.id, made.created_at, made.sent_at, made.expires_at,
    case when invite_user.outcome = 'ok' then app.mail_user_invitation(made, link) end,
    case when invite_user.outcome = 'too_many_requests' then app.mail_wait_s(invite_user.email, 'invite') end;
end
$function$;
grant execute on function app.invite_user(text,text,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.is_owner()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select pg_has_role(current_user, 'posthaste_migrator', 'member')$function$;
comment on function app.is_owner() is 'Whether the statement runs with the rights of the schema''s owner. To be asked in WHEN of a trigger or without security definer: inside one it is always true.';
grant execute on function app.is_owner() to posthaste_api;
grant execute on function app.is_owner() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.is_staff(role text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select app.api_key_id() is null and coalesce((
    select u.role = 'admin' or u.role = is_staff.role
    from users u where u.id = app.user_id() and u.status = 'active' and u.deleted_at is null), false)
$function$;
comment on function app.is_staff(text) is 'Whether the actor is moderator or admin of the installation; an admin is both. A key is neither, whoever made it.';
grant execute on function app.is_staff(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.is_tended(project uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (
    select from project_collaborators c join users u on u.id = c.user_id
    where c.project_id = project and c.role = 'owner' and u.deleted_at is null and u.status = 'active' and u.role <> 'viewer')
$function$;
comment on function app.is_tended(uuid) is 'Whether an owner can manage it. One who has asked for the end of their account can, until it comes. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.is_unclaimed(u users)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(u.status = 'active' and u.role = 'user', false) and app.is_unproven(u)
$function$;
comment on function app.is_unclaimed(users) is 'Whether whoever reads the mail of the address may have it: a registration without more, not what an operator or an import brought. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.is_unproven(u users)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select u.id is not null and u.email_verified_at is null and u.last_login_at is null and coalesce(u.password_hash like '$argon2id$%', true)
    and not exists (select from project_collaborators c where c.user_id = u.id)
$function$;
comment on function app.is_unproven(users) is 'Whether nobody has ever shown to be this person: what is known of them was written by whoever knew the address. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.is_user_invitation(token_hash text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (
    select from user_invitations i
    where i.token_hash = is_user_invitation.token_hash and i.accepted_at is null and i.revoked_at is null and i.expires_at > app.now())
$function$;
comment on function app.is_user_invitation(text) is 'Whether the link is still good; not whose address it was sent to.';
grant execute on function app.is_user_invitation(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.is_username_free(skeleton text, username text, person uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select not exists (
    select from users u
    where (u.username_skeleton = skeleton or lower(u.username) = lower(is_username_free.username)) and u.deleted_at is null
      and u.id is distinct from person)
$function$;
grant execute on function app.is_username_free(text,text,uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.judge_text()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  score numeric(3, 2) := app.automated_score(new.text);
begin
  if score >= 0.5 then
    insert into content_moderation as m (target_type, target_id, status, reason, automated_score)
    values (tg_argv[0], new.id, case when score >= 0.85 then 'flagged' else 'pending' end, 'words', score)
    on conflict (target_type, target_id) where status in ('pending', 'flagged') do update
      set automated_score = greatest(m.automated_score, excluded.automated_score),
        status = case when excluded.status = 'flagged' then 'flagged' else m.status end;
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.keep_an_admin()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- Operators and the worker come past the doors, and know what they do.
  if session_user <> 'posthaste_api' then
    return null;
  end if;
  -- Two administrators who end each other come one after the other.
  perform pg_advisory_xact_lock(hashtextextended('app.first_admin', 0));
  if not exists (
    select from users u
    where u.role = 'admin' and u.status = 'active' and u.deleted_at is null and u.deletion_requested_at is null and u.id <> new.id
  ) then
    raise exception 'an installation keeps its last administrator' using errcode = 'PH014';
  end if;
  return null;
end
$function$;
comment on function app.keep_an_admin() is 'Whoever is the last administrator stays one, active, and does not ask to be deleted (PH014).';

CREATE OR REPLACE FUNCTION app.keep_content_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into content_versions (project_id, content_id, number, title, description, body, script, tone, platform, content_type, tags,
    metadata, language, created_by)
  values (new.project_id, new.id, 1 + coalesce((select max(v.number) from content_versions v where v.content_id = new.id), 0),
    new.title, new.description, new.body, new.script, new.tone, new.platform, new.content_type, new.tags, new.metadata, new.language,
    coalesce(app.user_id(), case tg_op when 'INSERT' then new.created_by end));
  return null;
end
$function$;
comment on function app.keep_content_version() is 'The row of the content is locked by its own change, so that numbers have no gaps and no doubles.';

CREATE OR REPLACE FUNCTION app.keep_decision()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if exists (select from approval_requests r where r.id = old.request_id) then
    raise exception 'what was said stays' using errcode = 'PH008';
  end if;
  return old;
end
$function$;

CREATE OR REPLACE FUNCTION app.keep_hashtags(tags text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  held integer;
begin
  loop
    insert into hashtags (tag)
    select t.tag from (select distinct u.tag from unnest(tags) as u (tag)) t
    where not exists (select from hashtags h where h.tag = t.tag)
    order by t.tag
    on conflict on constraint hashtags_tag_key do nothing;
    perform from hashtags h where h.tag = any (tags) order by h.tag for key share;
    get diagnostics held = row_count;
    exit when held >= (select count(distinct u.tag) from unnest(tags) as u (tag));
  end loop;
end
$function$;

CREATE OR REPLACE FUNCTION app.keep_key_narrow()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if not new.scopes <@ old.scopes or coalesce(new.expires_at, 'infinity') > coalesce(old.expires_at, 'infinity')
    or (old.revoked_at is not null and new.revoked_at is null) then
    raise exception 'a key is never given more than it was made with' using errcode = 'PH013';
  end if;
  return new;
end
$function$;
comment on function app.keep_key_narrow() is 'Whoever holds a key must not find it mightier or alive longer than it was: a new one is made (PH013).';

CREATE OR REPLACE FUNCTION app.keep_occurrence()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'an occurrence does not move' using errcode = 'PH006';
end
$function$;

CREATE OR REPLACE FUNCTION app.keep_own_pauses()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- The first one of a transaction has done it for all.
  if exists (select from pause_checks c where c.id = new.id) then
    perform app.keep_pauses(1000, false);
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.keep_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if (tg_op = 'UPDATE' and new.role = 'owner')
    or not exists (select from users u where u.id = old.user_id and u.deleted_at is null) then
    return null;
  end if;
  -- Two owners who leave at once come one after the other.
  perform 1 from projects p where p.id = old.project_id and p.deleted_at is null for no key update;
  if found and not exists (
    select from project_collaborators c join users u on u.id = c.user_id
    where c.project_id = old.project_id and c.role = 'owner' and app.can_act(u)
  ) then
    raise exception 'a project keeps its last owner' using errcode = 'PH012';
  end if;
  return null;
end
$function$;
comment on function app.keep_owner() is 'A person or a project that is deleted takes the memberships along; nobody else ends the last ownership (PH012).';

CREATE OR REPLACE FUNCTION app.keep_pauses(row_limit integer)
 RETURNS integer
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select app.keep_pauses(row_limit, true)
$function$;
comment on function app.keep_pauses(integer) is 'What was left for later: how many checks were done.';
grant execute on function app.keep_pauses(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.keep_pauses(row_limit integer, waiting boolean)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  taken integer;
  people uuid[];
  projects uuid[];
  scopes text[];
  many constant integer := 100;
begin
  if app.accounts_are_limited() or waiting then
    perform pg_advisory_xact_lock(hashtextextended('app.keep_pauses', 0));
  else
    perform pg_advisory_xact_lock_shared(hashtextextended('app.keep_pauses', 0));
    -- A quota came meanwhile, and may not have seen what happened here. Two who both hold it shared never ask for more.
    if app.accounts_are_limited() then
      update pause_checks c set later = true where not c.later;
      return 0;
    end if;
  end if;
  with gone as (
    delete from pause_checks c where c.id in (
      select o.id from pause_checks o where waiting or not o.later order by o.id limit row_limit)
    returning c.person, c.project, c.everybody
  )
  select count(*), coalesce(array_agg(distinct g.person) filter (where g.person is not null), '{}'),
    coalesce(array_agg(distinct g.project) filter (where g.project is not null), '{}'),
    coalesce(array_agg(distinct g.everybody) filter (where g.everybody is not null), '{}')
  into taken, people, projects, scopes from gone g;
  if not app.accounts_are_limited() then
    return taken;
  end if;
  if 'user' = any (scopes) then
    people := people || array(
      select a.connected_by from social_accounts a where a.connected_by is not null
      group by a.connected_by
      having count(a.paused_at) > 0 or count(*) filter (where a.status <> 'disconnected') >
        (select q.most from quotas q where q.scope = 'user' and q.name = 'accounts'));
  end if;
  if 'project' = any (scopes) then
    projects := projects || array(
      select a.project_id from social_accounts a
      group by a.project_id
      having count(a.paused_at) > 0 or count(*) filter (where a.status <> 'disconnected') >
        (select q.most from quotas q where q.scope = 'project' and q.name = 'accounts'));
  end if;
  if cardinality(scopes) > 0 and cardinality(people) + cardinality(projects) > many then
    insert into pause_checks (person, project, later)
    select p.id, null, true from unnest(people) p (id) union all select null, p.id, true from unnest(projects) p (id);
  else
    perform app.pause_accounts(people, projects);
  end if;
  return taken;
end
$function$;
comment on function app.keep_pauses(integer,boolean) is 'Looks after what the checks name, and returns how many. waiting: also after what others left for later. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.keep_platform_app(platform text, base_url text, redirect_uri text, client_id text, client_secret_sealed text)
 RETURNS TABLE(client_id text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  insert into platform_apps as a (platform, base_url, redirect_uri, client_id, client_secret_sealed)
  select keep_platform_app.platform, keep_platform_app.base_url, keep_platform_app.redirect_uri, keep_platform_app.client_id,
    keep_platform_app.client_secret_sealed
  where app.user_id() is not null
  on conflict on constraint platform_apps_pkey do update
    set client_id = case when a.redirect_uri = excluded.redirect_uri then a.client_id else excluded.client_id end,
      client_secret_sealed = case when a.redirect_uri = excluded.redirect_uri then a.client_secret_sealed else excluded.client_secret_sealed end,
      redirect_uri = excluded.redirect_uri
  returning a.client_id
$function$;
grant execute on function app.keep_platform_app(text,text,text,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.keep_provider_sign_in(sign_in_id uuid, code_hash text, subject text, email text, email_verified boolean, display_name text, is_fresh boolean DEFAULT false)
 RETURNS TABLE(outcome text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update provider_sign_ins s set code_hash = keep_provider_sign_in.code_hash, subject = keep_provider_sign_in.subject,
    email = keep_provider_sign_in.email, email_verified = keep_provider_sign_in.email_verified,
    display_name = keep_provider_sign_in.display_name, is_fresh = keep_provider_sign_in.is_fresh,
    expires_at = app.now() + interval '2 minutes'
  where s.id = sign_in_id and s.returned_at is not null and s.code_hash is null
  returning 'ok'
$function$;
comment on function app.keep_provider_sign_in(uuid,text,text,text,boolean,text,boolean) is 'Who it was, for the two minutes in which the client finishes.';
grant execute on function app.keep_provider_sign_in(uuid,text,text,text,boolean,text,boolean) to posthaste_public;

CREATE OR REPLACE FUNCTION app.key_project()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select nullif(current_setting('app.key_project', true), '')::uuid$function$;
comment on function app.key_project() is 'The project of the API key behind the statement; null for a session.';
grant execute on function app.key_project() to posthaste_api;
grant execute on function app.key_project() to posthaste_public;
grant execute on function app.key_project() to posthaste_reporting;
grant execute on function app.key_project() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.labels_fit(labels text[])
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$select cardinality(labels) <= 100 and coalesce(bool_and(length(l.label) between 1 and 100), true) from unnest(labels) as l (label)$function$;
comment on function app.labels_fit(text[]) is 'At most 100 labels, each of 1 to 100 characters.';
grant execute on function app.labels_fit(text[]) to posthaste_api;
grant execute on function app.labels_fit(text[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.late_from(due timestamp with time zone, account uuid)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$
  select greatest(due, (select a.resumed_at from social_accounts a where a.id = account))
$function$;
comment on function app.late_from(timestamp with time zone,uuid) is 'From when on what is due then is late: while its account was paused it was not.';
grant execute on function app.late_from(timestamp with time zone,uuid) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.leave_approval()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update approval_requests r set state = 'withdrawn'
  where r.post_id = new.post_id and r.state = 'pending'
    and not exists (select from post_publications pp where pp.post_id = new.post_id and pp.state = 'pending_approval');
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.let_go_of_accounts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update social_accounts a set status = 'disconnected', disconnected_at = app.now(), status_reason = 'Its project was deleted.'
  where a.project_id = new.id and a.status <> 'disconnected';
  return null;
end
$function$;
comment on function app.let_go_of_accounts() is 'A deleted project holds no accounts: their tokens end, and they may be connected elsewhere.';

CREATE OR REPLACE FUNCTION app.liked(post uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (select from user_engagement e where e.user_id = app.user_id() and e.community_post_id = post and e.type = 'like')
$function$;
grant execute on function app.liked(uuid) to posthaste_api;
grant execute on function app.liked(uuid) to posthaste_public;

CREATE OR REPLACE FUNCTION app.limits_version(scope text, subject uuid)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select ('x' || left(md5(coalesce(string_agg(o.name || '=' || coalesce(o.most::text, ''), ',' order by o.name), '')), 7))::bit(28)::integer
  from quota_overrides o where o.scope = limits_version.scope and subject in (o.user_id, o.project_id)
$function$;
comment on function app.limits_version(text,uuid) is 'Of the limits that are the subject''s own: the same limits are the same version.';
grant execute on function app.limits_version(text,uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.link_community_post()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  tags text[] := '{}';
begin
  if new.visibility = 'public' and new.is_standing then
    tags := app.hashtags_in(new.text);
  end if;
  delete from community_hashtags l where l.community_post_id = new.id and l.tag <> all (tags);
  if tags <> '{}' then
    perform app.keep_hashtags(tags);
    insert into community_hashtags (community_post_id, tag) select new.id, t.tag from unnest(tags) as t (tag)
    on conflict on constraint community_hashtags_pkey do nothing;
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.link_content()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  tags text[] := '{}';
begin
  if new.deleted_at is null then
    tags := app.hashtags_in(concat_ws(' ', new.title, new.description, new.body, new.script));
  end if;
  delete from content_hashtags l where l.content_id = new.id and l.tag <> all (tags);
  if tags <> '{}' then
    perform app.keep_hashtags(tags);
    insert into content_hashtags (project_id, content_id, tag) select new.project_id, new.id, t.tag from unnest(tags) as t (tag)
    on conflict on constraint content_hashtags_pkey do nothing;
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.link_identity(code_hash text, code_challenge text)
 RETURNS TABLE(outcome text, id uuid, provider text, label text, email text, created_at timestamp with time zone, last_used_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  told provider_sign_ins := app.take_provider_sign_in(link_identity.code_hash, link_identity.code_challenge, 'link', app.user_id());
  linked user_identities;
begin
  if told.id is null then
    return query select 'invalid_token', null::uuid, null::text, null::text, null::text, null::timestamptz, null::timestamptz;
    return;
  end if;
  insert into user_identities (user_id, provider, subject, email) values (app.user_id(), told.provider, told.subject, told.email)
  on conflict on constraint user_identities_subject_key do update set email = excluded.email where user_identities.user_id = app.user_id()
  returning * into linked;
  if linked.id is null then
    return query select 'identity_taken', null::uuid, null::text, null::text, null::text, null::timestamptz, null::timestamptz;
    return;
  end if;
  perform app.write_mail(jsonb_build_object('template', 'identity', 'to', u.email, 'change', 'linked', 'label', p.label),
    false)
  from users u, identity_providers p where u.id = app.user_id() and p.name = told.provider;
  return query select 'ok', linked.id, p.name, p.label, linked.email, linked.created_at, linked.last_used_at
    from identity_providers p where p.name = linked.provider;
end
$function$;
grant execute on function app.link_identity(text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.link_new_content()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  links content_hashtags[];
begin
  select array_agg(row (a.project_id, a.id, t.tag)::content_hashtags) into links
  from added a, unnest(app.hashtags_in(concat_ws(' ', a.title, a.description, a.body, a.script))) as t (tag)
  where a.deleted_at is null;
  if links is not null then
    perform app.keep_hashtags(array(select l.tag from unnest(links) l));
    insert into content_hashtags (project_id, content_id, tag) select l.project_id, l.content_id, l.tag from unnest(links) l;
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.link_new_posts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  links post_hashtags[];
begin
  select array_agg(row (a.project_id, a.id, t.tag)::post_hashtags) into links
  from added a, unnest(app.hashtags_in(a.text)) as t (tag)
  where a.deleted_at is null;
  if links is not null then
    perform app.keep_hashtags(array(select l.tag from unnest(links) l));
    insert into post_hashtags (project_id, post_id, tag) select l.project_id, l.post_id, l.tag from unnest(links) l;
  end if;
  insert into post_mentions (project_id, post_id, handle)
  select a.project_id, a.id, m.handle from added a, unnest(app.mentions_in(a.text)) as m (handle)
  where a.deleted_at is null;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.link_post()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  tags text[] := '{}';
  handles text[] := '{}';
begin
  if new.deleted_at is null then
    tags := app.hashtags_in(new.text);
    handles := app.mentions_in(new.text);
  end if;
  delete from post_hashtags l where l.post_id = new.id and l.tag <> all (tags);
  delete from post_mentions l where l.post_id = new.id and l.handle <> all (handles);
  if tags <> '{}' then
    perform app.keep_hashtags(tags);
    insert into post_hashtags (project_id, post_id, tag) select new.project_id, new.id, t.tag from unnest(tags) as t (tag)
    on conflict on constraint post_hashtags_pkey do nothing;
  end if;
  insert into post_mentions (project_id, post_id, handle) select new.project_id, new.id, m.handle from unnest(handles) as m (handle)
  on conflict on constraint post_mentions_pkey do nothing;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.log_in(email text, presented_hash text, refresh_hash text, user_agent text, ip text, device jsonb)
 RETURNS TABLE(outcome text, user_id uuid, session_id uuid, wait_s integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  subject_hash text := app.attempt_subject(log_in.email);
  caller text := app.address_caller(log_in.ip);
  address inet := app.to_inet(log_in.ip);
  person users;
  trusted boolean;
  was_mailed boolean;
  blocked timestamptz;
  counted record;
begin
  -- Guesses at once wait for each other, so that none is made with the count of before.
  perform pg_advisory_xact_lock(hashtextextended('app.log_in ' || subject_hash, 0));
  -- The row is held: a new password, or the end of the account, comes before this login or ends its session.
  select * into person from users u where u.email = log_in.email and u.deleted_at is null for no key update;
  trusted := exists (
    select from user_sessions s
    where s.user_id = person.id and s.created_at > app.now() - interval '60 days'
      and s.ip <<= network(set_masklen(address, case family(address) when 6 then 64 else 32 end)))
    or exists (
    select from auth_attempts a
    where a.subject = subject_hash and a.source = 'reset:' || caller and a.last_at > app.now() - interval '1 day');
  -- Whoever has read the mail is not kept out by who guesses from the same place (an office, a carrier's one address): for a
  -- hundred wrong passwords after each reset, so that guessing is no freer by more than that.
  was_mailed := exists (
    select from auth_attempts a
    where a.subject = subject_hash and a.source = 'reset:' || caller and a.last_at > app.now() - interval '1 day' and a.attempts < 100);
  select max(a.blocked_until) into blocked from auth_attempts a
  where a.subject = subject_hash and ((a.source = caller and not was_mailed) or (a.source = '*' and not trusted));
  if blocked > app.now() then
    perform app.write_audit('access', 'login.refused', person.id::text, null, person.id, null, '{"reason": "too_many_requests"}', null);
    return query select 'too_many_requests', null::uuid, null::uuid, ceil(extract(epoch from blocked - app.now()))::integer;
    return;
  end if;
  if person.password_hash is distinct from log_in.presented_hash or person.password_hash is null or person.status <> 'active'
    -- Told apart, it would tell who is new here: whoever registers an address knows the password that they gave.
    or person.email_verified_at is null then
    perform app.count_failure(subject_hash, caller, 5, 30, 900);
    update auth_attempts a set attempts = a.attempts + 1 where a.subject = subject_hash and a.source = 'reset:' || caller;
    select * into counted from app.count_failure(subject_hash, '*', 30, 1, 60);
    update users u set failed_login_attempts = counted.attempts,
      locked_until = case when counted.blocked_until > app.now() then counted.blocked_until end
    where u.id = person.id;
    perform app.write_audit('access', 'login.refused', person.id::text, null, person.id, null, '{"reason": "invalid_credentials"}', null);
    return query select 'invalid_credentials', null::uuid, null::uuid, null::integer;
    return;
  end if;
  delete from auth_attempts a where a.subject = subject_hash and a.source in (caller, '*');
  update users u set failed_login_attempts = 0, locked_until = null
  where u.id = person.id and (u.failed_login_attempts > 0 or u.locked_until is not null);
  return query
    select i.outcome, person.id, i.session_id, null::integer
    from app.sign_in(person.id, log_in.refresh_hash, log_in.user_agent, log_in.ip, log_in.device) i;
end
$function$;
comment on function app.log_in(text,text,text,text,text,jsonb) is 'ok; second_factor_needed, without a session; invalid_credentials; too_many_requests with wait_s, for addresses that nobody has alike; email_not_verified for those alone who know the password. Refusals are written to the log, sessions by their own trigger.';
grant execute on function app.log_in(text,text,text,text,text,jsonb) to posthaste_public;

CREATE OR REPLACE FUNCTION app.login_recipe(email text)
 RETURNS TABLE(recipe text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select app.recipe_of(u.password_hash) from users u where u.email = login_recipe.email and u.deleted_at is null
$function$;
grant execute on function app.login_recipe(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.look_at_user(person uuid)
 RETURNS TABLE(account users, second_factor boolean, has_password boolean, sessions jsonb, projects jsonb, identities jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not app.is_staff('admin') or not exists (select from users u where u.id = person and u.deleted_at is null) then
    return;
  end if;
  perform app.audit_access('user', null, jsonb_build_object('user', person));
  return query
    select u, exists (select from mfa_factors f where f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null),
      u.password_hash is not null,
      coalesce((
        select jsonb_agg(jsonb_build_object('id', s.id, 'userAgent', s.user_agent, 'ip', host(s.ip), 'createdAt', s.created_at,
          'lastUsedAt', s.last_used_at, 'expiresAt', s.expires_at) order by s.id desc)
        from (select * from user_sessions o where o.user_id = person and o.revoked_at is null and o.expires_at > app.now()
          order by o.id desc limit 50) s), '[]'),
      coalesce((
        select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'role', p.role) order by p.id desc)
        from (select o.id, o.name, c.role from project_collaborators c join projects o on o.id = c.project_id
          where c.user_id = person and o.deleted_at is null order by o.id desc limit 100) p), '[]'),
      coalesce((
        select jsonb_agg(jsonb_build_object('id', i.id, 'provider', i.provider, 'email', i.email, 'createdAt', i.created_at,
          'lastUsedAt', i.last_used_at) order by i.id)
        from (select * from user_identities o where o.user_id = person order by o.id limit 20) i), '[]')
    from users u where u.id = person;
end
$function$;
comment on function app.look_at_user(uuid) is 'No row for whoever is no administrator. Never hashes. Of sessions the 50 newest that are open, of projects the 100 newest.';
grant execute on function app.look_at_user(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.mail_invitation(invitation project_invitations, link text)
 RETURNS TABLE(mail_id uuid, inviter text, project_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  select u.display_name into inviter from users u where u.id = app.user_id();
  select p.name into project_name from projects p where p.id = invitation.project_id;
  insert into outbox_events (kind, project_id, lease_until, payload)
  values ('mail', invitation.project_id, app.now() + interval '60 seconds', jsonb_build_object('template', 'invitation',
    'to', invitation.email, 'inviter', inviter, 'project', project_name, 'role', invitation.role, 'link', mail_invitation.link))
  returning id into mail_id;
  return next;
end
$function$;
comment on function app.mail_invitation(project_invitations,text) is 'Granted to nobody: app.invite and app.resend_invitation call it.';

CREATE OR REPLACE FUNCTION app.mail_sent(mail_id uuid)
 RETURNS TABLE(outcome text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update outbox_events e set dispatched_at = app.now(), payload = '{}'
  where e.id = mail_sent.mail_id and e.kind = 'mail' and e.dispatched_at is null
  returning 'ok'
$function$;
grant execute on function app.mail_sent(uuid) to posthaste_api;
grant execute on function app.mail_sent(uuid) to posthaste_public;

CREATE OR REPLACE FUNCTION app.mail_user_invitation(invitation user_invitations, link text)
 RETURNS uuid
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  insert into outbox_events as e (kind, payload, lease_until)
  values ('mail', jsonb_build_object('template', 'user-invitation', 'to', invitation.email, 'link', link), app.now() + interval '60 seconds')
  returning e.id
$function$;
comment on function app.mail_user_invitation(user_invitations,text) is 'Granted to nobody.';

CREATE OR REPLACE FUNCTION app.mail_wait_s(email text, purpose text, gap interval DEFAULT '00:01:00'::interval)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select greatest(1, ceil(extract(epoch from
    case when a.attempts >= 5 and a.blocked_until > app.now() then a.blocked_until else a.last_at + gap end - app.now())))::integer
  from auth_attempts a
  where a.subject = app.attempt_subject(mail_wait_s.email) and a.source = 'mail:' || purpose
$function$;
comment on function app.mail_wait_s(text,text,interval) is 'Seconds until app.count_mail says yes again; null where nothing was counted. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.make_way(email text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  delete from users u where u.email = make_way.email and u.deleted_at is null and app.is_unclaimed(u)
$function$;
comment on function app.make_way(text) is 'For somebody who has proved the address: a registration of it that nobody proved goes. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.mark_edited()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.edited_at := app.now();
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.may_own(project uuid, person uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (
    select from project_collaborators c join users u on u.id = c.user_id
    where c.project_id = project and c.user_id = person and app.can_act(u) and project = any (app.projects_of('manage')))
$function$;
comment on function app.may_own(uuid,uuid) is 'Asked by owners, of members.';
grant execute on function app.may_own(uuid,uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.may_register(email text, token_hash text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case s.registration
    when 'open' then true
    when 'invite_only' then exists (
      select from project_invitations i
      where i.token_hash = may_register.token_hash and i.email = may_register.email and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > app.now())
      or exists (
      select from user_invitations i
      where i.token_hash = may_register.token_hash and i.email = may_register.email and i.accepted_at is null and i.revoked_at is null
        and i.expires_at > app.now())
    else false
  end
  from installation_settings s
$function$;
comment on function app.may_register(text,text) is 'Whether somebody with this address, and the token of an invitation or null, may become a person here.';

CREATE OR REPLACE FUNCTION app.measure()
 RETURNS TABLE(name text, value numeric, tags jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  statements regclass := (select c.oid::regclass from pg_extension e
    join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid and d.classid = 'pg_class'::regclass
    join pg_class c on c.oid = d.objid
    where e.extname = 'pg_stat_statements' and c.relname = 'pg_stat_statements');
begin
  return query
    select m.name, m.value, jsonb_build_object('table', t.relname)
    from (
      select s.relname, s.n_dead_tup, s.n_live_tup, pg_total_relation_size(s.relid) as bytes
      from pg_stat_user_tables s where s.schemaname in ('public', 'archive')
      order by bytes desc nulls last limit 40
    ) t
    cross join lateral (values
      ('table.bytes', t.bytes::numeric),
      ('table.dead_rows', t.n_dead_tup::numeric),
      -- Of a small table it says nothing.
      ('table.dead_percent', case when t.n_dead_tup < 1000 then 0
        else round(100.0 * t.n_dead_tup / (t.n_dead_tup + t.n_live_tup), 2) end)
    ) m (name, value)
    -- A table that another transaction dropped since has no size any more.
    where t.bytes is not null;
  return query
    select 'database.bytes', pg_database_size(current_database())::numeric, '{}'::jsonb
    union all
    select 'transaction.oldest_s', coalesce(max(extract(epoch from now() - a.xact_start)), 0)::numeric, '{}'
    from pg_stat_activity a where a.datname = current_database() and a.state <> 'idle'
    union all
    select 'transaction.ids_used_percent', round(100.0 * age(d.datfrozenxid) / 2147483647, 4), '{}'
    from pg_database d where d.datname = current_database();
  if statements is null then
    return;
  end if;
  begin
    return query execute format(
      $q$select m.name, m.value::numeric, jsonb_build_object('statement', s.queryid::text,
        'text', left(regexp_replace(s.query, '\s+', ' ', 'g'), 120))
      from (
        select q.queryid, q.query, q.mean_exec_time, q.max_exec_time, q.calls from %s q
        where q.dbid = (select d.oid from pg_database d where d.datname = current_database()) and q.calls >= 5
        order by q.mean_exec_time desc limit 20
      ) s
      cross join lateral (values
        ('statement.mean_ms', round(s.mean_exec_time::numeric, 4)), ('statement.max_ms', round(s.max_exec_time::numeric, 4)),
        ('statement.calls', s.calls::numeric)
      ) m (name, value)$q$, statements);
  exception when object_not_in_prerequisite_state then
    null; -- the server was started without its library: the rest is measured all the same
  end;
end
$function$;
comment on function app.measure() is 'Numbers for system_metrics. Texts of statements hold no values: PostgreSQL writes $1 for each.';
grant execute on function app.measure() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.media_of(project uuid, post uuid, publication uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', m.id, 'status', m.status, 'failureReason', m.failure_reason, 'altText', pm.alt_text, 'kind', m.kind,
    'durationMs', v.duration_ms, 'videoCodec', v.video_codec,
    'renditions', coalesce((
      select jsonb_agg(jsonb_build_object('name', r.name, 'key', r.object_key, 'mimeType', r.mime_type, 'bytes', r.bytes,
        'width', r.width, 'height', r.height) order by r.name)
      from media_renditions r where r.project_id = m.project_id and r.media_id = m.id), '[]'::jsonb)
    ) order by pm.position), '[]'::jsonb)
  from post_media pm
  join media m on m.project_id = pm.project_id and m.id = pm.media_id
  left join videos v on v.project_id = m.project_id and v.media_id = m.id
  where pm.project_id = project and pm.post_id = post
    and pm.publication_id is not distinct from (
      select own.publication_id from post_media own
      where own.project_id = project and own.publication_id = publication limit 1)
$function$;
grant execute on function app.media_of(uuid,uuid,uuid) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.member_may(project uuid, person uuid, permission text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select exists (
    select from project_collaborators c join users u on u.id = c.user_id and u.status = 'active' and u.deleted_at is null
    where c.project_id = project and c.user_id = person and (permission = 'read' or u.role <> 'viewer')
      and (permission = any (c.permissions) or case permission
        when 'read' then true
        when 'review' then c.role <> 'viewer'
        when 'approve' then c.role in ('owner', 'approver')
        else false
      end))
$function$;
comment on function app.member_may(uuid,uuid,text) is 'What app.projects_of says of the actor, said of somebody else. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.member_names(project uuid, ids uuid[])
 RETURNS TABLE(user_id uuid, display_name text, username text, email text, active boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.id, u.display_name, u.username, case when project = any (app.projects_of('manage')) then u.email end, u.status = 'active'
  from project_collaborators c join users u on u.id = c.user_id
  where c.project_id = project and c.user_id = any (ids) and u.deleted_at is null and project = any (app.projects_of('read'))
$function$;
comment on function app.member_names(uuid,uuid[]) is 'Who the members are, for members; their addresses for owners alone.';
grant execute on function app.member_names(uuid,uuid[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.mentions_in(text text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case when text !~ E'[@\ufe6b\uff20]' then '{}' else coalesce((
    select array_agg(kept.handle order by kept.handle)
    from (
      select f.handle
      from (
        select lower(m.found[1]) as handle, m.position
        from regexp_matches(app.without_addresses(text) collate "pg_c_utf8",
          E'(?<![[\x3aalnum\x3a]_/@.])@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?)',
          'g') with ordinality as m (found, position)
      ) f
      where length(f.handle) <= 255
      group by f.handle
      order by min(f.position)
      limit 100
    ) kept), '{}') end
$function$;
comment on function app.mentions_in(text) is 'Handles after an @ in lower case, sorted: ada, ada@mastodon.example, ada.bsky.social; no mail addresses. The first hundred.';

CREATE OR REPLACE FUNCTION app.name_heirs()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  heirless uuid;
begin
  for heirless in
    select c.project_id from project_collaborators c where c.user_id = new.id and c.role = 'owner'
      -- An owner who is going too has said already what becomes of it.
      and not exists (
        select from project_collaborators o join users u on u.id = o.user_id and u.deleted_at is null
        where o.project_id = c.project_id and o.role = 'owner' and u.status = 'active' and u.role <> 'viewer')
  loop
    update project_collaborators c set role = 'owner' where c.project_id = heirless and c.user_id = (
      select o.user_id from project_collaborators o join users u on u.id = o.user_id
      where o.project_id = heirless and app.can_act(u)
      order by array_position(array['editor', 'approver', 'reviewer', 'viewer'], o.role), o.created_at limit 1);
  end loop;
  return null;
end
$function$;
comment on function app.name_heirs() is 'Who is being erased leaves their projects to an owner who can act, else to the member with most rights who can.';

CREATE OR REPLACE FUNCTION app.name_of_address(email text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select split_part(email, '@', 1)
$function$;
comment on function app.name_of_address(text) is 'For who has told no name. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.nameless(call jsonb, OUT caller text, OUT repeat jsonb)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select 'nameless:' || encode(substr(crypto.hmac(convert_to(
      jsonb_build_array('caller', a.network, call ->> 'userAgent')::text, 'UTF8'), s.address_key, 'sha256'), 1, 16), 'hex'),
    case when r.given ? 'bodyHash' then r.given || jsonb_build_object('bodyHash', encode(crypto.hmac(convert_to(
      jsonb_build_array('body', r.given -> 'bodyHash')::text, 'UTF8'), s.address_key, 'sha256'), 'hex')) else r.given end
  from installation_settings s, (select call -> 'repeat' as given) r, (
    select host(network(set_masklen(i.ip, case family(i.ip) when 6 then 64 else 32 end))) as network
    from (select app.to_inet(call ->> 'ip') as ip) i) a
$function$;
comment on function app.nameless(jsonb) is 'The caller of app.run whom nobody knows, and the repeat with the hash of its body keyed.';
grant execute on function app.nameless(jsonb) to posthaste_api;

CREATE OR REPLACE FUNCTION app.normal_hashtag(tag text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$select normalize(lower(normalize(tag, nfkc) collate "pg_c_utf8"), nfkc)$function$;
grant execute on function app.normal_hashtag(text) to posthaste_api;
grant execute on function app.normal_hashtag(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.note_account_metrics()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into account_metrics as m (project_id, account_id, day, followers, following, posts)
  values (new.project_id, new.id, (app.now() at time zone 'UTC')::date, new.followers_count, new.following_count, new.posts_count)
  on conflict on constraint account_metrics_day_key do update
    set followers = excluded.followers, following = excluded.following, posts = excluded.posts, fetched_at = app.now();
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.note_comments()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  with about as (
    select r.id, r.created_at, r.author_id as actor_id, p.id as post_id, p.author_id
    from changed r join community_posts p on p.id = r.community_post_id
    where r.is_standing
  ), held as materialized (
    select u.id from users u where u.id in (select a.author_id from about a union select a.actor_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (occurred_at, type, user_id, actor_id, community_post_id, comment_id)
  select case tg_op when 'INSERT' then a.created_at else app.now() end,
    case tg_op when 'DELETE' then 'uncomment' else 'comment' end, author.id, actor.id, a.post_id, a.id
  from about a join held author on author.id = a.author_id left join held actor on actor.id = a.actor_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.note_duration()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update media m set duration_ms = new.duration_ms where m.project_id = new.project_id and m.id = new.media_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.note_engagement()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- In a cascade the person or the post is gone already: then there is nobody to tell of, or nothing that was taken back. And who is
  -- going at this moment is passed over: whoever deletes them waits for what we hold.
  with about as (
    select r.*, p.id as post_id, case when r.comment_id is null then p.author_id else c.author_id end as author_id
    from changed r
    left join comments c on c.id = r.comment_id
    join community_posts p on p.id = coalesce(r.community_post_id, c.community_post_id)
    where r.type <> 'comment' and (tg_op = 'INSERT' or r.type in ('like', 'share', 'save'))
  ), held as materialized (
    select u.id from users u where u.id in (select a.author_id from about a union select a.user_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (occurred_at, type, user_id, actor_id, community_post_id, comment_id, metadata)
  select case tg_op when 'INSERT' then a.created_at else app.now() end,
    case tg_op when 'DELETE' then 'un' else '' end || a.type, author.id, actor.id, a.post_id, a.comment_id, a.metadata
  from about a join held author on author.id = a.author_id left join held actor on actor.id = a.user_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.note_follows()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  with about as (
    select r.* from changed r
  ), held as materialized (
    select u.id from users u where u.id in (select a.following_id from about a union select a.follower_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (occurred_at, type, user_id, actor_id)
  select case tg_op when 'INSERT' then a.created_at else app.now() end,
    case tg_op when 'DELETE' then 'unfollow' else 'follow' end, person.id, actor.id
  from about a join held person on person.id = a.following_id left join held actor on actor.id = a.follower_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.note_health()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update social_accounts a set health = new.result, health_checked_at = new.checked_at
  where a.project_id = new.project_id and a.id = new.account_id
    and (a.health_checked_at is null or a.health_checked_at <= new.checked_at);
  return null;
end
$function$;
comment on function app.note_health() is 'The latest check is the health of the account, in whatever order checks arrive.';

CREATE OR REPLACE FUNCTION app.note_platform_app(platform text, action text)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not app.is_staff('admin') then
    return query select 'not_found';
    return;
  end if;
  perform app.audit_access('platform_app', null, jsonb_strip_nulls(jsonb_build_object('action', action, 'platform', platform)));
  return query select 'ok';
end
$function$;
comment on function app.note_platform_app(text,text) is 'Asked before the secret is touched: says who may, and notes it. Where the secret could not be changed, the log tells of the try.';
grant execute on function app.note_platform_app(text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.note_platform_app(platform text, action text, expected_version integer)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  seen integer;
begin
  select p.version into seen from platforms p where p.name = platform and app.is_staff('admin') for no key update;
  if seen <> expected_version then
    return query select 'stale';
    return;
  end if;
  update platforms p set version = p.version + 1 where p.name = platform and seen is not null and action <> 'read';
  return query select n.outcome from app.note_platform_app(platform, action) n;
end
$function$;
comment on function app.note_platform_app(text,text,integer) is 'Asked before the secret is touched: says who may, and in which version, and notes it.';
grant execute on function app.note_platform_app(text,text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.note_posted()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update social_accounts a set last_posted_at = new.published_at
  where a.project_id = new.project_id and a.id = new.account_id
    and (a.last_posted_at is null or a.last_posted_at < new.published_at);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.note_standing_comment()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  with about as (
    select p.id as post_id, p.author_id, new.author_id as actor_id from community_posts p where p.id = new.community_post_id
  ), held as materialized (
    select u.id from users u where u.id in (select a.author_id from about a union select a.actor_id from about a)
    order by u.id for key share skip locked
  )
  insert into engagement_events (type, user_id, actor_id, community_post_id, comment_id)
  select case when new.is_standing then 'comment' else 'uncomment' end, author.id, actor.id, a.post_id, new.id
  from about a join held author on author.id = a.author_id left join held actor on actor.id = a.actor_id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.now()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select now()$function$;
comment on function app.now() is 'The only clock of due, lease and expiry comparisons. Replaced in a test''s own database.';
grant execute on function app.now() to posthaste_api;
grant execute on function app.now() to posthaste_public;
grant execute on function app.now() to posthaste_reporting;
grant execute on function app.now() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.open_enrolment(factor_id uuid)
 RETURNS TABLE(outcome text, retry_after_s integer, secret_sealed text, now_s text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  factor mfa_factors;
  wait_s integer;
begin
  select * into factor from mfa_factors f where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp';
  if factor.id is null or factor.confirmed_at is not null then
    return query select case when factor.id is null then 'not_found' else 'wrong_state' end, null::integer, null::text, null::text;
    return;
  end if;
  wait_s := app.try_proof(factor.user_id);
  if wait_s > 0 then
    return query select 'too_many_requests', wait_s, null::text, null::text;
    return;
  end if;
  return query select 'ok', 0, factor.secret_sealed, floor(extract(epoch from app.now()))::bigint::text;
end
$function$;
grant execute on function app.open_enrolment(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.open_provider_sign_in(start_hash text, browser_hash text)
 RETURNS TABLE(outcome text, provider text, version integer, issuer text, client_id text, scopes text[], purpose text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update provider_sign_ins s set browser_hash = open_provider_sign_in.browser_hash
  from identity_providers p
  where s.start_hash = open_provider_sign_in.start_hash and s.returned_at is null and s.expires_at > app.now()
    and p.name = s.provider and p.is_enabled
  returning 'ok', p.name, p.version, p.issuer, p.client_id, p.scopes, s.purpose
$function$;
comment on function app.open_provider_sign_in(text,text) is 'Ties it to the browser that opened the link, the last one where it was opened twice.';
grant execute on function app.open_provider_sign_in(text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.open_session(user_id uuid, refresh_hash text, user_agent text, ip text, device jsonb DEFAULT '{}'::jsonb)
 RETURNS TABLE(outcome text, session_id uuid, expires_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
  address inet := app.to_inet(open_session.ip);
  wide cidr := network(set_masklen(address, case family(address) when 6 then 32 else 16 end));
  strange boolean;
  made user_sessions;
begin
  update users u set last_login_at = app.now()
  where u.id = open_session.user_id and u.status = 'active' and u.deleted_at is null
  returning u.* into person;
  if person.id is null then
    return;
  end if;
  -- Known is a device that was seen under this name, and a neighbourhood that was seen at all. The first one surprises nobody.
  select count(*) > 0 and not (
      bool_or(s.device -> 'name' = open_session.device -> 'name' and s.device -> 'system' = open_session.device -> 'system')
      and bool_or(coalesce(s.ip <<= wide, s.ip is null and wide is null)))
  into strange
  from user_sessions s where s.user_id = person.id and s.device <> '{}';
  insert into user_sessions (user_id, refresh_hash, user_agent, ip, device)
  values (person.id, open_session.refresh_hash, open_session.user_agent, address, open_session.device)
  returning * into made;
  if strange then
    perform app.write_mail(jsonb_build_object('template', 'new-device', 'to', person.email, 'name', made.device ->> 'name',
      'system', made.device ->> 'system', 'ip', host(made.ip), 'at', to_char(made.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), false);
  end if;
  return query select 'ok', made.id, made.expires_at;
end
$function$;
comment on function app.open_session(uuid,text,text,text,jsonb) is 'Tells the person by mail where device or neighbourhood are new.';

CREATE OR REPLACE FUNCTION app.open_step_up()
 RETURNS TABLE(outcome text, retry_after_s integer, factors jsonb, now_s text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  wait_s integer := app.try_proof(app.user_id());
begin
  if wait_s > 0 then
    return query select 'too_many_requests', wait_s, null::jsonb, null::text;
    return;
  end if;
  return query select 'ok', 0, app.totp_factors(app.user_id()), floor(extract(epoch from app.now()))::bigint::text;
end
$function$;
comment on function app.open_step_up() is 'Counts a guess and gives what the actor''s own code is checked against.';
grant execute on function app.open_step_up() to posthaste_api;

CREATE OR REPLACE FUNCTION app.open_ticket(ticket_hash text)
 RETURNS TABLE(outcome text, retry_after_s integer, user_id uuid, factors jsonb, now_s text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  ticket sign_in_tickets;
  wait_s integer;
begin
  update sign_in_tickets t set tries = t.tries + 1
  from users u
  where t.token_hash = ticket_hash and t.used_at is null and t.expires_at > app.now() and t.tries < 10
    and u.id = t.user_id and u.status = 'active' and u.deleted_at is null
  returning t.* into ticket;
  if ticket.id is null then
    return query select 'invalid_token', null::integer, null::uuid, null::jsonb, null::text;
    return;
  end if;
  wait_s := app.try_proof(ticket.user_id);
  if wait_s > 0 then
    update sign_in_tickets t set tries = t.tries - 1 where t.id = ticket.id;
    return query select 'too_many_requests', wait_s, null::uuid, null::jsonb, null::text;
    return;
  end if;
  return query select 'ok', 0, ticket.user_id, app.totp_factors(ticket.user_id), floor(extract(epoch from app.now()))::bigint::text;
end
$function$;
comment on function app.open_ticket(text) is 'Counts a try and gives what a code is checked against.';
grant execute on function app.open_ticket(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.other_ways_in(person uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select jsonb_build_object(
    'identities', coalesce((
      select jsonb_agg(p.label order by p.label) from user_identities i join identity_providers p on p.name = i.provider
      where i.user_id = other_ways_in.person), '[]'),
    'apps', (
      select count(*) from mfa_factors f
      where f.user_id = other_ways_in.person and f.kind = 'totp' and f.confirmed_at is not null),
    'keys', (
      select count(*) from api_keys k
      where k.created_by = other_ways_in.person and k.revoked_at is null and (k.expires_at is null or k.expires_at > app.now())))
$function$;
comment on function app.other_ways_in(uuid) is 'Labels of providers, and how many authenticator apps and API keys. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.own_recipe()
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select app.recipe_of(u.password_hash) from users u where u.id = app.user_id()
$function$;
grant execute on function app.own_recipe() to posthaste_api;

CREATE OR REPLACE FUNCTION app.owned_projects(person uuid)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(c.project_id order by c.project_id), '{}') from project_collaborators c join projects p on p.id = c.project_id
  where c.user_id = person and c.role = 'owner' and p.deleted_at is null
$function$;
comment on function app.owned_projects(uuid) is 'Granted to nobody: exports and deletions of accounts ask it.';

CREATE OR REPLACE FUNCTION app.ownerless_projects(owner uuid, before uuid, row_limit integer)
 RETURNS TABLE(id uuid, name text, member_count integer, created_at timestamp with time zone, owner_ids uuid[])
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
begin
  if not app.is_staff('admin') then
    return;
  end if;
  return query
    with theirs as materialized (
      select distinct c.project_id from users u join project_collaborators c on c.user_id = u.id and c.role = 'owner'
      where u.deleted_at is null and (u.status <> 'active' or u.role = 'viewer') and (owner is null or u.id = owner)
        and (before is null or c.project_id < before)
    ), page as materialized (
      select p.id, p.name, p.created_at
      from theirs t join projects p on p.id = t.project_id and p.deleted_at is null
      where not exists (
        select from project_collaborators c join users u on u.id = c.user_id
        where c.project_id = t.project_id and c.role = 'owner' and u.deleted_at is null and u.status = 'active' and u.role <> 'viewer')
      order by p.id desc limit row_limit)
    select p.id, p.name, m.members, p.created_at, m.owners
    from page p cross join lateral (
      select count(*)::integer as members,
        coalesce(array_agg(c.user_id order by c.created_at, c.user_id) filter (where c.role = 'owner'), '{}') as owners
      from project_collaborators c join users u on u.id = c.user_id and u.deleted_at is null
      where c.project_id = p.id) m
    order by p.id desc;
end
$function$;
comment on function app.ownerless_projects(uuid,uuid,integer) is 'For administrators; nobody else gets a row. Newest first. It begins with the owners who can manage nothing, not with all projects.';
grant execute on function app.ownerless_projects(uuid,uuid,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.partition_monthly(parent regclass, keep_months integer, archive boolean)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  table_name text := (select c.relname from pg_class c where c.oid = parent);
begin
  execute format('create table %I partition of %s default', table_name || '_default', parent);
  execute format('alter table %I enable row level security', table_name || '_default');
  insert into partitioned_tables (name, column_name, keep_months, archive)
  select table_name, a.attname, partition_monthly.keep_months, partition_monthly.archive
  from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
  where p.partrelid = parent;
  for ahead in 0 .. 2 loop
    perform app.add_month_partition(parent, ((app.now() at time zone 'UTC') + make_interval(months => ahead))::date);
  end loop;
end
$function$;
comment on function app.partition_monthly(regclass,integer,boolean) is 'For migrations: select app.partition_monthly(''engagement_events'', 12, true). Taking back: drop the table, delete its row of partitioned_tables.';

CREATE OR REPLACE FUNCTION app.partitions(parent regclass)
 RETURNS TABLE(partition regclass, from_at timestamp with time zone, to_at timestamp with time zone, is_default boolean)
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select c.oid::regclass,
    substring(pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([^'']*)''\)')::timestamptz,
    substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']*)''\)')::timestamptz,
    pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = parent and not i.inhdetachpending
$function$;

CREATE OR REPLACE FUNCTION app.parts(lines text)
 RETURNS SETOF text
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  size integer := case when octet_length(lines) = length(lines) then 60000 else 15000 end;
begin
  for start in 1 .. length(lines) by size loop
    return next substr(lines, start, size);
  end loop;
end
$function$;
grant execute on function app.parts(text) to posthaste_api;
grant execute on function app.parts(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.pause_accounts(people uuid[], projects uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  with touched as materialized (
    select a.id, a.connected_by, a.project_id, a.status = 'disconnected' as gone, a.paused_at is not null as paused
    from social_accounts a
    where a.id in (
        select p.id from social_accounts p where p.connected_by = any (people)
        union all
        select p.id from social_accounts p where p.project_id = any (projects))
      and (a.status <> 'disconnected' or a.paused_at is not null)
  ), limited_person as materialized (
    select p.id, app.quota_most('user', 'accounts', p.id) as most
    from (select distinct t.connected_by as id from touched t where t.connected_by is not null) p
  ), limited_project as materialized (
    select p.id, app.quota_most('project', 'accounts', p.id) as most from (select distinct t.project_id as id from touched t) p
  ), surplus as materialized (
    select r.id from (select * from limited_person l where l.most is not null) l
    cross join lateral (
      select a.id from social_accounts a where a.connected_by = l.id and a.status <> 'disconnected'
      order by a.created_at, a.id offset l.most) r
    union
    select r.id from (select * from limited_project l where l.most is not null) l
    cross join lateral (
      select a.id from social_accounts a where a.project_id = l.id and a.status <> 'disconnected'
      order by a.created_at, a.id offset l.most) r
  ), wanted as materialized (
    select t.id, t.project_id, w.paused from touched t
    cross join lateral (select not t.gone and exists (select from surplus s where s.id = t.id) as paused) w
    where t.paused <> w.paused
  ), held as materialized (
    select a.id from social_accounts a where a.id in (select w.id from wanted w) for no key update skip locked
  ), missed as (
    insert into pause_checks (project, later)
    select distinct w.project_id, true from wanted w where not exists (select from held h where h.id = w.id)
  )
  update social_accounts a set paused_at = case when w.paused then app.now() end,
    resumed_at = case when w.paused then a.resumed_at else app.now() end
  from wanted w where a.id = w.id and a.id in (select h.id from held h);
end
$function$;
comment on function app.pause_accounts(uuid[],uuid[]) is 'Pauses and resumes the accounts of these people and of these projects. Whoever changes an account just then is not waited for: its project is looked at again. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.personal_project()
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  found_id uuid;
begin
  if app.user_id() is null then
    return null;
  end if;
  for attempt in 1 .. 100 loop
    select p.id into found_id from projects p where p.created_by = app.user_id() and p.personal and p.deleted_at is null;
    exit when found_id is not null;
    -- Whoever was quicker made it, or one of that name is there already.
    with made as (
      insert into projects (name, personal, created_by)
      values ('Personal' || case attempt when 1 then '' else ' ' || attempt end, true, app.user_id())
      on conflict do nothing
      returning id, created_by
    )
    insert into project_collaborators (project_id, user_id, role) select id, created_by, 'owner' from made;
  end loop;
  return found_id;
end
$function$;
comment on function app.personal_project() is 'The personal project of the actor, made where there is none.';
grant execute on function app.personal_project() to posthaste_api;

CREATE OR REPLACE FUNCTION app.popular_posts(after_rank integer, take integer)
 RETURNS TABLE(rank integer, post_id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 20
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select v.rank, v.post_id
  from popular_posts v join community_posts p on p.id = v.post_id
  where v.rank > coalesce(after_rank, 0) and p.visibility = 'public' and p.is_standing
  order by v.rank
  limit take
$function$;
grant execute on function app.popular_posts(integer,integer) to posthaste_api;
grant execute on function app.popular_posts(integer,integer) to posthaste_public;

CREATE OR REPLACE FUNCTION app.post_counts(ids uuid[])
 RETURNS TABLE(post_id uuid, like_count bigint, comment_count bigint, share_count bigint, save_count bigint, view_count bigint, click_count bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select p.id, greatest(0, p.like_count + coalesce(d.likes, 0)), greatest(0, p.comment_count + coalesce(d.comments, 0)),
    greatest(0, p.share_count + coalesce(d.shares, 0)), greatest(0, p.save_count + coalesce(d.saves, 0)),
    greatest(0, p.view_count + coalesce(d.views, 0)), greatest(0, p.click_count + coalesce(d.clicks, 0))
  from community_posts p
  left join (
    select w.target_id, (sum(w.step) filter (where w.counter = 'like_count'))::bigint as likes,
      (sum(w.step) filter (where w.counter = 'comment_count'))::bigint as comments,
      (sum(w.step) filter (where w.counter = 'share_count'))::bigint as shares,
      (sum(w.step) filter (where w.counter = 'save_count'))::bigint as saves,
      (sum(w.step) filter (where w.counter = 'view_count'))::bigint as views,
      (sum(w.step) filter (where w.counter = 'click_count'))::bigint as clicks
    from counter_deltas w where w.target_id = any (ids) and w.kind = 'post' group by w.target_id
  ) d on d.target_id = p.id
  where p.id = any (ids)
$function$;
comment on function app.post_counts(uuid[]) is 'The counts as they are now, to the last committed like. For posts that the caller''s statement has selected under its policies.';
grant execute on function app.post_counts(uuid[]) to posthaste_api;
grant execute on function app.post_counts(uuid[]) to posthaste_public;
grant execute on function app.post_counts(uuid[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.post_hash(post uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select encode(sha256(convert_to(jsonb_build_object(
    'text', p.text, 'title', p.title,
    'publications', coalesce((
      select jsonb_agg(jsonb_build_array(pp.account_id, pp.text, pp.options) order by pp.account_id)
      from post_publications pp where pp.post_id = p.id), '[]'),
    'media', coalesce((
      select jsonb_agg(jsonb_build_array(pm.publication_id, pm.media_id, pm.alt_text) order by pm.publication_id nulls first, pm.position)
      from post_media pm where pm.project_id = p.project_id and pm.post_id = p.id), '[]')
  )::text, 'UTF8')), 'hex')
  from posts p where p.id = post
$function$;
comment on function app.post_hash(uuid) is 'sha256 of what a post says, everywhere: texts, options, media. Not of when: another time needs no new approval.';

CREATE OR REPLACE FUNCTION app.post_status(states text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case
    when cardinality(live) = 0 then case when cardinality(states) = 0 then 'draft' else 'cancelled' end
    when live <@ '{draft}' then 'draft'
    when live && '{pending_approval}' then 'pending_approval'
    when live && '{publishing,processing}' then 'publishing'
    when live && '{scheduled,queued}' and live && '{published,failed,unknown}' then 'publishing'
    when live && '{queued}' then 'queued'
    when live && '{scheduled}' then 'scheduled'
    when live && '{unknown}' then 'unknown'
    when live <@ '{published}' then 'published'
    when live <@ '{failed}' then 'failed'
    when live && '{published}' then 'partial'
    else 'draft'
  end
  from (select array_remove(states, 'cancelled') as live) l
$function$;
comment on function app.post_status(text[]) is 'draft, pending_approval, scheduled, queued, publishing, published, partial, failed, unknown or cancelled.';
grant execute on function app.post_status(text[]) to posthaste_api;
grant execute on function app.post_status(text[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.profiles(ids uuid[])
 RETURNS TABLE(user_id uuid, username text, display_name text, bio text, avatar_url text, avatar_key text, followers_count bigint, following_count bigint, posts_count bigint, created_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.id, u.username, u.display_name, u.bio, u.avatar_url,
    coalesce('media/avatars/' || app.avatar_of(u.id) || '/256.webp',
      (select r.object_key from media_renditions r where r.media_id = u.avatar_media_id and r.name = 'thumb')),
    n.followers_count, n.following_count, n.posts_count, u.created_at
  from users u join app.user_counts(ids) n on n.user_id = u.id
  where u.id = any (ids) and u.status = 'active' and u.deleted_at is null
$function$;
comment on function app.profiles(uuid[]) is 'avatar_key: object key of the picture that was uploaded here, which goes before avatar_url.';
grant execute on function app.profiles(uuid[]) to posthaste_api;
grant execute on function app.profiles(uuid[]) to posthaste_public;

CREATE OR REPLACE FUNCTION app.projects_of(permission text)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(c.project_id), '{}')
  from project_collaborators c join projects p on p.id = c.project_id join users u on u.id = c.user_id
  where c.user_id = app.user_id() and p.deleted_at is null and (permission = 'read' or u.role <> 'viewer')
    and (app.key_project() is null or c.project_id = app.key_project())
    and (permission = any (c.permissions) or case permission
      when 'read' then true
      when 'review' then c.role <> 'viewer'
      when 'approve' then c.role in ('owner', 'approver')
      when 'write' then c.role in ('owner', 'editor')
      when 'manage' then c.role = 'owner'
      else false
    end)
$function$;
comment on function app.projects_of(text) is 'The projects in which the actor may: read (everybody in it), review (all but viewers), approve (owner, approver), write (owner, editor), manage (owner). An API key reaches its own project alone. Who is a viewer of the installation only reads, whatever the project says. Rights are read from tables on every statement, never from the token.';
grant execute on function app.projects_of(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.prove_password(presented_hash text)
 RETURNS TABLE(outcome text, wait_s integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
  subject_hash text;
  session text := 'session:' || coalesce(app.session_id()::text, 'none');
  blocked timestamptz;
begin
  select * into person from users u where u.id = app.user_id();
  subject_hash := app.attempt_subject(person.email);
  perform pg_advisory_xact_lock(hashtextextended('app.log_in ' || subject_hash, 0));
  select a.blocked_until into blocked from auth_attempts a where a.subject = subject_hash and a.source = session;
  if blocked > app.now() then
    return query select 'too_many_requests', ceil(extract(epoch from blocked - app.now()))::integer;
  elsif person.password_hash = prove_password.presented_hash then
    delete from auth_attempts a where a.subject = subject_hash and a.source = session;
    return query select 'ok', null::integer;
  else
    perform app.count_failure(subject_hash, session, 5, 30, 900);
    perform app.write_audit('access', 'password.refused', person.id::text, null, person.id, null, '{"reason": "wrong_password"}', null);
    return query select 'wrong_password', null::integer;
  end if;
end
$function$;
comment on function app.prove_password(text) is 'ok, wrong_password, or too_many_requests with wait_s.';
grant execute on function app.prove_password(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.publications_of(post uuid)
 RETURNS TABLE(states text[], accounts uuid[], updated_at timestamp with time zone, publications jsonb)
 LANGUAGE sql
 STABLE
AS $function$
  select array_agg(pp.state), array_agg(pp.account_id), max(pp.updated_at),
    jsonb_agg(jsonb_build_object('id', pp.id, 'accountId', pp.account_id, 'platform', pp.platform, 'state', pp.state,
      'dueAt', pp.due_at, 'publishedAt', pp.published_at, 'url', pp.url,
      'failure', case when pp.failure_class is not null then jsonb_build_object('class', pp.failure_class,
        'code', pp.failure_code, 'message', pp.failure_message) end) order by pp.id)
  from post_publications pp where pp.post_id = post
$function$;
grant execute on function app.publications_of(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.purge_expired(batch integer)
 RETURNS TABLE(what text, rows integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  kept record;
begin
  for kept in select r.name, r.since, r.age from app.retention() r where r.by = 'sweep' and r.age is not null order by r.place loop
    what := kept.name;
    rows := app.purge_older(kept.name, kept.since, kept.age, batch);
    return next;
  end loop;

  -- Events whose consumers are not here yet, and mails that never could be sent: their tries end within hours.
  what := 'outbox_events';
  delete from outbox_events e where e.id in (
    select o.id from outbox_events o
    where o.dispatched_at is null and (o.kind like 'publication.%' or o.kind = 'mail') and o.created_at < app.now() - interval '7 days'
    limit batch);
  get diagnostics rows = row_count;
  return next;
end
$function$;
comment on function app.purge_expired(integer) is 'Rows that went, by table, at most so many of each.';
grant execute on function app.purge_expired(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.purge_kept(batch integer)
 RETURNS TABLE(what text, rows integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  kept record;
  ended uuid;
begin
  for kept in select r.name, r.since, r.age from app.retention() r where r.by = 'maintain' and r.age is not null order by r.place loop
    what := kept.name;
    rows := app.purge_older(kept.name, kept.since, kept.age, batch);
    return next;
  end loop;

  -- Its answers would go with it: while one stands, a deleted comment keeps its place.
  what := 'comments';
  delete from comments d where d.id in (
    select o.id from comments o
    where o.deleted_at < app.now() - interval '30 days'
      and not exists (select from comments r where r.community_post_id = o.community_post_id and r.parent_id = o.id)
    order by o.deleted_at limit batch);
  get diagnostics rows = row_count;
  return next;

  -- What was decided by it would go with it: while a post it was asked for is there, it stays.
  what := 'approval_workflows';
  delete from approval_workflows d where d.id in (
    select o.id from approval_workflows o
    where o.deleted_at < app.now() - interval '30 days'
      and not exists (select from approval_requests r where r.project_id = o.project_id and r.workflow_id = o.id)
    order by o.deleted_at limit batch);
  get diagnostics rows = row_count;
  return next;

  -- Nobody ever proved to be them: a name and an address that somebody wrote down.
  what := 'users';
  delete from users d where d.id in (
    select u.id from users u
    where u.email_verified_at is null and u.deleted_at is null and u.created_at < app.now() - interval '30 days' and app.is_unclaimed(u)
    order by u.created_at limit batch);
  get diagnostics rows = row_count;
  return next;

  what := 'webhooks';
  update webhooks w set previous_secret_sealed = null, previous_secret_expires_at = null
  where w.id in (select o.id from webhooks o where o.previous_secret_expires_at < app.now() order by o.previous_secret_expires_at limit batch);
  get diagnostics rows = row_count;
  return next;

  what := 'projects';
  rows := 0;
  for ended in
    select o.id from projects o where o.deleted_at < app.now() - interval '30 days' order by o.deleted_at limit 10
  loop
    rows := rows + app.purge_project(ended, batch)::integer;
  end loop;
  return next;
end
$function$;
comment on function app.purge_kept(integer) is 'Rows that went, by table, at most so many of each: a full batch means that there are more. Sessions, keys, tokens and events go by the sweep, months by app.detach_expired.';
grant execute on function app.purge_kept(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.purge_older(name text, since text, age interval, batch integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  gone integer;
begin
  execute format('delete from %1$I d where d.ctid = any (array(select o.ctid from %1$I o where o.%2$I < $1 order by o.%2$I limit $2))', name, since)
    using app.now() - age, batch;
  get diagnostics gone = row_count;
  return gone;
end
$function$;
comment on function app.purge_older(text,text,interval,integer) is 'Granted to nobody.';

CREATE OR REPLACE FUNCTION app.purge_project(project uuid, batch integer)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update projects p set deleted_at = app.now() where p.id = project and p.deleted_at is null;
  update post_publications pp set state = 'cancelled'
  where pp.project_id = project and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed');
  -- At the platform, or nobody knows: the look that decides it needs the rows. It has a day.
  if exists (
    select from post_publications pp where pp.project_id = project
      and (pp.state in ('publishing', 'processing') or (pp.state = 'unknown' and pp.updated_at > app.now() - interval '1 day'))
  ) then
    return false;
  end if;
  delete from posts p where p.id in (select o.id from posts o where o.project_id = project limit batch);
  if exists (select from posts p where p.project_id = project) then
    return false;
  end if;
  update media m set deleted_at = app.now() where m.project_id = project and m.deleted_at is null;
  update social_accounts a set status = 'disconnected', status_reason = null, disconnected_at = app.now()
  where a.project_id = project and a.status <> 'disconnected';
  if exists (
    select from outbox_events e where e.project_id = project and e.kind in ('media.deleted', 'account.disconnected') and e.dispatched_at is null
  ) then
    return false;
  end if;
  delete from media m where m.project_id = project;
  delete from outbox_events e where e.project_id = project;
  delete from projects p where p.id = project;
  return true;
end
$function$;
comment on function app.purge_project(uuid,integer) is 'Granted to nobody: app.erase_user calls it.';

CREATE OR REPLACE FUNCTION app.quota_most(scope text, name text, subject uuid)
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select case when o.id is null then q.most else o.most end
  from quotas q left join quota_overrides o on o.scope = q.scope and o.name = q.name
    and case q.scope when 'user' then o.user_id = subject else o.project_id = subject end
  where q.scope = quota_most.scope and q.name = quota_most.name
$function$;
comment on function app.quota_most(text,text,uuid) is 'Null: no limit. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.quota_used(scope text, name text, subject uuid, at timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  used bigint;
  day timestamptz := date_trunc('day', at, 'UTC');
begin
  case scope || ' ' || name
    when 'user projects' then
      select count(*) into used from projects p where p.created_by = subject and p.deleted_at is null;
    when 'user accounts' then
      select count(*) into used from social_accounts a where a.connected_by = subject and a.status <> 'disconnected';
    when 'project accounts' then
      select count(*) into used from social_accounts a where a.project_id = subject and a.status <> 'disconnected';
    when 'user storageBytes' then
      select sum(coalesce(m.bytes, m.declared_bytes)) into used from media m
      where m.created_by = subject and m.deleted_at is null and m.status <> 'failed';
    when 'project storageBytes' then
      select sum(coalesce(m.bytes, m.declared_bytes)) into used from media m
      where m.project_id = subject and m.deleted_at is null and m.status <> 'failed';
    when 'user postsPerDay' then
      select count(*) into used from posts p
      where p.created_by = subject and p.due_at >= day and p.due_at < day + interval '1 day' and p.deleted_at is null
        and (select coalesce(bool_or(pp.state <> 'cancelled'), true) from post_publications pp where pp.post_id = p.id);
    when 'project postsPerDay' then
      select count(*) into used from posts p
      where p.project_id = subject and p.due_at >= day and p.due_at < day + interval '1 day' and p.deleted_at is null
        and (select coalesce(bool_or(pp.state <> 'cancelled'), true) from post_publications pp where pp.post_id = p.id);
    when 'project members' then
      select count(*) into used from project_collaborators c where c.project_id = subject;
  end case;
  return coalesce(used, 0);
end
$function$;
comment on function app.quota_used(text,text,uuid,timestamp with time zone) is 'Granted to nobody.';

CREATE OR REPLACE FUNCTION app.raise_rate(max_requests integer, window_s integer)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  raise exception 'limit of % in % s reached, again in % s', max_requests, window_s,
    window_s - floor(extract(epoch from app.now()))::bigint % window_s using errcode = 'PH402';
end
$function$;
grant execute on function app.raise_rate(integer,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.rank_feed()
 RETURNS TABLE(items bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  me uuid := app.user_id();
begin
  if me is null then
    return query select 0::bigint;
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('app.rank_feed ' || me, 0));
  if not exists (select from feed_items f where f.user_id = me and f.expires_at > app.now() and f.created_at > app.now() - interval '5 minutes') then
    delete from feed_items f where f.user_id = me;
    insert into feed_items (user_id, community_post_id, score, reason)
    select me, c.id, c.score, c.reason
    from (
      select distinct on (s.id) s.id, s.reason,
        round(p.engagement_score + s.bonus * power(0.5, extract(epoch from app.now() - p.created_at)::numeric / 86400), 4) as score
      from (
        select newest.id, 'following' as reason, 20 as bonus
        from (select f.following_id from user_followers f where f.follower_id = me order by f.id desc limit 300) f
        cross join lateral (
          select p.id from community_posts p
          where p.author_id = f.following_id and p.is_standing and p.visibility in ('public', 'followers_only')
            and p.created_at > app.now() - interval '14 days'
          order by p.id desc limit 5) newest
        union all
        (select p.id, 'featured', 10 from community_posts p where p.is_featured and p.visibility = 'public' and p.is_standing order by p.id desc limit 20)
        union all
        select v.post_id, 'popular', 1 from app.popular_posts(0, 100) v
      ) s join community_posts p on p.id = s.id
      order by s.id, s.bonus desc
    ) c
    order by c.score desc, c.id desc
    limit 200;
  end if;
  return query select count(*) from feed_items f where f.user_id = me;
end
$function$;
grant execute on function app.rank_feed() to posthaste_api;

CREATE OR REPLACE FUNCTION app.readable_projects(person uuid)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(c.project_id order by c.project_id), '{}') from project_collaborators c join projects p on p.id = c.project_id
  where c.user_id = person and p.deleted_at is null
$function$;
comment on function app.readable_projects(uuid) is 'Granted to nobody: what app.projects_of(''read'') would say to the person. Exports of accounts ask it.';

CREATE OR REPLACE FUNCTION app.recent_uses(tag text)
 RETURNS TABLE(uses bigint, projects bigint)
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select count(*), count(distinct u.project_id)
  from (
    (select l.project_id from content_hashtags l where l.tag = recent_uses.tag and l.content_id >= uuidv7(interval '-90 days') limit 5000)
    union all
    (select l.project_id from post_hashtags l where l.tag = recent_uses.tag and l.post_id >= uuidv7(interval '-90 days') limit 5000)
  ) u
$function$;
grant execute on function app.recent_uses(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.recipe_of(password_hash text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select substring(password_hash from '^([$]argon2id[$]v=19[$]m=[0-9]+,t=[0-9]+,p=[0-9]+[$][A-Za-z0-9+/]+)[$][A-Za-z0-9+/]+$')
$function$;
comment on function app.recipe_of(text) is 'Parameters and salt, by which a door makes the hash of what it was given; the hash itself stays here. Null for hashes of other systems.';

CREATE OR REPLACE FUNCTION app.recovery_codes_left()
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce((select cardinality(f.code_hashes) from mfa_factors f where f.user_id = app.user_id() and f.kind = 'recovery'), 0)
$function$;
grant execute on function app.recovery_codes_left() to posthaste_api;

CREATE OR REPLACE FUNCTION app.refresh_niches()
 RETURNS TABLE(refreshed integer, derived integer, dropped integer)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- Tags that no starter has and that are nobody's secret: of three projects at least.
  with candidate as (
    select h.tag from hashtags h where h.usage_count > 0
      and not exists (select from niches n where n.source = 'starter' and h.tag = any (n.tags))
    order by h.usage_count desc, h.tag limit 300
  ), chosen as (
    select c.tag, r.uses from candidate c, app.recent_uses(c.tag) r
    where r.projects >= 3 order by r.uses desc, c.tag limit 50
  ), gone as (
    delete from niches n where n.source = 'derived' and n.slug not in (select c.tag from chosen c) returning 1
  ), made as (
    insert into niches (slug, name, source, tags) select c.tag, c.tag, 'derived', array[c.tag] from chosen c
    on conflict on constraint niches_slug_key do nothing
    returning 1
  )
  select (select count(*) from made), (select count(*) from gone) into derived, dropped;
  with used as (
    select n.id, coalesce(sum(r.uses), 0) as uses
    from niches n left join lateral unnest(n.tags) as t (tag) on true left join lateral app.recent_uses(t.tag) r on true
    group by n.id
  )
  update niches n set uses = u.uses, refreshed_at = app.now(),
    score = coalesce(round(100.0 * u.uses / nullif((select max(m.uses) from used m), 0), 2), 0)
  from used u where u.id = n.id;
  get diagnostics refreshed = row_count;
  return next;
end
$function$;
comment on function app.refresh_niches() is 'Scores every niche by what its hashtags were used in the last 90 days, and lets tags that three projects use become niches of their own. The same data give the same scores.';
grant execute on function app.refresh_niches() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.refresh_popular_posts()
 RETURNS TABLE(posts bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  refresh materialized view concurrently popular_posts;
  return query select count(*) from popular_posts;
end
$function$;
comment on function app.refresh_popular_posts() is 'By schedule. Readers are not held up meanwhile.';
grant execute on function app.refresh_popular_posts() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'rows of % are never changed', tg_table_name using errcode = 'PH008';
end
$function$;
comment on function app.refuse_change() is 'Before update, for tables whose rows are facts of the past.';

CREATE OR REPLACE FUNCTION app.register(email text, password_hash text, display_name text, token_hash text, link text, username text DEFAULT NULL::text, username_skeleton text DEFAULT NULL::text, invitation_hash text DEFAULT NULL::text)
 RETURNS TABLE(outcome text, mail_id uuid, recipient text, payload jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
  is_open boolean;
  content jsonb;
begin
  if not app.may_register(register.email, register.invitation_hash) then
    return query
      select case s.registration when 'invite_only' then 'invitation_needed' else 'registration_closed' end, null::uuid, null::text, null::jsonb
      from installation_settings s;
    return;
  end if;
  if register.username is not null and not app.is_username_free(register.username_skeleton, register.username, null) then
    return query select 'username_taken', null::uuid, null::text, null::jsonb;
    return;
  end if;
  if not app.holds_invitation(register.email, register.invitation_hash) and not app.count_mail(register.email, 'register', null) then
    -- Whose of the links that were sent is the owner's own nobody knows any more: none of them brings a password.
    update users u set password_hash = null
    where u.email = register.email and u.deleted_at is null and app.is_unclaimed(u)
    returning * into person;
    update email_verification_tokens t set password_hash = null, display_name = null
    where t.user_id = person.id and t.password_hash is not null and t.used_at is null;
    return query select 'ok', null::uuid, null::text, null::jsonb;
    return;
  end if;
  insert into users (email, password_hash, display_name)
  values (register.email, register.password_hash, register.display_name)
  on conflict (email) where deleted_at is null do nothing
  returning * into person;
  if person.id is not null then
    is_open := true;
  else
    -- The row is held: who proves the address at this moment comes before, and is not a registration any more.
    select * into person from users u where u.email = register.email and u.deleted_at is null for no key update;
    is_open := app.is_unclaimed(person);
    if is_open then
      -- Which of them is the owner's nobody knows: from here on the person is nobody's until a link is used.
      update users u set password_hash = null, display_name = app.name_of_address(u.email) where u.id = person.id;
    end if;
  end if;
  if is_open then
    insert into email_verification_tokens (user_id, token_hash, username, username_skeleton, password_hash, display_name, invitation_token_hash)
    values (person.id, register.token_hash, register.username, register.username_skeleton, register.password_hash, register.display_name,
      register.invitation_hash);
    content := jsonb_build_object('template', 'verify-email', 'to', register.email, 'name', register.display_name, 'link', register.link);
  else
    content := jsonb_build_object('template', 'already-registered', 'to', register.email);
  end if;
  return query select 'ok', app.write_mail(content, true), register.email, content;
end
$function$;
comment on function app.register(text,text,text,text,text,text,text,text) is 'Registers, or stays silent about an address that is known: the answer is the same, the mail differs, and from the sixth of a day on there is none. registration_closed, invitation_needed and username_taken do not depend on the address.';
grant execute on function app.register(text,text,text,text,text,text,text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.remember(caller text, repeat jsonb, answer text[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  insert into idempotency_keys as k (caller, route, key, body_hash, answer)
  values (caller, repeat ->> 'route', repeat ->> 'key', repeat ->> 'bodyHash',
    case when repeat ->> 'secret' = 'true' then null else answer end)
  on conflict (caller, route, key) do update
    set body_hash = excluded.body_hash, answer = excluded.answer, created_at = excluded.created_at, expires_at = excluded.expires_at
$function$;
grant execute on function app.remember(text,jsonb,text[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.remove_factor(factor_id uuid)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  gone mfa_factors;
begin
  delete from mfa_factors f where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp' returning f.* into gone;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if gone.confirmed_at is not null then
    delete from mfa_factors f where f.user_id = gone.user_id and f.kind = 'recovery' and not exists (
      select from mfa_factors o where o.user_id = gone.user_id and o.kind = 'totp' and o.confirmed_at is not null);
    perform app.tell_factor(gone.user_id, '{"change": "removed"}');
  end if;
  return query select 'ok';
end
$function$;
comment on function app.remove_factor(uuid) is 'With the last authenticator go the recovery codes.';
grant execute on function app.remove_factor(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.remove_factor(factor_id uuid, expected_version integer)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  seen integer;
begin
  select f.version into seen from mfa_factors f
  where f.id = factor_id and f.user_id = app.user_id() and f.kind = 'totp' for update;
  if seen <> expected_version then
    return query select 'stale';
    return;
  end if;
  return query select r.outcome from app.remove_factor(factor_id) r;
end
$function$;
grant execute on function app.remove_factor(uuid,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.remove_identity_provider(provider text)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not app.is_staff('admin') then
    return query select 'not_found';
  elsif exists (select from user_identities i where i.provider = remove_identity_provider.provider) then
    return query select 'in_use';
  else
    delete from identity_providers p where p.name = remove_identity_provider.provider;
    return query select case when found then 'ok' else 'not_found' end;
  end if;
end
$function$;
comment on function app.remove_identity_provider(text) is 'Not while somebody signs in by it: switch it off first, and people unlink it.';
grant execute on function app.remove_identity_provider(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.remove_identity_provider(provider text, expected_version integer)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  seen integer;
begin
  select p.version into seen from identity_providers p where p.name = provider and app.is_staff('admin') for update;
  outcome := case when seen is not null and exists (
    select from user_identities i where i.provider = remove_identity_provider.provider) then 'in_use' when seen <> expected_version then 'stale' end;
  if outcome is not null then
    return next;
    return;
  end if;
  return query select r.outcome from app.remove_identity_provider(provider) r;
end
$function$;
grant execute on function app.remove_identity_provider(text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.remove_member(project uuid, person uuid, expected_version integer)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  member project_collaborators;
begin
  perform from projects p where p.id = project for no key update;
  select c.* into member from project_collaborators c join app.member_names(project, array[person]) n on n.user_id = c.user_id
  where c.project_id = project;
  outcome := case when member.user_id is null then 'not_found'
    when person <> app.user_id() and project <> all (app.projects_of('manage')) then 'forbidden'
    when member.version <> expected_version then 'stale' else 'ok' end;
  if outcome = 'ok' then
    if member.role = 'owner' and person <> app.user_id() then
      perform app.check_elevated(app.session_id());
    end if;
    delete from project_collaborators c where c.project_id = project and c.user_id = person;
  end if;
  return next;
end
$function$;
comment on function app.remove_member(uuid,uuid,integer) is 'Owners send away, another owner with a proof of the last minutes (PH405); everybody may go.';
grant execute on function app.remove_member(uuid,uuid,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.renew_password_hash(session_id uuid, presented_hash text, new_hash text)
 RETURNS TABLE(outcome text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update users u set password_hash = renew_password_hash.new_hash
  from user_sessions s
  where s.id = renew_password_hash.session_id and s.revoked_at is null and u.id = s.user_id
    and u.password_hash = renew_password_hash.presented_hash
  returning 'ok'
$function$;
grant execute on function app.renew_password_hash(uuid,text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.repair_counters()
 RETURNS TABLE(kind text, id uuid, counter text, stored bigint, actual bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET enable_nestloop TO 'off'
AS $function$
#variable_conflict use_column
begin
  perform pg_advisory_xact_lock(hashtextextended('app.fold_counters', 0));
  return query
  with drift as materialized (
    select d.* from app.counter_drift() d
  ), missing as (
    select d.kind, d.id, coalesce(sum(d.actual - d.stored) filter (where d.counter = 'like_count'), 0) as likes,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'comment_count'), 0) as comments,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'share_count'), 0) as shares,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'save_count'), 0) as saves,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'view_count'), 0) as views,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'click_count'), 0) as clicks,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'reply_count'), 0) as replies,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'followers_count'), 0) as followers,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'following_count'), 0) as following,
      coalesce(sum(d.actual - d.stored) filter (where d.counter = 'posts_count'), 0) as posts
    from drift d group by d.kind, d.id
  ), held as (
    select p.id from community_posts p where p.id in (select m.id from missing m where m.kind = 'post') for no key update skip locked
  ), held_comments as (
    select c.id from comments c where c.id in (select m.id from missing m where m.kind = 'comment') for no key update skip locked
  ), held_people as (
    select u.id from users u where u.id in (select m.id from missing m where m.kind = 'user') for key share skip locked
  ), post_done as (
    update community_posts p
    set like_count = p.like_count + m.likes, comment_count = p.comment_count + m.comments, share_count = p.share_count + m.shares,
      save_count = p.save_count + m.saves, view_count = p.view_count + m.views, click_count = p.click_count + m.clicks, scored_at = app.now(),
      engagement_score = app.engagement_score((p.like_count + m.likes)::bigint, (p.comment_count + m.comments)::bigint,
        (p.share_count + m.shares)::bigint, (p.save_count + m.saves)::bigint, (p.click_count + m.clicks)::bigint,
        (p.view_count + m.views)::bigint, app.now() - p.created_at)
    from missing m join held h on h.id = m.id where m.kind = 'post' and p.id = m.id
    returning p.id
  ), comment_done as (
    update comments c set like_count = c.like_count + m.likes, reply_count = c.reply_count + m.replies
    from missing m join held_comments h on h.id = m.id where m.kind = 'comment' and c.id = m.id
    returning c.id
  ), person_done as (
    insert into user_counters (user_id, followers_count, following_count, posts_count)
    select m.id, coalesce(k.followers_count, 0) + m.followers, coalesce(k.following_count, 0) + m.following, coalesce(k.posts_count, 0) + m.posts
    from missing m join held_people h on h.id = m.id left join user_counters k on k.user_id = m.id where m.kind = 'user'
    on conflict on constraint user_counters_pkey do update
      set followers_count = excluded.followers_count, following_count = excluded.following_count, posts_count = excluded.posts_count
    returning user_id as id
  )
  select d.kind, d.id, d.counter, d.stored, d.actual from drift d
  where d.id in (select id from post_done union all select id from comment_done union all select id from person_done)
  order by d.kind, d.id, d.counter;
end
$function$;
comment on function app.repair_counters() is 'Counters that differed from what they count, as they stood (stored) and as they are now (actual).';
grant execute on function app.repair_counters() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.repair_hashtag_counts()
 RETURNS TABLE(tag text, counted bigint, actual bigint)
 LANGUAGE sql
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with actual as (
    select u.tag, sum(u.uses) as uses, sum(u.public_uses) as public_uses
    from (
      select l.tag, 1 as uses, 0 as public_uses from content_hashtags l
      union all select l.tag, 1, 0 from post_hashtags l
      union all select l.tag, 0, 1 from community_hashtags l
    ) u group by u.tag
  ), drift as (
    select c.tag, c.usage_count as counted, coalesce(a.uses, 0) as actual, coalesce(a.uses, 0) - c.usage_count as uses,
      coalesce(a.public_uses, 0) - c.public_count as public_uses
    from hashtag_usage c left join actual a on a.tag = c.tag
  )
  update hashtags h set usage_count = h.usage_count + d.uses, public_count = h.public_count + d.public_uses
  from drift d
  where h.tag = d.tag and (d.uses <> 0 or d.public_uses <> 0)
  returning h.tag, d.counted, d.actual
$function$;
comment on function app.repair_hashtag_counts() is 'Puts right every count that is not what the links say, and names it. Reads all links: for operators, not for schedules. Safe beside writers and foldings.';
grant execute on function app.repair_hashtag_counts() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.repeated(caller text, repeat jsonb, wait boolean)
 RETURNS text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  stored idempotency_keys;
begin
  if not wait and not pg_try_advisory_xact_lock(
    hashtextextended(caller || chr(31) || (repeat ->> 'route') || chr(31) || (repeat ->> 'key'), 0)) then
    raise exception 'a request with this key is running' using errcode = 'PH409';
  end if;
  select * into stored from idempotency_keys k
  where k.caller = repeated.caller and k.route = repeat ->> 'route' and k.key = repeat ->> 'key'
    and k.expires_at > app.now();
  if not found then
    return null;
  end if;
  if not repeat ? 'bodyHash' then
    return '{}';
  end if;
  if stored.body_hash is distinct from repeat ->> 'bodyHash' then
    raise exception 'the key was used with another request' using errcode = 'PH422';
  end if;
  if stored.answer is null then
    raise exception 'the answer held a secret and is not kept' using errcode = 'PH410';
  end if;
  return stored.answer;
end
$function$;
comment on function app.repeated(text,jsonb,boolean) is 'wait = true only looks, without the lock: for what comes before the write. Without bodyHash a look gets {} for one.';
grant execute on function app.repeated(text,jsonb,boolean) to posthaste_api;

CREATE OR REPLACE FUNCTION app.replace_recovery_codes(code_hashes text[])
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update mfa_factors f set code_hashes = replace_recovery_codes.code_hashes, confirmed_at = app.now(), last_used_at = null
  where f.user_id = app.user_id() and f.kind = 'recovery';
  if not found then
    return query select 'wrong_state';
    return;
  end if;
  perform app.tell_factor(app.user_id(), '{"change": "recovery_codes_made"}');
  return query select 'ok';
end
$function$;
grant execute on function app.replace_recovery_codes(text[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.report(token_hash text)
 RETURNS TABLE(report jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select jsonb_build_object(
    'postId', p.id,
    'projectName', pr.name,
    'text', p.text,
    'dueAt', p.due_at,
    'publications', coalesce((
      select jsonb_agg(jsonb_build_object(
        'platform', pp.platform, 'handle', a.handle, 'state', pp.state, 'url', pp.url, 'dueAt', pp.due_at,
        'publishedAt', coalesce(pp.platform_published_at, pp.published_at), 'likes', pp.likes, 'comments', pp.comments, 'shares', pp.shares, 'views', pp.views,
        'metricsAt', pp.metrics_at,
        'history', coalesce((
          select jsonb_agg(jsonb_build_object('fetchedAt', h.fetched_at, 'likes', h.likes, 'comments', h.comments) order by h.fetched_at)
          from (
            select an.fetched_at, an.likes, an.comments from analytics an
            where an.project_id = pp.project_id and an.publication_id = pp.id
            order by an.fetched_at desc limit 200
          ) h), '[]'::jsonb)
        ) order by pp.id)
      from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
      where pp.project_id = p.project_id and pp.post_id = p.id), '[]'::jsonb))
  from report_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = report.token_hash and l.revoked_at is null and l.expires_at > app.now()
    and app.member_may(l.project_id, l.created_by, 'read')
$function$;
grant execute on function app.report(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.request_deletion(delete_projects uuid[], cancel_pending boolean)
 RETURNS TABLE(outcome text, requested_at timestamp with time zone, due_at timestamp with time zone, mail_id uuid, recipient text, name text, blockers jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  me users;
  ending uuid[];
  found jsonb;
  made account_deletions;
  mail uuid;
begin
  select * into me from users u where u.id = app.user_id() for update;
  -- Two owners who go at once come one after the other, and the second one hears of it.
  perform from projects p where p.id in (select c.project_id from project_collaborators c where c.user_id = me.id and c.role = 'owner')
  order by p.id for no key update;
  select coalesce(array_agg(e.project_id), '{}') into ending from app.ending_projects(me.id, delete_projects) e;
  select coalesce(jsonb_agg(b.blocker), '[]') into found from (
    (select jsonb_build_object('kind', 'project', 'id', p.id, 'name', p.name) as blocker
     from project_collaborators c join projects p on p.id = c.project_id and p.deleted_at is null
     where c.user_id = me.id and c.role = 'owner' and p.id <> all (ending)
       and not exists (
         select from project_collaborators o join users u on u.id = o.user_id
         where o.project_id = p.id and o.user_id <> me.id and o.role = 'owner' and app.can_act(u))
     order by p.id limit 100)
    union all
    (select jsonb_build_object('kind', 'post', 'id', w.post_id, 'name', null) from (
       select distinct pp.post_id from post_publications pp
       where cancel_pending is null and pp.project_id = any (ending) and pp.state in ('pending_approval', 'scheduled', 'queued')
       order by pp.post_id limit 100) w)) b;
  if found <> '[]' then
    return query select 'deletion_blocked', null::timestamptz, null::timestamptz, null::uuid, null::text, null::text, found;
    return;
  end if;
  if cancel_pending then
    update post_publications pp set state = 'cancelled'
    where pp.project_id = any (ending) and pp.state in ('pending_approval', 'scheduled', 'queued');
  end if;
  update users u set deletion_requested_at = app.now() where u.id = me.id and u.deletion_requested_at is null;
  insert into account_deletions as d (user_id, delete_projects) values (me.id, request_deletion.delete_projects)
  on conflict on constraint account_deletions_pkey do update set delete_projects = excluded.delete_projects
  returning d.* into made;
  if me.deletion_requested_at is null then
    insert into outbox_events as o (kind, user_id, payload, lease_until)
    values ('mail', me.id, jsonb_build_object('template', 'deletion-requested', 'to', me.email, 'name', me.display_name, 'dueAt', made.due_at),
      app.now() + interval '60 seconds')
    returning o.id into mail;
  end if;
  return query select 'ok', made.requested_at, made.due_at, mail, me.email, me.display_name, '[]'::jsonb;
end
$function$;
comment on function app.request_deletion(uuid[],boolean) is 'cancel_pending: true calls off what waits in projects that end, false lets it go out until the end, null asks. Posts in projects that stay are theirs.';
grant execute on function app.request_deletion(uuid[],boolean) to posthaste_api;

CREATE OR REPLACE FUNCTION app.require_current_version()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  template uuid := case when tg_table_name = 'content_templates' then to_jsonb(new) ->> 'id' else to_jsonb(old) ->> 'template_id' end;
begin
  if exists (select from content_templates t where t.id = template)
    and not exists (select from content_template_versions v where v.template_id = template and v.is_current) then
    raise exception 'a template has a current version' using errcode = 'PH011';
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.resend_invitation(project uuid, invitation uuid, token_hash text, link text)
 RETURNS TABLE(outcome text, wait_s integer, email text, role text, expires_at timestamp with time zone, mail_id uuid, inviter text, project_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  sent project_invitations;
begin
  outcome := case when project = any (app.projects_of('manage')) then 'ok' when project = any (app.projects_of('read')) then 'forbidden'
    else 'not_found' end;
  if outcome = 'ok' then
    select i.* into sent from project_invitations i where i.id = invitation and i.project_id = project for update;
    -- One minute after the first mail, four after the second, and so on up to a day.
    wait_s := ceil(extract(epoch from sent.last_sent_at - app.now()) + least(60 * power(4, sent.sent_count - 1), 86400))::integer;
    outcome := case
      when sent.id is null then 'not_found'
      when num_nonnulls(sent.accepted_at, sent.declined_at, sent.revoked_at) > 0 then 'wrong_state'
      when exists (
        select from project_collaborators c join users u on u.id = c.user_id
        where c.project_id = project and u.email = sent.email and u.deleted_at is null) then 'already_member'
      when wait_s > 0 then 'too_many_requests'
      else 'ok' end;
  end if;
  if outcome <> 'ok' then
    return query select resend_invitation.outcome, greatest(resend_invitation.wait_s, 0), null, null, null::timestamptz, null::uuid, null, null;
    return;
  end if;
  update project_invitations i
  set token_hash = resend_invitation.token_hash, expires_at = app.now() + interval '7 days', sent_count = i.sent_count + 1,
    last_sent_at = app.now()
  where i.id = sent.id
  returning i.* into sent;
  return query select 'ok', 0, sent.email, sent.role, sent.expires_at, m.* from app.mail_invitation(sent, link) m;
end
$function$;
comment on function app.resend_invitation(uuid,uuid,text,text) is 'The link of the mail before is good no more. Each mail lets the next one wait longer.';
grant execute on function app.resend_invitation(uuid,uuid,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.resend_user_invitation(invitation uuid, token_hash text, link text)
 RETURNS TABLE(outcome text, email text, expires_at timestamp with time zone, mail_id uuid, wait_s integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  sent user_invitations;
begin
  select i.* into sent from user_invitations i where i.id = invitation and app.is_staff('admin') for update;
  outcome := case when sent.id is null then 'not_found' when num_nonnulls(sent.accepted_at, sent.revoked_at) > 0 then 'wrong_state'
    when not app.count_mail(sent.email, 'invite') then 'too_many_requests' else 'ok' end;
  if outcome = 'ok' then
    update user_invitations i
    set token_hash = resend_user_invitation.token_hash, sent_at = app.now(), expires_at = app.now() + interval '14 days'
    where i.id = sent.id returning i.* into sent;
  end if;
  return query select resend_user_invitation.outcome, sent.email, sent.expires_at,
    case when resend_user_invitation.outcome = 'ok' then app.mail_user_invitation(sent, link) end,
    case when resend_user_invitation.outcome = 'too_many_requests' then app.mail_wait_s(sent.email, 'invite') end;
end
$function$;
comment on function app.resend_user_invitation(uuid,text,text) is 'The link of the mail before is good no more.';
grant execute on function app.resend_user_invitation(uuid,text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.resend_verification(email text, token_hash text, link text)
 RETURNS TABLE(outcome text, mail_id uuid, template text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
  content jsonb;
  is_single boolean;
begin
  if not app.count_mail(resend_verification.email, 'verify') then
    return query select 'ok', null::uuid, null::text;
    return;
  end if;
  select * into person from users u where u.email = resend_verification.email and u.deleted_at is null and u.status = 'active'
  for no key update;
  content := jsonb_build_object('to', resend_verification.email, 'template',
    case when person.id is null then 'no-account' when person.email_verified_at is null then 'verify-again' else 'already-registered' end);
  if content ->> 'template' = 'verify-again' then
    -- With what the registration said, while there is but one: of several nobody knows which is that of who asks.
    is_single := app.is_unclaimed(person) and person.password_hash is not null;
    insert into email_verification_tokens (user_id, token_hash, password_hash, display_name, username, username_skeleton, invitation_token_hash)
    select person.id, resend_verification.token_hash, case when is_single then person.password_hash end,
      case when is_single then left(person.display_name, 100) end, case when is_single then w.username end,
      case when is_single then w.username_skeleton end, w.invitation_token_hash
    from (values (1)) one left join lateral (
      -- Whoever brought the token of an invitation has read the mail of the address.
      select t.username, t.username_skeleton, t.invitation_token_hash from email_verification_tokens t
      where t.user_id = person.id and t.email is null order by t.invitation_token_hash is null, t.id desc limit 1) w on true;
    content := content || jsonb_build_object('link', resend_verification.link);
  end if;
  return query select 'ok', app.write_mail(content, true), content ->> 'template';
end
$function$;
grant execute on function app.resend_verification(text,text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.reset_candidate(token_hash text)
 RETURNS TABLE(email text, display_name text, username text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.email, u.display_name, u.username
  from password_reset_tokens t join users u on u.id = t.user_id and u.status = 'active' and u.deleted_at is null
  where t.token_hash = reset_candidate.token_hash and t.used_at is null and t.expires_at > app.now()
$function$;
grant execute on function app.reset_candidate(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.reset_password(token_hash text, password_hash text)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  person users;
begin
  -- Of two with the same link one waits here, and finds it used.
  update password_reset_tokens t set used_at = app.now()
  where t.token_hash = reset_password.token_hash and t.used_at is null and t.expires_at > app.now();
  if not found then
    return query select 'invalid_token';
    return;
  end if;
  select u.* into person from users u
  where u.id = (select t.user_id from password_reset_tokens t where t.token_hash = reset_password.token_hash)
    and u.status = 'active' and u.deleted_at is null
  for no key update;
  if person.id is null then
    return query select 'invalid_token';
    return;
  end if;
  perform app.forget_registration(person.id);
  -- Whoever chooses the password here reads the mail of the address, and is whom an invitation to it was meant for.
  perform set_config('app.invitation_hash', '*', true);
  update users u set password_hash = reset_password.password_hash, email_verified_at = coalesce(u.email_verified_at, app.now())
  where u.id = person.id;
  perform set_config('app.invitation_hash', '', true);
  update users u set failed_login_attempts = 0, locked_until = null
  where u.id = person.id and (u.failed_login_attempts > 0 or u.locked_until is not null);
  -- Nor does it go on waiting for wrong codes of somebody who knew the old password: the links of a day are few.
  delete from proof_tries p where p.user_id = person.id;
  delete from auth_attempts a where a.subject = app.attempt_subject(person.email) and a.source not like 'mail:%';
  -- Whoever has read the mail logs in from here, however many others guess meanwhile.
  insert into auth_attempts (subject, source)
  values (app.attempt_subject(person.email), 'reset:' || app.address_caller(current_setting('app.ip', true)))
  on conflict on constraint auth_attempts_pkey do update set last_at = app.now();
  update password_reset_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
  update user_sessions s set revoked_at = app.now(), revoked_because = 'password reset' where s.user_id = person.id and s.revoked_at is null;
  perform app.write_mail(jsonb_build_object('template', 'password-changed', 'to', person.email) || app.other_ways_in(person.id), false);
  return query select 'ok';
end
$function$;
comment on function app.reset_password(text,text) is 'Opens no session: whoever has a second factor is asked for it at the next login. The address counts as verified, since its mail was read.';
grant execute on function app.reset_password(text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.restore_content(content_id uuid, number integer)
 RETURNS TABLE(outcome text, version integer)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  return query
    update content c
    set title = v.title, description = v.description, body = v.body, script = v.script, tone = v.tone, platform = v.platform,
      content_type = v.content_type, tags = v.tags, metadata = v.metadata, language = v.language
    from content_versions v
    where c.id = restore_content.content_id and c.deleted_at is null
      and c.project_id = any (app.projects_of('write'))
      and v.project_id = c.project_id and v.content_id = c.id and v.number = restore_content.number
    returning 'ok', c.version;
  if not found then
    return query select case when exists (
        select from content c join content_versions v on v.project_id = c.project_id and v.content_id = c.id
        where c.id = restore_content.content_id and c.deleted_at is null and v.number = restore_content.number)
      then 'forbidden' else 'not_found' end, null::integer;
  end if;
end
$function$;
grant execute on function app.restore_content(uuid,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.retention()
 RETURNS TABLE(place integer, name text, since text, age interval, by text, why text)
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select (row_number() over ())::integer, r.* from (values
    ('idempotency_keys', 'expires_at', interval '0', 'sweep', null),
    ('email_verification_tokens', 'expires_at', interval '7 days', 'sweep', null),
    ('password_reset_tokens', 'expires_at', interval '7 days', 'sweep', null),
    ('auth_attempts', 'last_at', interval '1 day', 'sweep', null),
    ('oauth_states', 'expires_at', interval '1 day', 'sweep', null),
    ('user_sessions', 'expires_at', interval '30 days', 'sweep', 'Whence sessions of the last 60 days came is asked when somebody is held.'),
    ('rate_counters', 'expires_at', interval '0', 'sweep', null),
    ('notifications', 'created_at', interval '180 days', 'sweep', null),
    ('realtime_connections', 'expires_at', interval '0', 'sweep', null),
    ('webhook_deliveries', 'expires_at', interval '0', 'sweep', null),
    ('sign_in_tickets', 'expires_at', interval '0', 'sweep', null),
    ('provider_sign_ins', 'expires_at', interval '0', 'sweep', null),
    ('outbox_events', 'dispatched_at', interval '7 days', 'sweep', null),
    ('user_invitations', 'expires_at', interval '30 days', 'maintain', null),
    ('project_invitations', 'expires_at', interval '30 days', 'maintain', null),
    ('account_health_checks', 'checked_at', interval '30 days', 'maintain', null),
    ('system_metrics', 'recorded_at', interval '90 days', 'maintain', null),
    -- What people deleted, those first that hang on others.
    ('community_posts', 'deleted_at', interval '30 days', 'maintain', null),
    ('clips', 'deleted_at', interval '30 days', 'maintain', null),
    ('post_variations', 'deleted_at', interval '30 days', 'maintain', null),
    ('schedule_slots', 'deleted_at', interval '30 days', 'maintain', null),
    ('publishing_schedules', 'deleted_at', interval '30 days', 'maintain', null),
    ('webhooks', 'deleted_at', interval '30 days', 'maintain', null),
    ('content_templates', 'deleted_at', interval '30 days', 'maintain', null),
    ('content', 'deleted_at', interval '30 days', 'maintain', null),
    ('content_categories', 'deleted_at', interval '30 days', 'maintain', null),
    ('posts', 'deleted_at', interval '30 days', 'maintain', null),
    -- What others see to, or nobody has to.
    ('account_exports', 'expires_at', null, 'keepAccounts', 'Goes with its objects, at once.'),
    ('feed_items', 'expires_at', null, 'sweep', 'With the upkeep of the community, at once.'),
    ('account_tokens', 'expires_at', null, null, 'Replaced by the token that follows; goes when the account is disconnected.'),
    ('api_keys', 'expires_at', null, null, 'Owners see which keys there were and that they ended; a hash alone, which opens nothing any more.'),
    ('report_links', 'expires_at', null, null, 'Owners see whom they let in; goes with the post.'),
    ('review_links', 'expires_at', null, null, 'Owners see whom they let in, and decisions name it; goes with the post.'),
    ('media', 'upload_expires_at', null, 'sweep', 'An upload that never came has failed, and its person sees it; goes when they delete it.'),
    ('user_avatars', 'upload_expires_at', null, 'sweep', 'An upload that never came has failed; goes with the next picture or the person.'),
    ('post_publications', 'prepared_expires_at', null, null, 'What the platform has taken in; the next preparation replaces it.'),
    ('social_accounts', 'grant_expires_at', null, null, 'The account needs its person again; it is not ours to take away.'),
    ('webhooks', 'previous_secret_expires_at', null, 'maintain', 'The old secret is emptied, the webhook stays.')
  ) r (name, since, age, by, why)
$function$;
comment on function app.retention() is 'Rows that age: the column that says since when, how long they are kept after it, and which schedule takes them away; without an age, why they are not. Months of partitioned tables are in partitioned_tables.';
grant execute on function app.retention() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.return_provider_sign_in(browser_hash text)
 RETURNS TABLE(outcome text, sign_in_id uuid, provider text, version integer, issuer text, client_id text, client_secret_sealed text, return_to text, purpose text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  update provider_sign_ins s set returned_at = app.now()
  from identity_providers p
  where s.browser_hash = return_provider_sign_in.browser_hash and s.returned_at is null and s.expires_at > app.now()
    and p.name = s.provider and p.is_enabled
  returning 'ok', s.id, p.name, p.version, p.issuer, p.client_id, p.client_secret_sealed, s.return_to, s.purpose
$function$;
comment on function app.return_provider_sign_in(text) is 'The browser came back: once.';
grant execute on function app.return_provider_sign_in(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.review(token_hash text)
 RETURNS TABLE(review jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select jsonb_build_object(
    'postId', p.id, 'projectName', pr.name, 'scope', l.scope, 'label', l.label, 'title', p.title, 'text', p.text, 'dueAt', p.due_at,
    'requestState', (select r.state from approval_requests r where r.project_id = p.project_id and r.post_id = p.id order by r.id desc limit 1),
    'note', (select r.note from approval_requests r where r.project_id = p.project_id and r.post_id = p.id order by r.id desc limit 1),
    'publications', coalesce((
      select jsonb_agg(jsonb_build_object('id', pp.id, 'platform', pp.platform, 'handle', a.handle, 'state', pp.state,
        'text', coalesce(pp.text, p.text), 'dueAt', pp.due_at, 'media', coalesce((
          select jsonb_agg(jsonb_build_object('id', m ->> 'id', 'kind', m ->> 'kind', 'altText', m ->> 'altText', 'renditions', m -> 'renditions'))
          from jsonb_array_elements(app.media_of(pp.project_id, pp.post_id, pp.id)) m), '[]')) order by pp.id)
      from post_publications pp join social_accounts a on a.project_id = pp.project_id and a.id = pp.account_id
      where pp.project_id = p.project_id and pp.post_id = p.id and pp.state <> 'cancelled'), '[]'))
  from review_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = review.token_hash and l.revoked_at is null and l.expires_at > app.now()
    and app.member_may(l.project_id, l.created_by, 'read')
$function$;
grant execute on function app.review(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.review_by_link(token_hash text, decision text, text text)
 RETURNS TABLE(outcome text, decision_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  link review_links;
  asked approval_requests;
  made approval_decisions;
begin
  select l.* into link
  from review_links l
  join posts p on p.project_id = l.project_id and p.id = l.post_id and p.deleted_at is null
  join projects pr on pr.id = l.project_id and pr.deleted_at is null
  where l.token_hash = review_by_link.token_hash and l.revoked_at is null and l.expires_at > app.now()
    and app.member_may(l.project_id, l.created_by, 'read');
  if link.id is null then
    return query select 'not_found', null::uuid;
    return;
  elsif link.scope = 'view' or (link.scope = 'comment' and review_by_link.decision <> 'comment')
    or not app.member_may(link.project_id, link.created_by, case review_by_link.decision when 'comment' then 'review' else 'approve' end) then
    return query select 'forbidden', null::uuid;
    return;
  end if;
  select r.* into asked from approval_requests r
  where r.project_id = link.project_id and r.post_id = link.post_id order by r.id desc limit 1;
  if asked.id is null or (review_by_link.decision <> 'comment' and asked.state <> 'pending') then
    return query select 'wrong_state', null::uuid;
    return;
  end if;
  insert into approval_decisions (project_id, request_id, user_id, review_link_id, decision, text)
  values (asked.project_id, asked.id, null, link.id, review_by_link.decision, review_by_link.text)
  returning * into made;
  perform app.apply_decision(made);
  return query select 'ok', made.id;
end
$function$;
grant execute on function app.review_by_link(text,text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.revise_posts(ids uuid[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  stale approval_requests;
begin
  update post_publications pp
  set revision = pp.revision + 1, prepared = null, prepared_ready = false, prepared_expires_at = null
  where pp.post_id = any (ids) and pp.state in ('draft', 'pending_approval', 'scheduled', 'queued', 'failed')
    and (pp.prepared is not null or pp.prepare_lease_until is not null);
  for stale in
    select * from approval_requests r
    where r.post_id = any (ids) and r.state in ('pending', 'approved') and r.content_hash <> app.post_hash(r.post_id)
    order by r.id for no key update
  loop
    update approval_requests r set state = 'superseded' where r.id = stale.id;
    if exists (
      select from post_publications pp
      where pp.post_id = stale.post_id and pp.state in ('pending_approval', 'scheduled', 'queued')) then
      perform app.hold_post(stale.post_id);
      insert into approval_requests (project_id, workflow_id, post_id, requested_by, note, content_hash)
      values (stale.project_id, stale.workflow_id, stale.post_id, coalesce(app.user_id(), stale.requested_by), stale.note,
        app.post_hash(stale.post_id));
    end if;
  end loop;
end
$function$;
comment on function app.revise_posts(uuid[]) is 'What posts say has changed: what was prepared of it is worthless, and who was asked to approve it is asked again.';

CREATE OR REPLACE FUNCTION app.roll_up(batch integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  rolling jsonb;
  rolled jsonb;
  earliest timestamptz;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('app.roll_up', 0)) then
    return null;
  end if;
  with oldest as (
    select t.publication_id from analytics_touched t order by t.from_at limit batch for update skip locked
  ), taken as (
    delete from analytics_touched t using oldest o where t.publication_id = o.publication_id returning t.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('project_id', t.project_id, 'account_id', pp.account_id,
      'publication_id', t.publication_id, 'starts_at', date_trunc('hour', t.from_at, 'UTC'))), '[]'),
    date_trunc('hour', min(t.from_at), 'UTC')
  into rolling, earliest
  from taken t join post_publications pp on pp.project_id = t.project_id and pp.id = t.publication_id;
  if earliest is null then
    return 0;
  end if;

  -- Publications by hour. What was known before the first hour stands in the row before it.
  with rolling as materialized (
    select * from jsonb_to_recordset(rolling) as r(project_id uuid, account_id uuid, publication_id uuid, starts_at timestamptz)
  ), hours as (
    select r.project_id, r.account_id, r.publication_id, date_trunc('hour', a.fetched_at, 'UTC') as starts_at,
      (array_agg(a.likes order by a.fetched_at desc, a.id desc) filter (where a.likes is not null))[1] as likes,
      min(a.likes) as likes_min, max(a.likes) as likes_max,
      (array_agg(a.comments order by a.fetched_at desc, a.id desc) filter (where a.comments is not null))[1] as comments,
      min(a.comments) as comments_min, max(a.comments) as comments_max,
      (array_agg(a.shares order by a.fetched_at desc, a.id desc) filter (where a.shares is not null))[1] as shares,
      min(a.shares) as shares_min, max(a.shares) as shares_max,
      (array_agg(a.views order by a.fetched_at desc, a.id desc) filter (where a.views is not null))[1] as views,
      min(a.views) as views_min, max(a.views) as views_max,
      (array_agg(a.impressions order by a.fetched_at desc, a.id desc) filter (where a.impressions is not null))[1] as impressions,
      min(a.impressions) as impressions_min, max(a.impressions) as impressions_max,
      (array_agg(a.reach order by a.fetched_at desc, a.id desc) filter (where a.reach is not null))[1] as reach,
      min(a.reach) as reach_min, max(a.reach) as reach_max,
      (array_agg(a.saves order by a.fetched_at desc, a.id desc) filter (where a.saves is not null))[1] as saves,
      min(a.saves) as saves_min, max(a.saves) as saves_max,
      (array_agg(a.clicks order by a.fetched_at desc, a.id desc) filter (where a.clicks is not null))[1] as clicks,
      min(a.clicks) as clicks_min, max(a.clicks) as clicks_max
    from rolling r
    join analytics a on a.project_id = r.project_id and a.publication_id = r.publication_id and a.fetched_at >= r.starts_at
    where a.fetched_at >= earliest
    group by 1, 2, 3, 4
  ), before as (
    select r.publication_id, b.*
    from rolling r cross join lateral (
      select p.likes, p.comments, p.shares, p.views, p.impressions, p.reach, p.saves, p.clicks
      from analytics_rollups p
      where p.target_id = r.publication_id and p.period = 'hourly' and p.starts_at < r.starts_at
      order by p.starts_at desc limit 1
    ) b
  ), runs as (
    select h.*,
      count(h.likes) over w as likes_run,
      count(h.comments) over w as comments_run,
      count(h.shares) over w as shares_run,
      count(h.views) over w as views_run,
      count(h.impressions) over w as impressions_run,
      count(h.reach) over w as reach_run,
      count(h.saves) over w as saves_run,
      count(h.clicks) over w as clicks_run
    from hours h window w as (partition by h.publication_id order by h.starts_at)
  ), known as (
    select u.project_id, u.account_id, u.publication_id, u.starts_at,
      coalesce(max(u.likes) over (partition by u.publication_id, u.likes_run), b.likes) as likes,
      u.likes_min, u.likes_max, b.likes as likes_before,
      coalesce(max(u.comments) over (partition by u.publication_id, u.comments_run), b.comments) as comments,
      u.comments_min, u.comments_max, b.comments as comments_before,
      coalesce(max(u.shares) over (partition by u.publication_id, u.shares_run), b.shares) as shares,
      u.shares_min, u.shares_max, b.shares as shares_before,
      coalesce(max(u.views) over (partition by u.publication_id, u.views_run), b.views) as views,
      u.views_min, u.views_max, b.views as views_before,
      coalesce(max(u.impressions) over (partition by u.publication_id, u.impressions_run), b.impressions) as impressions,
      u.impressions_min, u.impressions_max, b.impressions as impressions_before,
      coalesce(max(u.reach) over (partition by u.publication_id, u.reach_run), b.reach) as reach,
      u.reach_min, u.reach_max, b.reach as reach_before,
      coalesce(max(u.saves) over (partition by u.publication_id, u.saves_run), b.saves) as saves,
      u.saves_min, u.saves_max, b.saves as saves_before,
      coalesce(max(u.clicks) over (partition by u.publication_id, u.clicks_run), b.clicks) as clicks,
      u.clicks_min, u.clicks_max, b.clicks as clicks_before
    from runs u left join before b on b.publication_id = u.publication_id
  ), stored as (
    insert into analytics_rollups as r (project_id, account_id, publication_id, period, starts_at,
      likes, comments, shares, views, impressions, reach, saves, clicks, likes_delta, comments_delta, shares_delta,
      views_delta, impressions_delta, reach_delta, saves_delta, clicks_delta, likes_min, comments_min, shares_min,
      views_min, impressions_min, reach_min, saves_min, clicks_min, likes_max, comments_max, shares_max, views_max,
      impressions_max, reach_max, saves_max, clicks_max)
    select k.project_id, k.account_id, k.publication_id, 'hourly', k.starts_at,
      k.likes, k.comments, k.shares, k.views, k.impressions, k.reach, k.saves, k.clicks,
      k.likes - coalesce(lag(k.likes) over w, k.likes_before, 0),
      k.comments - coalesce(lag(k.comments) over w, k.comments_before, 0),
      k.shares - coalesce(lag(k.shares) over w, k.shares_before, 0),
      k.views - coalesce(lag(k.views) over w, k.views_before, 0),
      k.impressions - coalesce(lag(k.impressions) over w, k.impressions_before, 0),
      k.reach - coalesce(lag(k.reach) over w, k.reach_before, 0),
      k.saves - coalesce(lag(k.saves) over w, k.saves_before, 0),
      k.clicks - coalesce(lag(k.clicks) over w, k.clicks_before, 0),
      k.likes_min, k.comments_min, k.shares_min, k.views_min, k.impressions_min, k.reach_min, k.saves_min, k.clicks_min,
      k.likes_max, k.comments_max, k.shares_max, k.views_max, k.impressions_max, k.reach_max, k.saves_max, k.clicks_max
    from known k window w as (partition by k.publication_id order by k.starts_at)
    on conflict on constraint analytics_rollups_bucket_key do update
      set likes = excluded.likes, comments = excluded.comments, shares = excluded.shares, views = excluded.views,
        impressions = excluded.impressions, reach = excluded.reach, saves = excluded.saves, clicks = excluded.clicks,
        likes_delta = excluded.likes_delta, comments_delta = excluded.comments_delta, shares_delta = excluded.shares_delta,
        views_delta = excluded.views_delta, impressions_delta = excluded.impressions_delta,
        reach_delta = excluded.reach_delta, saves_delta = excluded.saves_delta, clicks_delta = excluded.clicks_delta,
        likes_min = excluded.likes_min, comments_min = excluded.comments_min, shares_min = excluded.shares_min,
        views_min = excluded.views_min, impressions_min = excluded.impressions_min, reach_min = excluded.reach_min,
        saves_min = excluded.saves_min, clicks_min = excluded.clicks_min, likes_max = excluded.likes_max,
        comments_max = excluded.comments_max, shares_max = excluded.shares_max, views_max = excluded.views_max,
        impressions_max = excluded.impressions_max, reach_max = excluded.reach_max, saves_max = excluded.saves_max,
        clicks_max = excluded.clicks_max,
        updated_at = app.now()
    returning r.project_id, r.account_id, r.starts_at
  )
  select coalesce(jsonb_agg(distinct jsonb_build_object('project_id', s.project_id, 'account_id', s.account_id,
    'starts_at', s.starts_at)), '[]') into rolled
  from stored s;

  perform app.roll_up_sums(rolled, true);
  perform app.roll_up_sums(rolled, false);
  perform app.roll_up_periods(rolling || rolled);
  return jsonb_array_length(rolling);
end
$function$;
comment on function app.roll_up(integer) is 'Publications rolled up; 0 when all is, null when another is at it.';
grant execute on function app.roll_up(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.roll_up_periods(changed jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into analytics_rollups as r (project_id, account_id, publication_id, period, starts_at,
    likes, comments, shares, views, impressions, reach, saves, clicks, likes_delta, comments_delta, shares_delta,
    views_delta, impressions_delta, reach_delta, saves_delta, clicks_delta, likes_min, comments_min, shares_min,
    views_min, impressions_min, reach_min, saves_min, clicks_min, likes_max, comments_max, shares_max, views_max,
    impressions_max, reach_max, saves_max, clicks_max)
  select h.project_id, h.account_id, h.publication_id, p.period, date_trunc(p.unit, h.starts_at, 'UTC'),
    (array_agg(h.likes order by h.starts_at desc))[1],
    (array_agg(h.comments order by h.starts_at desc))[1],
    (array_agg(h.shares order by h.starts_at desc))[1],
    (array_agg(h.views order by h.starts_at desc))[1],
    (array_agg(h.impressions order by h.starts_at desc))[1],
    (array_agg(h.reach order by h.starts_at desc))[1],
    (array_agg(h.saves order by h.starts_at desc))[1],
    (array_agg(h.clicks order by h.starts_at desc))[1],
    sum(h.likes_delta), sum(h.comments_delta), sum(h.shares_delta), sum(h.views_delta), sum(h.impressions_delta),
    sum(h.reach_delta), sum(h.saves_delta), sum(h.clicks_delta),
    min(h.likes_min), min(h.comments_min), min(h.shares_min), min(h.views_min), min(h.impressions_min), min(h.reach_min),
    min(h.saves_min), min(h.clicks_min),
    max(h.likes_max), max(h.comments_max), max(h.shares_max), max(h.views_max), max(h.impressions_max), max(h.reach_max),
    max(h.saves_max), max(h.clicks_max)
  from (
    select t.id as target_id, min(c.starts_at) as from_at
    from jsonb_to_recordset(changed) as c(project_id uuid, account_id uuid, publication_id uuid, starts_at timestamptz)
    cross join lateral (values (coalesce(c.publication_id, c.account_id)), (c.project_id)) t (id)
    group by 1
  ) f
  cross join (values ('daily', 'day'), ('weekly', 'week'), ('monthly', 'month')) as p (period, unit)
  join analytics_rollups h on h.target_id = f.target_id and h.period = 'hourly'
    and h.starts_at >= date_trunc(p.unit, f.from_at, 'UTC')
  group by 1, 2, 3, 4, 5
  on conflict on constraint analytics_rollups_bucket_key do update
    set likes = excluded.likes, comments = excluded.comments, shares = excluded.shares, views = excluded.views,
      impressions = excluded.impressions, reach = excluded.reach, saves = excluded.saves, clicks = excluded.clicks,
      likes_delta = excluded.likes_delta, comments_delta = excluded.comments_delta, shares_delta = excluded.shares_delta,
      views_delta = excluded.views_delta, impressions_delta = excluded.impressions_delta,
      reach_delta = excluded.reach_delta, saves_delta = excluded.saves_delta, clicks_delta = excluded.clicks_delta,
      likes_min = excluded.likes_min, comments_min = excluded.comments_min, shares_min = excluded.shares_min,
      views_min = excluded.views_min, impressions_min = excluded.impressions_min, reach_min = excluded.reach_min,
      saves_min = excluded.saves_min, clicks_min = excluded.clicks_min, likes_max = excluded.likes_max,
      comments_max = excluded.comments_max, shares_max = excluded.shares_max, views_max = excluded.views_max,
      impressions_max = excluded.impressions_max, reach_max = excluded.reach_max, saves_max = excluded.saves_max,
      clicks_max = excluded.clicks_max,
      updated_at = app.now();
end
$function$;

CREATE OR REPLACE FUNCTION app.roll_up_sums(rolled jsonb, of_accounts boolean)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into analytics_rollups as r (project_id, account_id, period, starts_at,
    likes_delta, comments_delta, shares_delta, views_delta, impressions_delta, reach_delta, saves_delta, clicks_delta)
  select t.project_id, t.account_id, 'hourly', t.starts_at,
    sum(p.likes_delta), sum(p.comments_delta), sum(p.shares_delta), sum(p.views_delta), sum(p.impressions_delta),
    sum(p.reach_delta), sum(p.saves_delta), sum(p.clicks_delta)
  from (
    select distinct t.project_id, case when of_accounts then t.account_id end as account_id, t.starts_at
    from jsonb_to_recordset(rolled) as t(project_id uuid, account_id uuid, starts_at timestamptz)
  ) t
  join analytics_rollups p on p.parent_id = coalesce(t.account_id, t.project_id) and p.period = 'hourly'
    and p.starts_at = t.starts_at
  group by 1, 2, 3, 4
  on conflict on constraint analytics_rollups_bucket_key do update
    set likes_delta = excluded.likes_delta, comments_delta = excluded.comments_delta, shares_delta = excluded.shares_delta,
      views_delta = excluded.views_delta, impressions_delta = excluded.impressions_delta,
      reach_delta = excluded.reach_delta, saves_delta = excluded.saves_delta, clicks_delta = excluded.clicks_delta,
      updated_at = app.now();

  update analytics_rollups r
  set likes = s.likes, comments = s.comments, shares = s.shares, views = s.views, impressions = s.impressions,
    reach = s.reach, saves = s.saves, clicks = s.clicks,
    likes_min = s.likes, comments_min = s.comments, shares_min = s.shares, views_min = s.views,
    impressions_min = s.impressions, reach_min = s.reach, saves_min = s.saves, clicks_min = s.clicks,
    likes_max = s.likes, comments_max = s.comments, shares_max = s.shares, views_max = s.views,
    impressions_max = s.impressions, reach_max = s.reach, saves_max = s.saves, clicks_max = s.clicks
  from (
    select h.id,
      case when b.likes is not null or count(h.likes_delta) over w > 0
        then coalesce(b.likes, 0) + coalesce(sum(h.likes_delta) over w, 0) end as likes,
      case when b.comments is not null or count(h.comments_delta) over w > 0
        then coalesce(b.comments, 0) + coalesce(sum(h.comments_delta) over w, 0) end as comments,
      case when b.shares is not null or count(h.shares_delta) over w > 0
        then coalesce(b.shares, 0) + coalesce(sum(h.shares_delta) over w, 0) end as shares,
      case when b.views is not null or count(h.views_delta) over w > 0
        then coalesce(b.views, 0) + coalesce(sum(h.views_delta) over w, 0) end as views,
      case when b.impressions is not null or count(h.impressions_delta) over w > 0
        then coalesce(b.impressions, 0) + coalesce(sum(h.impressions_delta) over w, 0) end as impressions,
      case when b.reach is not null or count(h.reach_delta) over w > 0
        then coalesce(b.reach, 0) + coalesce(sum(h.reach_delta) over w, 0) end as reach,
      case when b.saves is not null or count(h.saves_delta) over w > 0
        then coalesce(b.saves, 0) + coalesce(sum(h.saves_delta) over w, 0) end as saves,
      case when b.clicks is not null or count(h.clicks_delta) over w > 0
        then coalesce(b.clicks, 0) + coalesce(sum(h.clicks_delta) over w, 0) end as clicks
    from (
      select case when of_accounts then t.account_id else t.project_id end as target_id, min(t.starts_at) as starts_at
      from jsonb_to_recordset(rolled) as t(project_id uuid, account_id uuid, starts_at timestamptz) group by 1
    ) f
    join analytics_rollups h on h.target_id = f.target_id and h.period = 'hourly' and h.starts_at >= f.starts_at
    left join lateral (
      select p.likes, p.comments, p.shares, p.views, p.impressions, p.reach, p.saves, p.clicks
      from analytics_rollups p
      where p.target_id = f.target_id and p.period = 'hourly' and p.starts_at < f.starts_at
      order by p.starts_at desc limit 1
    ) b on true
    window w as (partition by h.target_id order by h.starts_at)
  ) s
  where r.id = s.id;
end
$function$;

CREATE OR REPLACE FUNCTION app.rotate_api_key(project uuid, key uuid, prefix text, key_hash text, overlap_s integer)
 RETURNS TABLE(outcome text, key_id uuid)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  old_key record;
begin
  perform from projects p where p.id = project for no key update;
  select k.name, k.scopes, k.expires_at, k.is_test,
    k.revoked_at is null and k.replaced_by is null and (k.expires_at is null or k.expires_at > app.now()) as alive
  into old_key from api_keys k where k.project_id = project and k.id = key;
  outcome := case
    when project = any (app.projects_of('read')) and project <> all (app.projects_of('manage')) then 'forbidden'
    when old_key.name is null then 'not_found'
    when not old_key.alive then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    insert into api_keys as k (project_id, name, prefix, key_hash, scopes, is_test, expires_at)
    values (project, old_key.name, rotate_api_key.prefix, rotate_api_key.key_hash, old_key.scopes, old_key.is_test, old_key.expires_at)
    returning k.id into key_id;
    update api_keys k
    set replaced_by = key_id, expires_at = least(k.expires_at, app.now() + make_interval(secs => overlap_s)),
      revoked_at = case when overlap_s = 0 then app.now() end
    where k.project_id = project and k.id = key;
  end if;
  return next;
end
$function$;
comment on function app.rotate_api_key(uuid,uuid,text,text,integer) is 'The new key is the actor''s, who answers for it from now on: it may what they may.';
grant execute on function app.rotate_api_key(uuid,uuid,text,text,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.rotate_api_key(project uuid, key uuid, prefix text, key_hash text, overlap_s integer, expected_version integer)
 RETURNS TABLE(outcome text, key_id uuid)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  seen integer;
begin
  perform from projects p where p.id = project for no key update;
  -- A key that is dead is another answer.
  select k.version into seen from api_keys k
  where k.project_id = project and k.id = key and k.revoked_at is null and k.replaced_by is null
    and (k.expires_at is null or k.expires_at > app.now()) and project = any (app.projects_of('manage')) for update;
  if seen <> expected_version then
    return query select 'stale', null::uuid;
    return;
  end if;
  return query select r.outcome, r.key_id from app.rotate_api_key(project, key, prefix, key_hash, overlap_s) r;
end
$function$;
grant execute on function app.rotate_api_key(uuid,uuid,text,text,integer,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.rotate_session(session_id uuid, presented_hash text, successor_hash text, is_issued boolean DEFAULT true, used_ip text DEFAULT NULL::text, used_agent text DEFAULT NULL::text, used_device jsonb DEFAULT NULL::jsonb)
 RETURNS TABLE(outcome text, user_id uuid, expires_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  s user_sessions;
  person users;
begin
  select * into s from user_sessions us where us.id = rotate_session.session_id for update;
  select * into person from users u where u.id = s.user_id and u.status = 'active' and u.deleted_at is null;
  if s.id is null or s.revoked_at is not null or s.expires_at <= app.now() or s.last_used_at <= app.now() - interval '14 days'
    or person.id is null then
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  elsif s.refresh_hash = presented_hash then
    update user_sessions us
    set refresh_hash = successor_hash, previous_hash = presented_hash, rotated_at = app.now(), last_used_at = app.now(),
      last_ip = coalesce(app.to_inet(used_ip), us.last_ip),
      last_user_agent = case when used_ip is null then us.last_user_agent else used_agent end,
      last_device = case when used_ip is null then us.last_device else nullif(used_device, us.device) end
    where us.id = s.id;
    return query select 'ok', s.user_id, s.expires_at;
  elsif s.previous_hash = presented_hash and s.refresh_hash = successor_hash
    and s.rotated_at > app.now() - interval '1 minute' then
    return query select 'ok', s.user_id, s.expires_at;
  elsif is_issued or s.previous_hash = presented_hash then
    update user_sessions us set revoked_at = app.now(), revoked_because = 'refresh token replayed' where us.id = s.id;
    insert into notifications (user_id, kind, payload) values (s.user_id, 'session.replayed', jsonb_build_object('sessionId', s.id));
    perform app.write_mail(jsonb_build_object('template', 'session-replayed', 'to', person.email, 'name', s.device ->> 'name',
      'system', s.device ->> 'system', 'ip', host(s.ip), 'at', to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')), false);
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  else
    return query select 'invalid_refresh_token', null::uuid, null::timestamptz;
  end if;
end
$function$;
comment on function app.rotate_session(uuid,text,text,boolean,text,text,jsonb) is 'is_issued: the token bears our mark. One without, from before there were marks, is known by being the one before the current one. The successor is given again for a minute: longer than the gateway lets a request wait (30 s) and a client needs to ask again.';
grant execute on function app.rotate_session(uuid,text,text,boolean,text,text,jsonb) to posthaste_public;

CREATE OR REPLACE FUNCTION app.run(call jsonb, statement text, parameters text[])
 RETURNS SETOF text
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  v text[] := parameters;
  kind text := call ->> 'kind';
  caller text := coalesce(call ->> 'userId', 'public');
  counted text;
  refused text;
  about jsonb := '{}';
  requests integer;
  repeat jsonb := call -> 'repeat';
  looks boolean := coalesce((call -> 'repeat' ->> 'look')::boolean, false);
  stored text[];
  answer text[] := '{}';
  line record;
  key record;
begin
  perform set_config('app.request_id', coalesce(call ->> 'requestId', ''), true),
    set_config('app.user_id', '', true), set_config('app.session_id', '', true),
    set_config('app.ip', coalesce(call ->> 'ip', ''), true), set_config('app.api_key_id', '', true),
    set_config('app.key_project', '', true);
  if kind = 'actor' then
    refused := app.session_refusal((call ->> 'userId')::uuid, (call ->> 'sessionId')::uuid, (call ->> 'stepUp')::boolean);
    counted := 'user:' || caller;
  elsif kind = 'key' then
    select * into key from app.check_key(call ->> 'keyHash', call ->> 'scope');
    refused := key.refused;
    caller := 'key:' || key.key_id;
    counted := caller;
    about := jsonb_strip_nulls(jsonb_build_object('userId', key.user_id, 'keyId', key.key_id));
  elsif kind is null or kind not in ('public', 'worker') then
    raise exception 'unknown kind of call' using errcode = 'PH000';
  end if;

  if refused is not null then
    if call -> 'limit' ->> 'refusedClass' is null then
      raise exception 'the caller is refused' using errcode = refused;
    end if;
    -- As a line, not as an error: that would take its count along.
    return next '#' || (about || app.count_refusal(refused, call, counted))::text || E'\n';
    return;
  end if;
  if kind = 'actor' then
    perform set_config('app.user_id', call ->> 'userId', true), set_config('app.session_id', call ->> 'sessionId', true);
  elsif kind = 'key' then
    perform set_config('app.user_id', key.user_id::text, true), set_config('app.api_key_id', key.key_id::text, true),
      set_config('app.key_project', key.project_id::text, true);
  end if;

  if call ? 'limit' then
    counted := coalesce(counted, app.address_caller(call ->> 'ip'));
    requests := coalesce((call -> 'limit' ->> 'requests')::integer, 1);
    perform app.check_rate(counted, call -> 'limit' ->> 'class', requests);
  end if;

  if repeat is not null then
    if kind = 'public' then
      select n.caller, n.repeat into caller, repeat from app.nameless(call) n;
    end if;
    stored := app.repeated(caller, repeat, looks and not coalesce((repeat ->> 'lock')::boolean, false));
    if looks and stored is not null and not repeat ? 'bodyHash' then
      -- Whether it is the same request is asked with the write.
      about := about || '{"repeat": true}';
      stored := null;
    end if;
  end if;

  if stored is null or looks then
    if kind = 'public' then
      perform set_config('role', 'posthaste_public', true);
    end if;

    for line in execute statement using
      v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15], v[16],
      v[17], v[18], v[19], v[20], v[21], v[22], v[23], v[24], v[25], v[26], v[27], v[28], v[29], v[30], v[31], v[32]
    loop
      answer := answer || row_to_json(line)::text;
    end loop;

    if kind = 'public' then
      perform set_config('role', 'none', true);
    end if;

    if repeat is not null and stored is null and not looks and coalesce(answer[1]::jsonb ->> 'outcome', 'ok') = 'ok' then
      perform app.remember(caller, repeat, answer);
    end if;
  end if;

  if call ? 'limit' then
    about := about || app.count_request(counted, call -> 'limit' ->> 'class', requests);
  end if;
  if about <> '{}' then
    return next '#' || about::text || E'\n';
  end if;
  return query select app.parts(array_to_string(answer, E'\n') || E'\n') where cardinality(answer) > 0;
  if stored is not null then
    return query select app.parts('!' || array_to_string(stored, E'\n') || E'\n');
  end if;
end
$function$;
comment on function app.run(jsonb,text,text[]) is 'One Data API call: checks that person and session, or API key and scope, are alive (PH401, PH403, PH405 step-up), that the caller has not asked too often (PH402), answers repeats of an Idempotency-Key (PH409 running, PH422 other request, PH410 secret), runs the statement under row-level security and returns its rows as JSON lines in parts. A line that begins with # tells of caller and limit, and where limit has a refusedClass of a refusal, which is an error otherwise; one that begins with ! opens a stored answer.';
grant execute on function app.run(jsonb,text,text[]) to posthaste_api;
grant execute on function app.run(jsonb,text,text[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.seal_audit(row_limit integer)
 RETURNS TABLE(sequence bigint, row_count integer, hash text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  last audit_seals;
  made audit_seals;
begin
  -- One sealer at a time: the chain has one end.
  perform pg_advisory_xact_lock(hashtextextended('app.seal_audit', 0));
  select (date_trunc('month', q.occurred_at at time zone 'UTC'))::date into made.month
  from audit_unsealed q order by q.occurred_at, q.audit_id limit 1;
  if made.month is null then
    return;
  end if;
  select * into last from audit_seals s order by s.sequence desc limit 1;
  with taken as (
    -- By place: under the lock nobody else moves or takes them, and a long queue is not read for its first few.
    delete from audit_unsealed q where q.ctid = any (array(
      select u.ctid from audit_unsealed u
      where u.occurred_at >= made.month::timestamp at time zone 'UTC'
        and u.occurred_at < (made.month + interval '1 month') at time zone 'UTC'
      order by u.occurred_at, u.audit_id limit least(row_limit, 500)))
    returning q.occurred_at, q.audit_id
  )
  select array_agg(t.audit_id order by t.occurred_at, t.audit_id),
    array_agg(coalesce(app.audit_row_hash(a), '') order by t.occurred_at, t.audit_id)
  into made.row_ids, made.row_hashes
  from taken t left join audit_log a on a.id = t.audit_id and a.occurred_at = t.occurred_at;
  made.sequence := coalesce(last.sequence, 0) + 1;
  made.sealed_at := app.now();
  made.row_count := cardinality(made.row_ids);
  made.previous_hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  made.hash := sha256(convert_to(jsonb_build_array(made.sequence, made.month, extract(epoch from made.sealed_at), made.row_ids,
    (select jsonb_agg(encode(h.value, 'hex') order by h.place) from unnest(made.row_hashes) with ordinality h (value, place)),
    encode(made.previous_hash, 'hex'))::text, 'UTF8'));
  insert into audit_seals select made.*;
  return query select made.sequence, made.row_count, encode(made.hash, 'hex');
end
$function$;
comment on function app.seal_audit(integer) is 'Safe with two at once. At most 500 rows, so that a seal stays below the Data API''s 64 KiB per row.';
grant execute on function app.seal_audit(integer) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.search_community(words text, after_weight numeric, after_id uuid, take integer)
 RETURNS TABLE(post_id uuid, weight numeric)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER ROWS 20
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
AS $function$
declare
  wanted tsquery := app.community_query(words);
begin
  if wanted is null or numnode(wanted) = 0 then
    return;
  end if;
  return query
  select m.id, m.weight
  from (
    select p.id, round(ts_rank('{0.05, 0.2, 0.5, 1}', p.search, wanted)::numeric, 6) as weight
    from community_posts p
    where p.visibility = 'public' and p.is_standing and p.search @@ wanted
    order by p.id desc
    limit 500
  ) m
  where after_id is null or (m.weight, m.id) < (after_weight, after_id)
  order by m.weight desc, m.id desc
  limit take;
end
$function$;
comment on function app.search_community(text,numeric,uuid,integer) is 'Of the newest 500 public posts that match, the best first. after_*: the last of the page before.';
grant execute on function app.search_community(text,numeric,uuid,integer) to posthaste_api;
grant execute on function app.search_community(text,numeric,uuid,integer) to posthaste_public;

CREATE OR REPLACE FUNCTION app.search_config(language text)
 RETURNS regconfig
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select case split_part(language, '-', 1)
    when 'ar' then 'pg_catalog.arabic'::regconfig when 'ca' then 'pg_catalog.catalan'::regconfig
    when 'da' then 'pg_catalog.danish'::regconfig when 'de' then 'pg_catalog.german'::regconfig
    when 'el' then 'pg_catalog.greek'::regconfig when 'en' then 'pg_catalog.english'::regconfig
    when 'es' then 'pg_catalog.spanish'::regconfig when 'eu' then 'pg_catalog.basque'::regconfig
    when 'fi' then 'pg_catalog.finnish'::regconfig when 'fr' then 'pg_catalog.french'::regconfig
    when 'ga' then 'pg_catalog.irish'::regconfig when 'hi' then 'pg_catalog.hindi'::regconfig
    when 'hu' then 'pg_catalog.hungarian'::regconfig when 'hy' then 'pg_catalog.armenian'::regconfig
    when 'id' then 'pg_catalog.indonesian'::regconfig when 'it' then 'pg_catalog.italian'::regconfig
    when 'lt' then 'pg_catalog.lithuanian'::regconfig when 'nb' then 'pg_catalog.norwegian'::regconfig
    when 'ne' then 'pg_catalog.nepali'::regconfig when 'nl' then 'pg_catalog.dutch'::regconfig
    when 'nn' then 'pg_catalog.norwegian'::regconfig when 'no' then 'pg_catalog.norwegian'::regconfig
    when 'pt' then 'pg_catalog.portuguese'::regconfig when 'ro' then 'pg_catalog.romanian'::regconfig
    when 'ru' then 'pg_catalog.russian'::regconfig when 'sr' then 'pg_catalog.serbian'::regconfig
    when 'sv' then 'pg_catalog.swedish'::regconfig when 'ta' then 'pg_catalog.tamil'::regconfig
    when 'tr' then 'pg_catalog.turkish'::regconfig when 'yi' then 'pg_catalog.yiddish'::regconfig
    else 'pg_catalog.simple'::regconfig
  end
$function$;
comment on function app.search_config(text) is 'How words of a language (BCP 47) become search terms; as they are where it is unknown.';
grant execute on function app.search_config(text) to posthaste_api;
grant execute on function app.search_config(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.search_content(words text, project uuid)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET client_min_messages TO 'warning'
AS $function$
declare
  configs regconfig[];
  queries tsquery[];
  wanted tsquery[];
  anyhow tsquery;
  one uuid;
  seen integer;
  hits integer;
begin
  select array_agg(q.config), array_agg(q.query), array_agg(q.wanted), string_agg(distinct nullif(q.query::text, ''), ' | ')::tsquery
  into configs, queries, wanted, anyhow
  from app.search_queries(words) q;
  if coalesce(numnode(anyhow), 0) = 0 then
    return;
  end if;
  foreach one in array app.projects_of('read') loop
    continue when one <> project;
    select count(*), count(*) filter (where n.search @@ queries[array_position(configs, app.search_config(n.language))]) into seen, hits
    from (
      select r.search, r.language from content r where r.project_id = one and r.deleted_at is null order by r.created_at desc, r.id desc limit 300
    ) n;
    if seen < 300 or hits >= 30 or querytree(anyhow) = 'T' then
      return query
        select n.id, ts_rank(n.search, wanted[array_position(configs, app.search_config(n.language))])
        from (
          select r.id, r.search, r.language from content r where r.project_id = one and r.deleted_at is null order by r.created_at desc, r.id desc limit 20000
        ) n
        where n.search @@ queries[array_position(configs, app.search_config(n.language))]
        limit 1000;
    else
      return query
        with found as materialized (
          select r.id, r.search, r.language, r.created_at from content r
          where r.project_id = one and r.deleted_at is null
            and r.search @@ ((''' ' || one || '''')::tsquery && anyhow)
            and r.search @@ queries[array_position(configs, app.search_config(r.language))]
        )
        select r.id, ts_rank(r.search, wanted[array_position(configs, app.search_config(r.language))]) from found r order by r.created_at desc, r.id desc limit 1000;
    end if;
  end loop;
end
$function$;
comment on function app.search_content(text,uuid) is 'Content of the actor''s projects (or of one) that has the words, with how well it fits: of each project the newest 1000 that do. Applies visibility itself.';
grant execute on function app.search_content(text,uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.search_document(project_id uuid, language text, title text, tags text[], body text)
 RETURNS tsvector
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select array_to_tsvector(array[' ' || coalesce(project_id::text, '')])
    || setweight(to_tsvector(app.search_config(language), coalesce(title, '')), 'A')
    || setweight(to_tsvector(app.search_config(language), coalesce(array_to_string(tags, ' '), '')), 'B')
    || setweight(to_tsvector(app.search_config(language), left(coalesce(body, ''), 100000)), 'C')
    || case when app.search_config(language) = 'pg_catalog.simple'::regconfig then ''
      else setweight(to_tsvector('pg_catalog.simple', coalesce(title, '')), 'A')
        || setweight(to_tsvector('pg_catalog.simple', coalesce(array_to_string(tags, ' '), '')), 'B') end
$function$;
comment on function app.search_document(uuid,text,text,text[],text) is 'Title A, hashtags and labels B, text C (its first 100,000 characters: a tsvector ends at one megabyte), in the word forms of the language; titles and tags as they are written too, for beginnings. One more term names the project: no word begins with a space, so nobody can ask for it, and the index finds a tenant''s rows by it.';
grant execute on function app.search_document(uuid,text,text,text[],text) to posthaste_api;
grant execute on function app.search_document(uuid,text,text,text[],text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.search_posts(words text, project uuid)
 RETURNS TABLE(id uuid, rank real)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET client_min_messages TO 'warning'
AS $function$
declare
  configs regconfig[];
  queries tsquery[];
  wanted tsquery[];
  anyhow tsquery;
  one uuid;
  seen integer;
  hits integer;
begin
  select array_agg(q.config), array_agg(q.query), array_agg(q.wanted), string_agg(distinct nullif(q.query::text, ''), ' | ')::tsquery
  into configs, queries, wanted, anyhow
  from app.search_queries(words) q;
  if coalesce(numnode(anyhow), 0) = 0 then
    return;
  end if;
  foreach one in array app.projects_of('read') loop
    continue when one <> project;
    select count(*), count(*) filter (where n.search @@ queries[array_position(configs, app.search_config(n.language))]) into seen, hits
    from (
      select r.search, r.language from posts r where r.project_id = one and r.deleted_at is null order by r.id desc limit 300
    ) n;
    if seen < 300 or hits >= 30 or querytree(anyhow) = 'T' then
      return query
        select n.id, ts_rank(n.search, wanted[array_position(configs, app.search_config(n.language))])
        from (
          select r.id, r.search, r.language from posts r where r.project_id = one and r.deleted_at is null order by r.id desc limit 20000
        ) n
        where n.search @@ queries[array_position(configs, app.search_config(n.language))]
        limit 1000;
    else
      return query
        with found as materialized (
          select r.id, r.search, r.language from posts r
          where r.project_id = one and r.deleted_at is null
            and r.search @@ ((''' ' || one || '''')::tsquery && anyhow)
            and r.search @@ queries[array_position(configs, app.search_config(r.language))]
        )
        select r.id, ts_rank(r.search, wanted[array_position(configs, app.search_config(r.language))]) from found r order by r.id desc limit 1000;
    end if;
  end loop;
end
$function$;
comment on function app.search_posts(text,uuid) is 'The same for posts.';
grant execute on function app.search_posts(text,uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.search_queries(words text)
 RETURNS TABLE(config regconfig, query tsquery, wanted tsquery)
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select q.config, q.query, case when querytree(q.query) in ('', 'T') then q.query else querytree(q.query)::tsquery end
  from (
    select c.config, app.search_query(c.config, words) as query
    from (
      select distinct app.search_config(l.language)
      from unnest('{ar,ca,da,de,el,en,es,eu,fi,fr,ga,hi,hu,hy,id,it,lt,nb,ne,nl,pt,ro,ru,sr,sv,ta,tr,yi,und}'::text[]) as l (language)
    ) c (config)
  ) q
$function$;
comment on function app.search_queries(text) is 'The same words in every language: each text is asked in its own. Wanted = without what must not be there, which says nothing about how well a text fits.';

CREATE OR REPLACE FUNCTION app.search_query(config regconfig, words text)
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  with word as (
    select w.word, w.word ~ '^-?[^"]+\*$' as begins from regexp_split_to_table(left(words, 1000), '\s+') as w (word)
  ), beginning as (
    select w.word, (
      select string_agg('''' || replace(replace(l.lexeme, '\', '\\'), '''', '''''') || '''' || ':*', ' & ')
      from unnest(to_tsvector('pg_catalog.simple', ltrim(rtrim(w.word, '*'), '-'))) l
    ) as prefix
    from word w where w.begins
  )
  select websearch_to_tsquery(config, coalesce((select string_agg(w.word, ' ') from word w where not w.begins), ''))
    && coalesce((
      select string_agg(
        case when b.word like '-%' then '!(' || b.prefix || ')'
          else '(' || (b.prefix::tsquery || plainto_tsquery(config, rtrim(b.word, '*')))::text || ')' end, ' & ')
      from beginning b where b.prefix is not null), '')::tsquery
$function$;
comment on function app.search_query(regconfig,text) is 'Never an error, whatever the words; an empty query finds nothing. The first thousand characters count.';

CREATE OR REPLACE FUNCTION app.session_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select nullif(current_setting('app.session_id', true), '')::uuid$function$;
grant execute on function app.session_id() to posthaste_api;
grant execute on function app.session_id() to posthaste_public;
grant execute on function app.session_id() to posthaste_reporting;
grant execute on function app.session_id() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.session_refusal(user_id uuid, session_id uuid, step_up boolean)
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  elevated boolean;
begin
  select coalesce(s.elevated_until > app.now(), false) into elevated
  from user_sessions s join users u on u.id = s.user_id
  where s.id = session_refusal.session_id and s.user_id = session_refusal.user_id
    and s.revoked_at is null and s.expires_at > app.now()
    and u.status = 'active' and u.deleted_at is null;
  return case when elevated is null then 'PH401' when step_up and not elevated then 'PH405' end;
end
$function$;
comment on function app.session_refusal(uuid,uuid,boolean) is 'Null for one that lives; PH401 for one that has ended, PH405 for one that must prove itself first.';
grant execute on function app.session_refusal(uuid,uuid,boolean) to posthaste_api;

CREATE OR REPLACE FUNCTION app.set_follow(person uuid, following boolean)
 RETURNS TABLE(outcome text, followers_count bigint)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if person = app.user_id() or not exists (select from app.profiles(array[person])) then
    return query select 'not_found', null::bigint;
    return;
  end if;
  if set_follow.following then
    insert into user_followers (follower_id, following_id) values (app.user_id(), person)
    on conflict on constraint user_followers_once do nothing;
  else
    delete from user_followers f where f.follower_id = app.user_id() and f.following_id = person;
  end if;
  return query select 'ok', p.followers_count from app.profiles(array[person]) p;
end
$function$;
grant execute on function app.set_follow(uuid,boolean) to posthaste_api;

CREATE OR REPLACE FUNCTION app.set_like(post uuid, liked boolean)
 RETURNS TABLE(outcome text, like_count bigint)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not exists (select from community_posts p where p.id = post and p.is_standing) then
    return query select 'not_found', null::bigint;
    return;
  end if;
  if liked then
    insert into user_engagement (user_id, community_post_id, type) values (app.user_id(), post, 'like')
    on conflict on constraint user_engagement_once do nothing;
  else
    delete from user_engagement e where e.user_id = app.user_id() and e.community_post_id = post and e.type = 'like';
  end if;
  return query select 'ok', c.like_count from app.post_counts(array[post]) c;
end
$function$;
grant execute on function app.set_like(uuid,boolean) to posthaste_api;

CREATE OR REPLACE FUNCTION app.set_quotas(scope text, subject uuid, limits jsonb)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not app.is_staff('admin') or not (case scope
    when 'user' then exists (select from users u where u.id = subject and u.deleted_at is null)
    else exists (select from projects p where p.id = subject and p.deleted_at is null) end) then
    return query select 'not_found';
    return;
  end if;
  delete from quota_overrides o where subject in (o.user_id, o.project_id) and not limits ? o.name;
  insert into quota_overrides as o (scope, name, user_id, project_id, most)
  select q.scope, q.name, case q.scope when 'user' then subject end, case q.scope when 'project' then subject end, (l.value #>> '{}')::bigint
  from jsonb_each(limits) l join quotas q on q.scope = set_quotas.scope and q.name = l.key
  on conflict on constraint quota_overrides_one_key do update set most = excluded.most where o.most is distinct from excluded.most;
  return query select 'ok';
end
$function$;
grant execute on function app.set_quotas(text,uuid,jsonb) to posthaste_api;

CREATE OR REPLACE FUNCTION app.set_quotas(scope text, subject uuid, limits jsonb, expected_version integer)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  -- One after the other: who comes second sees what the first has set.
  if scope = 'user' then
    perform from users u where u.id = subject and u.deleted_at is null and app.is_staff('admin') for no key update;
  else
    perform from projects p where p.id = subject and p.deleted_at is null and app.is_staff('admin') for no key update;
  end if;
  if found and app.limits_version(scope, subject) <> expected_version then
    return query select 'stale';
    return;
  end if;
  return query select s.outcome from app.set_quotas(scope, subject, limits) s;
end
$function$;
grant execute on function app.set_quotas(text,uuid,jsonb,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.show_invitation(token_hash text)
 RETURNS TABLE(project_name text, inviter text, role text, permissions text[], expires_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select p.name, u.display_name, i.role, i.permissions, i.expires_at
  from project_invitations i join projects p on p.id = i.project_id and p.deleted_at is null
    left join users u on u.id = i.created_by and u.deleted_at is null
  where i.token_hash = show_invitation.token_hash and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
    and i.expires_at > app.now()
$function$;
comment on function app.show_invitation(text) is 'What the mail said, to who holds its link, as long as it is good. Not whose address it was sent to.';
grant execute on function app.show_invitation(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.sign_in(user_id uuid, secret_hash text, user_agent text, ip text, device jsonb)
 RETURNS TABLE(outcome text, session_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  if not exists (
    select from mfa_factors f where f.user_id = sign_in.user_id and f.kind = 'totp' and f.confirmed_at is not null
  ) then
    return query select o.outcome, o.session_id
      from app.open_session(sign_in.user_id, sign_in.secret_hash, sign_in.user_agent, sign_in.ip, sign_in.device) o;
    return;
  end if;
  delete from sign_in_tickets t where t.user_id = sign_in.user_id and t.expires_at <= app.now();
  return query insert into sign_in_tickets (user_id, token_hash)
    select u.id, sign_in.secret_hash from users u where u.id = sign_in.user_id and u.status = 'active' and u.deleted_at is null
    returning 'second_factor_needed', null::uuid;
end
$function$;
comment on function app.sign_in(uuid,text,text,text,jsonb) is 'After the first factor. secret_hash becomes that of the session''s refresh token, or, where a second factor is owed, that of the ticket for it.';

CREATE OR REPLACE FUNCTION app.sign_in_providers()
 RETURNS TABLE(name text, label text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select p.name, p.label from identity_providers p where p.is_enabled order by p.label, p.name
$function$;
grant execute on function app.sign_in_providers() to posthaste_public;

CREATE OR REPLACE FUNCTION app.sign_out_everywhere(keep_current boolean, because text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  ended integer;
begin
  -- Also where the thief has logged out already, or has not come in yet.
  perform app.call_off_changes(app.user_id());
  delete from sign_in_tickets t where t.user_id = app.user_id();
  update user_sessions s set revoked_at = app.now(), revoked_because = because
  where s.user_id = app.user_id() and s.revoked_at is null and not (keep_current and s.id = app.session_id());
  get diagnostics ended = row_count;
  return ended;
end
$function$;
comment on function app.sign_out_everywhere(boolean,text) is 'Of one''s own. How many sessions ended.';
grant execute on function app.sign_out_everywhere(boolean,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.sign_post()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.created_by := app.user_id();
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.stay_ended()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'what was revoked stays revoked' using errcode = '42501';
end
$function$;

CREATE OR REPLACE FUNCTION app.step_up_by_code(factor_id uuid, step bigint, recovery_hash text)
 RETURNS TABLE(outcome text, elevated_until timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not app.use_factor(app.user_id(), factor_id, step, recovery_hash) then
    return query select 'wrong_code', null::timestamptz;
    return;
  end if;
  return query select 'ok', app.elevate();
end
$function$;
grant execute on function app.step_up_by_code(uuid,bigint,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.step_up_by_password(presented_hash text)
 RETURNS TABLE(outcome text, wait_s integer, elevated_until timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  proof record;
begin
  if exists (select from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is not null) then
    return query select 'second_factor_needed', null::integer, null::timestamptz;
    return;
  end if;
  select * into proof from app.prove_password(presented_hash);
  return query select proof.outcome, proof.wait_s, case when proof.outcome = 'ok' then app.elevate() end;
end
$function$;
comment on function app.step_up_by_password(text) is 'For who has no second factor: whoever has one shows that.';
grant execute on function app.step_up_by_password(text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.step_up_by_provider(code_hash text, code_challenge text)
 RETURNS TABLE(outcome text, elevated_until timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  told provider_sign_ins := app.take_provider_sign_in(step_up_by_provider.code_hash, step_up_by_provider.code_challenge, 'step_up', app.user_id());
begin
  if told.id is null then
    return query select 'invalid_token', null::timestamptz;
  elsif exists (select from mfa_factors f where f.user_id = app.user_id() and f.kind = 'totp' and f.confirmed_at is not null) then
    return query select 'second_factor_needed', null::timestamptz;
  elsif not exists (
    select from user_identities i where i.user_id = app.user_id() and i.provider = told.provider and i.subject = told.subject
  ) then
    return query select 'sign_in_refused', null::timestamptz;
  else
    return query select 'ok', app.elevate();
  end if;
end
$function$;
grant execute on function app.step_up_by_provider(text,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.submit_request()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  flow approval_workflows;
  hash text;
  deciders integer;
begin
  select * into flow from approval_workflows w where w.project_id = new.project_id and w.id = new.workflow_id;
  select count(*) into deciders from app.approvers_of(new.id);
  if not flow.is_active or flow.deleted_at is not null then
    raise exception 'the workflow is not in use' using errcode = 'PH004';
  elsif deciders < (case flow.rule when 'any' then flow.min_approvals else 1 end) then
    raise exception 'the workflow has too few approvers for this post' using errcode = 'PH004';
  end if;
  -- Publications before requests, always: an edit locks them in this order.
  perform from post_publications pp where pp.post_id = new.post_id order by pp.id for no key update;
  update approval_requests r set state = 'superseded' where r.post_id = new.post_id and r.id <> new.id and r.state = 'approved';
  if exists (select from posts p where p.id = new.post_id and p.deleted_at is not null) or app.hold_post(new.post_id) = 0 then
    raise exception 'nothing of this post waits to be published' using errcode = 'PH004';
  end if;
  hash := app.post_hash(new.post_id);
  if hash <> new.content_hash then
    update approval_requests r set content_hash = hash where r.id = new.id;
  end if;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.switch_platform(platform text, enabled boolean)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update platforms p set enabled = switch_platform.enabled where p.name = platform and app.is_staff('admin');
  return query select case when found then 'ok' else 'not_found' end;
end
$function$;
comment on function app.switch_platform(text,boolean) is 'Off: nothing new is connected. What is connected already goes on publishing.';
grant execute on function app.switch_platform(text,boolean) to posthaste_api;

CREATE OR REPLACE FUNCTION app.switch_platform(platform text, enabled boolean, expected_version integer)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  seen integer;
begin
  select p.version into seen from platforms p where p.name = platform and app.is_staff('admin') for no key update;
  outcome := case when seen is null then 'not_found' when seen <> expected_version then 'stale' else 'ok' end;
  if outcome = 'ok' then
    update platforms p set enabled = switch_platform.enabled, version = p.version + 1 where p.name = platform;
  end if;
  return next;
end
$function$;
comment on function app.switch_platform(text,boolean,integer) is 'Off: nothing new is connected. What is connected already goes on publishing.';
grant execute on function app.switch_platform(text,boolean,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.take_provider_sign_in(code_hash text, code_challenge text, purpose text, person uuid)
 RETURNS provider_sign_ins
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  taken provider_sign_ins;
begin
  select * into taken from provider_sign_ins s
  where s.code_hash = take_provider_sign_in.code_hash and s.finished_at is null and s.expires_at > app.now() for update;
  -- A wrong secret uses the code up too: it is not guessed at. What the provider told is not kept.
  update provider_sign_ins s set finished_at = app.now(), subject = null, email = null, display_name = null where s.id = taken.id;
  if taken.code_challenge is distinct from take_provider_sign_in.code_challenge or taken.purpose is distinct from take_provider_sign_in.purpose
    or taken.user_id is distinct from person then
    return null;
  end if;
  return taken;
end
$function$;
comment on function app.take_provider_sign_in(text,text,text,uuid) is 'Once, for the client that began it; null for everybody else. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.take_report()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into content_moderation as m (target_type, target_id, reason) values (new.target_type, new.target_id, 'reported')
  on conflict (target_type, target_id) where status in ('pending', 'flagged') do update
    set status = case when (
      select count(*) from moderation_reports r where r.moderation_id = m.id and r.status = 'open') >= 2 then 'flagged' else m.status end
  returning m.id into new.moderation_id;
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.take_turns_for_slots()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_advisory_xact_lock(hashtextextended('schedule_slots ' || coalesce(new.account_id, new.project_id), 0));
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION app.tell_factor(person uuid, about jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select app.write_mail(jsonb_build_object('template', 'second-factor', 'to', u.email) || about, false)
  from users u where u.id = person
$function$;
comment on function app.tell_factor(uuid,jsonb) is 'Who may have lost a second factor hears of what happens to it. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.to_inet(address text)
 RETURNS inet
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if pg_input_is_valid(address, 'inet') then
    return address::inet;
  end if;
  return null;
end
$function$;
comment on function app.to_inet(text) is 'Null for what is no address.';

CREATE OR REPLACE FUNCTION app.totp_factors(person uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'sealed', f.secret_sealed) order by f.id), '[]')
  from mfa_factors f where f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null
$function$;
comment on function app.totp_factors(uuid) is 'Granted to nobody.';

CREATE OR REPLACE FUNCTION app.touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.updated_at := app.now();
  new.version := old.version + 1;
  return new;
end
$function$;
comment on function app.touch() is 'Before update: raises version, sets updated_at.';

CREATE OR REPLACE FUNCTION app.touch_analytics()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into analytics_touched as t (publication_id, project_id, from_at)
  select n.publication_id, n.project_id, min(n.fetched_at) from new_rows n
  group by n.publication_id, n.project_id order by n.publication_id
  on conflict on constraint analytics_touched_pkey do update set from_at = least(t.from_at, excluded.from_at);
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.transfer_project(project uuid, heir uuid, own_role text)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform from projects p where p.id = project for no key update;
  outcome := case when project <> all (app.projects_of('read')) then 'not_found'
    when project <> all (app.projects_of('manage')) then 'forbidden'
    when heir = app.user_id() then 'wrong_state'
    when not exists (select from app.member_names(project, array[heir])) then 'not_found'
    when not app.may_own(project, heir) then 'wrong_state'
    else 'ok' end;
  if outcome = 'ok' then
    update project_collaborators c set role = 'owner' where c.project_id = project and c.user_id = heir;
    -- Who leaves holds no lock of the project: they may be gone by now.
    if found then
      update project_collaborators c set role = own_role, permissions = '{}' where c.project_id = project and c.user_id = app.user_id();
    else
      outcome := 'not_found';
    end if;
  end if;
  return next;
end
$function$;
comment on function app.transfer_project(uuid,uuid,text) is 'A member becomes owner and the actor what they ask for, in one step. Other owners stay owners.';
grant execute on function app.transfer_project(uuid,uuid,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.try_proof(person uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  tried proof_tries;
begin
  insert into proof_tries as p (user_id) values (person)
  on conflict on constraint proof_tries_pkey do update set
    failures = case when p.tried_at < app.now() - interval '1 day' then 1 else p.failures + 1 end,
    tried_at = app.now(),
    blocked_until = case when p.failures >= 4 and p.tried_at >= app.now() - interval '1 day'
      then app.now() + least(interval '1 hour', interval '30 seconds' * 2 ^ least(p.failures - 4, 10)) end
  where p.blocked_until is null or p.blocked_until <= app.now()
  returning p.* into tried;
  if tried.user_id is null then
    return (select greatest(1, ceil(extract(epoch from p.blocked_until - app.now())))::integer from proof_tries p where p.user_id = person);
  end if;
  if tried.failures = 5 then
    perform app.tell_factor(person, '{"change": "guessed"}');
  end if;
  return 0;
end
$function$;
comment on function app.try_proof(uuid) is 'Counts a guess; 0 where it may be looked at, else the seconds to wait: from the fifth wrong one in a row on, half a minute, doubled each time, an hour at most. Only who has the password or a session of the person gets so far. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.unlink_identity(identity_id uuid)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  person users;
  gone user_identities;
begin
  -- Two at once wait for each other: one of them stays.
  select * into person from users u where u.id = app.user_id() for update;
  select * into gone from user_identities i where i.id = identity_id and i.user_id = person.id;
  if gone.id is null then
    return query select 'not_found';
    return;
  end if;
  if person.password_hash is null and not exists (
    select from user_identities i join identity_providers p on p.name = i.provider and p.is_enabled
    where i.user_id = person.id and i.id <> gone.id
  ) then
    return query select 'last_way_in';
    return;
  end if;
  delete from user_identities i where i.id = gone.id;
  perform app.write_mail(jsonb_build_object('template', 'identity', 'to', person.email, 'change', 'unlinked',
    'label', coalesce((select p.label from identity_providers p where p.name = gone.provider), gone.provider)), false);
  return query select 'ok';
end
$function$;
grant execute on function app.unlink_identity(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.untell_guesses(person uuid)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  delete from outbox_events e using users u
  where u.id = person and e.kind = 'mail' and e.dispatched_at is null and e.created_at > app.now() - interval '30 seconds'
    and e.payload @> jsonb_build_object('template', 'second-factor', 'to', u.email, 'change', 'guessed')
$function$;
comment on function app.untell_guesses(uuid) is 'After the fifth guess none is looked at for half a minute: who is right within it was under way already, or was the fifth, and no mail need leave. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.usage_of(scope text, subject uuid)
 RETURNS TABLE(quota text, most bigint, own boolean, used bigint, resets_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select q.name, app.quota_most(q.scope, q.name, subject),
    exists (select from quota_overrides o where o.scope = q.scope and o.name = q.name and subject in (o.user_id, o.project_id)),
    app.quota_used(q.scope, q.name, subject, app.now()),
    case when q.name = 'postsPerDay' then date_trunc('day', app.now(), 'UTC') + interval '1 day' end
  from quotas q
  where q.scope = usage_of.scope
    and case q.scope when 'user' then subject = app.user_id() or app.is_staff('admin')
      else subject = any (app.projects_of('read')) or app.is_staff('admin') end
    and case q.scope when 'user' then exists (select from users u where u.id = subject and u.deleted_at is null)
      else exists (select from projects p where p.id = subject and p.deleted_at is null) end
  order by array_position(array['projects', 'members', 'accounts', 'storageBytes', 'postsPerDay'], q.name)
$function$;
comment on function app.usage_of(text,uuid) is 'For members of the project, the person, and administrators; no row for others.';
grant execute on function app.usage_of(text,uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.use_factor(person uuid, factor_id uuid, step bigint, recovery_hash text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  codes_left integer;
  left_over integer;
begin
  if recovery_hash is null then
    update mfa_factors f set last_step = step, last_used_at = app.now()
    where f.id = factor_id and f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null
      and (f.last_step is null or f.last_step < step);
    if not found then
      -- The right code, used already: no guess, so what it was counted for is undone, and no more.
      if exists (
        select from mfa_factors f
        where f.id = factor_id and f.user_id = person and f.kind = 'totp' and f.confirmed_at is not null and f.last_step >= step) then
        update proof_tries p set failures = p.failures - 1, blocked_until = case when p.failures > 5 then p.blocked_until end
        where p.user_id = person and p.failures > 1
        returning p.failures into left_over;
        if left_over is null then
          delete from proof_tries p where p.user_id = person;
        end if;
        if coalesce(left_over, 0) < 5 then
          perform app.untell_guesses(person);
        end if;
      end if;
      return false;
    end if;
  else
    update mfa_factors f set code_hashes = array_remove(f.code_hashes, recovery_hash), last_used_at = app.now()
    where f.user_id = person and f.kind = 'recovery' and recovery_hash = any (f.code_hashes)
    returning cardinality(f.code_hashes) into codes_left;
    if codes_left is null then
      return false;
    end if;
    perform app.tell_factor(person, jsonb_build_object('change', 'recovery_code_used', 'left', codes_left));
  end if;
  delete from proof_tries p where p.user_id = person;
  perform app.untell_guesses(person);
  return true;
end
$function$;
comment on function app.use_factor(uuid,uuid,bigint,text) is 'Whether the code was right and new: a time step and a recovery code are good once. Granted to nobody.';

CREATE OR REPLACE FUNCTION app.use_oauth_state(state_hash text)
 RETURNS TABLE(outcome text, user_id uuid, project_id uuid, platform text, base_url text, code_verifier_sealed text, platform_base_url text, client_id text, client_secret_sealed text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with used as (
    update oauth_states s set used_at = app.now()
    where s.state_hash = use_oauth_state.state_hash and s.used_at is null and s.expires_at > app.now()
    returning s.*
  )
  select 'ok', u.user_id, u.project_id, u.platform, u.base_url, u.code_verifier_sealed, p.base_url, a.client_id, a.client_secret_sealed
  from used u join platforms p on p.name = u.platform
  left join platform_apps a on a.platform = u.platform and a.base_url = u.base_url
$function$;
grant execute on function app.use_oauth_state(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.use_starter_template(project_id uuid, slug text)
 RETURNS TABLE(outcome text, template_id uuid)
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  starter starter_templates;
  template uuid;
  first_version uuid := uuidv7();
begin
  select * into starter from starter_templates s where s.slug = use_starter_template.slug and s.enabled;
  if starter.slug is null or use_starter_template.project_id <> all (app.projects_of('read')) then
    return query select 'not_found', null::uuid;
    return;
  elsif use_starter_template.project_id <> all (app.projects_of('write')) then
    return query select 'forbidden', null::uuid;
    return;
  end if;
  insert into content_templates as t (project_id, created_by, name, type, description)
  values (use_starter_template.project_id, app.user_id(), starter.name, starter.type, starter.description)
  returning t.id into template;
  insert into content_template_versions (id, project_id, template_id, number, body, variables, created_by)
  values (first_version, use_starter_template.project_id, template, 1, starter.body, starter.variables, app.user_id());
  insert into template_platform_variations (project_id, version_id, platform, body)
  select use_starter_template.project_id, first_version, v.key, v.value
  from jsonb_each_text(starter.variations) v join platforms p on p.name = v.key;
  return query select 'ok', template;
end
$function$;
grant execute on function app.use_starter_template(uuid,text) to posthaste_api;

CREATE OR REPLACE FUNCTION app.use_ticket(ticket_hash text, factor_id uuid, step bigint, recovery_hash text, refresh_hash text, user_agent text, ip text, device jsonb)
 RETURNS TABLE(outcome text, session_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  ticket sign_in_tickets;
begin
  select * into ticket from sign_in_tickets t
  where t.token_hash = ticket_hash and t.used_at is null and t.expires_at > app.now() for update;
  if ticket.id is null then
    return query select 'invalid_token', null::uuid;
    return;
  end if;
  if not app.use_factor(ticket.user_id, factor_id, step, recovery_hash) then
    return query select 'wrong_code', null::uuid;
    return;
  end if;
  update sign_in_tickets t set used_at = app.now() where t.id = ticket.id;
  return query select o.outcome, o.session_id from app.open_session(ticket.user_id, refresh_hash, user_agent, ip, device) o;
end
$function$;
comment on function app.use_ticket(text,uuid,bigint,text,text,text,text,jsonb) is 'The second factor was shown: one ticket, one code, one session.';
grant execute on function app.use_ticket(text,uuid,bigint,text,text,text,text,jsonb) to posthaste_public;

CREATE OR REPLACE FUNCTION app.user_counts(ids uuid[])
 RETURNS TABLE(user_id uuid, followers_count bigint, following_count bigint, posts_count bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER ROWS 50
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select u.id, greatest(0, coalesce(c.followers_count, 0) + coalesce(d.followers, 0)),
    greatest(0, coalesce(c.following_count, 0) + coalesce(d.following, 0)), greatest(0, coalesce(c.posts_count, 0) + coalesce(d.posts, 0))
  from users u
  left join user_counters c on c.user_id = u.id
  left join (
    select w.target_id, (sum(w.step) filter (where w.counter = 'followers_count'))::bigint as followers,
      (sum(w.step) filter (where w.counter = 'following_count'))::bigint as following,
      (sum(w.step) filter (where w.counter = 'posts_count'))::bigint as posts
    from counter_deltas w where w.target_id = any (ids) and w.kind = 'user' group by w.target_id
  ) d on d.target_id = u.id
  where u.id = any (ids) and u.deleted_at is null
$function$;
grant execute on function app.user_counts(uuid[]) to posthaste_api;
grant execute on function app.user_counts(uuid[]) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.user_fits(u users, wanted_role text, wanted_status text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
  select u.deleted_at is null and (wanted_role is null or u.role = wanted_role) and case wanted_status
    when 'active' then u.status = 'active' and u.deletion_requested_at is null
    when 'deactivated' then u.status = 'deactivated' and u.deletion_requested_at is null
    when 'leaving' then u.deletion_requested_at is not null
    when 'locked' then u.locked_until > app.now()
    when 'unverified' then u.email_verified_at is null
    else true end
$function$;
comment on function app.user_fits(users,text,text) is 'Granted to nobody: app.find_users calls it.';

CREATE OR REPLACE FUNCTION app.user_id()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$select nullif(current_setting('app.user_id', true), '')::uuid$function$;
comment on function app.user_id() is 'The person behind the statement; null without one.';
grant execute on function app.user_id() to posthaste_api;
grant execute on function app.user_id() to posthaste_public;
grant execute on function app.user_id() to posthaste_reporting;
grant execute on function app.user_id() to posthaste_worker;

CREATE OR REPLACE FUNCTION app.verify_email(token_hash text)
 RETURNS TABLE(outcome text, user_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  used email_verification_tokens;
  person users;
begin
  update email_verification_tokens t set used_at = app.now()
  from users u
  where t.token_hash = verify_email.token_hash and t.used_at is null and t.expires_at > app.now()
    and u.id = t.user_id and u.status = 'active' and u.deleted_at is null
  returning t.* into used;
  if used.id is null then
    return query select 'invalid_token', null::uuid;
    return;
  end if;
  select * into person from users u where u.id = used.user_id for no key update;
  perform set_config('app.invitation_hash', coalesce(used.invitation_token_hash, ''), true);
  if used.email is null then
    if app.is_unproven(person) then
      -- What the link's own registration said, and of no other. Who was made more of meanwhile chooses a password anew.
      update users u set password_hash = case when app.is_unclaimed(person) then used.password_hash end,
        display_name = coalesce(used.display_name, app.name_of_address(u.email))
      where u.id = person.id;
    end if;
    update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.email is null and t.used_at is null;
    update users u set email_verified_at = coalesce(u.email_verified_at, app.now()) where u.id = person.id;
    if used.username is not null and person.username is null then
      begin
        update users u set username = used.username, username_skeleton = used.username_skeleton
        where u.id = person.id and app.is_username_free(used.username_skeleton, used.username, person.id);
      exception when unique_violation then
        null; -- somebody was quicker: the person chooses another in the profile
      end;
    end if;
  else
    begin
      perform app.make_way(used.email);
      update users u set email = used.email, email_verified_at = app.now() where u.id = person.id;
    exception when unique_violation then
      return query select 'invalid_token', null::uuid;
      return;
    end;
    -- What was sent to the old address opens nothing any more.
    update password_reset_tokens r set used_at = app.now() where r.user_id = person.id and r.used_at is null;
    update email_verification_tokens t set used_at = app.now() where t.user_id = person.id and t.used_at is null;
    perform app.write_mail(jsonb_build_object('template', 'email-changed', 'to', person.email), false);
  end if;
  return query select 'ok', person.id;
end
$function$;
grant execute on function app.verify_email(text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.verify_invited(token_hash text, invitation_hash text)
 RETURNS TABLE(outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if exists (
    select from email_verification_tokens t join users u on u.id = t.user_id join project_invitations i on i.email = u.email
    where t.token_hash = verify_invited.token_hash and i.token_hash = invitation_hash and i.expires_at > app.now()
      and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
  ) then
    return query select v.outcome from app.verify_email(verify_invited.token_hash) v;
  else
    return query select 'invalid_token';
  end if;
end
$function$;
comment on function app.verify_invited(text,text) is 'Uses the token of a verification mail where the invitation was sent to the same address: whoever holds its token reads that mailbox.';
grant execute on function app.verify_invited(text,text) to posthaste_public;

CREATE OR REPLACE FUNCTION app.verify_project_audit(project uuid, after uuid, until uuid, row_limit integer)
 RETURNS TABLE(entry uuid, seal bigint, waits boolean, finding text, hash text)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  if not project = any ((select app.projects_of('manage'))::uuid[]) then
    return;
  end if;
  return query
  with entries as materialized (
    select a.id, a.occurred_at, app.audit_row_hash(a) as hash
    from audit_log a
    where a.project_id = project and (after is null or a.id > after) and (until is null or a.id <= until)
    order by a.id limit least(row_limit, 201)
  ), seals as materialized (
    select s.sequence, s.row_ids, s.row_hashes, case
        when s.hash <> sha256(convert_to(jsonb_build_array(s.sequence, s.month, extract(epoch from s.sealed_at), s.row_ids,
          (select jsonb_agg(encode(h.value, 'hex') order by h.place) from unnest(s.row_hashes) with ordinality h (value, place)),
          encode(s.previous_hash, 'hex'))::text, 'UTF8')) then 'seal-changed'
        when s.previous_hash <> coalesce((select p.hash from audit_seals p where p.sequence = s.sequence - 1),
          case when s.sequence = 1 then decode(repeat('00', 32), 'hex') else '' end) then 'chain-broken' end as finding
    from audit_seals s where s.row_ids && array(select e.id from entries e)
  ), named as materialized (
    select l.id, l.hash, s.sequence, s.finding from seals s cross join lateral unnest(s.row_ids, s.row_hashes) l (id, hash)
  )
  select e.id, n.sequence, w.waits, case when n.id is null and not w.waits then 'row-unsealed'
    when n.hash <> e.hash then 'row-changed' else n.finding end, encode(e.hash, 'hex')
  from entries e
  left join named n on n.id = e.id
  cross join lateral (select n.id is null and exists (
    select from audit_unsealed u where u.occurred_at = e.occurred_at and u.audit_id = e.id) as waits) w
  order by e.id, n.sequence;
end
$function$;
comment on function app.verify_project_audit(uuid,uuid,uuid,integer) is 'For owners of the project; nobody else gets a row. Its entries in the order of their ids, at most 200 and one more.';
grant execute on function app.verify_project_audit(uuid,uuid,uuid,integer) to posthaste_api;

CREATE OR REPLACE FUNCTION app.view_profile(person uuid)
 RETURNS TABLE(outcome text)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  with noted as (
    insert into engagement_events (type, user_id, actor_id)
    select 'profile_view', u.id, app.user_id() from users u
    where u.id = person and u.status = 'active' and u.deleted_at is null and u.id <> app.user_id()
  )
  select 'ok' from users u where u.id = person and u.status = 'active' and u.deleted_at is null
$function$;
comment on function app.view_profile(uuid) is 'Notes that the actor saw somebody''s profile; their own is no view. No row: there is no such person.';
grant execute on function app.view_profile(uuid) to posthaste_api;

CREATE OR REPLACE FUNCTION app.visible_posts(ids uuid[])
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select coalesce(array_agg(p.id), '{}') from community_posts p
  where p.id = any (ids) and p.is_standing and (p.visibility in ('public', 'unlisted')
    or p.visibility = 'followers_only' and p.author_id = any ((select app.following())::uuid[])
    or p.project_id = any ((select app.projects_of('read'))::uuid[]))
$function$;
grant execute on function app.visible_posts(uuid[]) to posthaste_api;

CREATE OR REPLACE FUNCTION app.withdraw_community_posts()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  update community_posts c set project_deleted_at = new.deleted_at
  where c.project_id = new.id and c.project_deleted_at is distinct from new.deleted_at;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION app.without_addresses(text text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select regexp_replace(normalize(text, nfkc) collate "pg_c_utf8",
    E'[[\x3aalpha\x3a]][[\x3aalnum\x3a]+.-]*\x3a//[^[\x3aspace\x3a]]*', ' ', 'g')
$function$;
comment on function app.without_addresses(text) is 'In NFKC, so that a full-width # or @ is one.';
grant execute on function app.without_addresses(text) to posthaste_api;
grant execute on function app.without_addresses(text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.work_account(project uuid, account uuid, platform text)
 RETURNS TABLE(account jsonb, token jsonb)
 LANGUAGE sql
 STABLE
AS $function$
  select jsonb_build_object('platformAccountId', a.platform_account_id, 'handle', a.handle, 'baseUrl', a.base_url, 'status', a.status,
      'metricsUrl', pf.metrics_url, 'limits', pf.limits),
    case when t.account_id is not null then jsonb_build_object('access', t.access_token_sealed, 'refresh', t.refresh_token_sealed,
      'expiresInS', extract(epoch from t.expires_at - app.now())::integer, 'version', t.token_version) end
  from social_accounts a
  join platforms pf on pf.name = work_account.platform
  left join account_tokens t on t.project_id = a.project_id and t.account_id = a.id
  where a.project_id = work_account.project and a.id = work_account.account
$function$;
comment on function app.work_account(uuid,uuid,text) is 'What a connector is given of an account: where it is, and its sealed token, null where it has none.';
grant execute on function app.work_account(uuid,uuid,text) to posthaste_worker;

CREATE OR REPLACE FUNCTION app.write_audit(operation text, table_name text, row_id text, project_id uuid, subject_id uuid, old_values jsonb, new_values jsonb, personal jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  sealed bytea := app.audit_seal(nullif(personal, '{}')::text, write_audit.subject_id);
  made audit_log;
begin
  insert into audit_log (actor, user_id, session_id, api_key_id, request_id, project_id, subject_id, table_name, row_id, operation,
    old_values, new_values, personal_sealed, ip_sealed)
  values (
    case when app.user_id() is not null then 'person' when current_setting('role', true) = 'posthaste_public' then 'public'
      when session_user = 'posthaste_worker' then 'worker' else 'operator' end,
    app.user_id(), app.session_id(), nullif(current_setting('app.api_key_id', true), '')::uuid,
    nullif(current_setting('app.request_id', true), ''), write_audit.project_id, write_audit.subject_id, write_audit.table_name,
    write_audit.row_id, write_audit.operation, write_audit.old_values, write_audit.new_values, sealed,
    app.audit_seal(nullif(current_setting('app.ip', true), ''), coalesce(app.user_id(), write_audit.subject_id)))
  returning * into made;
  insert into audit_unsealed (audit_id, occurred_at) values (made.id, made.occurred_at);
end
$function$;
comment on function app.write_audit(text,text,text,uuid,uuid,jsonb,jsonb,jsonb) is 'The only way into the log. Granted to nobody: triggers and app.audit_access call it.';

CREATE OR REPLACE FUNCTION app.write_imported(system text, batch jsonb)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  part record;
begin
  -- What is checked late is checked at the end, while it is known whose fault it is.
  set constraints all deferred;
  insert into import_ids (system, source_table, source_id, target_id)
  select write_imported.system, i."table", i.id, i.target
  from jsonb_array_elements(batch) line, jsonb_to_recordset(line.value -> 'ids') as i("table" text, id text, target uuid)
  where i."table" not like '%#%';
  -- What else a row became may have come with another row.
  insert into import_ids (system, source_table, source_id, target_id)
  select write_imported.system, i."table", i.id, i.target
  from jsonb_array_elements(batch) line, jsonb_to_recordset(line.value -> 'ids') as i("table" text, id text, target uuid)
  where i."table" like '%#%'
  on conflict do nothing;
  for part in
    select w.place, w.target, w.columns, w.shared, jsonb_agg(w.line) as lines
    from (
      select (t.value ->> 'step')::integer as place, t.value ->> 'table' as target, t.value -> 'row' as line,
        coalesce((t.value ->> 'shared')::boolean, false) as shared,
        (select string_agg(quote_ident(k), ', ' order by k) from jsonb_object_keys(t.value -> 'row') k) as columns
      from jsonb_array_elements(batch) line, jsonb_array_elements(line.value -> 'into') t
    ) w
    group by 1, 2, 3, 4 order by 1
  loop
    execute format('insert into public.%1$I (%2$s) select %2$s from jsonb_populate_recordset(null::public.%1$I, $1) %3$s',
      part.target, part.columns, case when part.shared then 'on conflict do nothing' else '' end)
    using part.lines;
  end loop;
  set constraints all immediate;
end
$function$;
comment on function app.write_imported(text,jsonb) is 'Of app.import_rows.';

CREATE OR REPLACE FUNCTION app.write_mail(payload jsonb, sent_by_door boolean)
 RETURNS uuid
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  insert into outbox_events (kind, payload, lease_until)
  values ('mail', write_mail.payload, case when sent_by_door then app.now() + interval '60 seconds' end)
  returning id
$function$;
comment on function app.write_mail(jsonb,boolean) is 'sent_by_door: the door sends it after the commit, the sweep only if it could not. Granted to nobody: functions call it.';
