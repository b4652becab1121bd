import type { Rows } from './row.ts';

export const media: Rows = {
  listMedia: { is: 'projectList' },
  getMedia: { is: 'projectRead' },
  createMedia: { is: 'projectWrite' },
  deleteMedia: { is: 'projectWrite' },
};
