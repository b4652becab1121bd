import type { Rows } from './row.ts';

export const projects: Rows = {
  // A key's list is its project, whichever that is.
  listProjects: { is: 'projectList', but: { foreignKey: 'ok' } },
  getProject: { is: 'projectRead' },
  createProject: { is: 'self' },
  updateProject: { is: 'projectManage' },
  deleteProject: {
    is: 'projectManage',
    // In the other one a post waits.
    ask: ({ sample, seed }) => ({ ...sample, params: { projectId: seed.spareProjectId } }),
  },
};
