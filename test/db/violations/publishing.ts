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
};
