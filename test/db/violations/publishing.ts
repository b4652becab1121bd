import type { Violations } from './format.ts';

export const violations: Violations = {
  posts_schedule_type_known: "update posts set schedule_type = 'perhaps', due_at = app.now()",
  posts_due_when_scheduled: "update posts set schedule_type = 'at', due_at = null",
  posts_wall_time_with_zone: "update posts set wall_time = '2030-01-01T10:00', time_zone = null",
  posts_text_length: "update posts set text = repeat('x', 100001)",
  posts_external_id_length: "update posts set external_id = ''",
  posts_external_id_key: "update posts set external_id = 'same'",
  post_publications_account_once: ({
    projects,
  }) => `insert into post_publications (project_id, post_id, account_id, platform)
    select project_id, post_id, account_id, platform from post_publications where id = '${projects.own.publicationId}'`,
  post_publications_state_known: "update post_publications set state = 'lost', due_at = app.now()",
  post_publications_due_when_scheduled: "update post_publications set state = 'scheduled', due_at = null",
  post_publications_evidence:
    "update post_publications set state = 'published', due_at = app.now(), platform_post_id = null",
  post_publications_owned:
    "update post_publications set state = 'publishing', due_at = app.now(), lease_until = null, next_attempt_at = null",
  post_publications_failure_class_known: "update post_publications set failure_class = 'bad-luck'",
  post_media_position_positive: 'update post_media set position = -1',
  post_media_post_position_key:
    'insert into post_media (project_id, post_id, media_id, position) select project_id, post_id, media_id, position from post_media where publication_id is null limit 1',
  post_media_publication_position_key: ({
    projects,
  }) => `insert into post_media (project_id, post_id, publication_id, media_id, position)
    select p.project_id, p.post_id, p.id, '${projects.own.mediaId}', 0 from post_publications p, generate_series(1, 2)
    where p.id = '${projects.own.publicationId}'`,
  publication_attempts_kind_known: "update publication_attempts set kind = 'guess'",
  publication_attempts_outcome_known: "update publication_attempts set outcome = 'maybe'",
  posts_title_length: "update posts set title = ''",
  posts_slug_form: "update posts set slug = 'Two words'",
  posts_slug_key: "update posts set slug = 'same'",
  posts_content_type_known: "update posts set content_type = 'hologram'",
  posts_tags_few: "update posts set tags = array(select 'tag' || n from generate_series(1, 51) n)",
  posts_language_shape: "update posts set language = 'English'",
  posts_location_length: "update posts set location = ''",
  posts_analytics_object: "update posts set analytics = '[]'",
  post_publications_engagement_rate_percent: 'update post_publications set engagement_rate = 100.01',
  post_publications_attempts_natural: 'update post_publications set attempts = -1',
  post_publications_numbers_natural: 'update post_publications set saves = -1',
  post_publications_analytics_object: "update post_publications set analytics = '1'",
  post_publications_metadata_object: "update post_publications set metadata = '1'",
  post_variations_type_known: "update post_variations set variation_type = 'mood'",
  post_variations_varies: 'update post_variations set text = null',
  post_variations_text_length: "update post_variations set text = repeat('x', 100001)",
  post_variations_label_length: "update post_variations set label = ''",
  post_variations_another_post: 'update post_variations set variant_post_id = post_id',
  post_variations_metrics_object: "update post_variations set performance_metrics = '[]'",
  post_variations_winner_decided: 'update post_variations set is_winner = true',
  post_variations_winner_key: `insert into post_variations (project_id, post_id, variation_type, text, is_winner, decided_at)
    select project_id, post_id, variation_type, text, true, created_at from post_variations, generate_series(1, 2)`,
  publishing_schedules_name_length: "update publishing_schedules set name = ''",
  publishing_schedules_name_key:
    'insert into publishing_schedules (project_id, name, wall_time) select project_id, upper(name), wall_time from publishing_schedules',
  publishing_schedules_has_rule: 'update publishing_schedules set wall_time = null, rrule = null',
  publishing_schedules_wall_time_form: "update publishing_schedules set wall_time = 'tomorrow at ten'",
  publishing_schedules_rrule_form: "update publishing_schedules set rrule = 'FREQ=SECONDLY'",
  publishing_schedules_rrule_starts: "update publishing_schedules set wall_time = null, schedule_rule = '{}'",
  publishing_schedules_exceptions_form: "update publishing_schedules set exceptions = '{2030-01-01,Christmas}'",
  publishing_schedules_rule_object: "update publishing_schedules set schedule_rule = '[]'",
  publishing_schedules_retry_count_natural: 'update publishing_schedules set retry_count = -1',
  schedule_slots_weekday_known: 'update schedule_slots set weekday = 0',
  schedule_slots_minutes_of_a_day: 'update schedule_slots set minutes = 0',
  schedule_slots_whole_minute: "update schedule_slots set local_time = '10:00:30'",
  schedule_slots_apart:
    "insert into schedule_slots (project_id, account_id, weekday, local_time, minutes) select project_id, account_id, weekday, local_time - interval '5 minutes', 6 from schedule_slots",
  schedule_occurrences_once:
    'insert into schedule_occurrences (project_id, schedule_id, occurs_at) select project_id, schedule_id, occurs_at from schedule_occurrences limit 1',
  schedule_occurrences_state_known: "update schedule_occurrences set state = 'maybe'",
  schedule_occurrences_post_when_made: ({ projects }) =>
    `update schedule_occurrences set state = 'planned', post_id = '${projects.own.postId}'`,
  schedule_occurrences_failed_has_reason: "update schedule_occurrences set state = 'failed'",
  schedule_occurrences_attempts_natural: 'update schedule_occurrences set attempts = -1',
};
