import type { Rows } from './row.ts';

export const reports: Rows = {
  getReport: { is: 'public' },
  createReportLink: { is: 'projectWrite' },
  listReportLinks: { is: 'projectList' },
  revokeReportLink: { is: 'projectWrite' },
};
