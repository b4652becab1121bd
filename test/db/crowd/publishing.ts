import { type CrowdStep, crowdSize } from './format.ts';

export const crowd: readonly CrowdStep[] = [
  `insert into posts (project_id, text, schedule_type, due_at, external_id)
   select p.id, 'Hello #launch' || n, 'at', app.now() - interval '1 day', 'x' || n from generate_series(1, ${crowdSize.posts / crowdSize.projects}) n, projects p`,
  `insert into post_publications (project_id, post_id, account_id, platform, state, due_at, platform_post_id, published_at, next_metrics_at)
   select p.project_id, p.id, a.id, a.platform, 'published', p.due_at, 'x', p.due_at, app.now() + interval '1 day'
   from posts p join social_accounts a on a.project_id = p.project_id and a.platform = 'community'`,
  // What is on its way is little against what is done.
  {
    text: `update post_publications set state = s.state, lease_until = app.now() - interval '1 minute', next_attempt_at = app.now() - interval '1 minute'
   from (select id, (array['scheduled', 'queued', 'publishing', 'processing', 'unknown'])[1 + row_number() over (order by id) % 5] as state
     from post_publications order by id limit 150) s
   where post_publications.id = s.id`,
    without: ['post_publications', 'post_publications_guard'],
  },
  `insert into post_media (project_id, post_id, media_id, position)
   select p.project_id, p.id, m.id, 0 from posts p join lateral (select id from media m where m.project_id = p.project_id limit 1) m on true`,
  `insert into publication_attempts (project_id, publication_id, account_id, kind, generation, lease_token, outcome, commit_started_at)
   select project_id, id, account_id, 'publish', 1, uuidv7(), 'published', app.now() - interval '2 days' from post_publications, generate_series(1, 2)`,
  `insert into post_variations (project_id, post_id, variation_type, text, is_winner, decided_at)
   select p.project_id, p.id, 'content', 'Hi', n = 1, app.now() from posts p, generate_series(1, 2) n`,
  `insert into publishing_schedules (project_id, name, post_id, wall_time, rrule, next_at)
   select p.project_id, 'Schedule ' || row_number() over (), p.id, '2026-01-01T10:00', 'FREQ=DAILY', app.now() + make_interval(hours => (row_number() over ())::integer)
   from (select distinct on (project_id, external_id) * from posts where external_id < 'x15') p`,
  `insert into schedule_occurrences (project_id, schedule_id, occurs_at, state, error_message)
   select s.project_id, s.id, app.now() + make_interval(days => n), case n when 1 then 'planned' when 2 then 'failed' else 'skipped' end, 'x'
   from publishing_schedules s, generate_series(1, 4) n`,
  `insert into schedule_slots (project_id, account_id, weekday, local_time)
   select a.project_id, a.id, n, '10:00' from social_accounts a, generate_series(1, 7) n`,
];
