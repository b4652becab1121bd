import type { Rows } from './row.ts';

export const projects: Rows = {
  // A key's list is its project, whichever that is.
  listProjects: { is: 'projectList', but: { foreignKey: 'ok' } },
  getProject: { is: 'projectRead' },
  // Who sets limits sees what they are about.
  getProjectUsage: { is: 'projectRead', but: { admin: 'ok' } },
  createProject: {
    is: 'self',
    // Who only reads in the installation makes nothing of their own.
    but: { onlooker: [403, 'forbidden'] },
  },
  updateProject: { is: 'projectManage' },
  listMembers: { is: 'projectRead' },
  getMember: { is: 'projectRead' },
  changeMember: { is: 'projectManage' },
  removeMember: { is: 'projectManage' },
  leaveProject: {
    is: 'projectRead',
    // There is no other owner.
    but: { owner: [409, 'last_owner'] },
  },
  transferProject: { is: 'projectManage' },
  deleteProject: {
    is: 'projectManage',
    // In the other one a post waits.
    ask: ({ sample, seed }) => ({ ...sample, params: { projectId: seed.spareProjectId } }),
  },
};
