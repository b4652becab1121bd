import type { Rows } from './row.ts';

export const me: Rows = {
  getMe: { is: 'self' },
  getMyUsage: { is: 'self' },
  updateMe: { is: 'self' },
  getPreferences: { is: 'self' },
  updatePreferences: { is: 'self' },
  createAvatar: { is: 'self' },
  deleteAvatar: { is: 'self' },
  createExport: { is: 'self' },
  listExports: { is: 'self' },
  getExport: { is: 'personal' },
  getExportPart: { is: 'personal' },
  deleteExport: { is: 'personal' },
  requestDeletion: { is: 'self' },
  cancelDeletion: { is: 'self' },
};
