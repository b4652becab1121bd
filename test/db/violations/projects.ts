import type { Violations } from './format.ts';

export const violations: Violations = {
  projects_name_length: "update projects set name = ''",
  projects_description_length: "update projects set description = repeat('x', 1001)",
  project_collaborators_role_known: "update project_collaborators set role = 'king'",
  project_collaborators_permissions_known: "update project_collaborators set permissions = '{manage}'",
};
