import type { Violations } from './format.ts';

export const violations: Violations = {
  projects_name_length: "update projects set name = ''",
  projects_description_length: "update projects set description = repeat('x', 10001)",
  project_collaborators_role_known: "update project_collaborators set role = 'king'",
  project_collaborators_permissions_known: "update project_collaborators set permissions = '{manage}'",
  projects_owner_name_key:
    "update projects set name = 'same', deleted_at = null, created_by = (select id from users limit 1)",
  projects_personal_key:
    'update projects set personal = true, name = id::text, deleted_at = null, created_by = (select id from users limit 1)',
  projects_type_known: "update projects set type = 'song'",
  projects_template_length: "update projects set template = ''",
  projects_target_audience_length: "update projects set target_audience = ''",
  projects_estimated_duration_length: "update projects set estimated_duration = ''",
  projects_tags_some: "update projects set tags = '{null}'",
  projects_status_known: "update projects set status = 'asleep'",
  projects_metadata_object: "update projects set metadata = '[]'",
  project_invitations_token_hash_key: "update project_invitations set token_hash = 'same'",
  project_invitations_open_key: `insert into project_invitations (project_id, email, role, token_hash)
    select project_id, email, 'viewer', 'another' from project_invitations limit 1`,
  project_invitations_email_lower: 'update project_invitations set email = upper(email)',
  project_invitations_email_length: "update project_invitations set email = 'a@'",
  project_invitations_role_known: "update project_invitations set role = 'king'",
  project_invitations_permissions_known: "update project_invitations set permissions = '{manage}'",
  project_invitations_sent_count_positive: 'update project_invitations set sent_count = 0',
  project_invitations_one_end: 'update project_invitations set accepted_at = app.now(), revoked_at = app.now()',
  content_categories_name_key:
    'insert into content_categories (project_id, name) select project_id, upper(name) from content_categories limit 1',
  content_categories_name_length: "update content_categories set name = ''",
  content_categories_color_hex: "update content_categories set color = 'red'",
};
