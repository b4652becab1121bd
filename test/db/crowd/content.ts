import { type CrowdStep, crowdSize } from './format.ts';

const PER_PROJECT = 20;

export const crowd: readonly CrowdStep[] = [
  // The newest of a project is the project's own person's; the rest is by others.
  `insert into content (project_id, created_by, title, body, status, language, created_at)
   select p.id, case when n = 1 then p.created_by else (select u.id from users u where u.email = 'person' || 1 + (n * 131) % ${crowdSize.users} || '@example.com') end,
     'Title ' || n, 'Plan ' || n || ' of many words #plan' || n || ' #launch', (array['draft', 'active', 'archived'])[1 + n % 3], 'en',
     app.now() - n * interval '1 day'
   from projects p, generate_series(1, ${PER_PROJECT}) n`,
  `update content set body = body || ' once more'`,
  `insert into content_category_links (project_id, content_id, category_id)
   select c.project_id, c.id, k.id from content c join content_categories k on k.project_id = c.project_id on conflict do nothing`,
  `with t as (insert into content_templates (project_id, name, type) select p.id, 'Template ' || n, 'post' from projects p, generate_series(1, 10) n returning id, project_id),
     v as (insert into content_template_versions (project_id, template_id, number, body) select project_id, id, 1, 'Hello' from t returning id, project_id)
   insert into template_platform_variations (project_id, version_id, platform, body) select project_id, id, 'bluesky', 'Hi' from v`,
  `insert into ai_generation_tasks (project_id, content_id, kind) select project_id, id, 'ideas' from content`,
  `insert into ai_content_suggestions (project_id, task_id, content_id, kind, text) select project_id, id, content_id, 'title', 'Better' from ai_generation_tasks`,
  `insert into idea_suggestions (project_id, task_id, content_id, text) select project_id, id, content_id, 'More' from ai_generation_tasks`,
  `insert into hashtag_suggestions (project_id, task_id, content_id, tag) select project_id, id, content_id, 'more' from ai_generation_tasks`,
  `select app.fold_hashtags(1000000)`,
];
