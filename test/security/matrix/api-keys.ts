import type { Rows } from './row.ts';

export const apiKeys: Rows = {
  listApiKeys: { is: 'projectManage' },
  getApiKey: { is: 'projectManage' },
  createApiKey: { is: 'projectManage' },
  changeApiKey: { is: 'projectManage' },
  rotateApiKey: { is: 'projectManage' },
  revokeApiKey: { is: 'projectManage' },
};
