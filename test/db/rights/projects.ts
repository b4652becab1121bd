import { type RightsTable, readByMembers } from './format.ts';

export const rights: RightsTable = {
  projects: {
    key: 'id',
    verbs: { select: readByMembers, update: { outsiders: '', readers: '', editor: '', owner: 'own' } },
    set: 'name = name',
  },
  project_collaborators: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: 'own' } },
    set: "role = 'owner'",
  },
};
