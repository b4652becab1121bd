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
];
