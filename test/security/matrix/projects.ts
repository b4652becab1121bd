import type { Rows } from './row.ts';

export const projects: Rows = {
  listProjects: { is: 'projectList' },
  getProject: { is: 'projectRead' },
  createProject: { is: 'self' },
  updateProject: { is: 'projectManage' },
  deleteProject: {
    is: 'projectManage',
    // In the other one a post waits.
    ask: ({ sample, seed }) => ({ ...sample, params: { projectId: seed.spareProjectId } }),
  },
};
