import type { Violations } from './format.ts';

export const violations: Violations = {
  content_title_length: "update content set title = ''",
  content_description_length: "update content set description = repeat('x', 10001)",
  content_body_length: "update content set body = repeat('x', 100001)",
  content_script_length: "update content set script = repeat('x', 100001)",
  content_tone_length: "update content set tone = ''",
  content_content_type_known: "update content set content_type = 'opera'",
  content_status_known: "update content set status = 'lost'",
  content_scheduled_has_instant: "update content set status = 'scheduled', scheduled_at = null",
  content_published_has_instant: "update content set status = 'published', published_at = null",
  content_tags_fit: "update content set tags = array['']",
  content_language_shape: "update content set language = 'English'",
  content_external_id_length: "update content set external_id = ''",
  content_external_id_key: "update content set external_id = 'same'",
  content_versions_number_key: `insert into content_versions (project_id, content_id, number, title, body, content_type, tags, metadata)
    select project_id, content_id, number, title, body, content_type, tags, metadata from content_versions limit 1`,
  content_versions_number_positive: 'update content_versions set number = 0',
  content_templates_name_length: "update content_templates set name = ''",
  content_templates_type_length: "update content_templates set type = ''",
  content_templates_description_length: "update content_templates set description = repeat('x', 1001)",
  content_templates_name_key: `insert into content_templates (project_id, name, type) select project_id, name, type from content_templates limit 1`,
  content_template_versions_number_key: `insert into content_template_versions (project_id, template_id, number, body, is_current)
    select project_id, template_id, number, body, false from content_template_versions limit 1`,
  content_template_versions_current_key: `insert into content_template_versions (project_id, template_id, number, body, is_current)
    select project_id, template_id, number + 1, body, true from content_template_versions where is_current limit 1`,
  content_template_versions_number_positive: 'update content_template_versions set number = 0',
  content_template_versions_body_length: "update content_template_versions set body = repeat('x', 100001)",
  content_template_versions_variables_count:
    "update content_template_versions set variables = array_fill('x'::text, array[101])",
  template_platform_variations_platform_key: `insert into template_platform_variations (project_id, version_id, platform, body)
    select project_id, version_id, platform, body from template_platform_variations limit 1`,
  template_platform_variations_body_length: "update template_platform_variations set body = repeat('x', 100001)",
  starter_templates_slug_shape: "update starter_templates set slug = 'No Slug' where position = 1",
  hashtags_tag_key: 'insert into hashtags (tag) select tag from hashtags limit 1',
  hashtags_tag_length: "insert into hashtags (tag) values ('')",
  hashtags_tag_normal: "insert into hashtags (tag) values ('Launch')",
  hashtags_tag_shape: "insert into hashtags (tag) values ('#launch')",
  post_mentions_handle_length: "update post_mentions set handle = ''",
  post_mentions_handle_lower: "update post_mentions set handle = 'Ada'",
  niches_slug_key: 'insert into niches (slug, name, tags) select slug, name, tags from niches limit 1',
  niches_name_length: "update niches set name = ''",
  niches_source_known: "update niches set source = 'guess'",
  niches_tags_count: "update niches set tags = '{}'",
  niches_score_range: 'update niches set score = 101',
  niches_uses_natural: 'update niches set uses = -1',
  ai_generation_tasks_kind_known: "update ai_generation_tasks set kind = 'opera'",
  ai_generation_tasks_state_known: "update ai_generation_tasks set state = 'lost'",
  ai_generation_tasks_owned: "update ai_generation_tasks set state = 'running', lease_until = null",
  ai_generation_tasks_done_has_output: "update ai_generation_tasks set state = 'succeeded', output = null",
  ai_generation_tasks_failed_has_reason: "update ai_generation_tasks set state = 'failed', failure_code = null",
  ai_generation_tasks_attempts_natural: 'update ai_generation_tasks set attempts = -1',
  ai_generation_tasks_tokens_natural: 'update ai_generation_tasks set input_tokens = -1, output_tokens = 1',
  ai_generation_tasks_cost_natural: 'update ai_generation_tasks set cost_usd = -1',
  ...decisionsOf('ai_content_suggestions', 'score'),
  ai_content_suggestions_kind_known: "update ai_content_suggestions set kind = 'opera'",
  ai_content_suggestions_text_length: "update ai_content_suggestions set text = ''",
  ai_content_suggestions_cost_natural: 'update ai_content_suggestions set cost_usd = -1',
  ai_content_suggestions_edited_has_text:
    "update ai_content_suggestions set decision = 'edited', decided_at = app.now(), decided_text = null",
  ...decisionsOf('idea_suggestions', 'relevance_score'),
  idea_suggestions_text_length: "update idea_suggestions set text = ''",
  idea_suggestions_source_known: "update idea_suggestions set source = 'guess'",
  idea_suggestions_edited_has_text:
    "update idea_suggestions set decision = 'edited', decided_at = app.now(), decided_text = null",
  ...decisionsOf('hashtag_suggestions', 'score'),
  hashtag_suggestions_tag_length: "update hashtag_suggestions set tag = ''",
  hashtag_suggestions_tag_normal: "update hashtag_suggestions set tag = 'More'",
  hashtag_suggestions_source_known: "update hashtag_suggestions set source = 'guess'",
  hashtag_suggestions_content_key: `insert into hashtag_suggestions (project_id, content_id, tag)
    select project_id, content_id, tag from hashtag_suggestions where content_id is not null limit 1`,
  hashtag_suggestions_post_key: `insert into hashtag_suggestions (project_id, post_id, tag)
    select project_id, post_id, tag from hashtag_suggestions where post_id is not null limit 1`,
};

/** What every kind of suggestion holds about its score and what became of it. */
function decisionsOf(table: string, score: string): Violations {
  return {
    [`${table}_${score}_range`]: `update ${table} set ${score} = 1.01`,
    [`${table}_decision_known`]: `update ${table} set decision = 'perhaps', decided_at = app.now()`,
    [`${table}_decided`]: `update ${table} set decision = 'accepted', decided_at = null`,
  };
}
