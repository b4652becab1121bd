import { addRow } from '../seed.ts';
import {
  type Allowed,
  type Fill,
  fresh,
  perProject,
  type RightsTable,
  readByMembers,
  writtenByWriters,
} from './format.ts';

const readByMembersAlone: Allowed = { outsiders: '', members: 'own' };
const managed: Allowed = { outsiders: '', readers: '', editor: '', owner: 'own' };

export const rights: RightsTable = {
  approval_workflows: {
    key: 'project_id',
    verbs: { select: readByMembersAlone, insert: managed, update: managed },
    set: 'name = name',
    add: perProject(() => ({ name: 'Second look' })),
  },
  approval_members: {
    key: 'project_id',
    verbs: { select: readByMembersAlone, insert: managed, update: managed, delete: managed },
    set: 'role = role',
    add: perProject(({ more }) => ({
      workflow_id: more.get('workflow'),
      user_id: more.get('spare-member'),
      role: 'reviewer',
    })),
  },
  approval_requests: {
    key: 'project_id',
    verbs: { select: readByMembers, insert: writtenByWriters, update: writtenByWriters },
    set: 'state = state',
    add: perProject(({ more }) => ({ workflow_id: more.get('workflow'), post_id: more.get('draft-post') })),
  },
  approval_decisions: {
    key: 'project_id',
    verbs: {
      select: readByMembersAlone,
      insert: {
        outsiders: '',
        viewer: '',
        reviewer: 'own',
        editor: 'own',
        approver: 'own deciding',
        owner: 'own deciding',
      },
    },
    add: (world, me) => {
      const rows = perProject(({ more }) => ({ request_id: more.get('request'), decision: 'comment', text: 'Nice' }))(
        world,
        me,
      );
      return { ...rows, deciding: { ...rows.own, decision: 'approve' } };
    },
  },
  review_links: {
    key: 'project_id',
    verbs: { select: readByMembersAlone, insert: writtenByWriters, update: writtenByWriters },
    set: 'revoked_at = revoked_at',
    add: perProject(({ postId }) => ({ post_id: postId, token_hash: fresh() })),
  },
};

export const fill: Fill = async (sql, { people, rival, projects }) => {
  for (const [label, { projectId, postId, unpublishedId, more }] of Object.entries(projects)) {
    const project = { project_id: projectId };
    const workflowId = await addRow(sql, 'approval_workflows', { ...project, name: 'Legal' });
    more.set('workflow', workflowId);
    const member = { ...project, workflow_id: workflowId, role: 'approver' };
    if (label === 'other') {
      more.set('spare-member', rival.userId);
    } else {
      await addRow(sql, 'approval_members', { ...member, user_id: people.owner.userId });
      await addRow(sql, 'approval_members', { ...member, user_id: people.approver.userId });
      more.set('spare-member', people.reviewer.userId);
    }
    const [draft] = await sql('select post_id from post_publications where id = $1', [unpublishedId]);
    more.set('draft-post', String(draft?.post_id));
    const asked = { ...project, workflow_id: workflowId, post_id: postId, content_hash: 'x' };
    const requestId = await addRow(sql, 'approval_requests', asked);
    more.set('request', requestId);
    await addRow(sql, 'approval_decisions', { ...project, request_id: requestId, decision: 'comment', text: 'So' });
    more.set('link', await addRow(sql, 'review_links', { ...project, post_id: postId, token_hash: fresh() }));
  }
};
