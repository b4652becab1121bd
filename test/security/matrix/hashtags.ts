import type { Rows } from './row.ts';

export const hashtags: Rows = {
  listHashtags: { is: 'projectList' },
};
