import type { Rows } from './row.ts';

export const posts: Rows = {
  listPosts: { is: 'projectList' },
  getPost: { is: 'projectRead' },
  validatePost: { is: 'projectWrite' },
  createPost: { is: 'projectWrite' },
  cancelPost: { is: 'projectWrite' },
};
