import type { Rows } from './row.ts';

export const content: Rows = {
  listContent: { is: 'projectList' },
  // Without somebody's id it is one's own titles.
  listContentTitles: {
    is: 'projectList',
    ask: ({ sample, seed }) => ({ ...sample, query: { createdBy: seed.owner.id } }),
  },
  listNewestByAuthor: { is: 'projectList' },
  getContent: { is: 'projectRead' },
};
