import type { Rows } from './row.ts';

export const system: Rows = {
  getHealth: { is: 'public' },
  getOpenapi: { is: 'public' },
  getDocs: { is: 'public' },
  getErrors: { is: 'public' },
  getDocsAsset: { is: 'public' },
};
