import type { Rows } from './row.ts';

export const content: Rows = {
  listContent: { is: 'projectList' },
  listContentTitles: { is: 'projectList' },
  listNewestByAuthor: { is: 'projectList' },
  getContent: { is: 'projectRead' },
};
