-- Old code keeps working: yes (nothing refers to it).
-- Moderation: reports of people, cases with an automatic score, decisions of moderators, and the word lists behind the score.

create table moderation_words (
  id uuid not null default uuidv7(),
  language text not null,
  word text not null,
  category text not null,
  weight numeric(3, 2) not null,
  enabled boolean not null default true,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint moderation_words_pkey primary key (id),
  constraint moderation_words_word_key unique (word, language),
  constraint moderation_words_language_form check (language ~ '^[a-z]{2,3}$'),
  constraint moderation_words_word_form check (word = lower(word) and length(word) between 2 and 60 and word ~ '^\S+( \S+){0,2}$'),
  constraint moderation_words_category_known check (category in ('spam', 'harassment', 'hate', 'violence', 'sexual', 'self_harm', 'drugs')),
  constraint moderation_words_weight_range check (weight > 0 and weight <= 1)
);
comment on table moderation_words is 'Words and phrases of up to three words that raise the automatic score. Loaded by migration, changed by administrators.';
comment on column moderation_words.weight is 'Probability that a text with it is not fit for everybody.';
create trigger moderation_words_touch before update on moderation_words for each row execute function app.touch();

create table content_moderation (
  id uuid not null default uuidv7(),
  target_type text not null,
  target_id uuid not null,
  status text not null default 'pending',
  reason text,
  automated_score numeric(3, 2),
  moderator_id uuid,
  reviewed_at timestamptz,
  created_at timestamptz not null default app.now(),
  updated_at timestamptz not null default app.now(),
  version integer not null default 1,
  constraint content_moderation_pkey primary key (id),
  constraint content_moderation_moderator_id_fkey foreign key (moderator_id) references users (id) on delete set null,
  constraint content_moderation_target_type_known check (target_type in ('post', 'comment', 'user_profile', 'media')),
  constraint content_moderation_status_known check (status in ('pending', 'approved', 'rejected', 'flagged')),
  constraint content_moderation_score_range check (automated_score between 0 and 1),
  constraint content_moderation_reason_length check (length(reason) between 1 and 1000),
  constraint content_moderation_decided check ((status in ('approved', 'rejected')) = (reviewed_at is not null))
);
comment on table content_moderation is 'A case: something to be judged, how a machine judged it, and what a moderator decided. The queue is what is pending or flagged.';
comment on column content_moderation.target_id is 'Of community_posts, comments, users or media, by target_type. Without a foreign key: a decision outlives what it was about.';
comment on column content_moderation.status is 'pending and flagged (urgent) are open; rejected hides the target, approved shows it again.';
comment on column content_moderation.automated_score is 'app.automated_score of the text: 0 harmless to 1.';
create unique index content_moderation_open_key on content_moderation (target_type, target_id) where status in ('pending', 'flagged');
create index content_moderation_target_idx on content_moderation (target_type, target_id);
create index content_moderation_queue_idx on content_moderation (status, created_at);
create index content_moderation_moderator_id_idx on content_moderation (moderator_id);
create trigger content_moderation_touch before update on content_moderation for each row execute function app.touch();

create table moderation_reports (
  id uuid not null default uuidv7(),
  reporter_id uuid not null,
  target_type text not null,
  target_id uuid not null,
  reason text not null,
  details text,
  status text not null default 'open',
  moderation_id uuid,
  created_at timestamptz not null default app.now(),
  resolved_at timestamptz,
  constraint moderation_reports_pkey primary key (id),
  constraint moderation_reports_reporter_id_fkey foreign key (reporter_id) references users (id) on delete cascade,
  constraint moderation_reports_moderation_id_fkey foreign key (moderation_id) references content_moderation (id) on delete set null,
  constraint moderation_reports_target_type_known check (target_type in ('post', 'comment', 'user_profile', 'media')),
  constraint moderation_reports_reason_known check (reason in ('spam', 'harassment', 'hate', 'violence', 'nudity', 'self_harm', 'misinformation',
    'copyright', 'impersonation', 'other')),
  constraint moderation_reports_details_length check (length(details) between 1 and 2000),
  constraint moderation_reports_status_known check (status in ('open', 'upheld', 'dismissed')),
  constraint moderation_reports_resolved check ((status = 'open') = (resolved_at is null))
);
comment on table moderation_reports is 'What people ask moderators to look at. A report opens a case, or joins the open one.';
comment on column moderation_reports.status is 'upheld: the case was rejected; dismissed: it was approved.';
create unique index moderation_reports_open_key on moderation_reports (reporter_id, target_type, target_id) where status = 'open';
create index moderation_reports_reporter_id_idx on moderation_reports (reporter_id, id desc);
create index moderation_reports_target_idx on moderation_reports (target_type, target_id);
create index moderation_reports_moderation_id_idx on moderation_reports (moderation_id);

alter table moderation_words enable row level security;
create policy moderation_words_read on moderation_words for select to posthaste_api using ((select app.is_staff('moderator')));
create policy moderation_words_insert on moderation_words for insert to posthaste_api with check ((select app.is_staff('admin')));
create policy moderation_words_update on moderation_words for update to posthaste_api
  using ((select app.is_staff('admin'))) with check ((select app.is_staff('admin')));
create policy moderation_words_delete on moderation_words for delete to posthaste_api using ((select app.is_staff('admin')));
create policy moderation_words_worker on moderation_words for select to posthaste_worker using (true);
grant select, insert (language, word, category, weight, enabled), update (category, weight, enabled), delete on moderation_words to posthaste_api;
grant select on moderation_words to posthaste_worker;

alter table content_moderation enable row level security;
create policy content_moderation_read on content_moderation for select to posthaste_api using ((select app.is_staff('moderator')));
create policy content_moderation_open on content_moderation for insert to posthaste_api with check ((select app.is_staff('moderator')));
create policy content_moderation_decide on content_moderation for update to posthaste_api
  using ((select app.is_staff('moderator'))) with check ((select app.is_staff('moderator')));
create policy content_moderation_worker on content_moderation for all to posthaste_worker using (true) with check (true);
grant select, insert (target_type, target_id, reason), update (status, reason) on content_moderation to posthaste_api;
grant select, insert (target_type, target_id, status, reason, automated_score) on content_moderation to posthaste_worker;

alter table moderation_reports enable row level security;
create policy moderation_reports_own on moderation_reports for select to posthaste_api using (reporter_id = (select app.user_id()));
create policy moderation_reports_staff on moderation_reports for select to posthaste_api using ((select app.is_staff('moderator')));
-- Who cannot see a thing cannot learn by a report that it is there.
create policy moderation_reports_file on moderation_reports for insert to posthaste_api with check (reporter_id = (select app.user_id()) and (
  target_type in ('user_profile', 'media')
  or target_type = 'post' and target_id in (select p.id from community_posts p where p.id = moderation_reports.target_id)
  or target_type = 'comment' and target_id in (select c.id from comments c where c.id = moderation_reports.target_id)));
create policy moderation_reports_worker on moderation_reports for select to posthaste_worker using (true);
grant select, insert (reporter_id, target_type, target_id, reason, details) on moderation_reports to posthaste_api;
grant select on moderation_reports to posthaste_worker;
