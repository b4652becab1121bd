import type { Rows } from './row.ts';

export const audit: Rows = {
  // Owners see what is about their projects, administrators all.
  listAudit: {
    is: 'projectList',
    but: {
      ...{ viewer: 'empty', reviewer: 'empty', approver: 'empty', editor: 'empty', onlooker: 'empty', admin: 'ok' },
    },
  },
  revealAudit: { is: 'self' },
  // The taking away is noted.
  exportAuditCsv: { is: 'self', writes: true },
  exportAuditNdjson: { is: 'self', writes: true },
  verifyAudit: { is: 'admin' },
};
