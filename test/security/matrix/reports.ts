import type { Rows } from './row.ts';

export const reports: Rows = {
  getReport: { is: 'public' },
  createReportLink: { is: 'projectWrite' },
  revokeReportLink: { is: 'projectWrite' },
};
