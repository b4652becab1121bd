import { addRow } from '../seed.ts';
import { ALL, type Fill, fresh, perProject, type RightsTable, writtenByWriters } from './format.ts';

const byOwner = { outsiders: '', readers: '', editor: '', owner: 'own' };
const ownersSome = { outsiders: '', readers: '', editor: '', owner: 'some' };

export const rights: RightsTable = {
  projects: {
    key: 'id',
    verbs: {
      select: { nobody: 'public', outsiders: '', members: 'own', worker: `${ALL} public public-gone` },
      update: byOwner,
    },
    set: 'name = name',
  },
  project_collaborators: {
    key: 'project_id',
    verbs: {
      select: { outsiders: '', members: 'own' },
      update: byOwner,
      // Everybody may go, but the last owner.
      delete: { outsiders: '', readers: 'own', editor: 'own', owner: 'PH012' },
    },
    set: 'role = role',
  },
  'project_collaborators (but owners)': {
    key: "case when role <> 'owner' then user_id end",
    verbs: {
      delete: { outsiders: '', readers: 'me', editor: 'me', owner: 'viewer reviewer approver editor' },
    },
  },
  project_invitations: {
    key: 'project_id',
    verbs: { select: byOwner, update: byOwner },
    set: 'revoked_at = revoked_at',
  },
  'project_invitations (id)': {
    key: "'some'",
    verbs: { select: { ...ownersSome, worker: 'some' }, delete: { worker: 'some' } },
  },
  'project_invitations (unread)': { key: "'some'", verbs: { update: ownersSome }, set: 'revoked_at = null' },
  content_categories: {
    key: 'project_id',
    verbs: { select: { outsiders: '', members: 'own' }, insert: writtenByWriters, update: writtenByWriters },
    set: 'name = name',
    add: perProject(() => ({ name: fresh(), color: '#1f883d' })),
  },
};

/** A public project, one that was public when it was deleted, and of each project an invitation and two categories. */
export const fill: Fill = async (sql, { projects, rival, labels }) => {
  const open = { created_by: rival.userId, is_public: true };
  labels.set(await addRow(sql, 'projects', { ...open, name: 'Seen by all', platform: 'community' }), 'public');
  const gone = await addRow(sql, 'projects', { ...open, name: 'No more', deleted_at: new Date() });
  labels.set(gone, 'public-gone');
  for (const { projectId, more } of Object.values(projects)) {
    const project = { project_id: projectId };
    const invited = { email: `${fresh()}@example.com`, role: 'editor', token_hash: fresh() };
    await addRow(sql, 'project_invitations', { ...project, ...invited });
    more.set('categoryId', await addRow(sql, 'content_categories', { ...project, name: 'Spring' }));
    more.set('spareCategoryId', await addRow(sql, 'content_categories', { ...project, name: 'Autumn' }));
  }
};
